//! Whether contracts speak of what there is.

use std::collections::BTreeSet;

use quorate_collector_sla::ContractDraft;
use quorate_model::{CheckId, RegionId};

use crate::contract::Gaps;
use crate::yaml::{Cursor, hint};

/// The ids of checks and regions as they stand in the text, also of those with other mistakes; `None` where one is no id, so
/// that nobody can say what is missing.
pub(super) struct Known<'a> {
    checks: Option<BTreeSet<&'a str>>,
    regions: Option<BTreeSet<&'a str>>,
}

impl<'a> Known<'a> {
    /// What the configuration at the cursor has.
    pub(super) fn peek(cursor: &Cursor<'a>) -> Self {
        let ids = |key, is_id: fn(&str) -> bool| {
            let items = cursor.peek_list(key)?;
            items.iter().map(|item| item.peek("id").filter(|id| is_id(id))).collect::<Option<BTreeSet<_>>>()
        };
        Self {
            checks: ids("checks", |id| CheckId::new(id).is_ok()),
            // There is at least one.
            regions: ids("regions", |id| RegionId::new(id).is_ok()).filter(|regions| !regions.is_empty()),
        }
    }

    /// Every check and every region that the contract names and the configuration does not have, with its path.
    pub(super) fn unknown(&self, contract: &ContractDraft, gaps: &Gaps) -> Vec<(String, String)> {
        let mut out = Vec::new();
        if let Some(checks) = &self.checks {
            for (path, check) in contract.service.places() {
                if !gaps.is_unread(check) && !checks.contains(check.as_str()) {
                    out.push((
                        path,
                        format!("no check has the id {check}{}", hint(check.as_str(), checks.iter().copied())),
                    ));
                }
            }
        }
        if let Some(regions) = &self.regions {
            for (place, objective) in contract.objectives.latency.iter().enumerate() {
                let Some(region) = objective.region.as_ref().filter(|region| !regions.contains(region.as_str())) else {
                    continue;
                };
                let path = format!("objectives.latency[{place}].region");
                out.push((
                    path,
                    format!("no region has the id {region}{}", hint(region.as_str(), regions.iter().copied())),
                ));
            }
        }
        out
    }
}

//! Whether contracts speak of what there is.

use quorate_collector_sla::Contract;

use crate::settings::{Check, Region};
use crate::yaml::{Cursor, closest};

/// Notes every check that the contract at `at` names and the configuration does not have.
pub(super) fn known_checks(at: &Cursor<'_>, contract: &Contract, checks: &[Check]) {
    for check in contract.terms().service.checks() {
        if checks.binary_search_by(|known| known.id.cmp(check)).is_err() {
            let hint = hint(check.as_str(), checks.iter().map(|known| known.id.as_str()));
            at.error_at("service", format_args!("no check has the id {check}{hint}"));
        }
    }
}

/// Notes every region that the contract at `at` names and the configuration does not have.
pub(super) fn known_regions(at: &Cursor<'_>, contract: &Contract, regions: &[Region]) {
    for (number, objective) in contract.terms().objectives.latency.iter().enumerate() {
        let Some(region) = &objective.region else { continue };
        if !regions.iter().any(|known| known.id == *region) {
            let hint = hint(region.as_str(), regions.iter().map(|known| known.id.as_str()));
            let path = format!("objectives.latency[{number}].region");
            at.error_at(&path, format_args!("no region has the id {region}{hint}"));
        }
    }
}

fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    closest(name, known).map_or(String::new(), |near| format!("; did you mean {near}?"))
}

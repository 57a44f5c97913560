//! How a check is judged.

use std::collections::BTreeMap;

use quorate_model::policy::{LateOk, Quorum, Solicit};
use quorate_model::{CheckId, Confirm, Millis, Policy, PolicyRegion, RegionId};

use super::values::span;
use crate::scalar::share_ppm;
use crate::settings::Region;
use crate::yaml::{Cursor, Fields, closest};

/// Reads the keys of a check that make its policy. `known` is `None` where the regions could not be read: the check's own
/// keys are still looked at, but not what depends on the regions.
pub(super) fn policy(fields: &mut Fields<'_>, check: Option<&CheckId>, known: Option<&[Region]>) -> Option<Policy> {
    let regions = fields.optional("regions", |c| regions(c, known));
    let regions = regions.map(|named| named.unwrap_or_else(|| known.unwrap_or_default().iter().map(voter).collect()));
    let count = match (&regions, known) {
        (Some(regions), Some(_)) => i64::try_from(regions.len()).unwrap_or(i64::MAX),
        _ => i64::from(u16::MAX),
    };
    let quorum_at = fields.get("quorum");
    let quorum = quorum_at.as_ref().map_or(Some(Quorum::Majority), |c| quorum(c, count));
    let min_regions = fields.optional("min_regions", |c| c.small(1..=count));
    let min_providers = fields.optional("min_providers", |c| c.small(1..=i64::from(u16::MAX)));
    let confirm = fields.or("confirm", Confirm::default(), confirm);
    let late_ok = fields.or("late_ok", LateOk::Bad, |c| c.choice(LateOk::ALL, LateOk::word));
    let merge_gap =
        fields.or("merge_gap", Policy::DEFAULT_MERGE_GAP, |c| span(c, Millis::ZERO..=Millis::from_secs(86_400)));
    known?;
    let made = Policy::new(check?.clone(), regions?, quorum?, min_regions?, min_providers?);
    let mut policy = match made {
        Ok(policy) => policy,
        Err(error) => {
            let text = error.to_string();
            let at = fields.get(if text.starts_with("min_providers") { "min_providers" } else { "quorum" });
            at.as_ref().unwrap_or(fields.cursor()).error(text);
            return None;
        }
    };
    policy.confirm = confirm?;
    policy.late_ok = late_ok?;
    policy.merge_gap = merge_gap?;
    Some(policy)
}

fn voter(region: &Region) -> PolicyRegion {
    PolicyRegion { region: region.id.clone(), provider: region.provider.clone() }
}

fn regions(cursor: &Cursor<'_>, known: Option<&[Region]>) -> Option<Vec<PolicyRegion>> {
    if cursor.list()?.is_empty() {
        cursor.error("names no region; give at least one, or leave the key out for all");
        return None;
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut fine = true;
    let mut voters = Vec::new();
    for item in cursor.list()? {
        let Some(text) = item.text() else {
            fine = false;
            continue;
        };
        if seen.contains(&text) {
            item.error(format_args!("region {text} stands twice; name it once"));
            fine = false;
        }
        seen.push(text);
        let Some(known) = known else { continue };
        if let Some(region) = known.iter().find(|region| region.id.as_str() == text) {
            voters.push(voter(region));
        } else {
            item.error(format_args!("{text:?} is not a region; {}", hint(text, known)));
            fine = false;
        }
    }
    fine.then_some(voters)
}

fn hint(text: &str, known: &[Region]) -> String {
    let names = || known.iter().map(|region| region.id.as_str());
    match closest(text, names()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("`regions` names {}", names().collect::<Vec<_>>().join(", ")),
    }
}

/// `majority`, `all`, or a map with one of `at_least`, `fraction`, `weights`.
fn quorum(cursor: &Cursor<'_>, count: i64) -> Option<Quorum> {
    const ALLOWED: &str = "majority, all, {at_least: 2}, {fraction: 0.6} or {weights: {region: 2, ...}}";
    if !cursor.is_map() {
        return match cursor.text()? {
            "majority" => Some(Quorum::Majority),
            "all" => Some(Quorum::All),
            _ => {
                cursor.expected(ALLOWED);
                None
            }
        };
    }
    let mut fields = cursor.fields()?;
    let found = [
        fields.get("at_least").map(|c| c.small(1..=count).map(Quorum::AtLeast)),
        fields.get("fraction").map(|c| c.parse(share_ppm).map(Quorum::Fraction)),
        fields.get("weights").map(|c| weights(&c).map(Quorum::Weights)),
    ];
    let mut given = found.into_iter().flatten();
    let first = given.next();
    let several = given.next().is_some();
    fields.finish();
    if first.is_none() || several {
        cursor.error(format_args!("expected one of {ALLOWED}"));
        return None;
    }
    first.flatten()
}

fn weights(cursor: &Cursor<'_>) -> Option<BTreeMap<RegionId, u32>> {
    let mut weights = BTreeMap::new();
    let mut fine = true;
    for (name, value) in cursor.entries()? {
        let weight = value.small(1..=1_000_000);
        match (RegionId::new(name), weight) {
            (Ok(region), Some(weight)) => {
                weights.insert(region, weight);
            }
            (Err(error), _) => {
                value.error(error);
                fine = false;
            }
            (_, None) => fine = false,
        }
    }
    fine.then_some(weights)
}

fn confirm(cursor: &Cursor<'_>) -> Option<Confirm> {
    let mut fields = cursor.fields()?;
    let default = Confirm::default();
    let retries = fields.or("retries", default.retries, |c| c.small(0..=5));
    let after = fields.or("after", default.after, |c| span(c, Millis::new(100)..=Millis::from_secs(60)));
    let solicit = fields.or("solicit", default.solicit, |c| Some(if c.flag()? { Solicit::On } else { Solicit::Off }));
    fields.finish();
    Some(Confirm { retries: retries?, after: after?, solicit: solicit? })
}

//! Hand-computed cases, and the same questions put to a naive reference.

mod bases;
mod credits;
mod exclusions;
mod naive;
mod time;
mod world;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Inputs, evaluate};
use crate::contract::{Contract, ContractDraft};
use crate::credit::{Credit, CreditRule, Tier};
use crate::id::ContractId;
use crate::percent::Percent;
use crate::tests::{berlin, utc_ms};
use crate::zone::Zone;
use quorate_model::{CheckId, CollectorTime, Millis};

pub(super) fn percent(text: &str) -> Percent {
    Percent::parse(text).expect("a percentage")
}

pub(super) fn at(text: &str) -> CollectorTime {
    CollectorTime::from_millis(utc_ms(text))
}

pub(super) fn check_id(name: &str) -> CheckId {
    CheckId::new(name).expect("an id")
}

pub(super) fn hours(count: i64) -> Millis {
    Millis::from_secs(count * 3600)
}

pub(super) fn tiers(list: &[(&str, &str)]) -> CreditRule {
    let tier = |(below, share): &(&str, &str)| Tier { below: percent(below), percent: percent(share) };
    CreditRule::Tiers(list.iter().map(tier).collect())
}

/// A contract on check `shop`: 99.95 % a month in UTC, tiers 99.95 -> 10, 99 -> 25, 95 -> 100.
pub(super) fn shop() -> ContractDraft {
    let id = ContractId::new("shop-gold").expect("an id");
    let mut draft = ContractDraft::new(id, crate::combine::Service::Check(check_id("shop")));
    draft.objectives.availability = Some(percent("99.95"));
    draft.credit = Some(Credit::new(tiers(&[("99.95", "10"), ("99", "25"), ("95", "100")])));
    draft
}

fn zone_of(draft: &ContractDraft) -> Zone {
    if draft.timezone == "UTC" { Zone::utc() } else { berlin() }
}

/// Judges `period` of the contract `shop` as `change` leaves it, in a world of `lines` (see [`world::read`]), and
/// compares the words of `expected`: `down 60000 point 99.9976 breach none`.
pub(super) fn check(change: impl FnOnce(&mut ContractDraft), lines: &str, period: &str, expected: &str) {
    let mut draft = shop();
    change(&mut draft);
    let zone = zone_of(&draft);
    let contract = Contract::new(draft).expect("a contract");
    let window = contract.terms().window.window(period, &zone).expect("a period");
    let checks = world::read(lines, &contract);
    let found = evaluate(&contract, &window, Inputs { checks: &checks, zone: &zone }).expect("the right zone");
    let ledger = found.ledger;
    let sum = ledger.up() + ledger.down() + ledger.unknown() + ledger.excluded();
    assert_eq!(sum, ledger.total(), "the ledger sums exactly: {lines}");
    assert_eq!(ledger.total(), window.interval.length());
    let bound = |place: usize| found.uptime.map_or("none".into(), |uptime| uptime.percent()[place].clone());
    let refused = |index: &str| {
        let of = found.rulings.iter().filter(|ruling| ruling.index.to_string() == index);
        of.flat_map(|ruling| ruling.refusals.iter()).map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let mut words = expected.split(' ').filter(|word| !word.is_empty());
    while let Some(key) = words.next() {
        let want = words.next().expect("a value for each key");
        let got: String = match key {
            "total" => ledger.total().get().to_string(),
            "up" => ledger.up().get().to_string(),
            "down" => ledger.down().get().to_string(),
            "down_low" => found.down_low.get().to_string(),
            "down_high" => found.down_high.get().to_string(),
            "unknown" => ledger.unknown().get().to_string(),
            "excluded" => ledger.excluded().get().to_string(),
            "coverage" => ledger.coverage().percent_truncated(2),
            "low" => bound(0),
            "point" => bound(1),
            "high" => bound(2),
            "breach" => found.breach.as_str().into(),
            "credit" => found.credit.share.percent_short(4),
            "outages" => found.outages.len().to_string(),
            "refused0" | "refused1" => refused(&key["refused".len()..]).replace(' ', "_"),
            _ => panic!("{key} is not a word of a case"),
        };
        assert_eq!(got, want, "{key} of: {lines} in {period}, expected {expected}");
    }
}

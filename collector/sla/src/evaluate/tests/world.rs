//! Worlds written in lines, for the cases.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use quorate_model::{CheckId, CollectorTime, Millis};

use crate::basis::{AttemptBucket, Attempts};
use crate::contract::Contract;
use crate::evaluate::CheckInput;
use crate::interval::{Interval, IntervalSet};
use crate::tests::utc_ms;
use crate::timeline::{Timeline, TimelineParts};

/// `1h30m`, `500ms`, `60s`, `1d`.
pub(super) fn span(text: &str) -> Millis {
    let mut sum = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).expect("a unit after the number");
        let (number, after) = rest.split_at(digits);
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let factor = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => panic!("{unit} is no unit"),
        };
        sum += number.parse::<i64>().expect("a number") * factor;
        rest = after;
    }
    Millis::new(sum)
}

/// Reads a world: every check of the contract is known and up from 2024 to 2029 but for the lines, parted by `;`:
/// `[check:] down|low|high|unknown|gap|outage START LENGTH` or `[check:] attempts START ALL FAILED`.
///
/// `down` is certain, `point` is not certain but likely, `high` possible only, `gap` not covered; an `outage` reaches
/// beyond what is covered.
pub(super) fn read(lines: &str, contract: &Contract) -> BTreeMap<CheckId, CheckInput> {
    let mut parts: BTreeMap<CheckId, (TimelineParts, Vec<AttemptBucket>)> = BTreeMap::new();
    let all = Interval::from_millis(utc_ms("2024-01-01T00:00:00Z"), utc_ms("2029-01-01T00:00:00Z"));
    for check in contract.terms().service.checks() {
        let parts = parts.entry(check.clone()).or_default();
        parts.0.covered = all.into_iter().collect();
    }
    for line in lines.split(';').map(str::trim).filter(|line| !line.is_empty()) {
        let (check, line) = line.split_once(": ").unwrap_or(("shop", line));
        let words: Vec<&str> = line.split_whitespace().collect();
        let (parts, buckets) = parts.get_mut(check).expect("a check of the contract");
        let start = CollectorTime::from_millis(utc_ms(words[1]));
        if words[0] == "attempts" {
            let number = |place: usize| words[place].parse().expect("a number");
            buckets.push(AttemptBucket { start, attempts: number(2), failed: number(3) });
            continue;
        }
        let run: IntervalSet = Interval::new(start, start + span(words[2])).into_iter().collect();
        let add = |set: &mut IntervalSet| *set = set.union(&run);
        match words[0] {
            "down" => vec![&mut parts.down_low, &mut parts.down_point, &mut parts.down_high].into_iter().for_each(add),
            "point" => vec![&mut parts.down_point, &mut parts.down_high].into_iter().for_each(add),
            "high" => add(&mut parts.down_high),
            "unknown" => add(&mut parts.unknown),
            "outage" => add(&mut parts.outages),
            "gap" => parts.covered = parts.covered.subtract(&run),
            other => panic!("{other} is no kind of line"),
        }
    }
    let input = |(parts, buckets): (TimelineParts, Vec<AttemptBucket>)| CheckInput {
        timeline: Timeline::new(parts),
        attempts: (!buckets.is_empty()).then(|| Attempts::new(buckets).expect("minutes in order")),
    };
    parts.into_iter().map(|(check, parts)| (check, input(parts))).collect()
}

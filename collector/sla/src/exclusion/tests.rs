use alloc::vec;

use quorate_model::{CollectorTime, Millis};

use super::{Exclusion, ExclusionClass, MaintenanceRules, OverCap, Refusal, rule};
use crate::interval::Interval;
use crate::tests::utc_ms;
use crate::zone::Zone;

fn work(start: &str, hours: i64, announced: &str) -> Exclusion {
    let start = CollectorTime::from_millis(utc_ms(start));
    let run = Interval::new(start, start + Millis::from_secs(hours * 3600)).expect("some time");
    let announced_at = Some(CollectorTime::from_millis(utc_ms(announced)));
    Exclusion { announced_at, ..Exclusion::new(ExclusionClass::Maintenance, run, "work") }
}

#[test]
fn both_caps_say_what_was_used() {
    let rules = MaintenanceRules {
        min_notice: Millis::ZERO,
        cap_per_month: Some(Millis::from_secs(4 * 3600)),
        cap_per_year: Some(Millis::from_secs(5 * 3600)),
        over_cap: OverCap::RefuseWindow,
    };
    let entries = [
        work("2026-03-01T00:00:00Z", 4, "2026-01-01T00:00:00Z"),
        work("2026-10-04T00:00:00Z", 2, "2026-01-02T00:00:00Z"),
        work("2026-10-11T00:00:00Z", 1, "2026-01-03T00:00:00Z"),
    ];
    let range = Interval::from_millis(utc_ms("2026-10-01T00:00:00Z"), utc_ms("2026-11-01T00:00:00Z")).expect("a month");
    let rulings = rule(&entries, &rules, range, &Zone::utc());
    let hour = Millis::from_secs(3600);
    let over_year =
        Refusal::OverCap { period: "2026".into(), cap: hour.times(5), used: hour.times(4), wanted: hour.times(2) };
    let refusals: Vec<_> = rulings.iter().map(|ruling| ruling.refusals.clone()).collect();
    // A refused window uses nothing up, so the later, shorter one still fits.
    assert_eq!(refusals, [vec![], vec![over_year], vec![]]);
    assert_eq!(rulings.iter().map(|r| r.excluded.length()).collect::<Vec<_>>(), [hour.times(4), Millis::ZERO, hour]);
}

#[test]
fn the_past_is_reclassified_when_it_was_entered_after_it_began() {
    let mut entry = work("2026-10-04T00:00:00Z", 2, "2026-01-02T00:00:00Z");
    assert!(!entry.reclassifies_the_past());
    entry.recorded_at = Some(entry.start);
    assert!(!entry.reclassifies_the_past());
    entry.recorded_at = Some(entry.start + Millis::new(1));
    assert!(entry.reclassifies_the_past());
}

//! Each kind of credit.

use super::{check, percent, tiers};
use crate::contract::ContractDraft;
use crate::credit::{Credit, CreditRule, DayTier, LadderMeasure, LadderStep};
use crate::window::WindowKind;
use quorate_model::Millis;

fn owed(rule: CreditRule) -> impl FnOnce(&mut ContractDraft) {
    move |draft| draft.credit = Some(Credit::new(rule))
}

fn capped(rule: CreditRule, cap: Option<&str>, floor: Option<&str>) -> impl FnOnce(&mut ContractDraft) {
    let credit = Credit { cap_per_month: cap.map(percent), floor: floor.map(percent), ..Credit::new(rule) };
    move |draft| draft.credit = Some(credit)
}

/// 1.5 of 720 hours.
const DOWN: &str = "down 2026-11-10T08:00:00Z 1h30m";

#[test]
fn tiers_by_threshold() {
    let azure_dns = || tiers(&[("100", "10"), ("99.99", "25"), ("99.5", "100")]);
    let full = |draft: &mut ContractDraft| draft.objectives.availability = Some(percent("100"));
    let case = |lines: &str, expected: &str| {
        check(
            |draft| {
                full(draft);
                owed(azure_dns())(draft);
            },
            lines,
            "2026-11",
            expected,
        );
    };
    case("", "breach none credit 0");
    case("down 2026-11-10T08:00:00Z 1ms", "breach certain credit 10");
    case("down 2026-11-10T08:00:00Z 259200ms", "point 99.9900 credit 10");
    case("down 2026-11-10T08:00:00Z 259201ms", "point 99.9899 credit 25");
    case("down 2026-11-10T08:00:00Z 4h", "credit 100");
}

#[test]
fn multiplier() {
    let ten = || CreditRule::Multiplier { times_milli: 10_000 };
    // 10 x 1.5 / 720.
    check(owed(ten()), DOWN, "2026-11", "credit 2.0833");
    check(owed(ten()), "down 2026-11-10T08:00:00Z 1296s", "2026-11", "credit 0");
    check(capped(ten(), Some("2"), None), DOWN, "2026-11", "credit 2");
    check(capped(ten(), None, Some("5")), DOWN, "2026-11", "credit 5");
    check(capped(ten(), None, Some("5")), "", "2026-11", "credit 0");
    check(capped(ten(), Some("100"), None), "down 2026-11-10T00:00:00Z 5d", "2026-11", "credit 100");
    check(owed(ten()), "down 2026-11-10T00:00:00Z 6d", "2026-11", "credit 200");
    check(owed(CreditRule::Multiplier { times_milli: 1500 }), "down 2026-11-10T00:00:00Z 6d", "2026-11", "credit 30");
}

#[test]
fn service_days() {
    let workspace = || {
        let tier = |below: &str, days| DayTier { below: percent(below), days };
        CreditRule::ServiceDays(vec![tier("99.9", 3), tier("99", 7), tier("95", 15)])
    };
    check(owed(workspace()), DOWN, "2026-11", "credit 10");
    check(owed(workspace()), "down 2026-10-10T08:00:00Z 1h30m", "2026-10", "credit 9.6774");
    check(owed(workspace()), "down 2026-11-10T08:00:00Z 2592s", "2026-11", "point 99.9000 credit 0");
    check(owed(workspace()), "down 2026-11-10T08:00:00Z 2d", "2026-11", "credit 50");
}

#[test]
fn duration_ladder() {
    let ladder = |measure| {
        let step = |minutes: i64, days| LadderStep { at_least: Millis::from_secs(minutes * 60), days };
        CreditRule::DurationLadder { measure, steps: vec![step(5, 1), step(31, 7), step(241, 30)] }
    };
    let total = || owed(ladder(LadderMeasure::Total));
    check(total(), "down 2026-11-10T08:00:00Z 299s999ms", "2026-11", "credit 0");
    check(total(), "down 2026-11-10T08:00:00Z 300s", "2026-11", "credit 3.3333");
    check(total(), "down 2026-11-10T08:00:00Z 3m; down 2026-11-12T08:00:00Z 3m", "2026-11", "credit 3.3333");
    check(
        owed(ladder(LadderMeasure::Longest)),
        "down 2026-11-10T08:00:00Z 3m; down 2026-11-12T08:00:00Z 3m",
        "2026-11",
        "credit 0",
    );
    check(total(), "down 2026-11-10T08:00:00Z 31m", "2026-11", "credit 23.3333");
    check(total(), "down 2026-11-10T08:00:00Z 5h", "2026-11", "credit 100");
}

#[test]
fn proportional() {
    check(owed(CreditRule::Proportional), DOWN, "2026-11", "credit 0.2083");
    let everything = |draft: &mut ContractDraft| {
        draft.objectives.availability = None;
        draft.credit = Some(Credit::new(CreditRule::Proportional));
    };
    check(everything, "down 2026-11-10T00:00:00Z 3d", "2026-11", "breach none credit 10");
    check(everything, "", "2026-11", "credit 0");
    check(capped(tiers_of(), Some("30"), None), "down 2026-11-10T00:00:00Z 3d", "2026-11", "credit 30");
    check(capped(tiers_of(), Some("30"), Some("20")), DOWN, "2026-11", "credit 20");
}

fn tiers_of() -> CreditRule {
    super::tiers(&[("99.95", "10"), ("99", "25"), ("95", "100")])
}

#[test]
fn days_of_service_are_out_of_the_days_that_took_place() {
    let zone = crate::tests::samoa();
    let days = |kind: WindowKind, period: &str| {
        let window = kind.window(period, &zone).expect("a period");
        super::super::local_days(window.interval, &zone)
    };
    assert_eq!(days(WindowKind::CalendarMonth, "2011-12"), 30);
    assert_eq!(days(WindowKind::CalendarMonth, "2012-01"), 31);
    assert_eq!(days(WindowKind::CalendarYear, "2011"), 364);
}

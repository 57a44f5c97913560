//! Exclusions and the rules of maintenance.

use super::{at, check, hours};
use crate::contract::{ContractDraft, Denominator};
use crate::exclusion::{Exclusion, ExclusionClass, OverCap};
use crate::interval::Interval;
use crate::recurrence::Recurrence;
use quorate_model::Millis;

fn entry(class: ExclusionClass, start: &str, span: &str) -> Exclusion {
    let start = at(start);
    let interval = Interval::new(start, start + super::world::span(span)).expect("some time");
    Exclusion::new(class, interval, "because")
}

fn work(start: &str, span: &str, announced_at: &str) -> Exclusion {
    Exclusion { announced_at: Some(at(announced_at)), ..entry(ExclusionClass::Maintenance, start, span) }
}

fn with(entries: Vec<Exclusion>) -> impl FnOnce(&mut ContractDraft) {
    move |draft| {
        draft.maintenance.min_notice = hours(48);
        draft.exclusions = entries;
    }
}

fn capped(month: Option<i64>, year: Option<i64>, entries: Vec<Exclusion>) -> impl FnOnce(&mut ContractDraft) {
    move |draft| {
        draft.maintenance.cap_per_month = month.map(hours);
        draft.maintenance.cap_per_year = year.map(hours);
        draft.exclusions = entries;
    }
}

const WORK: &str = "2026-10-04T01:00:00Z";

#[test]
fn maintenance_has_to_be_announced_in_time() {
    let down = "down 2026-10-04T01:00:00Z 2h";
    let case =
        |announced: &str, expected: &str| check(with(vec![work(WORK, "2h", announced)]), down, "2026-10", expected);
    case("2026-10-01T09:00:00Z", "excluded 7200000 down 0 breach none credit 0");
    case("2026-10-02T01:00:00Z", "excluded 7200000 down 0");
    case(
        "2026-10-02T01:00:00.001Z",
        "excluded 0 down 7200000 point 99.7311 credit 10 refused0 it_was_announced_1d23h59m59s999ms_ahead,_2d_are_required",
    );
    case(
        "2026-10-04T02:00:00Z",
        "excluded 0 down 7200000 refused0 it_was_announced_1h_after_its_start,_2d_ahead_are_required",
    );
    let unannounced = entry(ExclusionClass::Maintenance, WORK, "2h");
    check(with(vec![unannounced]), down, "2026-10", "excluded 0 down 7200000 refused0 it_was_not_announced");
    // Without a minimum notice it still has to be announced before it starts.
    let late = |draft: &mut ContractDraft| draft.exclusions = vec![work(WORK, "2h", "2026-10-04T01:00:00.001Z")];
    check(late, down, "2026-10", "excluded 0");
    let just = |draft: &mut ContractDraft| draft.exclusions = vec![work(WORK, "2h", WORK)];
    check(just, down, "2026-10", "excluded 7200000");
}

#[test]
fn only_the_announced_time_is_excluded() {
    let announced = "2026-10-01T00:00:00Z";
    // Half an hour before the start counts, and so does half an hour after the end.
    let case = |lines: &str, expected: &str| check(with(vec![work(WORK, "2h", announced)]), lines, "2026-10", expected);
    case("down 2026-10-04T00:30:00Z 1h", "excluded 7200000 down 1800000");
    case(
        "down 2026-10-04T02:00:00Z 1h30m",
        "down 1800000 refused0 it_overran_its_announced_end_by_30m,_which_is_not_excluded",
    );
    case("down 2026-10-04T02:00:00Z 1h", "down 0");
    let mut overran = work(WORK, "2h", announced);
    overran.actual_end = Some(at("2026-10-04T03:10:00Z"));
    check(
        with(vec![overran]),
        "down 2026-10-04T03:00:00Z 10m",
        "2026-10",
        "excluded 7200000 down 600000 refused0 it_overran_its_announced_end_by_10m,_which_is_not_excluded",
    );
    // The minimum outage tests the whole outage, not what exclusions leave of it.
    let minute = |draft: &mut ContractDraft| {
        draft.min_outage = Millis::from_secs(60);
        draft.exclusions = vec![work(WORK, "1m", announced)];
    };
    check(minute, "down 2026-10-04T00:59:50Z 80s", "2026-10", "excluded 60000 down 20000");
}

#[test]
fn exclusions_of_every_class_unite() {
    for class in
        [ExclusionClass::ForceMajeure, ExclusionClass::ThirdParty, ExclusionClass::Customer, ExclusionClass::Suspension]
    {
        check(
            with(vec![entry(class, WORK, "1h")]),
            "down 2026-10-04T00:00:00Z 3h",
            "2026-10",
            "excluded 3600000 down 7200000",
        );
    }
    let overlapping = vec![
        work(WORK, "2h", "2026-10-01T00:00:00Z"),
        entry(ExclusionClass::ThirdParty, "2026-10-04T02:00:00Z", "2h"),
        entry(ExclusionClass::Customer, "2026-10-04T02:30:00Z", "10m"),
    ];
    check(with(overlapping), "down 2026-10-04T00:00:00Z 5h", "2026-10", "excluded 10800000 down 7200000");
    let edge = vec![entry(ExclusionClass::ThirdParty, "2026-10-31T23:00:00Z", "2h")];
    check(with(edge.clone()), "", "2026-10", "excluded 3600000");
    check(with(edge), "", "2026-11", "excluded 3600000");
    let month = vec![entry(ExclusionClass::Suspension, "2026-10-01T00:00:00Z", "31d")];
    check(
        with(month),
        "down 2026-10-05T00:00:00Z 5h",
        "2026-10",
        "excluded 2678400000 down 0 point none breach none credit 0",
    );
    check(
        with(vec![entry(ExclusionClass::ThirdParty, WORK, "1h")]),
        "unknown 2026-10-04T00:30:00Z 1h",
        "2026-10",
        "excluded 3600000 unknown 1800000",
    );
}

#[test]
fn the_denominator_may_keep_what_is_excluded() {
    let ten_hours = || vec![entry(ExclusionClass::ThirdParty, "2026-11-04T00:00:00Z", "10h")];
    let down = "down 2026-11-10T08:00:00Z 1296s";
    check(with(ten_hours()), down, "2026-11", "excluded 36000000 point 99.9492 breach certain");
    let total = |draft: &mut ContractDraft| {
        draft.exclusions = ten_hours();
        draft.denominator = Denominator::Total;
    };
    check(total, down, "2026-11", "excluded 36000000 point 99.9500 breach none");
}

#[test]
fn caps_refuse_what_exceeds_them() {
    let first = || work(WORK, "3h", "2026-09-01T00:00:00Z");
    let second = |announced: &str| work("2026-10-11T01:00:00Z", "3h", announced);
    let case = |month, year, entries: Vec<Exclusion>, expected: &str| {
        check(capped(month, year, entries), "", "2026-10", expected);
    };
    case(Some(4), None, vec![first()], "excluded 10800000");
    case(Some(3), None, vec![first()], "excluded 10800000");
    case(Some(2), None, vec![first()], "excluded 0 refused0 it_wants_3h_more_in_2026-10,_of_which_0s_of_2h_are_used");
    case(
        Some(4),
        None,
        vec![first(), second("2026-09-02T00:00:00Z")],
        "excluded 10800000 refused1 it_wants_3h_more_in_2026-10,_of_which_3h_of_4h_are_used",
    );
    case(Some(6), None, vec![first(), second("2026-09-02T00:00:00Z")], "excluded 21600000");
    // The one announced first is the one that is granted.
    case(
        Some(4),
        None,
        vec![first(), second("2026-08-01T00:00:00Z")],
        "excluded 10800000 refused0 it_wants_3h_more_in_2026-10,_of_which_3h_of_4h_are_used",
    );
    // The same window twice uses the cap once.
    case(Some(3), None, vec![first(), first()], "excluded 10800000");
    case(None, Some(5), vec![work("2026-01-10T01:00:00Z", "3h", "2026-01-01T00:00:00Z"), first()], "excluded 0");
    case(None, Some(6), vec![work("2026-01-10T01:00:00Z", "3h", "2026-01-01T00:00:00Z"), first()], "excluded 10800000");
    case(None, Some(5), vec![work("2025-12-10T01:00:00Z", "3h", "2025-12-01T00:00:00Z"), first()], "excluded 10800000");
    let up_to_cap = |draft: &mut ContractDraft| {
        draft.maintenance.cap_per_month = Some(hours(4));
        draft.maintenance.over_cap = OverCap::ExcludeUpToCap;
        draft.exclusions = vec![first(), second("2026-09-02T00:00:00Z")];
    };
    check(up_to_cap, "down 2026-10-11T01:30:00Z 1h", "2026-10", "excluded 14400000 down 1800000");
    // Over a month's edge each month bears its part.
    let edge = || vec![work("2026-10-31T23:00:00Z", "2h", "2026-09-01T00:00:00Z")];
    check(capped(Some(1), None, edge()), "", "2026-10", "excluded 3600000");
    check(capped(Some(1), None, edge()), "", "2026-11", "excluded 3600000");
}

#[test]
fn maintenance_may_come_again() {
    let weekly = |draft: &mut ContractDraft| {
        draft.timezone = "Europe/Berlin".into();
        let first = work("2026-09-06T00:00:00Z", "2h", "2026-08-01T00:00:00Z");
        let recurrence = Recurrence::parse("FREQ=WEEKLY;BYDAY=SU").expect("a rule");
        draft.exclusions = vec![Exclusion { recurrence: Some(recurrence), ..first }];
    };
    // The four Sundays of October at 02:00 local; on the 25th the first 02:00, so two hours of UTC 00:00.
    check(weekly, "down 2026-10-25T00:00:00Z 3h", "2026-10", "excluded 28800000 down 3600000");
    let second_sunday = |draft: &mut ContractDraft| {
        let first = work("2026-01-11T01:00:00Z", "1h", "2025-12-01T00:00:00Z");
        let recurrence = Recurrence::parse("FREQ=MONTHLY;BYDAY=2SU").expect("a rule");
        draft.exclusions = vec![Exclusion { recurrence: Some(recurrence), ..first }];
    };
    check(second_sunday, "down 2026-10-11T00:30:00Z 1h", "2026-10", "excluded 3600000 down 1800000");
    check(second_sunday, "", "2025-10", "excluded 0");
}

use alloc::string::ToString;

use quorate_model::{CheckId, CollectorTime, Micros, Millis};

use super::{Contract, ContractDraft};
use crate::basis::Basis;
use crate::combine::Service;
use crate::credit::{ClaimRule, Credit, CreditRule, DayTier, LadderMeasure, LadderStep, Tier};
use crate::exclusion::{Exclusion, ExclusionClass};
use crate::id::ContractId;
use crate::interval::Interval;
use crate::objective::LatencyObjective;
use crate::percent::Percent;
use crate::recurrence::Recurrence;
use crate::service_hours::{DailyHours, ServiceHours};
use crate::window::WindowKind;
use crate::zone::Weekday;

fn percent(text: &str) -> Percent {
    Percent::parse(text).expect("a percentage")
}

fn leaf(name: &str) -> Service {
    Service::Check(CheckId::new(name).expect("an id"))
}

fn exclusion(class: ExclusionClass) -> Exclusion {
    Exclusion::new(class, Interval::from_millis(1000, 2000).expect("some time"), "because")
}

/// Every fault of a draft, as `path: problem`, has to start with these, in order.
fn check(change: impl FnOnce(&mut ContractDraft), expected: &[&str]) {
    let mut draft = ContractDraft::new(ContractId::new("c").expect("an id"), leaf("shop"));
    change(&mut draft);
    let faults = Contract::new(draft).err().unwrap_or_default();
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len(), expected.len(), "{shown:#?}");
    for (got, want) in shown.iter().zip(expected) {
        assert!(got.starts_with(want), "got {got}, want {want}");
    }
}

fn credit(rule: CreditRule) -> impl FnOnce(&mut ContractDraft) {
    move |draft| draft.credit = Some(Credit::new(rule))
}

fn tiers(list: &[(&str, &str)]) -> CreditRule {
    CreditRule::Tiers(list.iter().map(|(b, p)| Tier { below: percent(b), percent: percent(p) }).collect())
}

#[test]
fn defaults_are_a_contract() {
    check(|_| {}, &[]);
}

#[test]
fn all_faults_come_at_once() {
    check(
        |draft| {
            draft.service = Service::AnyDown(vec![]);
            draft.window = WindowKind::RollingDays(0);
            draft.min_outage = Millis::new(-1);
            draft.objectives.availability = Some(Percent::ZERO);
            draft.maintenance.min_notice = Millis::new(-1);
            draft.exclusions =
                vec![Exclusion { end: CollectorTime::from_millis(1000), ..exclusion(ExclusionClass::Customer) }];
            draft.credit = Some(Credit::new(tiers(&[("99", "10"), ("99", "10")])));
        },
        &[
            "service.any_down: is empty",
            "window.rolling_days: is 0; allowed is 1 to 3660",
            "min_outage: is -1ms; allowed is 0 up to a day",
            "objectives.availability: is 0; allowed is over 0% up to 100%",
            "maintenance.min_notice: is -1ms",
            "exclusions[0].end: is not after the start",
            "credit.tiers[1].below: is not below the threshold before it",
            "credit.tiers[1].percent: is not above the entry before it",
        ],
    );
}

#[test]
fn services() {
    let weights = |list: Vec<(Service, u32)>| move |draft: &mut ContractDraft| draft.service = Service::Weights(list);
    check(weights(vec![]), &["service.weights: is empty"]);
    check(
        weights(vec![(leaf("a"), 0), (leaf("b"), 1)]),
        &["service.weights.a: the weights have to be at least 1 each"],
    );
    check(weights(vec![(leaf("a"), 600_000), (leaf("b"), 600_000)]), &["service: the weights have to be"]);
    check(weights(vec![(leaf("a"), u32::MAX), (leaf("b"), 1)]), &["service: the weights have to be"]);
    check(
        |d| d.service = Service::AnyDown(vec![leaf("a"), leaf("b"), leaf("a")]),
        &["service.any_down[2]: check a stands twice"],
    );
    check(
        weights(vec![(Service::AllDown(vec![leaf("a"), leaf("b")]), 1), (leaf("b"), 1)]),
        &["service.weights.b: check b stands twice"],
    );
    check(
        |d| d.service = Service::AllDown(vec![leaf("a"), Service::AnyDown(vec![])]),
        &["service.all_down[1].any_down: is empty"],
    );
    let deep = |levels| (0..levels).fold(leaf("a"), |inner, _| Service::AnyDown(vec![inner]));
    check(|d| d.service = deep(7), &[]);
    check(|d| d.service = deep(8), &["service.any_down[0].any_down[0].any_down[0]"]);
    let many = |count: usize| Service::AnyDown((0..count).map(|i| leaf(&format!("c{i}"))).collect());
    check(|d| d.service = many(1000), &[]);
    check(|d| d.service = many(1001), &["service: has too many entries; at most 1000"]);
}

#[test]
fn windows_and_bases() {
    check(
        |d| d.window = WindowKind::BillingMonth { anchor_day: 32 },
        &["window.billing_month.anchor_day: is 32; allowed is 1 to 31"],
    );
    check(|d| d.window = WindowKind::RollingDays(3661), &["window.rolling_days: is 3661"]);
    let mean = |seconds| {
        move |d: &mut ContractDraft| d.basis = Basis::IntervalErrorRateMean { interval: Millis::from_secs(seconds) }
    };
    for seconds in [60, 300, 3600, 86_400] {
        check(mean(seconds), &[]);
    }
    for seconds in [0, -60, 30, 90, 420, 172_800] {
        check(mean(seconds), &["basis.interval_error_rate_mean.interval: is"]);
    }
    check(|d| d.basis = Basis::MinuteErrorRate { over: Percent::HUNDRED }, &["basis.minute_error_rate.over: is 100"]);
    check(|d| d.min_outage = Millis::from_secs(86_401), &["min_outage: is 1d1s"]);
    check(
        |d| d.service_start = Some(CollectorTime::MAX),
        &["service_start: is 9223372036854775807; allowed is a time"],
    );
}

#[test]
fn hours() {
    let weekly = |days: Vec<Weekday>, from: i64, to: i64| {
        move |d: &mut ContractDraft| {
            let entry = DailyHours { days, from: Millis::from_secs(from * 3600), to: Millis::from_secs(to * 3600) };
            d.service_hours = ServiceHours::Weekly(vec![entry]);
        }
    };
    check(weekly(vec![Weekday::Mon], 0, 24), &[]);
    check(weekly(vec![Weekday::Mon], 22, 6), &[]);
    check(weekly(vec![], 8, 20), &["service_hours[0].days: is empty"]);
    check(weekly(vec![Weekday::Mon, Weekday::Mon], 8, 20), &["service_hours[0].days: mon stands twice"]);
    check(weekly(vec![Weekday::Mon], 8, 8), &["service_hours[0].to: begins and ends"]);
    check(weekly(vec![Weekday::Mon], 8, 25), &["service_hours[0].to: is 1d1h"]);
    check(weekly(vec![Weekday::Mon], -1, 8), &["service_hours[0].from: is -1h"]);
    check(|d| d.service_hours = ServiceHours::Weekly(vec![]), &["service_hours: is empty"]);
}

#[test]
fn objectives() {
    let entry = |percentile: &str, us| LatencyObjective {
        percentile: percent(percentile),
        under: Micros::new(us),
        region: None,
    };
    check(|d| d.objectives.latency = vec![entry("95", 1), entry("99", 2)], &[]);
    check(
        |d| d.objectives.latency = vec![entry("95", 1), entry("95", 2), entry("0", 0)],
        &[
            "objectives.latency[1].percentile: percentile 95 stands twice",
            "objectives.latency[2].percentile: is 0",
            "objectives.latency[2].under: is 0s; allowed is over 0 up to 366 days",
        ],
    );
    let highest = LatencyObjective::MAX_UNDER.get();
    check(|d| d.objectives.latency = vec![entry("95", highest)], &[]);
    check(
        |d| d.objectives.latency = vec![entry("95", highest + 1)],
        &["objectives.latency[0].under: is 31622400000001 us; allowed is over 0 up to 366 days"],
    );
    check(|d| d.objectives.error_rate = Some(Percent::HUNDRED), &["objectives.error_rate: is 100"]);
}

#[test]
fn maintenance_and_exclusions() {
    check(
        |d| {
            d.maintenance.cap_per_month = Some(Millis::from_secs(2));
            d.maintenance.cap_per_year = Some(Millis::from_secs(1));
        },
        &["maintenance.cap_per_year: is below cap_per_month"],
    );
    check(
        |d| {
            d.exclusions = vec![Exclusion {
                announced_at: Some(CollectorTime::from_millis(0)),
                actual_end: Some(CollectorTime::from_millis(3000)),
                recurrence: Recurrence::parse("FREQ=WEEKLY").ok(),
                ..exclusion(ExclusionClass::ForceMajeure)
            }];
        },
        &[
            "exclusions[0].announced_at: goes with class maintenance only",
            "exclusions[0].actual_end: goes with class maintenance only",
            "exclusions[0].recurrence: goes with class maintenance only",
        ],
    );
    let late = |reason: &str, approver: Option<&str>| {
        let entry = Exclusion {
            reason: reason.into(),
            approver: approver.map(Into::into),
            recorded_at: Some(CollectorTime::from_millis(1001)),
            ..exclusion(ExclusionClass::ThirdParty)
        };
        move |d: &mut ContractDraft| d.exclusions = vec![entry]
    };
    check(late("fibre cut", Some("ada")), &[]);
    check(
        late(" ", None),
        &["exclusions[0].reason: a change of the past needs a reason", "exclusions[0].approver: a change"],
    );
    check(late("fibre cut", Some("")), &["exclusions[0].approver: a change of the past needs an approver"]);
    check(
        |d| d.exclusions = vec![Exclusion { start: CollectorTime::MIN, ..exclusion(ExclusionClass::Customer) }],
        &["exclusions[0].start: is -9223372036854775808; allowed is a time of the years 1970 to 9998"],
    );
}

#[test]
fn a_recurrence_has_at_least_its_first_window() {
    // 1970-01-10 at noon in UTC, which is the 9th or the 11th elsewhere at most.
    let day = 86_400_000;
    let start = 9 * day + day / 2;
    for (until, fine) in [("19700108", false), ("19700109", true), ("19700110", true), ("19700111", true)] {
        let window = Interval::from_millis(start, start + 1).expect("some time");
        let recurrence = Recurrence::parse(&format!("FREQ=WEEKLY;UNTIL={until}")).ok();
        assert!(recurrence.is_some(), "{until}");
        let entry = Exclusion { recurrence, ..Exclusion::new(ExclusionClass::Maintenance, window, "work") };
        let told: &[&str] = if fine { &[] } else { &["exclusions[0].recurrence: UNTIL is before the start"] };
        check(|d| d.exclusions = vec![entry], told);
    }
}

#[test]
fn credits() {
    check(credit(tiers(&[("99.95", "10"), ("99", "25")])), &[]);
    check(credit(tiers(&[])), &["credit.tiers: is empty"]);
    check(credit(tiers(&[("99", "10"), ("99.95", "25")])), &["credit.tiers[1].below: is not below"]);
    check(credit(tiers(&[("99.95", "25"), ("99", "10")])), &["credit.tiers[1].percent: is not above"]);
    check(credit(tiers(&[("0", "0")])), &["credit.tiers[0].below: is 0", "credit.tiers[0].percent: is 0"]);
    let day = |below: &str, days| DayTier { below: percent(below), days };
    check(
        credit(CreditRule::ServiceDays(vec![day("99", 3), day("95", 3)])),
        &["credit.service_days[1].days: is not above"],
    );
    check(credit(CreditRule::ServiceDays(vec![day("99", 367)])), &["credit.service_days[0].days: is 367"]);
    let step = |seconds, days| LadderStep { at_least: Millis::from_secs(seconds), days };
    let ladder = |steps| CreditRule::DurationLadder { measure: LadderMeasure::Total, steps };
    check(credit(ladder(vec![step(300, 1), step(200, 7)])), &["credit.duration_ladder[1].at_least: is not above"]);
    check(credit(ladder(vec![step(0, 1)])), &["credit.duration_ladder[0].at_least: is 0s"]);
    check(credit(CreditRule::Multiplier { times_milli: 0 }), &["credit.multiplier: is 0; allowed is 0.001 to 100"]);
    check(
        credit(CreditRule::Multiplier { times_milli: 100_500 }),
        &["credit.multiplier: is 100.5; allowed is 0.001 to 100"],
    );
    check(
        |d| {
            d.credit = Some(Credit {
                cap_per_month: Some(percent("10")),
                cap_per_12_months: Some(Percent::ZERO),
                floor: Some(percent("20")),
                claim: Some(ClaimRule::DaysAfterWindow(0)),
                ..Credit::new(CreditRule::Proportional)
            });
        },
        &[
            "credit.cap_per_month_percent: is below floor_percent",
            "credit.cap_per_12_months_percent: is 0",
            "credit.claim_within_days: is 0",
        ],
    );
}

#[test]
fn the_objective_may_come_from_the_credit() {
    let mut draft = ContractDraft::new(ContractId::new("c").expect("an id"), leaf("shop"));
    draft.credit = Some(Credit::new(tiers(&[("99.95", "10"), ("99", "25")])));
    assert_eq!(Contract::new(draft.clone()).expect("a contract").objective(), Some(percent("99.95")));
    draft.objectives.availability = Some(percent("99.9"));
    assert_eq!(Contract::new(draft).expect("a contract").objective(), Some(percent("99.9")));
}

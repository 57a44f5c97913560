use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec;

use quorate_model::{CollectorTime, Millis};

use super::{Response, Severity, SupportCase, SupportPlan, SupportTarget, judge_support};
use crate::objective::Kept;
use crate::service_hours::{DailyHours, ServiceHours};
use crate::tests::{berlin, utc_ms};
use crate::zone::Weekday;

fn at(text: &str) -> CollectorTime {
    CollectorTime::from_millis(utc_ms(text))
}

fn minutes(count: i64) -> Millis {
    Millis::from_secs(count * 60)
}

fn office() -> ServiceHours {
    use Weekday::{Fri, Mon, Thu, Tue, Wed};
    let hour = |h: i64| Millis::from_secs(h * 3600);
    ServiceHours::Weekly(vec![DailyHours { days: vec![Mon, Tue, Wed, Thu, Fri], from: hour(9), to: hour(17) }])
}

fn plan(hours: ServiceHours) -> SupportPlan {
    let target = SupportTarget { acknowledge: Some(minutes(60)), resolve: Some(minutes(480)) };
    SupportPlan::new(hours, vec!["mail".into()], BTreeMap::from([(Severity::High, target)])).expect("a plan")
}

#[test]
fn time_runs_in_service_hours_of_the_zone() {
    // Berlin is two hours ahead in summer: 16:30 on Friday, October 2; half an hour is left, the rest is on Monday.
    let case = |acknowledged: Option<&str>| SupportCase {
        severity: Severity::High,
        opened_at: at("2026-10-02T14:30:00Z"),
        acknowledged_at: acknowledged.map(at),
        over_at: None,
    };
    let now = at("2026-10-05T07:30:00Z");
    for (acknowledged, took, kept) in [
        (Some("2026-10-02T14:45:00Z"), 15, Kept::Met),
        (Some("2026-10-04T12:00:00Z"), 30, Kept::Met),
        (Some("2026-10-05T07:30:00Z"), 60, Kept::Met),
        (Some("2026-10-05T07:31:00Z"), 61, Kept::Missed),
        (None, 60, Kept::NotMeasured),
    ] {
        let (acknowledge, resolve) = judge_support(&plan(office()), &case(acknowledged), &berlin(), now);
        let acknowledge = acknowledge.expect("a target");
        assert_eq!((acknowledge.took, acknowledge.kept), (minutes(took), kept), "{acknowledged:?}");
        assert_eq!(acknowledge.deadline, Some(at("2026-10-05T07:30:00Z")));
        let resolve = resolve.expect("a target");
        assert_eq!((resolve.took, resolve.kept), (minutes(60), Kept::NotMeasured));
        // Eight hours: half an hour on Friday, seven and a half on Monday.
        assert_eq!(resolve.deadline, Some(at("2026-10-05T14:30:00Z")));
    }
    let late = judge_support(&plan(office()), &case(None), &berlin(), at("2026-10-05T07:31:00Z")).0;
    assert_eq!(late.map(|result| result.kept), Some(Kept::Missed));
}

#[test]
fn around_the_clock_and_without_a_target() {
    let case = |severity| SupportCase {
        severity,
        opened_at: at("2026-10-03T23:30:00Z"),
        acknowledged_at: Some(at("2026-10-04T00:30:00Z")),
        over_at: Some(at("2026-10-04T07:30:01Z")),
    };
    let now = at("2026-10-05T00:00:00Z");
    let (acknowledge, resolve) = judge_support(&plan(ServiceHours::Always), &case(Severity::High), &berlin(), now);
    assert_eq!(acknowledge.map(|result| result.kept), Some(Kept::Met));
    assert_eq!(resolve.map(|result| result.kept), Some(Kept::Missed));
    assert_eq!(judge_support(&plan(ServiceHours::Always), &case(Severity::Low), &berlin(), now), (None, None));
}

#[test]
fn a_plan_that_contradicts_itself_says_where() {
    let target = SupportTarget { acknowledge: Some(minutes(10)), resolve: Some(minutes(5)) };
    let zero = SupportTarget { acknowledge: Some(Millis::ZERO), resolve: None };
    let targets = BTreeMap::from([(Severity::Critical, target), (Severity::Low, zero)]);
    let faults = SupportPlan::new(ServiceHours::Weekly(vec![]), vec![], targets).expect_err("three faults");
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "hours: is empty; at least one entry is needed",
            "targets.critical.resolve: is below acknowledge",
            "targets.low.acknowledge: is 0s; allowed is over 0",
        ]
    );
}

/// An hour to answer and eight to solve, from 23:30.
#[test]
fn what_is_over_is_solved_and_needs_no_answer_any_more() {
    let judged = |acknowledged: Option<&str>, over: &str| {
        let case = SupportCase {
            severity: Severity::High,
            opened_at: at("2026-10-03T23:30:00Z"),
            acknowledged_at: acknowledged.map(at),
            over_at: Some(at(over)),
        };
        let now = at("2026-10-10T00:00:00Z");
        let (acknowledge, resolve) = judge_support(&plan(ServiceHours::Always), &case, &berlin(), now);
        (acknowledge.map(|result| result.kept), resolve.map(|result| (result.took, result.kept)))
    };
    let met = |count| Some((minutes(count), Kept::Met));
    assert_eq!(judged(None, "2026-10-04T00:30:00Z"), (None, met(60)), "over at the deadline");
    assert_eq!(judged(None, "2026-10-04T00:31:00Z"), (Some(Kept::Missed), met(61)), "a minute later");
    assert_eq!(judged(Some("2026-10-04T00:10:00Z"), "2026-10-04T00:20:00Z"), (Some(Kept::Met), met(50)));
    assert_eq!(judged(Some("2026-10-04T06:00:00Z"), "2026-10-04T00:20:00Z"), (None, met(50)), "marked in the morning");
    assert_eq!(judged(Some("2026-10-04T06:00:00Z"), "2026-10-04T00:40:00Z").0, Some(Kept::Missed));
    let late = Some((minutes(481), Kept::Missed));
    assert_eq!(judged(Some("2026-10-04T00:10:00Z"), "2026-10-04T07:31:00Z"), (Some(Kept::Met), late));
}

#[test]
fn what_was_done_about_a_part_was_done_about_the_whole() {
    let done = |severity, acknowledged: Option<&str>, resolved: Option<&str>| Response {
        severity,
        acknowledged_at: acknowledged.map(at),
        resolved_at: resolved.map(at),
        postmortem: None,
    };
    let (early, late) = ("2026-10-04T00:10:00Z", "2026-10-04T00:20:00Z");
    let both = done(None, Some(late), Some(early)).with(done(Some(Severity::Low), Some(early), Some(late)));
    assert_eq!(both, done(Some(Severity::Low), Some(early), Some(late)));
    assert_eq!(Response::default().with(both.clone()), both);
    assert_eq!(both.clone().with(Response::default()), both);
}

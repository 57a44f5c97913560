//! Everything a contract can contradict itself in.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use quorate_model::{CollectorTime, Millis};

use super::{Contract, ContractDraft, Fault, Problem};
use crate::basis::Basis;
use crate::combine::{Service, weight_path};
use crate::credit::{Credit, CreditRule};
use crate::exclusion::{Exclusion, ExclusionClass, MaintenanceRules};
use crate::objective::{LatencyObjective, Objectives};
use crate::percent::Percent;
use crate::recurrence::Recurrence;
use crate::service_hours::ServiceHours;
use crate::span::Spelled;
use crate::window::WindowKind;
use crate::zone::{DAY_MS, Date};

struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: impl Into<String>, problem: Problem) {
        self.0.push(Fault { path: path.into(), problem });
    }

    fn check(&mut self, good: bool, path: impl Into<String>, problem: Problem) {
        if !good {
            self.add(path, problem);
        }
    }

    fn range(&mut self, good: bool, path: impl Into<String>, given: impl fmt::Display, allowed: &'static str) {
        self.check(good, path, Problem::OutOfRange { given: given.to_string(), allowed });
    }
}

/// Everything that is wrong with one exclusion by itself, with paths below it.
pub fn exclusion_faults(entry: &Exclusion) -> Vec<Fault> {
    let mut out = Faults(Vec::new());
    exclusion(entry, "", &mut out);
    let bare = |fault: Fault| Fault { path: fault.path.trim_start_matches('.').into(), ..fault };
    out.0.into_iter().map(bare).collect()
}

pub(super) fn faults(draft: &ContractDraft) -> Vec<Fault> {
    let mut out = Faults(Vec::new());
    service(&draft.service, &mut out);
    window(draft.window, &mut out);
    basis(draft.basis, &mut out);
    out.range(
        (Millis::ZERO..=Contract::MAX_MIN_OUTAGE).contains(&draft.min_outage),
        "min_outage",
        Spelled(draft.min_outage),
        "0 up to a day",
    );
    if let Some(start) = draft.service_start {
        time(start, "service_start", &mut out);
    }
    service_hours(&draft.service_hours, "service_hours", &mut out);
    objectives(&draft.objectives, &mut out);
    maintenance(&draft.maintenance, &mut out);
    out.check(
        draft.exclusions.len() <= Contract::MAX_EXCLUSIONS,
        "exclusions",
        Problem::TooMany(Contract::MAX_EXCLUSIONS),
    );
    for (place, entry) in draft.exclusions.iter().enumerate().take(Contract::MAX_EXCLUSIONS) {
        exclusion(entry, &format!("exclusions[{place}]"), &mut out);
    }
    if let Some(owed) = &draft.credit {
        credit(owed, &mut out);
    }
    out.0
}

fn service(root: &Service, out: &mut Faults) {
    let before = out.0.len();
    nested(root, "service", 1, out);
    let checks = root.places();
    out.check(checks.len() <= Service::MAX_CHECKS, "service", Problem::TooMany(Service::MAX_CHECKS));
    let mut seen = BTreeSet::new();
    for (path, check) in checks {
        out.check(seen.insert(check), path, Problem::Duplicate(format!("check {check}")));
    }
    // Only where nothing above explains it already.
    if out.0.len() == before {
        out.check(root.scale().is_some(), "service", Problem::Weights(Service::MAX_SCALE));
    }
}

fn nested(part: &Service, path: &str, depth: usize, out: &mut Faults) {
    if depth > Service::MAX_DEPTH {
        out.add(path, Problem::TooDeep(Service::MAX_DEPTH));
        return;
    }
    let mut list = |parts: &[Service], name: &str| {
        out.check(!parts.is_empty(), format!("{path}.{name}"), Problem::Empty);
        for (place, inner) in parts.iter().enumerate() {
            nested(inner, &format!("{path}.{name}[{place}]"), depth + 1, out);
        }
    };
    match part {
        Service::Check(_) => {}
        Service::AnyDown(parts) => list(parts, "any_down"),
        Service::AllDown(parts) => list(parts, "all_down"),
        Service::Weights(parts) => {
            out.check(!parts.is_empty(), format!("{path}.weights"), Problem::Empty);
            for (place, (inner, weight)) in parts.iter().enumerate() {
                let place = weight_path(path, place, inner);
                out.check(*weight > 0, place.as_str(), Problem::Weights(Service::MAX_SCALE));
                nested(inner, &place, depth + 1, out);
            }
        }
    }
}

fn window(kind: WindowKind, out: &mut Faults) {
    match kind {
        WindowKind::RollingDays(days) => {
            out.range((1..=WindowKind::MAX_ROLLING_DAYS).contains(&days), "window.rolling_days", days, "1 to 3660");
        }
        WindowKind::BillingMonth { anchor_day } => {
            out.range((1..=31).contains(&anchor_day), "window.billing_month.anchor_day", anchor_day, "1 to 31");
        }
        _ => {}
    }
}

fn basis(basis: Basis, out: &mut Faults) {
    match basis {
        Basis::MinuteErrorRate { over } => {
            out.range(over < Percent::HUNDRED, "basis.minute_error_rate.over", over, "0% up to under 100%");
        }
        Basis::IntervalErrorRateMean { interval } => {
            let ms = interval.get();
            let good = ms >= 60_000 && ms % 60_000 == 0 && DAY_MS % ms == 0;
            out.range(
                good,
                "basis.interval_error_rate_mean.interval",
                Spelled(interval),
                "whole minutes that divide a day",
            );
        }
        Basis::Continuous | Basis::MinuteAllFail | Basis::Requests => {}
    }
}

/// 1970-01-01 up to 9999-01-01, which leaves room for every zone and window.
fn time(at: CollectorTime, path: impl Into<String>, out: &mut Faults) {
    let good = (0..=253_370_764_800_000).contains(&at.as_millis());
    out.range(good, path, at.as_millis(), "a time of the years 1970 to 9998");
}

/// What is wrong with weekly hours; also asked for the hours of support.
pub(crate) fn hours_faults(hours: &ServiceHours, path: &str) -> Vec<Fault> {
    let mut out = Faults(Vec::new());
    service_hours(hours, path, &mut out);
    out.0
}

fn service_hours(hours: &ServiceHours, path: &str, out: &mut Faults) {
    let ServiceHours::Weekly(entries) = hours else { return };
    out.check(!entries.is_empty(), path, Problem::Empty);
    for (place, entry) in entries.iter().enumerate() {
        let at = format!("{path}[{place}]");
        out.check(!entry.days.is_empty(), format!("{at}.days"), Problem::Empty);
        let mut seen = BTreeSet::new();
        for day in &entry.days {
            out.check(seen.insert(day), format!("{at}.days"), Problem::Duplicate(day.as_str().into()));
        }
        let day = Millis::ZERO..=Millis::new(DAY_MS);
        out.range(day.contains(&entry.from), format!("{at}.from"), Spelled(entry.from), "00:00 to 24:00");
        out.range(day.contains(&entry.to), format!("{at}.to"), Spelled(entry.to), "00:00 to 24:00");
        out.check(entry.from != entry.to, format!("{at}.to"), Problem::NoTime);
    }
}

fn objectives(objectives: &Objectives, out: &mut Faults) {
    if let Some(availability) = objectives.availability {
        out.range(availability > Percent::ZERO, "objectives.availability", availability, "over 0% up to 100%");
    }
    if let Some(rate) = objectives.error_rate {
        out.range(rate < Percent::HUNDRED, "objectives.error_rate", rate, "0% up to under 100%");
    }
    let mut seen = BTreeSet::new();
    for (place, entry) in objectives.latency.iter().enumerate() {
        let at = format!("objectives.latency[{place}]");
        out.range(entry.percentile > Percent::ZERO, format!("{at}.percentile"), entry.percentile, "over 0 up to 100");
        let given = match entry.under.get() {
            us if us % 1000 == 0 => Spelled(entry.under.as_millis()).to_string(),
            us => format!("{us} us"),
        };
        let good = entry.under.get() > 0 && entry.under <= LatencyObjective::MAX_UNDER;
        out.range(good, format!("{at}.under"), given, "over 0 up to 366 days");
        let fresh = seen.insert((entry.percentile, entry.region.as_ref()));
        out.check(fresh, format!("{at}.percentile"), Problem::Duplicate(format!("percentile {}", entry.percentile)));
    }
}

fn maintenance(rules: &MaintenanceRules, out: &mut Faults) {
    let year = Millis::new(366 * DAY_MS);
    let sane = |span: Millis| (Millis::ZERO..=year).contains(&span);
    out.range(sane(rules.min_notice), "maintenance.min_notice", Spelled(rules.min_notice), "0 up to 366 days");
    for (cap, path) in
        [(rules.cap_per_month, "maintenance.cap_per_month"), (rules.cap_per_year, "maintenance.cap_per_year")]
    {
        if let Some(cap) = cap {
            out.range(sane(cap), path, Spelled(cap), "0 up to 366 days");
        }
    }
    if let (Some(month), Some(year)) = (rules.cap_per_month, rules.cap_per_year) {
        out.check(month <= year, "maintenance.cap_per_year", Problem::CapBelow("cap_per_month"));
    }
}

fn exclusion(entry: &Exclusion, path: &str, out: &mut Faults) {
    time(entry.start, format!("{path}.start"), out);
    time(entry.end, format!("{path}.end"), out);
    out.check(entry.end > entry.start, format!("{path}.end"), Problem::EndsBeforeStart);
    if let Some(actual) = entry.actual_end {
        time(actual, format!("{path}.actual_end"), out);
        out.check(actual > entry.start, format!("{path}.actual_end"), Problem::EndsBeforeStart);
    }
    if let Some(announced) = entry.announced_at {
        time(announced, format!("{path}.announced_at"), out);
    }
    if entry.class != ExclusionClass::Maintenance {
        out.check(entry.announced_at.is_none(), format!("{path}.announced_at"), Problem::MaintenanceOnly);
        out.check(entry.actual_end.is_none(), format!("{path}.actual_end"), Problem::MaintenanceOnly);
        out.check(entry.recurrence.is_none(), format!("{path}.recurrence"), Problem::MaintenanceOnly);
    }
    if let Some(last) = entry.recurrence.as_ref().and_then(Recurrence::until) {
        // The zone is not known here: a start's local date is at most a day before that of UTC.
        let first = Date::from_days(i32::try_from(entry.start.as_millis().div_euclid(DAY_MS)).unwrap_or(i32::MAX));
        out.check(last >= first.plus_days(-1), format!("{path}.recurrence"), Problem::NeverComes);
    }
    if entry.reclassifies_the_past() {
        let given = |text: Option<&str>| text.is_some_and(|text| !text.trim().is_empty());
        out.check(given(Some(&entry.reason)), format!("{path}.reason"), Problem::NeedsReason);
        out.check(given(entry.approver.as_deref()), format!("{path}.approver"), Problem::NeedsApprover);
    }
}

fn credit(credit: &Credit, out: &mut Faults) {
    match &credit.rule {
        CreditRule::Tiers(tiers) => {
            out.check(!tiers.is_empty(), "credit.tiers", Problem::Empty);
            for (place, tier) in tiers.iter().enumerate() {
                let at = format!("credit.tiers[{place}]");
                out.range(tier.below > Percent::ZERO, format!("{at}.below"), tier.below, "over 0% up to 100%");
                out.range(tier.percent > Percent::ZERO, format!("{at}.percent"), tier.percent, "over 0 up to 100");
            }
            descend("credit.tiers", "below", tiers.iter().map(|tier| tier.below), out);
            ascend("credit.tiers", "percent", tiers.iter().map(|tier| tier.percent), out);
        }
        CreditRule::ServiceDays(tiers) => {
            out.check(!tiers.is_empty(), "credit.service_days", Problem::Empty);
            for (place, tier) in tiers.iter().enumerate() {
                let at = format!("credit.service_days[{place}]");
                out.range(tier.below > Percent::ZERO, format!("{at}.below"), tier.below, "over 0% up to 100%");
                out.range((1..=366).contains(&tier.days), format!("{at}.days"), tier.days, "1 to 366");
            }
            descend("credit.service_days", "below", tiers.iter().map(|tier| tier.below), out);
            ascend("credit.service_days", "days", tiers.iter().map(|tier| tier.days), out);
        }
        CreditRule::DurationLadder { steps, .. } => {
            out.check(!steps.is_empty(), "credit.duration_ladder", Problem::Empty);
            for (place, step) in steps.iter().enumerate() {
                let at = format!("credit.duration_ladder[{place}]");
                out.range(step.at_least > Millis::ZERO, format!("{at}.at_least"), Spelled(step.at_least), "over 0");
                out.range((1..=366).contains(&step.days), format!("{at}.days"), step.days, "1 to 366");
            }
            ascend("credit.duration_ladder", "at_least", steps.iter().map(|step| step.at_least), out);
            ascend("credit.duration_ladder", "days", steps.iter().map(|step| step.days), out);
        }
        CreditRule::Multiplier { times_milli } => {
            let good = (1..=CreditRule::MAX_TIMES_MILLI).contains(times_milli);
            let given = format!("{}.{:03}", times_milli / 1000, times_milli % 1000);
            let given = given.trim_end_matches('0').trim_end_matches('.');
            out.range(good, "credit.multiplier", given, "0.001 to 100");
        }
        CreditRule::Proportional => {}
    }
    if let (Some(cap), Some(floor)) = (credit.cap_per_month, credit.floor) {
        out.check(cap >= floor, "credit.cap_per_month_percent", Problem::CapBelow("floor_percent"));
    }
    for (cap, path) in [
        (credit.cap_per_month, "credit.cap_per_month_percent"),
        (credit.cap_per_12_months, "credit.cap_per_12_months_percent"),
        (credit.floor, "credit.floor_percent"),
    ] {
        if let Some(cap) = cap {
            out.range(cap > Percent::ZERO, path, cap, "over 0 up to 100");
        }
    }
    if let Some(claim) = credit.claim {
        let days = claim.days();
        out.range(
            days.is_none_or(|days| (1..=3660).contains(&days)),
            "credit.claim_within_days",
            days.unwrap_or(0),
            "1 to 3660",
        );
    }
}

fn descend<T: Ord>(path: &str, field: &str, values: impl Iterator<Item = T>, out: &mut Faults) {
    pairs(values, |place, before, after| {
        out.check(after < before, format!("{path}[{place}].{field}"), Problem::NotDescending);
    });
}

fn ascend<T: Ord>(path: &str, field: &str, values: impl Iterator<Item = T>, out: &mut Faults) {
    pairs(values, |place, before, after| {
        out.check(after > before, format!("{path}[{place}].{field}"), Problem::NotAscending);
    });
}

fn pairs<T>(values: impl Iterator<Item = T>, mut f: impl FnMut(usize, &T, &T)) {
    let mut last: Option<T> = None;
    for (place, value) in values.enumerate() {
        if let Some(before) = &last {
            f(place, before, &value);
        }
        last = Some(value);
    }
}

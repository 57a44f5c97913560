//! The keys of a contract.

use std::collections::BTreeSet;

use quorate_collector_sla::contract::{Denominator, UnknownRule};
use quorate_collector_sla::objective::{LatencyObjective, Objectives};
use quorate_collector_sla::{Basis, ContractDraft, ContractId, MaintenanceRules, Service, ServiceHours, WindowKind};
use quorate_model::{CheckId, Millis, RegionId};

use super::credit::credit;
use super::exclusions::{exclusion, harmless, maintenance};
use super::gaps::Gaps;
use super::values::{bound, check, hours, id, moment, percent, span};
use super::zone::canonical;
use crate::read::values::name;
use crate::yaml::Cursor;

/// The most latency objectives of a contract.
const MAX_LATENCY: usize = 64;

/// Reads a contract as far as it can be read; what cannot stands in the draft with a value that contradicts nothing.
pub(super) fn read(cursor: &Cursor<'_>, gaps: &mut Gaps) -> Option<ContractDraft> {
    let mut fields = cursor.fields()?;
    let id = fields.required("id").and_then(|c| id(&c, ContractId::new));
    let name = fields.optional("name", name);
    let id = gaps.fill(id, ContractId::new("unread").expect("a word is an id"));
    let service = match fields.required("service") {
        Some(c) => service(&c, gaps),
        None => Service::Check(gaps.fill_check(None)),
    };
    let mut draft = ContractDraft::new(id, service);
    if let Some(name) = gaps.fill(name, None) {
        draft.name = name;
    }
    draft.timezone = gaps.fill(fields.or("timezone", "UTC".to_owned(), |c| c.parse(canonical)), String::new());
    let window = fields.or("window", draft.window, window);
    draft.window = gaps.fill(window, draft.window);
    let basis = fields.or("basis", draft.basis, basis);
    draft.basis = gaps.fill(basis, draft.basis);
    let min_outage = fields.or("min_outage", Millis::ZERO, span);
    draft.min_outage = gaps.fill(min_outage, Millis::ZERO);
    let denominator = fields.or("denominator", draft.denominator, |c| c.choice(&DENOMINATORS, denominator_word));
    draft.denominator = gaps.fill(denominator, draft.denominator);
    draft.service_start = gaps.fill(fields.optional("service_start", moment), None);
    let unknown = fields.or("unknown", draft.unknown, |c| c.choice(&UNKNOWNS, UnknownRule::as_str));
    draft.unknown = gaps.fill(unknown, draft.unknown);
    let service_hours = fields.or("service_hours", ServiceHours::Always, |c| hours(c, gaps));
    draft.service_hours = gaps.fill(service_hours, ServiceHours::Always);
    let objectives = fields.or("objectives", Objectives::default(), |c| objectives(c, gaps));
    draft.objectives = gaps.fill(objectives, Objectives::default());
    let maintenance = fields.or("maintenance", MaintenanceRules::default(), |c| maintenance(c, gaps));
    draft.maintenance = gaps.fill(maintenance, MaintenanceRules::default());
    // Each keeps its place, so that what contradicts itself is told of the right one.
    let exclusions = fields.or("exclusions", Vec::new(), |c| {
        let mut read = |item| {
            let entry = exclusion(item, gaps);
            gaps.fill(entry, harmless())
        };
        Some(c.list()?.iter().map(&mut read).collect())
    });
    draft.exclusions = gaps.fill(exclusions, Vec::new());
    let credit = fields.optional("credit", |c| credit(c, gaps));
    draft.credit = gaps.fill(credit, None);
    fields.finish();
    Some(draft)
}

const DENOMINATORS: [Denominator; 2] = [Denominator::Total, Denominator::MinusExcluded];

fn denominator_word(denominator: Denominator) -> &'static str {
    match denominator {
        Denominator::Total => "total",
        Denominator::MinusExcluded => "minus_excluded",
    }
}

const UNKNOWNS: [UnknownRule; 3] = [UnknownRule::Exclude, UnknownRule::Up, UnknownRule::Down];

/// A check's id, or a map with one key that says how parts make a service.
fn service(cursor: &Cursor<'_>, gaps: &mut Gaps) -> Service {
    let read = combined(cursor, gaps);
    read.unwrap_or_else(|| Service::Check(gaps.fill_check(None)))
}

fn combined(cursor: &Cursor<'_>, gaps: &mut Gaps) -> Option<Service> {
    let forms = "a check's id or one of {any_down: [..]}, {all_down: [..]} and {weights: {..}}";
    if cursor.is_list() {
        cursor.expected(forms);
        return None;
    }
    if !cursor.is_map() {
        return check(cursor).map(Service::Check);
    }
    let mut parts = |c: Cursor<'_>| Some(c.list()?.iter().map(|part| service(part, gaps)).collect());
    let mut fields = cursor.fields()?;
    let ways = [
        fields.get("check").map(|c| check(&c).map(Service::Check)),
        fields.get("any_down").map(|c| parts(c).map(Service::AnyDown)),
        fields.get("all_down").map(|c| parts(c).map(Service::AllDown)),
        fields.get("weights").map(|c| weights(&c, gaps).map(Service::Weights)),
    ];
    let keys = ["check", "any_down", "all_down", "weights"].into_iter().filter(|key| fields.has(key)).count();
    fields.finish();
    if keys != 1 {
        cursor.expected(forms);
        return None;
    }
    ways.into_iter().flatten().next().flatten()
}

/// `{shop: 3, api: 1}`, or for nested services `[{service: {..}, weight: 3}]`.
fn weights(cursor: &Cursor<'_>, gaps: &mut Gaps) -> Option<Vec<(Service, u32)>> {
    let most = i64::try_from(Service::MAX_SCALE).unwrap_or(i64::MAX);
    let weight = |c: &Cursor<'_>| c.small::<u32>(1..=most);
    if cursor.is_list() {
        let mut part = |item: &Cursor<'_>| {
            let mut fields = item.fields()?;
            let part = fields.required("service").map(|c| service(&c, gaps));
            let weight = fields.required("weight").and_then(|c| weight(&c));
            fields.finish();
            Some((part?, gaps.fill(weight, 1)))
        };
        let parts: Vec<_> = cursor.list()?.iter().map(&mut part).collect();
        return Some(
            parts.into_iter().map(|part| part.unwrap_or_else(|| (Service::Check(gaps.fill_check(None)), 1))).collect(),
        );
    }
    let read = |(key, value): (&str, Cursor<'_>)| {
        let id = CheckId::new(key);
        if let Err(error) = &id {
            value.error(format_args!("the check's id {error}"));
        }
        (Service::Check(gaps.fill_check(id.ok())), gaps.fill(weight(&value), 1))
    };
    let mut seen = BTreeSet::new();
    // A key that stands twice is noted already.
    Some(cursor.entries()?.into_iter().filter(|(key, _)| seen.insert(*key)).map(read).collect())
}

const WINDOWS: [WindowKind; 6] = [
    WindowKind::CalendarHour,
    WindowKind::CalendarDay,
    WindowKind::CalendarWeek,
    WindowKind::CalendarMonth,
    WindowKind::CalendarQuarter,
    WindowKind::CalendarYear,
];

fn window(cursor: &Cursor<'_>) -> Option<WindowKind> {
    let forms = "a word such as calendar_month, {rolling_days: 30} or {billing_month: {anchor_day: 15}}";
    if cursor.is_list() {
        cursor.expected(forms);
        return None;
    }
    if !cursor.is_map() {
        return cursor.choice(&WINDOWS, WindowKind::as_str);
    }
    let mut fields = cursor.fields()?;
    let days = 1..=i64::from(WindowKind::MAX_ROLLING_DAYS);
    let rolling = fields.get("rolling_days").map(|c| c.small(days).map(WindowKind::RollingDays));
    let billing = fields.get("billing_month").map(|c| {
        let mut fields = c.fields()?;
        let anchor_day = fields.required("anchor_day").and_then(|c| c.small(1..=31));
        fields.finish();
        Some(WindowKind::BillingMonth { anchor_day: anchor_day? })
    });
    fields.finish();
    match (rolling, billing) {
        (Some(kind), None) | (None, Some(kind)) => kind,
        _ => {
            cursor.expected(forms);
            None
        }
    }
}

const BASES: [Basis; 3] = [Basis::Continuous, Basis::MinuteAllFail, Basis::Requests];

fn basis(cursor: &Cursor<'_>) -> Option<Basis> {
    let forms = "continuous, minute_all_fail, requests, {minute_error_rate: {over: \"5%\"}} or \
                 {interval_error_rate_mean: {interval: 5m}}";
    if cursor.is_list() {
        cursor.expected(forms);
        return None;
    }
    if !cursor.is_map() {
        return cursor.choice(&BASES, Basis::as_str);
    }
    let mut fields = cursor.fields()?;
    let rate = fields.get("minute_error_rate").map(|c| {
        let mut fields = c.fields()?;
        let over = fields.required("over").and_then(|c| percent(&c));
        fields.finish();
        Some(Basis::MinuteErrorRate { over: over? })
    });
    let mean = fields.get("interval_error_rate_mean").map(|c| {
        let mut fields = c.fields()?;
        let interval = fields.required("interval").and_then(|c| span(&c));
        fields.finish();
        Some(Basis::IntervalErrorRateMean { interval: interval? })
    });
    fields.finish();
    match (rate, mean) {
        (Some(basis), None) | (None, Some(basis)) => basis,
        _ => {
            cursor.expected(forms);
            None
        }
    }
}

fn objectives(cursor: &Cursor<'_>, gaps: &mut Gaps) -> Option<Objectives> {
    let mut fields = cursor.fields()?;
    let availability = fields.optional("availability", percent);
    let latency = fields.or("latency", Vec::new(), |c| {
        let count = c.list()?.len();
        if count > MAX_LATENCY {
            c.error(format_args!("has {count} entries; allowed are {MAX_LATENCY}"));
            return None;
        }
        gaps.items("objectives.latency", c, latency)
    });
    let error_rate = fields.optional("error_rate", percent);
    fields.finish();
    Some(Objectives {
        availability: gaps.fill(availability, None),
        latency: gaps.fill(latency, Vec::new()),
        error_rate: gaps.fill(error_rate, None),
    })
}

fn latency(cursor: &Cursor<'_>, gaps: &mut Gaps) -> Option<LatencyObjective> {
    let mut fields = cursor.fields()?;
    let percentile = fields.required("percentile").and_then(|c| percent(&c));
    let under = fields.required("under").and_then(|c| bound(&c));
    let region = fields.optional("region", |c| id(c, RegionId::new));
    fields.finish();
    // The two that tell it from others have to be there.
    let (percentile, region) = (percentile?, region?);
    Some(LatencyObjective { percentile, under: gaps.fill(under, LatencyObjective::MAX_UNDER), region })
}

//! The keys of a contract.

use quorate_collector_sla::contract::{Denominator, UnknownRule};
use quorate_collector_sla::objective::{LatencyObjective, Objectives};
use quorate_collector_sla::{
    Basis, ContractDraft, ContractId, Exclusion, ExclusionClass, Interval, MaintenanceRules, Service, ServiceHours,
    WindowKind,
};
use quorate_model::{CheckId, Millis, RegionId};

use super::credit::credit;
use super::exclusions::{exclusion, maintenance};
use super::values::{bound, check, hours, id, moment, percent, span};
use super::zone::canonical;
use crate::read::values::name;
use crate::yaml::Cursor;

/// The most latency objectives of a contract.
const MAX_LATENCY: usize = 64;

/// A contract as far as it could be read.
pub(super) struct Reading {
    /// What could not be read stands here with a value that contradicts nothing.
    pub(super) draft: ContractDraft,
    /// Whether all of it could.
    pub(super) completeness: Completeness,
}

/// Whether everything could be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Completeness {
    Whole,
    Partial,
}

impl Completeness {
    /// The value, or where there is none, `instead`.
    fn keep<T>(&mut self, value: Option<T>, instead: T) -> T {
        value.unwrap_or_else(|| {
            *self = Self::Partial;
            instead
        })
    }
}

pub(super) fn read(cursor: &Cursor<'_>) -> Option<Reading> {
    let mut fields = cursor.fields()?;
    let mut all = Completeness::Whole;
    let id = fields.required("id").and_then(|c| id(&c, ContractId::new));
    let name = fields.optional("name", name);
    let service = fields.required("service").and_then(|c| service(&c));
    let unread = "unread";
    let mut draft = ContractDraft::new(
        all.keep(id, ContractId::new(unread).expect("a word is an id")),
        all.keep(service, Service::Check(CheckId::new(unread).expect("a word is an id"))),
    );
    if let Some(name) = all.keep(name, None) {
        draft.name = name;
    }
    draft.timezone = all.keep(fields.or("timezone", "UTC".to_owned(), |c| c.parse(canonical)), String::new());
    let window = fields.or("window", draft.window, window);
    draft.window = all.keep(window, draft.window);
    let basis = fields.or("basis", draft.basis, basis);
    draft.basis = all.keep(basis, draft.basis);
    let min_outage = fields.or("min_outage", Millis::ZERO, span);
    draft.min_outage = all.keep(min_outage, Millis::ZERO);
    let denominator = fields.or("denominator", draft.denominator, |c| c.choice(&DENOMINATORS, denominator_word));
    draft.denominator = all.keep(denominator, draft.denominator);
    draft.service_start = all.keep(fields.optional("service_start", moment), None);
    let unknown = fields.or("unknown", draft.unknown, |c| c.choice(&UNKNOWNS, UnknownRule::as_str));
    draft.unknown = all.keep(unknown, draft.unknown);
    let service_hours = fields.or("service_hours", ServiceHours::Always, hours);
    draft.service_hours = all.keep(service_hours, ServiceHours::Always);
    draft.objectives = all.keep(fields.or("objectives", Objectives::default(), objectives), Objectives::default());
    let maintenance = fields.or("maintenance", MaintenanceRules::default(), maintenance);
    draft.maintenance = all.keep(maintenance, MaintenanceRules::default());
    // Each keeps its place, so that what contradicts itself is told of the right one.
    let exclusions = fields.or("exclusions", Vec::new(), |c| {
        Some(c.list()?.iter().map(|item| all.keep(exclusion(item), harmless())).collect())
    });
    draft.exclusions = all.keep(exclusions, Vec::new());
    draft.credit = all.keep(fields.optional("credit", credit), None);
    fields.finish();
    Some(Reading { draft, completeness: all })
}

/// An exclusion that contradicts nothing.
fn harmless() -> Exclusion {
    let moment = Interval::from_millis(0, 1).expect("a millisecond is some time");
    Exclusion::new(ExclusionClass::Customer, moment, "")
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
fn service(cursor: &Cursor<'_>) -> Option<Service> {
    let forms = "a check's id or one of {any_down: [..]}, {all_down: [..]} and {weights: {..}}";
    if cursor.is_list() {
        cursor.expected(forms);
        return None;
    }
    if !cursor.is_map() {
        return check(cursor).map(Service::Check);
    }
    let mut fields = cursor.fields()?;
    let parts = |c: Cursor<'_>| c.each(service);
    let ways = [
        fields.get("check").map(|c| check(&c).map(Service::Check)),
        fields.get("any_down").map(|c| parts(c).map(Service::AnyDown)),
        fields.get("all_down").map(|c| parts(c).map(Service::AllDown)),
        fields.get("weights").map(|c| weights(&c).map(Service::Weights)),
    ];
    fields.finish();
    let mut given = ways.into_iter().flatten();
    let (first, second) = (given.next(), given.next());
    if first.is_none() || second.is_some() {
        cursor.expected(forms);
        return None;
    }
    first.flatten()
}

/// `{shop: 3, api: 1}`, or for nested services `[{service: {..}, weight: 3}]`.
fn weights(cursor: &Cursor<'_>) -> Option<Vec<(Service, u32)>> {
    let weight = |c: &Cursor<'_>| c.small::<u32>(1..=i64::from(u32::MAX));
    if cursor.is_list() {
        return cursor.each(|item| {
            let mut fields = item.fields()?;
            let part = fields.required("service").and_then(|c| service(&c));
            let weight = fields.required("weight").and_then(|c| weight(&c));
            fields.finish();
            Some((part?, weight?))
        });
    }
    let entries = cursor.entries()?;
    let count = entries.len();
    let read = |(key, value): (&str, Cursor<'_>)| {
        let id = CheckId::new(key);
        if let Err(error) = &id {
            value.error(format_args!("the check's id {error}"));
        }
        let weight = weight(&value);
        Some((Service::Check(id.ok()?), weight?))
    };
    let made: Vec<_> = entries.into_iter().filter_map(read).collect();
    (made.len() == count).then_some(made)
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
    if !cursor.is_map() {
        return cursor.choice(&WINDOWS, WindowKind::as_str);
    }
    let mut fields = cursor.fields()?;
    let rolling = fields.get("rolling_days").map(|c| c.small(0..=65_535).map(WindowKind::RollingDays));
    let billing = fields.get("billing_month").map(|c| {
        let mut fields = c.fields()?;
        let anchor_day = fields.required("anchor_day").and_then(|c| c.small(0..=255));
        fields.finish();
        Some(WindowKind::BillingMonth { anchor_day: anchor_day? })
    });
    fields.finish();
    match (rolling, billing) {
        (Some(kind), None) | (None, Some(kind)) => kind,
        _ => {
            cursor.expected("a word such as calendar_month, {rolling_days: 30} or {billing_month: {anchor_day: 15}}");
            None
        }
    }
}

const BASES: [Basis; 3] = [Basis::Continuous, Basis::MinuteAllFail, Basis::Requests];

fn basis(cursor: &Cursor<'_>) -> Option<Basis> {
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
            cursor.expected(
                "continuous, minute_all_fail, requests, {minute_error_rate: {over: \"5%\"}} or \
                 {interval_error_rate_mean: {interval: 5m}}",
            );
            None
        }
    }
}

fn objectives(cursor: &Cursor<'_>) -> Option<Objectives> {
    let mut fields = cursor.fields()?;
    let availability = fields.optional("availability", percent);
    let latency = fields.or("latency", Vec::new(), |c| {
        let count = c.list()?.len();
        if count > MAX_LATENCY {
            c.error(format_args!("has {count} entries; allowed are {MAX_LATENCY}"));
            return None;
        }
        c.each(latency)
    });
    let error_rate = fields.optional("error_rate", percent);
    fields.finish();
    Some(Objectives { availability: availability?, latency: latency?, error_rate: error_rate? })
}

fn latency(cursor: &Cursor<'_>) -> Option<LatencyObjective> {
    let mut fields = cursor.fields()?;
    let percentile = fields.required("percentile").and_then(|c| percent(&c));
    let under = fields.required("under").and_then(|c| bound(&c));
    let region = fields.optional("region", |c| id(c, RegionId::new));
    fields.finish();
    Some(LatencyObjective { percentile: percentile?, under: under?, region: region? })
}

//! A contract as an SLO.

use std::fmt::Write;

use quorate_collector_sla::contract::{Denominator, UnknownRule};
use quorate_collector_sla::objective::LatencyObjective;
use quorate_collector_sla::{
    Basis, Contract, ContractDraft, MaintenanceRules, Percent, Service, ServiceHours, WindowKind,
};
use quorate_model::Millis;

use super::{API_VERSION, OWN_SOURCE};
use crate::scalar::format_duration;

/// The method that counts attempts.
const OCCURRENCES: &str = "Occurrences";

/// The most characters of a name, by RFC 1123; readers bound the name for people by it too.
const MAX_NAME: usize = 63;

/// An SLO out of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// One document of OpenSLO v1.
    pub yaml: String,
    /// What the contract says and the SLO does not, or says differently; each begins with the contract's key.
    pub remarks: Vec<String>,
}

/// Writes a contract as an SLO of OpenSLO v1.
pub fn export(contract: &Contract) -> Exported {
    let mut export = Export { terms: contract.terms(), yaml: String::new(), remarks: Vec::new() };
    let name = export.head();
    let method = export.method();
    let entries = export.entries(method == OCCURRENCES);
    // Each objective of a contract measures something else. An SLO of one has its indicator; with several objectives it is a
    // composite SLO, whose objectives have their own.
    if let [entry] = entries.as_slice() {
        export.indicator(2, &name, entry);
    }
    export.window();
    export.line(2, format_args!("budgetingMethod: {method}\n  objectives:"));
    for (index, entry) in entries.iter().enumerate() {
        export.objective(entry);
        if entries.len() > 1 {
            export.indicator(6, &format!("{}-{}", name.get(..MAX_NAME - 8).unwrap_or(&name), index + 1), entry);
        }
    }
    export.rest();
    Exported { yaml: export.yaml, remarks: export.remarks }
}

/// A text in quotes that YAML reads as it is.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `0.9995` for 99.95 %, exactly.
fn ratio(percent: Percent) -> String {
    let shown = percent.to_string();
    let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
    let digits = format!("{whole:0>3}{fraction}");
    let (whole, fraction) = digits.split_at(1);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{whole}.0") } else { format!("{whole}.{fraction}") }
}

/// The least percentage over 0.
fn least() -> Percent {
    Percent::parse("0.000001").expect("the least percentage")
}

/// A name as OpenSLO has them, after RFC 1123: 1 to 63 of a to z, 0 to 9 and, not at an end, `-`.
fn rfc_1123(text: &str) -> String {
    let spelled: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let trimmed = spelled.trim_matches('-');
    let cut = trimmed.get(..MAX_NAME).unwrap_or(trimmed).trim_end_matches('-');
    if cut.is_empty() { "contract".to_owned() } else { cut.to_owned() }
}

struct Export<'a> {
    terms: &'a ContractDraft,
    yaml: String,
    remarks: Vec<String>,
}

/// What one objective of the SLO measures.
enum Indicator<'a> {
    Availability,
    ErrorRate,
    Latency(&'a LatencyObjective),
}

/// One objective of the SLO.
struct Entry<'a> {
    indicator: Indicator<'a>,
    target: Percent,
}

impl<'a> Export<'a> {
    fn line(&mut self, indent: usize, line: std::fmt::Arguments<'_>) {
        writeln!(self.yaml, "{:indent$}{line}", "").expect("a string takes every text");
    }

    fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(text.into());
    }

    /// Writes what comes before the indicator; gives the SLO's name.
    fn head(&mut self) -> String {
        let terms = self.terms;
        let name = rfc_1123(terms.id.as_str());
        if name != terms.id.as_str() {
            self.remark(format!(
                "id: {} is no name of OpenSLO, which are up to {MAX_NAME} of a to z, 0 to 9 and - between them; written as {name}",
                terms.id
            ));
        }
        self.line(0, format_args!("apiVersion: {API_VERSION}\nkind: SLO\nmetadata:"));
        self.line(2, format_args!("name: {}", quoted(&name)));
        let display: String = terms.name.chars().take(MAX_NAME).collect();
        if display != terms.name {
            self.remark(format!("name: readers of OpenSLO take {MAX_NAME} characters; the others are left out"));
        }
        self.line(2, format_args!("displayName: {}", quoted(&display)));
        self.line(0, format_args!("spec:"));
        if let Service::Check(check) = &terms.service {
            self.line(2, format_args!("service: {}", quoted(check.as_str())));
        } else {
            self.line(2, format_args!("service: {}", quoted(terms.id.as_str())));
            let checks: Vec<&str> = terms.service.checks().into_iter().map(quorate_model::CheckId::as_str).collect();
            self.remark(format!(
                "service: an SLO has one service and no rule how several checks make one; the contract's id stands for {}",
                checks.join(", ")
            ));
        }
        name
    }

    fn window(&mut self) {
        let zone = self.terms.timezone.as_str();
        let (duration, day) = match self.terms.window {
            WindowKind::RollingDays(days) => {
                self.line(2, format_args!("timeWindow:\n    - duration: {days}d\n      isRolling: true"));
                if zone != "UTC" {
                    self.remark(format!("timezone: a rolling time window has none; {zone} is left out"));
                }
                return;
            }
            WindowKind::CalendarHour => ("1h", 1),
            WindowKind::CalendarDay => ("1d", 1),
            WindowKind::CalendarWeek => ("1w", 1),
            WindowKind::CalendarMonth => ("1M", 1),
            WindowKind::CalendarQuarter => ("1Q", 1),
            WindowKind::CalendarYear => ("1Y", 1),
            WindowKind::BillingMonth { anchor_day } => {
                if anchor_day == 1 {
                    self.remark(
                        "window: a billing month from the first day on is read as calendar_month, which is the same",
                    );
                }
                ("1M", anchor_day)
            }
        };
        // The first of January 2024 is a Monday, so that it starts every kind of calendar window.
        self.line(2, format_args!("timeWindow:\n    - duration: {duration}\n      isRolling: false\n      calendar:"));
        self.line(8, format_args!("startTime: \"2024-01-{day:02} 00:00:00\""));
        self.line(8, format_args!("timeZone: {}", quoted(zone)));
    }

    fn method(&mut self) -> &'static str {
        match self.terms.basis {
            Basis::Requests => OCCURRENCES,
            Basis::IntervalErrorRateMean { .. } => "RatioTimeslices",
            Basis::MinuteErrorRate { .. } => "Timeslices",
            Basis::MinuteAllFail => {
                self.remark(
                    "basis: minute_all_fail is no share of a slice; written as Timeslices with the least target over 0, \
                     0.00000001, which comes to the same, but is read as minute_error_rate",
                );
                "Timeslices"
            }
            Basis::Continuous => {
                self.remark(
                    "basis: OpenSLO does not count seconds of consensus; written as Timeslices of a minute in which every \
                     attempt has to be good, which counts more as down",
                );
                "Timeslices"
            }
        }
    }

    /// The contract's objectives that an SLO can have; at least one, as it has to have one.
    fn entries(&mut self, occurrences: bool) -> Vec<Entry<'a>> {
        let terms = self.terms;
        let mut entries = Vec::new();
        if let Some(availability) = terms.objectives.availability {
            let target = self.target("objectives.availability", availability);
            entries.push(Entry { indicator: Indicator::Availability, target });
        }
        match terms.objectives.error_rate {
            Some(rate) if occurrences => {
                let target = self.target("objectives.error_rate", rate.rest());
                entries.push(Entry { indicator: Indicator::ErrorRate, target });
            }
            Some(rate) => self.remark(format!(
                "objectives.error_rate: goes with the budgeting method {OCCURRENCES} only; {rate}% is left out"
            )),
            None => {}
        }
        for (index, latency) in terms.objectives.latency.iter().enumerate() {
            let key = format!("objectives.latency[{index}]");
            let percentile = latency.percentile;
            if occurrences {
                let target = self.target(&key, percentile);
                entries.push(Entry { indicator: Indicator::Latency(latency), target });
            } else {
                self.remark(format!(
                    "{key}: goes with the budgeting method {OCCURRENCES} only; percentile {percentile} is left out"
                ));
            }
        }
        if entries.is_empty() {
            self.remark(
                "objectives: an SLO has to have one and the contract has none that fits; written with a target of 0, which \
                 promises nothing",
            );
            entries.push(Entry { indicator: Indicator::Availability, target: Percent::ZERO });
        }
        entries
    }

    /// A target as OpenSLO has them, which are under the whole.
    fn target(&mut self, key: &str, percent: Percent) -> Percent {
        if percent < Percent::HUNDRED {
            return percent;
        }
        let nearest = least().rest();
        self.remark(format!(
            "{key}: a target of OpenSLO is under 1; written as {}, the nearest below, which is read as {nearest}%",
            ratio(nearest)
        ));
        nearest
    }

    fn objective(&mut self, entry: &Entry<'_>) {
        self.line(4, format_args!("- target: {}", ratio(entry.target)));
        match entry.indicator {
            Indicator::Latency(latency) => {
                let micros = latency.under.get();
                let fraction = format!(".{:03}", micros % 1000);
                let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
                self.line(6, format_args!("op: lt\n      value: {}{fraction}", micros / 1000));
            }
            Indicator::Availability => self.slices(),
            Indicator::ErrorRate => {}
        }
    }

    fn slices(&mut self) {
        match self.terms.basis {
            Basis::Requests => {}
            Basis::IntervalErrorRateMean { interval } => {
                self.line(6, format_args!("timeSliceWindow: {}m", interval.get() / super::MINUTE_MS));
            }
            Basis::MinuteErrorRate { over } => self.slice_target(over.rest()),
            Basis::MinuteAllFail => self.slice_target(least()),
            Basis::Continuous => self.slice_target(Percent::HUNDRED),
        }
    }

    fn slice_target(&mut self, target: Percent) {
        self.line(6, format_args!("timeSliceTarget: {}\n      timeSliceWindow: 1m", ratio(target)));
    }

    fn indicator(&mut self, indent: usize, name: &str, entry: &Entry<'_>) {
        self.line(indent, format_args!("indicator:"));
        self.line(indent + 2, format_args!("metadata:"));
        self.line(indent + 4, format_args!("name: {}", quoted(name)));
        self.line(indent + 2, format_args!("spec:"));
        let (part, measure) = match &entry.indicator {
            Indicator::Latency(latency) => {
                self.line(indent + 4, format_args!("thresholdMetric:"));
                let region = latency.region.as_ref().map(quorate_model::RegionId::as_str);
                self.source(indent + 6, "latency_ms", region);
                return;
            }
            Indicator::ErrorRate => ("bad", "failed_attempts"),
            Indicator::Availability => ("good", "good_attempts"),
        };
        self.line(indent + 4, format_args!("ratioMetric:"));
        self.line(indent + 6, format_args!("counter: true"));
        self.line(indent + 6, format_args!("{part}:"));
        self.source(indent + 8, measure, None);
        self.line(indent + 6, format_args!("total:"));
        self.source(indent + 8, "all_attempts", None);
    }

    fn source(&mut self, indent: usize, measure: &str, region: Option<&str>) {
        self.line(indent, format_args!("metricSource:"));
        self.line(indent + 2, format_args!("type: {OWN_SOURCE}"));
        let region = region.map_or(String::new(), |region| format!(", region: {}", quoted(region)));
        self.line(indent + 2, format_args!("spec: {{measure: {measure}{region}}}"));
    }

    /// Names the terms for which an SLO has no place.
    fn rest(&mut self) {
        let terms = self.terms;
        let mut left = Vec::new();
        if terms.min_outage > Millis::ZERO {
            left.push(format!("min_outage: {} is left out", format_duration(terms.min_outage)));
        }
        if terms.denominator != Denominator::default() {
            left.push("denominator: total is left out".to_owned());
        }
        if terms.service_start.is_some() {
            left.push("service_start: is left out".to_owned());
        }
        if terms.unknown != UnknownRule::default() {
            left.push(format!("unknown: {} is left out", terms.unknown.as_str()));
        }
        if terms.service_hours != ServiceHours::Always {
            left.push("service_hours: are left out".to_owned());
        }
        if terms.maintenance != MaintenanceRules::default() {
            left.push("maintenance: its rules are left out".to_owned());
        }
        if !terms.exclusions.is_empty() {
            left.push(format!("exclusions: {} left out", terms.exclusions.len()));
        }
        if terms.credit.is_some() {
            left.push("credit: is left out".to_owned());
        }
        self.remarks.extend(left.into_iter().map(|text| text + ", as an SLO has no place for it"));
    }
}

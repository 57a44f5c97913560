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
    export.head();
    export.window();
    let occurrences = export.budgeting();
    export.objectives(occurrences);
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

impl Export<'_> {
    fn line(&mut self, indent: usize, line: std::fmt::Arguments<'_>) {
        writeln!(self.yaml, "{:indent$}{line}", "").expect("a string takes every text");
    }

    fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(text.into());
    }

    fn head(&mut self) {
        let terms = self.terms;
        self.line(0, format_args!("apiVersion: {API_VERSION}\nkind: SLO\nmetadata:"));
        self.line(2, format_args!("name: {}", quoted(terms.id.as_str())));
        self.line(2, format_args!("displayName: {}", quoted(&terms.name)));
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
            WindowKind::BillingMonth { anchor_day } => ("1M", anchor_day),
        };
        // The first of January 2024 is a Monday, so that it starts every kind of calendar window.
        self.line(2, format_args!("timeWindow:\n    - duration: {duration}\n      isRolling: false\n      calendar:"));
        self.line(8, format_args!("startTime: \"2024-01-{day:02} 00:00:00\""));
        self.line(8, format_args!("timeZone: {}", quoted(zone)));
    }

    /// Writes the method; true if it counts occurrences.
    fn budgeting(&mut self) -> bool {
        let method = match self.terms.basis {
            Basis::Requests => "Occurrences",
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
        };
        self.line(2, format_args!("budgetingMethod: {method}"));
        method == "Occurrences"
    }

    fn objectives(&mut self, occurrences: bool) {
        let terms = self.terms;
        let mut entries = Vec::new();
        if let Some(availability) = terms.objectives.availability {
            entries.push((Indicator::Availability, availability));
        }
        if let Some(rate) = terms.objectives.error_rate {
            match (occurrences, rate.rest() > Percent::ZERO) {
                (true, true) => entries.push((Indicator::ErrorRate, rate.rest())),
                (true, false) => self.remark("objectives.error_rate: an SLO has no target of nothing; left out"),
                (false, _) => self.remark(format!(
                    "objectives.error_rate: goes with the budgeting method Occurrences only; {rate}% is left out"
                )),
            }
        }
        for (index, entry) in terms.objectives.latency.iter().enumerate() {
            if occurrences {
                entries.push((Indicator::Latency(entry), entry.percentile));
            } else {
                self.remark(format!(
                    "objectives.latency[{index}]: goes with the budgeting method Occurrences only; percentile {} is left out",
                    entry.percentile
                ));
            }
        }
        if entries.is_empty() {
            self.remark("objectives: an SLO has to have one and the contract has none that fits; the list is empty");
            self.line(2, format_args!("objectives: []"));
            return;
        }
        // A contract's objectives measure different things; those of one indicator would be thresholds of the same.
        self.line(2, format_args!("objectives:"));
        for (index, (indicator, target)) in entries.iter().enumerate() {
            self.line(4, format_args!("- target: {}", ratio(*target)));
            if let Indicator::Latency(entry) = indicator {
                let micros = entry.under.get();
                let fraction = format!(".{:03}", micros % 1000);
                let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
                self.line(6, format_args!("op: lt\n      value: {}{fraction}", micros / 1000));
            }
            if matches!(indicator, Indicator::Availability) {
                self.slices();
            }
            self.indicator(index, indicator);
        }
    }

    fn slices(&mut self) {
        match self.terms.basis {
            Basis::Requests => {}
            Basis::IntervalErrorRateMean { interval } => {
                if interval.get() % super::MINUTE_MS == 0 {
                    self.line(6, format_args!("timeSliceWindow: {}m", interval.get() / super::MINUTE_MS));
                } else {
                    let shown = format_duration(interval);
                    self.line(6, format_args!("timeSliceWindow: 1m"));
                    self.remark(format!("basis: a slice is whole minutes; its {shown} are written as 1m"));
                }
            }
            Basis::MinuteErrorRate { over } => self.slice_target(over.rest()),
            Basis::MinuteAllFail => self.slice_target(Percent::parse("0.000001").expect("the least percentage")),
            Basis::Continuous => self.slice_target(Percent::HUNDRED),
        }
    }

    fn slice_target(&mut self, target: Percent) {
        self.line(6, format_args!("timeSliceTarget: {}\n      timeSliceWindow: 1m", ratio(target)));
    }

    fn indicator(&mut self, index: usize, indicator: &Indicator<'_>) {
        let number = index + 1;
        self.line(6, format_args!("indicator:\n        metadata:"));
        self.line(10, format_args!("name: {}", quoted(&format!("{}-{number}", self.terms.id.as_str()))));
        self.line(8, format_args!("spec:"));
        match indicator {
            Indicator::Latency(entry) => {
                self.line(10, format_args!("thresholdMetric:"));
                self.source(12, "latency_ms", entry.region.as_ref().map(quorate_model::RegionId::as_str));
            }
            Indicator::Availability | Indicator::ErrorRate => {
                let (part, measure) = match indicator {
                    Indicator::ErrorRate => ("bad", "failed_attempts"),
                    _ => ("good", "good_attempts"),
                };
                self.line(10, format_args!("ratioMetric:\n            counter: true\n            {part}:"));
                self.source(14, measure, None);
                self.line(12, format_args!("total:"));
                self.source(14, "all_attempts", None);
            }
        }
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
        if terms.objectives.availability.is_none() && terms.basis != Basis::Requests {
            let basis = terms.basis.as_str();
            self.remark(format!(
                "basis: {basis} stands at the objective of availability, which the contract does not have"
            ));
        }
    }
}

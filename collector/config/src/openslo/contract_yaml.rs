//! A contract's file, with the keys an SLO can fill.

use std::fmt::Write;

use quorate_collector_sla::{Basis, ContractDraft, Service, WindowKind};
use quorate_model::Millis;

use super::export::quoted;
use crate::scalar::format_duration;

/// The file of a contract that an import made; its other keys have their defaults.
pub(super) fn write(terms: &ContractDraft) -> String {
    let mut text = format!("id: {}\nname: {}\n", quoted(terms.id.as_str()), quoted(&terms.name));
    if let Service::Check(check) = &terms.service {
        put(&mut text, format_args!("service: {}\n", quoted(check.as_str())));
    }
    put(&mut text, format_args!("timezone: {}\n", quoted(&terms.timezone)));
    match terms.window {
        WindowKind::RollingDays(days) => put(&mut text, format_args!("window: {{rolling_days: {days}}}\n")),
        WindowKind::BillingMonth { anchor_day } => {
            put(&mut text, format_args!("window: {{billing_month: {{anchor_day: {anchor_day}}}}}\n"));
        }
        calendar => put(&mut text, format_args!("window: {}\n", calendar.as_str())),
    }
    match terms.basis {
        Basis::MinuteErrorRate { over } => {
            put(&mut text, format_args!("basis: {{minute_error_rate: {{over: \"{over}%\"}}}}\n"));
        }
        Basis::IntervalErrorRateMean { interval } => {
            let interval = format_duration(interval);
            put(&mut text, format_args!("basis: {{interval_error_rate_mean: {{interval: {interval}}}}}\n"));
        }
        word => put(&mut text, format_args!("basis: {}\n", word.as_str())),
    }
    let objectives = &terms.objectives;
    let mut lines = String::new();
    if let Some(availability) = objectives.availability {
        put(&mut lines, format_args!("  availability: \"{availability}%\"\n"));
    }
    if let Some(rate) = objectives.error_rate {
        put(&mut lines, format_args!("  error_rate: \"{rate}%\"\n"));
    }
    if !objectives.latency.is_empty() {
        lines.push_str("  latency:\n");
    }
    for entry in &objectives.latency {
        let under = Millis::new(i64::try_from(entry.under.get() / 1000).unwrap_or(i64::MAX));
        let under = format_duration(under);
        put(&mut lines, format_args!("    - {{percentile: {}, under: {under}", entry.percentile));
        if let Some(region) = &entry.region {
            put(&mut lines, format_args!(", region: {}", quoted(region.as_str())));
        }
        lines.push_str("}\n");
    }
    if !lines.is_empty() {
        put(&mut text, format_args!("objectives:\n{lines}"));
    }
    text
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a string takes every text");
}

//! Histories as CSV (RFC 4180), one kind of line a table: incidents, the states of a check, the windows of a contract.
//!
//! Times stand twice, as people read them in UTC and in milliseconds, so that neither a spreadsheet nor a program has to convert.

use quorate_proto::api::{Incident, Segment, Segments, SlaLedger, SpreadText};
use serde::Serialize;

use crate::csv::line;
use crate::moment::{length, machine};

/// Incidents, in the order given.
pub fn incidents(incidents: &[Incident]) -> String {
    let mut table = Table::new([
        "incident",
        "check",
        "class",
        "start",
        "end",
        "start_ms",
        "start_earliest_ms",
        "start_latest_ms",
        "end_ms",
        "end_earliest_ms",
        "end_latest_ms",
        "billed_ms",
        "regions",
        "support",
        "revision",
        "settled",
    ]);
    for incident in incidents {
        let time = |ms: Option<i64>| ms.map(machine).unwrap_or_default();
        let number = |ms: Option<i64>| ms.map(|ms| ms.to_string()).unwrap_or_default();
        // While an incident lasts nothing is known of its end.
        let end_bounds = incident.end_ms.map(|_| incident.end_bounds_ms);
        table.row(&[
            incident.id.clone(),
            incident.check.clone(),
            incident.class.clone(),
            time(Some(incident.start_ms)),
            time(incident.end_ms),
            incident.start_ms.to_string(),
            incident.start_bounds_ms[0].to_string(),
            incident.start_bounds_ms[1].to_string(),
            number(incident.end_ms),
            number(end_bounds.map(|[earliest, _]| earliest)),
            number(end_bounds.map(|[_, latest]| latest)),
            incident.billed_ms.to_string(),
            incident.regions.join(" "),
            incident.support.to_string(),
            incident.revision.to_string(),
            incident.settled.to_string(),
        ]);
    }
    table.text
}

/// Incidents as JSON Lines, as `quorate report` reads them.
pub fn incident_lines(incidents: &[Incident]) -> String {
    incidents.iter().map(json_line).collect()
}

/// The states of one check.
pub fn states(segments: &Segments) -> String {
    let heads = ["check", "state", "start", "end", "start_ms", "end_ms", "lasted_ms", "regions_bad", "settled"];
    let mut table = Table::new(heads);
    for segment in &segments.segments {
        table.row(&[
            segments.check.clone(),
            segment.state.clone(),
            machine(segment.start_ms),
            machine(segment.end_ms),
            segment.start_ms.to_string(),
            segment.end_ms.to_string(),
            length(segment.start_ms, segment.end_ms).to_string(),
            segment.regions_bad.join(" "),
            segment.settled.to_string(),
        ]);
    }
    table.text
}

/// The states of one check as JSON Lines, as `quorate sla evaluate` and `quorate report` read them.
pub fn state_lines(segments: &Segments) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        check: &'a str,
        start_ms: i64,
        end_ms: i64,
        state: &'a str,
        regions_bad: &'a [String],
    }
    let lines = segments.segments.iter().map(|segment| {
        let Segment { start_ms, end_ms, state, regions_bad, .. } = segment;
        let line = Line { check: &segments.check, start_ms: *start_ms, end_ms: *end_ms, state, regions_bad };
        json_line(&line)
    });
    lines.collect()
}

fn json_line<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("texts, numbers and lists are always JSON") + "\n"
}

/// The windows of one contract.
pub fn ledger(ledger: &SlaLedger) -> String {
    let mut table = Table::new([
        "contract",
        "period",
        "start",
        "end",
        "timezone",
        "state",
        "revision",
        "total_ms",
        "up_ms",
        "down_ms",
        "unknown_ms",
        "excluded_ms",
        "down_low_ms",
        "down_high_ms",
        "uptime_percent",
        "uptime_low_percent",
        "uptime_high_percent",
        "coverage_percent",
        "objective_percent",
        "breach",
        "credit_percent",
    ]);
    for window in &ledger.windows {
        let uptime = |part: fn(&SpreadText) -> &String| window.uptime_percent.as_ref().map(part).cloned();
        table.row(&[
            ledger.contract.clone(),
            window.period.clone(),
            machine(window.from_ms),
            machine(window.to_ms),
            window.timezone.clone(),
            window.state.clone(),
            window.revision.to_string(),
            window.total_ms.to_string(),
            window.up_ms.to_string(),
            window.down_ms.point.to_string(),
            window.unknown_ms.to_string(),
            window.excluded_ms.to_string(),
            window.down_ms.low.to_string(),
            window.down_ms.high.to_string(),
            uptime(|uptime| &uptime.point).unwrap_or_default(),
            uptime(|uptime| &uptime.low).unwrap_or_default(),
            uptime(|uptime| &uptime.high).unwrap_or_default(),
            window.coverage_percent.clone(),
            window.objective_percent.clone().unwrap_or_default(),
            window.breach.clone(),
            window.credit_percent.clone(),
        ]);
    }
    table.text
}

/// A table whose lines all have the columns of the first.
struct Table<const COLUMNS: usize> {
    text: String,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    fn new(heads: [&str; COLUMNS]) -> Self {
        let mut text = String::new();
        line(&mut text, heads);
        Self { text }
    }

    fn row(&mut self, cells: &[String; COLUMNS]) {
        line(&mut self.text, cells.iter().map(String::as_str));
    }
}

#[cfg(test)]
mod tests;

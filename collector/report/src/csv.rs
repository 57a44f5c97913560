//! The report as CSV (RFC 4180): one table of lines of several kinds, so that a spreadsheet opens one file.

use quorate_proto::api::SpreadText;

use crate::document::{Document, Ledger};
use crate::moment::machine;

impl Document {
    /// The report as comma-separated values. The first column says of what kind a line is.
    pub fn csv(&self) -> String {
        let mut table = Table::default();
        table.line(["kind", "name", "start", "end", "up_ms", "down_ms", "unknown_ms", "excluded_ms", "value", "note"]);
        let period = &self.period;
        let uptime = match &self.uptime_percent {
            Some(SpreadText { low, point, high }) => (point.clone(), format!("{low} to {high}")),
            None => (String::new(), "not measured".to_owned()),
        };
        table.time("period", &period.label, (period.start_ms, period.end_ms), &self.ledger, (&uptime.0, &uptime.1));
        table.fact("contract", &self.contract, "", &self.name);
        table.fact("breach", &self.contract, &self.breach, self.objective_percent.as_deref().unwrap_or(""));
        table.fact("credit_percent", &self.contract, &self.credit_percent, &self.credit_steps.join(" "));
        table.fact("coverage_percent", &self.contract, &self.coverage_percent, "");
        table.fact("state", &self.contract, &self.state, &format!("revision {}", self.revision));
        table.fact("input_hash", &self.contract, &self.input_hash, "");
        if let Some(rate) = &self.error_rate {
            let note = format!("promised {} %: {}", rate.objective_percent, rate.kept);
            table.fact("error_rate_percent", &self.contract, rate.measured_percent.as_deref().unwrap_or(""), &note);
        }
        for day in &self.days {
            let time = (day.period.start_ms, day.period.end_ms);
            table.time("day", &day.period.label, time, &day.ledger, ("", ""));
        }
        for outage in &self.outages {
            let note = outage.not_counted.as_deref().unwrap_or("");
            table.stretch("outage", "", (outage.start_ms, Some(outage.end_ms)), outage.down_ms, ("", note));
        }
        for incident in &self.incidents {
            let time = (incident.start_ms, incident.end_ms);
            let regions = incident.regions.join(" ");
            table.stretch("incident", &incident.id, time, incident.billed_ms, (&incident.class, &regions));
        }
        for line in &self.exclusions {
            let note = if line.refused.is_empty() { line.reason.clone() } else { line.refused.join("; ") };
            let [start, end] = [line.start_ms, line.end_ms].map(machine);
            let excluded = line.excluded_ms.to_string();
            table.line(["exclusion", &line.class, &start, &end, "", "", "", &excluded, "", &note]);
        }
        for line in &self.latency {
            let region = line.region.as_deref().unwrap_or("all");
            let note = format!("percentile {}, of {} answers", line.percentile, line.answers);
            table.fact("latency_us", region, &line.value_us.to_string(), &note);
        }
        for line in &self.customers {
            table.fact("customer", &line.customer, &line.credit, &line.steps.join(" "));
        }
        table.text
    }
}

#[derive(Default)]
struct Table {
    text: String,
}

impl Table {
    fn line(&mut self, cells: [&str; 10]) {
        line(&mut self.text, cells);
    }

    fn time(&mut self, kind: &str, name: &str, (start, end): (i64, i64), ledger: &Ledger, (value, note): (&str, &str)) {
        let [start, end] = [start, end].map(machine);
        let [up, down, unknown, excluded] =
            [ledger.up_ms, ledger.down_ms, ledger.unknown_ms, ledger.excluded_ms].map(|ms| ms.to_string());
        self.line([kind, name, &start, &end, &up, &down, &unknown, &excluded, value, note]);
    }

    fn stretch(
        &mut self,
        kind: &str,
        name: &str,
        (start, end): (i64, Option<i64>),
        down_ms: i64,
        (value, note): (&str, &str),
    ) {
        let end = end.map(machine).unwrap_or_default();
        self.line([kind, name, &machine(start), &end, "", &down_ms.to_string(), "", "", value, note]);
    }

    fn fact(&mut self, kind: &str, name: &str, value: &str, note: &str) {
        self.line([kind, name, "", "", "", "", "", "", value, note]);
    }
}

/// Adds a line.
pub(crate) fn line<'a>(text: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    let cells: Vec<String> = cells.into_iter().map(quoted).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

/// A cell, quoted where it has to be. What a spreadsheet would take for a formula is made text.
fn quoted(cell: &str) -> String {
    let cell = match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
        _ => cell.to_owned(),
    };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests;

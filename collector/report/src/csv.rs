//! The report as CSV (RFC 4180): one table of lines of several kinds, so that a spreadsheet opens one file.
//!
//! The README has the table of kinds. A kind that is there keeps its columns; what else is to be said becomes a kind of
//! its own, one fact a cell, so that a script never takes a text apart.

use quorate_proto::api::SpreadText;

use crate::document::{CheckLine, CustomerLine, Document, ExclusionLine, IncidentLine, Ledger, SupportLine};
use crate::moment::{length, machine, span};

/// From when to when.
type Time = (i64, i64);

impl Document {
    /// The report as comma-separated values. The first column says of what kind a line is.
    pub fn csv(&self) -> String {
        let mut table = Table::default();
        table.line(["kind", "name", "start", "end", "up_ms", "down_ms", "unknown_ms", "excluded_ms", "value", "note"]);
        self.figures_csv(&mut table);
        self.time_csv(&mut table);
        self.incidents.iter().for_each(|line| incident(&mut table, line));
        self.support.iter().for_each(|line| support(&mut table, line));
        self.exclusions.iter().for_each(|line| exclusion(&mut table, line));
        self.latency_csv(&mut table);
        self.customers.iter().for_each(|line| customer(&mut table, line));
        for rule in &self.rules {
            table.fact("rule", &rule.about, &rule.says, "");
        }
        self.checks.iter().for_each(|line| check(&mut table, line));
        self.change_csv(&mut table);
        table.text
    }

    fn figures_csv(&self, table: &mut Table) {
        let (period, contract) = (&self.period, self.contract.as_str());
        let uptime = match &self.uptime_percent {
            Some(SpreadText { low, point, high }) => (point.clone(), format!("{low} to {high}")),
            None => (String::new(), "not measured".to_owned()),
        };
        table.time("period", &period.label, (period.start_ms, period.end_ms), &self.ledger, (&uptime.0, &uptime.1));
        table.fact("contract", contract, "", &self.name);
        if let Some(customer) = &self.customer {
            table.fact("for_customer", contract, customer, "");
        }
        table.fact("timezone", contract, &self.timezone, "");
        table.number("total_ms", contract, self.ledger.total_ms);
        if let Some(SpreadText { low, point, high }) = &self.uptime_percent {
            for (kind, value) in [("uptime_low_percent", low), ("uptime_percent", point), ("uptime_high_percent", high)]
            {
                table.fact(kind, contract, value, "");
            }
        }
        let down = &self.down_ms;
        for (kind, ms) in [("downtime_low_ms", down.low), ("downtime_ms", down.point), ("downtime_high_ms", down.high)]
        {
            table.number(kind, contract, ms);
        }
        let objective = self.objective_percent.as_deref().unwrap_or("");
        table.fact("breach", contract, &self.breach, objective);
        if let Some(budget) = &self.budget {
            let spent = &budget.spent_ms;
            for (kind, ms) in [
                ("budget_allowed_ms", budget.allowed_ms),
                ("budget_spent_low_ms", spent.low),
                ("budget_spent_ms", spent.point),
                ("budget_spent_high_ms", spent.high),
            ] {
                table.number(kind, contract, ms);
            }
        }
        table.fact("credit_percent", contract, &self.credit_percent, &self.credit_steps.join(" "));
        table.steps("credit_step", contract, &self.credit_steps);
        table.fact("coverage_percent", contract, &self.coverage_percent, "");
        if let Some(resolution) = self.resolution_ms {
            table.number("resolution_ms", contract, resolution);
        }
        table.fact("state", contract, &self.state, &format!("revision {}", self.revision));
        table.fact("revision", contract, &self.revision.to_string(), "");
        table.fact("made_at", contract, &machine(self.made_at_ms), "");
        table.fact("input_hash", contract, &self.input_hash, "");
        table.fact("format", contract, &self.format.to_string(), "");
        if let Some(rate) = &self.error_rate {
            let note = format!("promised {} %: {}", rate.objective_percent, rate.kept);
            table.fact("error_rate_percent", contract, rate.measured_percent.as_deref().unwrap_or(""), &note);
            table.fact("error_rate_promised_percent", contract, &rate.objective_percent, "");
            table.fact("error_rate_kept", contract, &rate.kept, "");
        }
    }

    fn time_csv(&self, table: &mut Table) {
        for day in &self.days {
            let time = (day.period.start_ms, day.period.end_ms);
            table.time("day", &day.period.label, time, &day.ledger, ("", ""));
        }
        for day in self.days.iter().filter(|_| self.budget.is_some()) {
            table.number("day_spent_ms", &day.period.label, day.spent_ms);
        }
        for line in &self.stretches {
            table.keyed("stretch", &line.state, (line.start_ms, line.end_ms), "", "");
        }
        for line in &self.worst {
            let (time, down) = ((line.start_ms, Some(line.end_ms)), line.down_ms);
            table.stretch(
                "worst",
                &span(length(line.start_ms, line.end_ms)),
                time,
                down,
                (&line.availability_percent, ""),
            );
        }
        for outage in &self.outages {
            let note = outage.not_counted.as_deref().unwrap_or("");
            table.stretch("outage", "", (outage.start_ms, Some(outage.end_ms)), outage.down_ms, ("", note));
        }
    }

    fn latency_csv(&self, table: &mut Table) {
        for line in &self.latency {
            let (region, value) = (line.region.as_deref().unwrap_or("all"), line.value_us.to_string());
            let note = format!("percentile {}, of {} answers", line.percentile, line.answers);
            table.fact("latency_us", region, &value, &note);
        }
        for line in &self.latency {
            let region = line.region.as_deref().unwrap_or("all");
            table.fact("latency_percentile_us", region, &line.value_us.to_string(), &line.percentile);
            table.fact("latency_answers", region, &line.answers.to_string(), &line.percentile);
        }
        for line in &self.latency_promises {
            let region = line.region.as_deref().unwrap_or("all");
            let measured = line.measured_us.map(|us| us.to_string()).unwrap_or_default();
            table.fact("latency_promised_us", region, &line.under_us.to_string(), &line.percentile);
            table.fact("latency_measured_us", region, &measured, &line.percentile);
            table.fact("latency_kept", region, &line.kept, &line.percentile);
        }
    }

    fn change_csv(&self, table: &mut Table) {
        let Some(change) = &self.change else { return };
        table.fact("change_since", &self.contract, &change.since_revision.to_string(), "");
        for [what, before, now] in &change.figures {
            table.fact("change", what, now, before);
        }
        for (kind, ids) in [("incident_changed", &change.incidents_changed), ("incident_gone", &change.incidents_gone)]
        {
            for id in ids {
                table.fact(kind, id, "", "");
            }
        }
    }
}

fn incident(table: &mut Table, line: &IncidentLine) {
    let id = line.id.as_str();
    table.stretch("incident", id, (line.start_ms, line.end_ms), line.billed_ms, (&line.class, &line.regions.join(" ")));
    table.fact("incident_check", id, &line.check, "");
    let [from, to] = line.start_bounds_ms;
    table.keyed("incident_start", id, (from, to), &machine(line.start_ms), "");
    let [from, to] = line.end_bounds_ms;
    table.keyed("incident_end", id, (from, to), &line.end_ms.map(machine).unwrap_or_default(), "");
    table.fact("incident_support", id, &line.support.to_string(), "");
    for region in &line.regions {
        table.fact("incident_region", id, region, "");
    }
    for seen in &line.failures {
        table.fact("incident_failure", id, &seen.times.to_string(), &seen.what);
    }
    for sample in &line.evidence {
        table.fact("incident_evidence", id, sample, "");
    }
    for (kind, at) in
        [("incident_acknowledged_at", line.acknowledged_at_ms), ("incident_resolved_at", line.resolved_at_ms)]
    {
        if let Some(at) = at {
            table.fact(kind, id, &machine(at), "");
        }
    }
    for (kind, text) in [("incident_severity", &line.severity), ("incident_postmortem", &line.postmortem)] {
        if let Some(text) = text {
            table.fact(kind, id, text, "");
        }
    }
    for applied in &line.exclusions {
        let [start, end] = [applied.start_ms, applied.end_ms].map(machine);
        let excluded = applied.excluded_ms.to_string();
        table.line(["incident_exclusion", id, &start, &end, "", "", "", &excluded, &applied.class, ""]);
    }
}

fn support(table: &mut Table, line: &SupportLine) {
    let name = format!("{} {} {}", line.incident, line.plan, line.promise);
    for (kind, value) in [
        ("support", &line.kept),
        ("support_incident", &line.incident),
        ("support_plan", &line.plan),
        ("support_promise", &line.promise),
        ("support_severity", &line.severity),
    ] {
        table.fact(kind, &name, value, "");
    }
    table.number("support_target_ms", &name, line.target_ms);
    if let Some(took) = line.took_ms {
        table.number("support_took_ms", &name, took);
    }
    if let Some(at) = line.deadline_ms {
        table.fact("support_deadline", &name, &machine(at), "");
    }
}

fn exclusion(table: &mut Table, line: &ExclusionLine) {
    let note = if line.refused.is_empty() { line.reason.clone() } else { line.refused.join("; ") };
    let [start, end] = [line.start_ms, line.end_ms].map(machine);
    let excluded = line.excluded_ms.to_string();
    table.line(["exclusion", &line.class, &start, &end, "", "", "", &excluded, "", &note]);
    let mut part = |kind: &str, value: &str| {
        table.keyed(kind, &line.class, (line.start_ms, line.end_ms), value, "");
    };
    part("exclusion_reason", &line.reason);
    line.refused.iter().for_each(|why| part("exclusion_refused", why));
    for (kind, who) in [("exclusion_author", &line.author), ("exclusion_approver", &line.approver)] {
        if let Some(who) = who {
            part(kind, who);
        }
    }
    for (kind, at) in [
        ("exclusion_announced_at", line.announced_at_ms),
        ("exclusion_recorded_at", line.recorded_at_ms),
        ("exclusion_actual_end", line.actual_end_ms),
    ] {
        if let Some(at) = at {
            part(kind, &machine(at));
        }
    }
    line.evidence.iter().for_each(|place| part("exclusion_evidence", place));
}

fn customer(table: &mut Table, line: &CustomerLine) {
    let customer = line.customer.as_str();
    table.fact("customer", customer, &line.credit, &line.steps.join(" "));
    table.fact("customer_plan", customer, &line.plan, "");
    for (kind, money) in [("customer_fee", &line.fee), ("customer_credit", &line.credit)] {
        let (amount, currency) = money.rsplit_once(' ').unwrap_or((money, ""));
        table.fact(kind, customer, amount, currency);
    }
    table.fact("customer_share_percent", customer, &line.share_percent, "");
    table.steps("customer_step", customer, &line.steps);
    if let Some(at) = line.claim_before_ms {
        table.fact("customer_claim_before", customer, &machine(at), "");
    }
}

fn check(table: &mut Table, line: &CheckLine) {
    let from = machine(line.from_ms);
    let mut part = |kind: &str, value: &str, note: &str| {
        table.line([kind, &line.check, &from, "", "", "", "", "", value, note]);
    };
    part("check", &line.version, &line.quorum);
    for (kind, value) in [
        ("check_interval_ms", line.interval_ms),
        ("check_timeout_ms", line.timeout_ms),
        ("check_agents", line.agents.into()),
        ("check_min_regions", line.min_regions.into()),
        ("check_min_providers", line.min_providers.into()),
    ] {
        part(kind, &value.to_string(), "");
    }
    for voter in &line.voters {
        part("check_voter", &voter.region, &voter.provider);
        if let Some(weight) = voter.weight {
            part("check_weight", &weight.to_string(), &voter.region);
        }
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

    fn time(&mut self, kind: &str, name: &str, (start, end): Time, ledger: &Ledger, (value, note): (&str, &str)) {
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

    fn keyed(&mut self, kind: &str, name: &str, (start, end): Time, value: &str, note: &str) {
        self.line([kind, name, &machine(start), &machine(end), "", "", "", "", value, note]);
    }

    fn fact(&mut self, kind: &str, name: &str, value: &str, note: &str) {
        self.line([kind, name, "", "", "", "", "", "", value, note]);
    }

    fn number(&mut self, kind: &str, name: &str, value: i64) {
        self.fact(kind, name, &value.to_string(), "");
    }

    /// Sentences one after the other, with their places from 1.
    fn steps(&mut self, kind: &str, name: &str, steps: &[String]) {
        for (place, step) in (1..).zip(steps) {
            self.fact(kind, name, &i64::to_string(&place), step);
        }
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
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n') => format!("'{cell}"),
        _ => cell.to_owned(),
    };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests;

//! The report as Markdown, for a ticket or a wiki.

use std::fmt::Write as _;

use quorate_proto::api::SpreadText;

use crate::document::Document;
use crate::moment::{Moments, latency, span};

impl Document {
    /// The report as Markdown with tables.
    pub fn markdown(&self) -> String {
        let moments = Moments::new(&self.timezone);
        let mut out = Text(String::new());
        out.line(format_args!("# Service level report: {}, {}", plain(&self.name), self.period.label));
        out.line(format_args!(
            "\nContract `{}`, {} to {}; {}, revision {}.\n",
            self.contract,
            moments.second(self.period.start_ms),
            moments.second(self.period.end_ms),
            self.state,
            self.revision
        ));
        self.summary(&mut out);
        self.time(&mut out);
        self.incidents_md(&mut out, &moments);
        self.exclusions_md(&mut out, &moments);
        self.latency_md(&mut out);
        self.customers_md(&mut out, &moments);
        self.method(&mut out, &moments);
        self.change_md(&mut out);
        out.line(format_args!(
            "\nMade {} from inputs with the SHA-256 `{}`.",
            moments.second(self.made_at_ms),
            self.input_hash
        ));
        out.0
    }

    fn summary(&self, out: &mut Text) {
        out.table(&["", "point", "low", "high"]);
        match &self.uptime_percent {
            Some(SpreadText { low, point, high }) => {
                out.row(&["uptime", &format!("**{point} %**"), &format!("{low} %"), &format!("{high} %")]);
            }
            None => out.row(&["uptime", "not measured", "", ""]),
        }
        let [low, point, high] = [self.down_ms.low, self.down_ms.point, self.down_ms.high].map(span);
        out.row(&["downtime that counts", &point, &low, &high]);
        out.line(format_args!(""));
        if let Some(objective) = &self.objective_percent {
            out.line(format_args!("- Promised: {objective} %. Breach: **{}**.", self.breach));
        }
        if let Some(budget) = &self.budget {
            let spent = span(budget.spent_ms.point);
            out.line(format_args!("- Error budget: {spent} of {} spent.", span(budget.allowed_ms)));
        }
        out.line(format_args!("- Credit: {} % of the fee. {}", self.credit_percent, self.credit_steps.join(" ")));
        out.line(format_args!("- Coverage: {} % of the time that counts is known.", self.coverage_percent));
        if let Some(resolution) = self.resolution_ms {
            out.line(format_args!("- Resolution: an outage of {} is sure to meet a probe.", span(resolution)));
        }
        if let Some(rate) = &self.error_rate {
            let measured = rate.measured_percent.as_deref().map_or("-".to_owned(), |rate| format!("{rate} %"));
            out.line(format_args!("- Error rate: {measured}, promised {} %: {}.", rate.objective_percent, rate.kept));
        }
    }

    fn time(&self, out: &mut Text) {
        out.line(format_args!("\n## Where the time went\n"));
        out.table(&["", "time", "ms"]);
        let ledger = &self.ledger;
        for (what, ms) in [
            ("up", ledger.up_ms),
            ("down", ledger.down_ms),
            ("unknown", ledger.unknown_ms),
            ("excluded", ledger.excluded_ms),
            ("total", ledger.total_ms),
        ] {
            out.row(&[what, &span(ms), &ms.to_string()]);
        }
    }

    fn incidents_md(&self, out: &mut Text, moments: &Moments) {
        out.line(format_args!("\n## Incidents\n"));
        if self.incidents.is_empty() {
            out.line(format_args!("None."));
            return;
        }
        out.table(&["incident", "check", "start", "end", "class", "counted", "regions", "failures"]);
        for line in &self.incidents {
            let failures: Vec<String> =
                line.failures.iter().map(|seen| format!("{} x {}", seen.times, seen.what)).collect();
            out.row(&[
                &line.id,
                &line.check,
                &moments.second(line.start_ms),
                &line.end_ms.map_or("open".to_owned(), |end| moments.second(end)),
                &line.class,
                &span(line.billed_ms),
                &line.regions.join(", "),
                &failures.join(", "),
            ]);
        }
    }

    fn exclusions_md(&self, out: &mut Text, moments: &Moments) {
        if self.exclusions.is_empty() {
            return;
        }
        out.line(format_args!("\n## Exclusions\n"));
        out.table(&["class", "start", "end", "left out", "reason", "refused because"]);
        for line in &self.exclusions {
            out.row(&[
                &line.class,
                &moments.second(line.start_ms),
                &moments.second(line.end_ms),
                &span(line.excluded_ms),
                &plain(&line.reason),
                &line.refused.join("; "),
            ]);
        }
    }

    fn latency_md(&self, out: &mut Text) {
        if self.latency.is_empty() && self.latency_promises.is_empty() {
            return;
        }
        out.line(format_args!("\n## Latency\n"));
        for line in &self.latency_promises {
            let region = line.region.as_deref().map_or(String::new(), |region| format!(" in {region}"));
            let measured = line.measured_us.map_or("not measured".to_owned(), latency);
            let (percentile, under) = (&line.percentile, latency(line.under_us));
            out.line(format_args!("- Percentile {percentile}{region}: {measured}, promised {under}: {}.", line.kept));
        }
        out.line(format_args!(""));
        out.table(&["region", "percentile", "latency", "answers"]);
        for line in &self.latency {
            let region = line.region.as_deref().unwrap_or("all");
            out.row(&[region, &line.percentile, &latency(line.value_us), &line.answers.to_string()]);
        }
    }

    fn customers_md(&self, out: &mut Text, moments: &Moments) {
        if self.customers.is_empty() {
            return;
        }
        out.line(format_args!("\n## Credits\n"));
        out.table(&["customer", "plan", "fee", "share", "credit", "claim before", "derivation"]);
        for line in &self.customers {
            out.row(&[
                &line.customer,
                &line.plan,
                &line.fee,
                &format!("{} %", line.share_percent),
                &line.credit,
                &line.claim_before_ms.map_or("-".to_owned(), |at| moments.second(at)),
                &line.steps.join(" "),
            ]);
        }
    }

    fn method(&self, out: &mut Text, moments: &Moments) {
        if self.checks.is_empty() {
            return;
        }
        out.line(format_args!("\n## How it was measured\n"));
        out.table(&["check", "from", "interval", "timeout", "agents", "regions", "down when bad"]);
        for line in &self.checks {
            let voters: Vec<String> =
                line.voters.iter().map(|voter| format!("{} ({})", voter.region, voter.provider)).collect();
            out.row(&[
                &line.check,
                &moments.second(line.from_ms),
                &span(line.interval_ms),
                &span(line.timeout_ms),
                &line.agents.to_string(),
                &voters.join(", "),
                &line.quorum,
            ]);
        }
    }

    fn change_md(&self, out: &mut Text) {
        let Some(change) = &self.change else { return };
        out.line(format_args!("\n## Changed since revision {}\n", change.since_revision));
        out.table(&["", "before", "now"]);
        for [what, before, now] in &change.figures {
            out.row(&[what, before, now]);
        }
        for (what, ids) in [("Changed or new", &change.incidents_changed), ("Gone", &change.incidents_gone)] {
            if !ids.is_empty() {
                out.line(format_args!("\n{what}: {}.", ids.join(", ")));
            }
        }
    }
}

struct Text(String);

impl Text {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect("a text takes every line");
    }

    fn table(&mut self, heads: &[&str]) {
        self.row(heads);
        self.line(format_args!("|{}", "---|".repeat(heads.len())));
    }

    fn row(&mut self, cells: &[&str]) {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        self.line(format_args!("| {} |", cells.join(" | ")));
    }
}

/// A person's text on one line, without markup of its own.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out
}

//! The report as Markdown, for a ticket or a wiki.

mod text;

use quorate_proto::api::SpreadText;

use crate::document::{Document, OutageLine};
use crate::moment::{Moments, latency, length, span};
use crate::sentences;
use text::{Text, code, plain};

impl Document {
    /// The report as Markdown with tables.
    pub fn markdown(&self) -> String {
        let moments = Moments::new(&self.timezone);
        let mut out = Text(String::new());
        out.line(format_args!("# Service level report: {}, {}", plain(&self.name), plain(&self.period.label)));
        out.line(format_args!(
            "\nContract {}{}, {} to {}; {}, revision {}.\n",
            code(&self.contract),
            self.customer.as_ref().map(|customer| format!(" of {}", code(customer))).unwrap_or_default(),
            moments.second(self.period.start_ms),
            moments.second(self.period.end_ms),
            plain(&self.state),
            self.revision
        ));
        self.summary(&mut out);
        self.time(&mut out, &moments);
        self.incidents_md(&mut out, &moments);
        self.support_md(&mut out, &moments);
        self.outages_md(&mut out, &moments);
        self.exclusions_md(&mut out, &moments);
        self.latency_md(&mut out);
        self.worst_md(&mut out, &moments);
        self.customers_md(&mut out, &moments);
        self.rules_md(&mut out);
        self.method(&mut out, &moments);
        self.change_md(&mut out);
        out.line(format_args!(
            "\nMade {} from inputs with the SHA-256 {}. Percentages are cut off, never rounded up. Times are of {}.",
            moments.second(self.made_at_ms),
            code(&self.input_hash),
            plain(&self.timezone)
        ));
        out.0
    }

    fn summary(&self, out: &mut Text) {
        out.table(&["", "point", "low", "high"]);
        match &self.uptime_percent {
            Some(SpreadText { low, point, high }) => {
                let [low, point, high] = [low, point, high].map(|percent| plain(percent));
                out.marked_row(&["uptime", &format!("**{point} %**"), &format!("{low} %"), &format!("{high} %")]);
            }
            None => out.row(&["uptime", "not measured", "", ""]),
        }
        let [low, point, high] = [self.down_ms.low, self.down_ms.point, self.down_ms.high].map(span);
        out.row(&["downtime that counts", &point, &low, &high]);
        if let Some(budget) = &self.budget {
            let [low, point, high] = [budget.spent_ms.low, budget.spent_ms.point, budget.spent_ms.high].map(span);
            out.row(&["error budget spent", &point, &low, &high]);
        }
        out.line(format_args!(""));
        if let Some(objective) = &self.objective_percent {
            let [objective, breach] = [objective, &self.breach].map(|text| plain(text));
            out.line(format_args!("- Promised: {objective} %. Breach: **{breach}**."));
        }
        if let Some(budget) = &self.budget {
            let spent = span(budget.spent_ms.point);
            out.line(format_args!("- Error budget: {spent} of {} spent.", span(budget.allowed_ms)));
        }
        let (credit, steps) = (plain(&self.credit_percent), plain(&self.credit_steps.join(" ")));
        out.line(format_args!("- Credit: {credit} % of the fee. {steps}"));
        out.line(format_args!("- Coverage: {} % of the time that counts is known.", plain(&self.coverage_percent)));
        if let Some(resolution) = self.resolution_ms {
            out.line(format_args!("- Resolution: an outage of {} is sure to meet a probe.", span(resolution)));
        }
        if let Some(rate) = &self.error_rate {
            let measured = rate.measured_percent.as_deref().map_or("-".to_owned(), |rate| format!("{rate} %"));
            let [measured, promised, kept] = [&measured, &rate.objective_percent, &rate.kept].map(|text| plain(text));
            out.line(format_args!("- Error rate: {measured}, promised {promised} %: {kept}."));
        }
    }

    fn time(&self, out: &mut Text, moments: &Moments) {
        out.section("Where the time went");
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
        self.outside().iter().for_each(|told| out.line(format_args!("\n{told}")));
        let days = self.days_not_up();
        if !days.is_empty() {
            out.line(format_args!("\nBy day:\n"));
            out.table(&["day", "up", "down", "unknown", "excluded", "of the error budget"]);
        }
        for day in days {
            let parts = [day.ledger.up_ms, day.ledger.down_ms, day.ledger.unknown_ms, day.ledger.excluded_ms];
            let [up, down, unknown, excluded] = parts.map(span);
            let spent = self.budget.as_ref().map_or("-".to_owned(), |_| span(day.spent_ms));
            out.row(&[&day.period.label, &up, &down, &unknown, &excluded, &spent]);
        }
        self.other_days().iter().for_each(|others| out.line(format_args!("\n{others}")));
        let (stretches, rest) = self.unknown_stretches();
        if !stretches.is_empty() {
            out.line(format_args!("\nNot known:\n"));
            out.table(&["from", "to", "length"]);
        }
        for line in stretches {
            let [start, end] = [line.start_ms, line.end_ms].map(|at| moments.second(at));
            out.row(&[&start, &end, &span(length(line.start_ms, line.end_ms))]);
        }
        if let Some(rest) = rest {
            out.line(format_args!("\n{rest}"));
        }
    }

    fn incidents_md(&self, out: &mut Text, moments: &Moments) {
        out.section("Incidents");
        if self.incidents.is_empty() {
            out.line(format_args!("None."));
            return;
        }
        out.table(&["incident", "check", "start", "end", "class", "downtime", "left out", "regions", "failures"]);
        for line in &self.incidents {
            out.row(&[
                &line.id,
                &line.check,
                &sentences::start(line, moments),
                &sentences::end(line, moments),
                &line.class,
                &span(line.billed_ms),
                &sentences::left_out(line, moments).join("; "),
                &line.regions.join(", "),
                &sentences::failures(line),
            ]);
        }
        out.line(format_args!("\nWhat speaks for them; samples are named by agent, boot and number:\n"));
        out.table(&["incident", "bad samples and runs", "samples to look up"]);
        for line in &self.incidents {
            out.row(&[&line.id, &line.support.to_string(), &line.evidence.join(", ")]);
        }
    }

    fn support_md(&self, out: &mut Text, moments: &Moments) {
        let handled = self.incidents.iter().map(|line| (line, sentences::handled(line, moments).join("; ")));
        let handled: Vec<_> = handled.filter(|(_, handled)| !handled.is_empty()).collect();
        if !handled.is_empty() {
            out.line(format_args!("\nWhat was done about them:\n"));
            out.table(&["incident", ""]);
            for (line, handled) in handled {
                out.row(&[&line.id, &handled]);
            }
        }
        if self.support.is_empty() {
            return;
        }
        out.section("Support");
        out.table(&["incident", "severity", "plan", "promise", "within", "until", "took", ""]);
        for line in &self.support {
            out.row(&[
                &line.incident,
                &line.severity,
                &line.plan,
                &line.promise,
                &span(line.target_ms),
                &line.deadline_ms.map_or("-".to_owned(), |at| moments.second(at)),
                &line.took_ms.map_or("-".to_owned(), span),
                &line.kept,
            ]);
        }
    }

    fn outages_md(&self, out: &mut Text, moments: &Moments) {
        if self.outages.is_empty() {
            return;
        }
        out.section("Outages of the service");
        out.table(&["start", "end", "length", "downtime that counts", ""]);
        for OutageLine { start_ms, end_ms, down_ms, not_counted } in &self.outages {
            let [start, end] = [*start_ms, *end_ms].map(|at| moments.second(at));
            let [length, down] = [length(*start_ms, *end_ms), *down_ms].map(span);
            out.row(&[&start, &end, &length, &down, not_counted.as_deref().unwrap_or("")]);
        }
    }

    fn exclusions_md(&self, out: &mut Text, moments: &Moments) {
        if self.exclusions.is_empty() {
            return;
        }
        out.section("Exclusions");
        out.table(&["class", "start", "end", "left out", "reason", "refused because", "entered"]);
        for line in &self.exclusions {
            out.row(&[
                &line.class,
                &moments.second(line.start_ms),
                &moments.second(line.end_ms),
                &span(line.excluded_ms),
                &line.reason,
                &line.refused.join("; "),
                &sentences::entered(line, moments).join("; "),
            ]);
        }
    }

    fn latency_md(&self, out: &mut Text) {
        if self.latency.is_empty() && self.latency_promises.is_empty() {
            return;
        }
        out.section("Latency");
        for line in &self.latency_promises {
            let region = line.region.as_deref().map_or(String::new(), |region| format!(" in {region}"));
            let measured = line.measured_us.map_or("not measured".to_owned(), latency);
            let what = plain(&format!("{}{region}", line.percentile));
            let (under, kept) = (latency(line.under_us), plain(&line.kept));
            out.line(format_args!("- Percentile {what}: {measured}, promised {under}: {kept}."));
        }
        out.line(format_args!(""));
        out.table(&["region", "percentile", "latency", "answers"]);
        for line in &self.latency {
            let region = line.region.as_deref().unwrap_or("all");
            out.row(&[region, &line.percentile, &latency(line.value_us), &line.answers.to_string()]);
        }
    }

    fn worst_md(&self, out: &mut Text, moments: &Moments) {
        if self.worst.is_empty() {
            return;
        }
        out.section("Worst window of each length");
        out.table(&["length", "from", "downtime", "availability"]);
        for line in &self.worst {
            let availability = format!("{} %", line.availability_percent);
            let [length, down] = [length(line.start_ms, line.end_ms), line.down_ms].map(span);
            out.row(&[&length, &moments.second(line.start_ms), &down, &availability]);
        }
    }

    fn customers_md(&self, out: &mut Text, moments: &Moments) {
        if self.customers.is_empty() {
            return;
        }
        out.section("Credits");
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

    fn rules_md(&self, out: &mut Text) {
        if self.rules.is_empty() {
            return;
        }
        out.section("Rules of the contract");
        out.table(&["about", "rule"]);
        for rule in &self.rules {
            out.row(&[&rule.about, &rule.says]);
        }
    }

    fn method(&self, out: &mut Text, moments: &Moments) {
        if self.checks.is_empty() {
            return;
        }
        out.section("How it was measured");
        out.table(&["check", "from", "interval", "timeout", "agents", "regions", "down when bad", "version"]);
        for line in &self.checks {
            out.row(&[
                &line.check,
                &moments.second(line.from_ms),
                &span(line.interval_ms),
                &span(line.timeout_ms),
                &line.agents.to_string(),
                &sentences::voters(line),
                &sentences::quorum(line),
                &line.version,
            ]);
        }
    }

    fn change_md(&self, out: &mut Text) {
        let Some(change) = &self.change else { return };
        out.section(&format!("Changed since revision {}", change.since_revision));
        if !change.figures.is_empty() {
            out.table(&["", "before", "now"]);
        }
        for [what, before, now] in &change.figures {
            out.row(&[what, before, now]);
        }
        for (what, ids) in [("Changed or new", &change.incidents_changed), ("Gone", &change.incidents_gone)] {
            if !ids.is_empty() {
                out.line(format_args!("\n{what}: {}.", plain(&ids.join(", "))));
            }
        }
    }
}

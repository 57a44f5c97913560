//! What was measured besides, what is owed, by which rules, and what changed.

use super::{Page, Safe, charts};
use crate::document::Document;
use crate::moment::{latency, length, span};
use crate::sentences;

impl Document {
    pub(super) fn latency_section(&self, page: &mut Page) {
        if self.latency.is_empty() && self.latency_promises.is_empty() {
            return;
        }
        page.section("Latency of right answers");
        for chart in charts::latency(self) {
            page.add(format_args!("{chart}"));
        }
        if self.latency_promises.is_empty() {
            page.add(format_args!("</section>"));
            return;
        }
        page.table(&[("", "Promise"), ("number", "Under"), ("number", "Measured"), ("", "")]);
        for line in &self.latency_promises {
            let region = line.region.as_deref().unwrap_or("all regions");
            page.row(&[
                ("", &format!("percentile {} of {region}", line.percentile)),
                ("number", &latency(line.under_us)),
                ("number", &line.measured_us.map_or("-".to_owned(), latency)),
                (if line.kept == "missed" { "refused" } else { "" }, &line.kept),
            ]);
        }
        page.end();
    }

    pub(super) fn error_rate_section(&self, page: &mut Page) {
        let Some(rate) = &self.error_rate else { return };
        page.section("Error rate");
        let measured = rate.measured_percent.as_deref().map_or("not measured".to_owned(), |rate| format!("{rate} %"));
        let class = if rate.kept == "missed" { "refused" } else { "" };
        let kept = if rate.measured_percent.is_some() { format!(": {}", rate.kept) } else { String::new() };
        page.add(format_args!(
            "<p>Measured: {}, promised: at most {} %<span class=\"{class}\">{}</span>.</p></section>",
            Safe(&measured),
            Safe(&rate.objective_percent),
            Safe(&kept)
        ));
    }

    pub(super) fn worst_section(&self, page: &mut Page) {
        if self.worst.is_empty() {
            return;
        }
        page.whole_section("Worst window of each length");
        page.table(&[("", "Length"), ("", "From"), ("number", "Downtime"), ("number", "Availability")]);
        for line in &self.worst {
            page.row(&[
                ("time", &span(length(line.start_ms, line.end_ms))),
                ("time", &page.moments.second(line.start_ms)),
                ("number", &span(line.down_ms)),
                ("number", &format!("{} %", line.availability_percent)),
            ]);
        }
        page.end();
    }

    pub(super) fn customer_section(&self, page: &mut Page) {
        page.section("Credits");
        page.add(format_args!("<p class=\"soft\">{}</p>", Safe(&self.credit_steps.join(" "))));
        if self.customers.is_empty() {
            page.add(format_args!("<p>No customer has this contract.</p></section>"));
            return;
        }
        page.table(&[
            ("id", "Customer"),
            ("id", "Plan"),
            ("number", "Fee"),
            ("number", "Share"),
            ("number", "Credit"),
            ("number", "Claim before"),
        ]);
        for line in &self.customers {
            let deadline = line.claim_before_ms.map_or("-".to_owned(), |at| page.moments.minute(at));
            let cells = [
                ("id", line.customer.as_str()),
                ("id", &line.plan),
                ("number", &line.fee),
                ("number", &format!("{} %", line.share_percent)),
                ("number", &line.credit),
                ("number", &deadline),
            ];
            page.entry(&cells, &[("", &line.steps.join(" "))]);
        }
        page.end();
    }

    pub(super) fn rules_section(&self, page: &mut Page) {
        if self.rules.is_empty() {
            return;
        }
        page.whole_section("Rules of the contract");
        page.table(&[("", "About"), ("text", "Rule")]);
        for rule in &self.rules {
            page.row(&[("time", &rule.about), ("text", &rule.says)]);
        }
        page.end();
    }

    pub(super) fn method_section(&self, page: &mut Page) {
        page.section("How it was measured");
        let resolution = match self.resolution_ms {
            Some(ms) => format!("An outage of {} is sure to meet a probe.", span(ms)),
            None => String::new(),
        };
        page.add(format_args!(
            "<p class=\"soft\">Agents in several regions probe each check. Downtime counts where enough regions across enough \
             providers agree; too few votes are unknown, never up or down. {resolution}</p>"
        ));
        if self.checks.is_empty() {
            page.add(format_args!("</section>"));
            return;
        }
        page.table(&[
            ("id", "Check"),
            ("", "From"),
            ("number", "Interval"),
            ("number", "Timeout"),
            ("number", "Agents"),
            ("number", "Version"),
        ]);
        for line in &self.checks {
            let cells = [
                ("id", line.check.as_str()),
                ("time", &page.moments.minute(line.from_ms)),
                ("number", &span(line.interval_ms)),
                ("number", &span(line.timeout_ms)),
                ("number", &line.agents.to_string()),
                ("number code", &line.version),
            ];
            let voters = format!("regions: {}", sentences::voters(line));
            let quorum = format!("down when bad: {}", sentences::quorum(line));
            page.entry(&cells, &[("", &voters), ("", &quorum)]);
        }
        page.end();
    }

    pub(super) fn change_section(&self, page: &mut Page) {
        let Some(change) = &self.change else { return };
        page.section(&format!("Changed since revision {}", change.since_revision));
        let lists =
            [("Incidents new or changed", &change.incidents_changed), ("Incidents gone", &change.incidents_gone)];
        let lists =
            lists.iter().filter(|(_, ids)| !ids.is_empty()).map(|(what, ids)| format!("{what}: {}.", ids.join(", ")));
        if !change.figures.is_empty() {
            page.table(&[("", ""), ("", "Before"), ("", "Now")]);
            for [what, before, now] in &change.figures {
                page.row(&[("", what), ("", before), ("", now)]);
            }
            page.add(format_args!("</table>"));
        }
        lists.for_each(|list| page.add(format_args!("<p class=\"list\">{}</p>", Safe(&list))));
        page.add(format_args!("</section>"));
    }
}

//! The report as one HTML page made for print: no script, nothing loaded from elsewhere, every text escaped.

mod charts;

use std::fmt::{self, Write as _};

use quorate_proto::api::SpreadText;

use crate::document::Document;
use crate::moment::{Moments, latency, span};

const STYLE: &str = include_str!("html/style.css");

/// A text that may stand anywhere in a page.
pub(crate) struct Safe<'a>(pub(crate) &'a str);

impl fmt::Display for Safe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ => f.write_char(letter)?,
            }
        }
        Ok(())
    }
}

struct Page {
    html: String,
    moments: Moments,
}

impl Page {
    fn add(&mut self, part: fmt::Arguments<'_>) {
        writeln!(self.html, "{part}").expect("a text takes every line");
    }

    fn table(&mut self, heads: &[(&str, &str)]) {
        self.add(format_args!("<table><thead><tr>"));
        for (class, head) in heads {
            self.add(format_args!("<th class=\"{class}\">{}</th>", Safe(head)));
        }
        self.add(format_args!("</tr></thead><tbody>"));
    }

    fn row(&mut self, cells: &[(&str, &str)]) {
        self.html.push_str("<tr>");
        for (class, cell) in cells {
            let cell = Safe(cell);
            match *class {
                "code" => write!(self.html, "<td><code>{cell}</code></td>"),
                "" => write!(self.html, "<td>{cell}</td>"),
                class => write!(self.html, "<td class=\"{class}\">{cell}</td>"),
            }
            .expect("a text takes every cell");
        }
        self.html.push_str("</tr>\n");
    }

    fn end(&mut self) {
        self.add(format_args!("</tbody></table></section>"));
    }

    fn section(&mut self, title: &str) {
        self.add(format_args!("<section><h2>{}</h2>", Safe(title)));
    }
}

impl Document {
    /// The report as a page to print.
    pub fn html(&self) -> String {
        let mut page = Page { html: String::new(), moments: Moments::new(&self.timezone) };
        let (name, label) = (Safe(&self.name), Safe(&self.period.label));
        page.add(format_args!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}, {label}: service level \
             report</title><meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>"
        ));
        self.head(&mut page);
        self.figures(&mut page);
        self.time_section(&mut page);
        self.budget_section(&mut page);
        self.incident_section(&mut page);
        self.exclusion_section(&mut page);
        self.latency_section(&mut page);
        self.error_rate_section(&mut page);
        self.worst_section(&mut page);
        self.customer_section(&mut page);
        self.method_section(&mut page);
        self.change_section(&mut page);
        let made = page.moments.second(self.made_at_ms);
        page.add(format_args!(
            "<footer>Made {made} from inputs with the SHA-256 <code>{}</code>. Percentages are cut off, never rounded up. \
             Times are of {}.</footer></body></html>",
            Safe(&self.input_hash),
            Safe(&self.timezone)
        ));
        page.html
    }

    fn head(&self, page: &mut Page) {
        let [from, to] = [self.period.start_ms, self.period.end_ms].map(|at| page.moments.second(at));
        page.add(format_args!(
            "<header><div><h1>{}</h1><p>Service level report for {}, {from} to {to}</p></div>\
             <div class=\"stamp\"><b>{}</b><br>revision {}<br>contract {}</div></header>",
            Safe(&self.name),
            Safe(&self.period.label),
            Safe(&self.state),
            self.revision,
            Safe(&self.contract)
        ));
    }

    fn figures(&self, page: &mut Page) {
        let (point, bounds) = match &self.uptime_percent {
            Some(SpreadText { low, point, high }) if low == high => {
                (format!("{point} %"), "its bounds are equal".to_owned())
            }
            Some(SpreadText { low, point, high }) => (format!("{point} %"), format!("between {low} % and {high} %")),
            None => ("not measured".to_owned(), "nothing of the period is known".to_owned()),
        };
        let breach = match self.breach.as_str() {
            "certain" => "missed",
            "possible" => "possibly missed",
            _ => "kept",
        };
        let promised = match &self.objective_percent {
            Some(objective) => format!("of the promised {objective} %"),
            None => "nothing is promised".to_owned(),
        };
        let Self { credit_percent, coverage_percent, breach: class, .. } = self;
        let down = span(self.down_ms.point);
        page.add(format_args!(
            "<div class=\"figures\">\
             <div class=\"figure\"><span>Uptime</span><b>{point}</b><span>{bounds}</span></div>\
             <div class=\"figure {}\"><span>Objective</span><b>{breach}</b><span>{}</span></div>\
             <div class=\"figure\"><span>Downtime that counts</span><b>{}</b><span>{coverage_percent} % of the time is known</span></div>\
             <div class=\"figure\"><span>Credit</span><b>{credit_percent} %</b><span>of the fee</span></div></div>",
            Safe(class),
            Safe(&promised),
            Safe(&down),
        ));
    }

    fn time_section(&self, page: &mut Page) {
        page.section("Where the time went");
        let chart = charts::timeline(self, &page.moments);
        page.add(format_args!("{chart}"));
        let ledger = &self.ledger;
        page.add(format_args!("<ul class=\"key\">"));
        for (class, ms) in [
            ("up", ledger.up_ms),
            ("down", ledger.down_ms),
            ("unknown", ledger.unknown_ms),
            ("excluded", ledger.excluded_ms),
        ] {
            page.add(format_args!("<li><i class=\"{class}\"></i>{class} {}</li>", span(ms)));
        }
        page.add(format_args!("<li>total {}</li></ul></section>", span(ledger.total_ms)));
    }

    fn budget_section(&self, page: &mut Page) {
        let Some(budget) = &self.budget else { return };
        page.section("Error budget");
        let left = budget.allowed_ms - budget.spent_ms.point;
        let rest = if left >= 0 { format!("{} left", span(left)) } else { format!("overspent by {}", span(-left)) };
        page.add(format_args!(
            "<p class=\"soft\">{} of {} spent (between {} and {}): {rest}.</p>{}</section>",
            span(budget.spent_ms.point),
            span(budget.allowed_ms),
            span(budget.spent_ms.low),
            span(budget.spent_ms.high),
            charts::burn_down(self, budget, &page.moments)
        ));
    }

    fn incident_section(&self, page: &mut Page) {
        page.section("Incidents");
        if self.incidents.is_empty() && self.outages.is_empty() {
            page.add(format_args!("<p>None.</p></section>"));
            return;
        }
        page.table(&[
            ("", "Incident"),
            ("", "Start and end, with bounds"),
            ("number", "Counted"),
            ("", "Regions"),
            ("", "Seen as"),
            ("", "Evidence"),
        ]);
        for line in &self.incidents {
            let at = |ms: i64| page.moments.second(ms);
            let close = |[a, b]: [i64; 2], around: i64| format!("-{} +{}", span(around - a), span(b - around));
            let start = format!("{} ({})", at(line.start_ms), close(line.start_bounds_ms, line.start_ms));
            let end = match line.end_ms {
                Some(end) => format!("{} ({})", at(end), close(line.end_bounds_ms, end)),
                None => "open".to_owned(),
            };
            let failures: Vec<String> =
                line.failures.iter().map(|seen| format!("{} x {}", seen.times, seen.what)).collect();
            page.row(&[
                ("", &format!("{} ({}, {})", line.id, line.check, line.class)),
                ("", &format!("{start} to {end}")),
                ("number", &span(line.billed_ms)),
                ("", &line.regions.join(", ")),
                ("", &failures.join(", ")),
                ("code", &line.evidence.join(" ")),
            ]);
        }
        page.end();
        self.outage_section(page);
    }

    fn outage_section(&self, page: &mut Page) {
        if self.outages.is_empty() {
            return;
        }
        page.section("Outages of the service");
        page.table(&[("", "Start"), ("", "End"), ("number", "Length"), ("number", "Downtime that counts"), ("", "")]);
        for line in &self.outages {
            let [start, end] = [line.start_ms, line.end_ms].map(|at| page.moments.second(at));
            page.row(&[
                ("time", &start),
                ("time", &end),
                ("number", &span(line.end_ms - line.start_ms)),
                ("number", &span(line.down_ms)),
                ("", line.not_counted.as_deref().unwrap_or("")),
            ]);
        }
        page.end();
    }

    fn exclusion_section(&self, page: &mut Page) {
        if self.exclusions.is_empty() {
            return;
        }
        page.section("Exclusions");
        page.table(&[
            ("", "Class"),
            ("", "From"),
            ("", "To"),
            ("number", "Left out"),
            ("", "Reason"),
            ("", "Not left out because"),
        ]);
        for line in &self.exclusions {
            let [start, end] = [line.start_ms, line.end_ms].map(|at| page.moments.second(at));
            let who: Vec<String> = [("entered by", &line.author), ("approved by", &line.approver)]
                .iter()
                .filter_map(|(what, who)| who.as_ref().map(|who| format!("{what} {who}")))
                .collect();
            let who = if who.is_empty() { String::new() } else { format!(" ({})", who.join(", ")) };
            page.row(&[
                ("", &line.class),
                ("time", &start),
                ("time", &end),
                ("number", &span(line.excluded_ms)),
                ("", &format!("{}{who}", line.reason)),
                ("refused", &line.refused.join("; ")),
            ]);
        }
        page.end();
    }

    fn latency_section(&self, page: &mut Page) {
        if self.latency.is_empty() && self.latency_promises.is_empty() {
            return;
        }
        page.section("Latency of right answers");
        let chart = charts::latency(self);
        page.add(format_args!("{chart}"));
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

    fn error_rate_section(&self, page: &mut Page) {
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

    fn worst_section(&self, page: &mut Page) {
        if self.worst.is_empty() {
            return;
        }
        page.section("Worst window of each length");
        page.table(&[("number", "Length"), ("", "From"), ("number", "Downtime"), ("number", "Availability")]);
        for line in &self.worst {
            page.row(&[
                ("number", &span(line.end_ms - line.start_ms)),
                ("time", &page.moments.second(line.start_ms)),
                ("number", &span(line.down_ms)),
                ("number", &format!("{} %", line.availability_percent)),
            ]);
        }
        page.end();
    }

    fn customer_section(&self, page: &mut Page) {
        page.section("Credits");
        page.add(format_args!("<p class=\"soft\">{}</p>", Safe(&self.credit_steps.join(" "))));
        if self.customers.is_empty() {
            page.add(format_args!("<p>No customer has this contract.</p></section>"));
            return;
        }
        page.table(&[
            ("", "Customer"),
            ("", "Plan"),
            ("number", "Fee"),
            ("number", "Share"),
            ("number", "Credit"),
            ("", "Claim before"),
            ("", "Derivation"),
        ]);
        for line in &self.customers {
            let deadline = line.claim_before_ms.map_or("-".to_owned(), |at| page.moments.minute(at));
            page.row(&[
                ("", &line.customer),
                ("", &line.plan),
                ("number", &line.fee),
                ("number", &format!("{} %", line.share_percent)),
                ("number", &line.credit),
                ("time", &deadline),
                ("", &line.steps.join(" ")),
            ]);
        }
        page.end();
    }

    fn method_section(&self, page: &mut Page) {
        page.section("How it was measured");
        let resolution = match self.resolution_ms {
            Some(ms) => format!("An outage of {} is sure to meet a probe.", span(ms)),
            None => String::new(),
        };
        page.add(format_args!(
            "<p class=\"soft\">Agents in several regions probe each check. Downtime counts where enough regions across enough \
             providers agree; too few votes are unknown, never up or down. {resolution}</p>"
        ));
        page.table(&[
            ("", "Check"),
            ("", "From"),
            ("number", "Interval"),
            ("number", "Timeout"),
            ("number", "Agents"),
            ("", "Regions"),
            ("", "Down when bad"),
            ("", "Version"),
        ]);
        for line in &self.checks {
            let voters: Vec<String> =
                line.voters.iter().map(|voter| format!("{} ({})", voter.region, voter.provider)).collect();
            let quorum = format!(
                "{}, of at least {} voting, across at least {} providers",
                line.quorum, line.min_regions, line.min_providers
            );
            page.row(&[
                ("", &line.check),
                ("time", &page.moments.minute(line.from_ms)),
                ("number", &span(line.interval_ms)),
                ("number", &span(line.timeout_ms)),
                ("number", &line.agents.to_string()),
                ("", &voters.join(", ")),
                ("", &quorum),
                ("code", &line.version),
            ]);
        }
        page.end();
    }

    fn change_section(&self, page: &mut Page) {
        let Some(change) = &self.change else { return };
        page.section(&format!("Changed since revision {}", change.since_revision));
        page.table(&[("", ""), ("", "Before"), ("", "Now")]);
        for [what, before, now] in &change.figures {
            page.row(&[("", what), ("", before), ("", now)]);
        }
        for (what, ids) in [("incidents new or changed", &change.incidents_changed), ("gone", &change.incidents_gone)] {
            if !ids.is_empty() {
                page.row(&[("", what), ("", ""), ("", &ids.join(", "))]);
            }
        }
        page.end();
    }
}

#[cfg(test)]
mod tests;

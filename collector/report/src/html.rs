//! The report as one HTML page made for print: no script, nothing loaded from elsewhere, every text escaped.

mod account;
mod charts;
mod events;
mod margins;

use std::fmt::{self, Write as _};

use quorate_proto::api::SpreadText;

use crate::document::Document;
use crate::moment::{Moments, length, span};

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
        self.add(format_args!("</tr></thead>"));
    }

    /// A row of cells with their classes; a line break in a cell stays one.
    fn row(&mut self, cells: &[(&str, &str)]) {
        self.html.push_str("<tr>");
        for (class, cell) in cells {
            match *class {
                "" => self.html.push_str("<td>"),
                class => write!(self.html, "<td class=\"{class}\">").expect("a text takes every cell"),
            }
            for (place, line) in cell.lines().enumerate() {
                let start = if place == 0 { "" } else { "<br>" };
                write!(self.html, "{start}{}", Safe(line)).expect("a text takes every line");
            }
            self.html.push_str("</td>");
        }
        self.html.push_str("</tr>\n");
    }

    /// A row with lines of more below it, as wide as the table; a page never parts them.
    fn entry(&mut self, cells: &[(&str, &str)], more: &[(&str, &str)]) {
        self.html.push_str("<tbody class=\"entry\">\n");
        self.row(cells);
        let columns = cells.len();
        self.add(format_args!("<tr class=\"more\"><td colspan=\"{columns}\">"));
        for (class, line) in more.iter().filter(|(_, line)| !line.is_empty()) {
            self.add(format_args!("<div class=\"{class}\">{}</div>", Safe(line)));
        }
        self.add(format_args!("</td></tr></tbody>"));
    }

    fn end(&mut self) {
        self.end_with(None);
    }

    /// Ends a table with a remark below it.
    fn end_with(&mut self, remark: Option<&str>) {
        let remark = remark.map(|remark| format!("<p class=\"soft\">{}</p>", Safe(remark))).unwrap_or_default();
        self.add(format_args!("</table>{remark}</section>"));
    }

    fn section(&mut self, title: &str) {
        self.add(format_args!("<section><h2>{}</h2>", Safe(title)));
    }

    /// A section that is short enough to be kept on one page.
    fn whole_section(&mut self, title: &str) {
        self.add(format_args!("<section class=\"whole\"><h2>{}</h2>", Safe(title)));
    }
}

impl Document {
    /// The report as a page to print.
    pub fn html(&self) -> String {
        let mut page = Page { html: String::new(), moments: Moments::new(&self.timezone) };
        let (name, label) = (Safe(&self.name), Safe(&self.period.label));
        page.add(format_args!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}, {label}: service level \
             report</title><meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}{}</style></head><body>",
            margins::rules(self)
        ));
        self.head(&mut page);
        self.figures(&mut page);
        self.time_section(&mut page);
        self.budget_section(&mut page);
        self.incident_section(&mut page);
        self.support_section(&mut page);
        self.unknown_section(&mut page);
        self.exclusion_section(&mut page);
        self.latency_section(&mut page);
        self.error_rate_section(&mut page);
        self.worst_section(&mut page);
        self.customer_section(&mut page);
        self.rules_section(&mut page);
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
             <div class=\"stamp\"><b>{}</b><br>revision {}<br>contract {}{}</div></header>",
            Safe(&self.name),
            Safe(&self.period.label),
            Safe(&self.state),
            self.revision,
            Safe(&self.contract),
            Safe(&self.customer.as_ref().map(|customer| format!(" of {customer}")).unwrap_or_default())
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
        let [point, bounds, credit, coverage] =
            [&point, &bounds, &self.credit_percent, &self.coverage_percent].map(|text| Safe(text));
        let [low, down, high] = [self.down_ms.low, self.down_ms.point, self.down_ms.high].map(span);
        let down_bounds =
            if low == high { "its bounds are equal".to_owned() } else { format!("between {low} and {high}") };
        page.add(format_args!(
            "<div class=\"figures\">\
             <div class=\"figure\"><span>Uptime</span><b>{point}</b><span>{bounds}</span></div>\
             <div class=\"figure {}\"><span>Objective</span><b>{breach}</b><span>{}</span></div>\
             <div class=\"figure\"><span>Downtime that counts</span><b>{down}</b><span>{down_bounds}; \
             {coverage} % of the time is known</span></div>\
             <div class=\"figure\"><span>Credit</span><b>{credit} %</b><span>of the fee</span></div></div>",
            Safe(&self.breach),
            Safe(&promised),
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
        let outside = self.outside().map(|told| format!("<p class=\"soft\">{}</p>", Safe(&told))).unwrap_or_default();
        page.add(format_args!("<li>total {}</li></ul>{outside}</section>", span(ledger.total_ms)));
        self.day_section(page);
    }

    fn day_section(&self, page: &mut Page) {
        let days = self.days_not_up();
        if days.is_empty() {
            return;
        }
        page.section("Days that were not up throughout");
        let spent = if self.budget.is_some() { "Of the error budget" } else { "" };
        page.table(&[
            ("", "Day"),
            ("number", "Up"),
            ("number", "Down"),
            ("number", "Unknown"),
            ("number", "Excluded"),
            ("number", spent),
        ]);
        for day in days {
            let parts = [day.ledger.up_ms, day.ledger.down_ms, day.ledger.unknown_ms, day.ledger.excluded_ms];
            let [up, down, unknown, excluded] = parts.map(span);
            let spent = self.budget.as_ref().map_or(String::new(), |_| span(day.spent_ms));
            page.row(&[
                ("", &day.period.label),
                ("number", &up),
                ("number", &down),
                ("number", &unknown),
                ("number", &excluded),
                ("number", &spent),
            ]);
        }
        page.end_with(self.other_days().as_deref());
    }

    fn budget_section(&self, page: &mut Page) {
        let Some(budget) = &self.budget else { return };
        page.whole_section("Error budget");
        let left = length(budget.spent_ms.point, budget.allowed_ms);
        let over = left.saturating_neg();
        let rest = if left >= 0 { format!("{} left", span(left)) } else { format!("overspent by {}", span(over)) };
        page.add(format_args!(
            "<p class=\"soft\">{} of {} spent (between {} and {}): {rest}.</p>{}</section>",
            span(budget.spent_ms.point),
            span(budget.allowed_ms),
            span(budget.spent_ms.low),
            span(budget.spent_ms.high),
            charts::burn_down(self, budget, &page.moments)
        ));
    }
}

#[cfg(test)]
mod tests;

//! What happened: incidents, outages, time that is not known, exclusions.

use super::Page;
use crate::document::Document;
use crate::moment::{length, span};
use crate::sentences;

impl Document {
    pub(super) fn incident_section(&self, page: &mut Page) {
        page.section("Incidents");
        if self.incidents.is_empty() && self.outages.is_empty() {
            page.add(format_args!("<p>None.</p></section>"));
            return;
        }
        if self.incidents.is_empty() {
            page.add(format_args!("<p>None of them is kept with its evidence.</p></section>"));
        } else {
            self.incident_table(page);
        }
        self.outage_section(page);
    }

    fn incident_table(&self, page: &mut Page) {
        page.table(&[
            ("id", "Incident"),
            ("", "Start, with its bounds"),
            ("", "End, with its bounds"),
            ("", "Class"),
            ("number", "Downtime"),
        ]);
        for line in &self.incidents {
            // Bounds have a line of their own.
            let [start, end] = [sentences::start(line, &page.moments), sentences::end(line, &page.moments)]
                .map(|moment| moment.replacen(" (", "\n(", 1));
            let cells = [
                ("id", line.id.as_str()),
                ("time", &start),
                ("time", &end),
                ("", &line.class),
                ("number", &span(line.billed_ms)),
            ];
            let (regions, failures) = (line.regions.join(", "), sentences::failures(line));
            let seen = format!("{} bad from {regions}: {failures}", line.check);
            let samples = format!("{} bad samples and runs, such as {}", line.support, line.evidence.join(", "));
            let handled = sentences::handled(line, &page.moments).join("; ");
            let left_out = sentences::left_out(line, &page.moments);
            let left_out: Vec<String> = left_out.iter().map(|part| format!("left out: {part}")).collect();
            let mut more = vec![("", seen.as_str()), ("", &samples)];
            more.push(("", &handled));
            more.extend(left_out.iter().map(|part| ("", part.as_str())));
            page.entry(&cells, &more);
        }
        page.end();
    }

    pub(super) fn support_section(&self, page: &mut Page) {
        if self.support.is_empty() {
            return;
        }
        page.section("Support");
        page.table(&[
            ("id", "Incident"),
            ("", "Plan, severity"),
            ("", "Promise"),
            ("number", "Within"),
            ("", "Until"),
            ("number", "Took"),
            ("", ""),
        ]);
        for line in &self.support {
            page.row(&[
                ("id", line.incident.as_str()),
                ("", &format!("{}, {}", line.plan, line.severity)),
                ("", &line.promise),
                ("number", &span(line.target_ms)),
                ("time", &line.deadline_ms.map_or("-".to_owned(), |at| page.moments.second(at))),
                ("number", &line.took_ms.map_or("-".to_owned(), span)),
                (if line.kept == "missed" { "refused" } else { "" }, &line.kept),
            ]);
        }
        page.end();
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
                ("number", &span(length(line.start_ms, line.end_ms))),
                ("number", &span(line.down_ms)),
                ("", line.not_counted.as_deref().unwrap_or("")),
            ]);
        }
        page.end();
    }

    pub(super) fn unknown_section(&self, page: &mut Page) {
        let (stretches, rest) = self.unknown_stretches();
        if stretches.is_empty() {
            return;
        }
        page.section("Time that is not known");
        page.table(&[("", "From"), ("", "To"), ("number", "Length")]);
        for line in stretches {
            let [start, end] = [line.start_ms, line.end_ms].map(|at| page.moments.second(at));
            page.row(&[("time", &start), ("time", &end), ("number", &span(length(line.start_ms, line.end_ms)))]);
        }
        page.end_with(rest.as_deref());
    }

    pub(super) fn exclusion_section(&self, page: &mut Page) {
        if self.exclusions.is_empty() {
            return;
        }
        page.section("Exclusions");
        page.table(&[("", "Class"), ("", "From"), ("", "To"), ("number", "Left out")]);
        for line in &self.exclusions {
            let [start, end] = [line.start_ms, line.end_ms].map(|at| page.moments.second(at));
            let cells =
                [("", line.class.as_str()), ("time", &start), ("time", &end), ("number", &span(line.excluded_ms))];
            let entered = sentences::entered(line, &page.moments).join("; ");
            let refused = line.refused.join("; ");
            let refused = if refused.is_empty() { refused } else { format!("not left out: {refused}") };
            page.entry(&cells, &[("", &line.reason), ("", &entered), ("refused", &refused)]);
        }
        page.end();
    }
}

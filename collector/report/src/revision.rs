//! What changed from one revision of a report to the next.

use quorate_proto::api::SpreadText;

use crate::document::{Change, Document, IncidentLine};
use crate::moment::span;

/// How a figure is read off a report.
type Figure<'a> = &'a dyn Fn(&Document) -> String;

impl Document {
    /// The document with what changed since an earlier one of the same window, also one read back from JSON.
    #[must_use]
    pub fn with_change_since(mut self, earlier: &Self) -> Self {
        let uptime = |document: &Self| match &document.uptime_percent {
            Some(SpreadText { low, point, high }) => format!("{point} % ({low} to {high})"),
            None => "not measured".to_owned(),
        };
        let exclusions = |document: &Self| {
            let excluded: i64 = document.exclusions.iter().map(|line| line.excluded_ms).sum();
            format!("{} entries, {} left out", document.exclusions.len(), span(excluded))
        };
        let figures: [(&str, Figure<'_>); 9] = [
            ("uptime", &uptime),
            ("up", &|d| span(d.ledger.up_ms)),
            ("down", &|d| span(d.ledger.down_ms)),
            ("unknown", &|d| span(d.ledger.unknown_ms)),
            ("excluded", &|d| span(d.ledger.excluded_ms)),
            ("breach", &|d| d.breach.clone()),
            ("credit", &|d| format!("{} %", d.credit_percent)),
            ("exclusions", &exclusions),
            ("terms and methods", &|d| format!("{} versions of checks", d.checks.len())),
        ];
        let figures = figures.iter().map(|(what, of)| [(*what).to_owned(), of(earlier), of(&self)]);
        let figures = figures.filter(|[_, before, now]| before != now).collect();
        let ids = |of: &[IncidentLine], missing_in: &dyn Fn(&IncidentLine) -> bool| {
            of.iter().filter(|incident| missing_in(incident)).map(|incident| incident.id.clone()).collect()
        };
        self.change = Some(Change {
            since_revision: earlier.revision,
            figures,
            incidents_changed: ids(&self.incidents, &|now| !earlier.incidents.contains(now)),
            incidents_gone: ids(&earlier.incidents, &|old| self.incidents.iter().all(|now| now.id != old.id)),
        });
        self
    }
}

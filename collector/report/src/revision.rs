//! What changed from one revision of a report to the next.

use quorate_proto::api::SpreadText;

use crate::document::{Change, Document, IncidentLine};
use crate::moment::{Moments, latency, span};

/// What stands where a revision has no such figure.
const NOTHING: &str = "-";

/// How the name of a customer's credit begins.
const CREDIT_OF: &str = "credit of ";

/// What stands before the plan in the name of a promise.
const BY_PLAN: &str = " promised by ";

/// True if a figure is of another customer, or of a plan that is not this customer's.
pub(crate) fn is_of_another(figure: &str, customer: &str, plan: &str) -> bool {
    let named = |name: Option<&str>, own: &str| name.is_some_and(|name| name != own);
    named(figure.strip_prefix(CREDIT_OF), customer) || named(figure.split_once(BY_PLAN).map(|(_, by)| by), plan)
}

impl Document {
    /// True if both say the same; which printing it is, when it was made and from what does not count. What the data model
    /// of the earlier one lacked is no difference.
    pub fn says_the_same_as(&self, earlier: &Self) -> bool {
        says(self, earlier.format) == says(earlier, earlier.format)
    }

    /// The document with what changed since an earlier one of the same window, also one read back from JSON.
    #[must_use]
    pub fn with_change_since(mut self, earlier: &Self) -> Self {
        let now = self.clone().in_format(earlier.format);
        let mut figures = differences(&figures(earlier), &figures(&now));
        let ids = |of: &[IncidentLine], missing_in: &dyn Fn(&IncidentLine) -> bool| -> Vec<String> {
            of.iter().filter(|incident| missing_in(incident)).map(|incident| incident.id.clone()).collect()
        };
        let incidents_changed = ids(&now.incidents, &|now| !earlier.incidents.contains(now));
        let incidents_gone = ids(&earlier.incidents, &|old| now.incidents.iter().all(|now| now.id != old.id));
        if figures.is_empty()
            && incidents_changed.is_empty()
            && incidents_gone.is_empty()
            && !now.says_the_same_as(earlier)
        {
            figures.push(["details of".to_owned(), NOTHING.to_owned(), parts_that_differ(&now, earlier).join(", ")]);
        }
        self.change = Some(Change { since_revision: earlier.revision, figures, incidents_changed, incidents_gone });
        self
    }
}

/// The report without what differs from printing to printing.
fn says(document: &Document, format: u32) -> Document {
    Document {
        state: String::new(),
        revision: 0,
        made_at_ms: 0,
        input_hash: String::new(),
        change: None,
        ..document.clone().in_format(format)
    }
}

/// Figures by name, in the order they are told.
fn figures(of: &Document) -> Vec<(String, String)> {
    let moments = Moments::new(&of.timezone);
    let uptime = match &of.uptime_percent {
        Some(SpreadText { low, point, high }) => format!("{point} % ({low} to {high})"),
        None => "not measured".to_owned(),
    };
    let excluded = of.exclusions.iter().fold(0i64, |sum, line| sum.saturating_add(line.excluded_ms));
    let counted = of.outages.iter().filter(|outage| outage.not_counted.is_none()).count();
    let mut all: Vec<(String, String)> = [
        ("uptime", uptime),
        ("up", span(of.ledger.up_ms)),
        ("down", span(of.ledger.down_ms)),
        ("unknown", span(of.ledger.unknown_ms)),
        ("excluded", span(of.ledger.excluded_ms)),
        ("down at least", span(of.down_ms.low)),
        ("down at most", span(of.down_ms.high)),
        ("coverage", format!("{} %", of.coverage_percent)),
        ("breach", of.breach.clone()),
        ("credit", format!("{} %", of.credit_percent)),
        ("outages", format!("{}, of which {counted} count", of.outages.len())),
        ("exclusions", format!("{} entries, {} left out", of.exclusions.len(), span(excluded))),
        ("terms and methods", format!("{} versions of checks", of.checks.len())),
    ]
    .map(|(what, figure)| (what.to_owned(), figure))
    .into();
    let mut more = |what: String, figure: String| all.push((what, figure));
    of.objective_percent.iter().for_each(|objective| more("promised".to_owned(), format!("{objective} %")));
    if let Some(rate) = &of.error_rate {
        let measured = rate.measured_percent.as_ref().map_or("not measured".to_owned(), |rate| format!("{rate} %"));
        more("error rate".to_owned(), format!("{measured}, promised {} %", rate.objective_percent));
    }
    for line in &of.exclusions {
        let refused = if line.refused.is_empty() { String::new() } else { format!(": {}", line.refused.join("; ")) };
        let what = format!("{} of {}", line.class, moments.second(line.start_ms));
        more(what, format!("{} left out{refused}", span(line.excluded_ms)));
    }
    for line in &of.latency {
        let region = line.region.as_deref().unwrap_or("all");
        more(format!("latency, percentile {} of {region}", line.percentile), latency(line.value_us));
    }
    for line in &of.support {
        more(format!("{} of {}{BY_PLAN}{}", line.promise, line.incident, line.plan), line.kept.clone());
    }
    for line in &of.customers {
        more(format!("{CREDIT_OF}{}", line.customer), line.credit.clone());
    }
    for rule in &of.rules {
        more(format!("rule on {}", rule.about), rule.says.clone());
    }
    all
}

/// The figures that differ, those that are gone last.
fn differences(before: &[(String, String)], now: &[(String, String)]) -> Vec<[String; 3]> {
    let all_of = |what: &str, of: &[(String, String)]| {
        let same: Vec<&str> = of.iter().filter(|(name, _)| name == what).map(|(_, figure)| figure.as_str()).collect();
        if same.is_empty() { NOTHING.to_owned() } else { same.join("; ") }
    };
    let mut out: Vec<[String; 3]> = Vec::new();
    for (what, _) in now.iter().chain(before) {
        let line = [what.clone(), all_of(what, before), all_of(what, now)];
        if line[1] != line[2] && !out.contains(&line) {
            out.push(line);
        }
    }
    out
}

/// The names of the parts of the data model that differ.
fn parts_that_differ(a: &Document, b: &Document) -> Vec<String> {
    let parts = |document: &Document| serde_json::to_value(says(document, b.format)).unwrap_or_default();
    let (a, b) = (parts(a), parts(b));
    let keys = a.as_object().into_iter().flat_map(serde_json::Map::keys);
    keys.filter(|key| a.get(key) != b.get(key)).cloned().collect()
}

#[cfg(test)]
mod tests;

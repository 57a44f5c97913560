//! What changed from one revision of a report to the next.
//!
//! Compared are figures, times, names and what people wrote, never the sentences of this program: they follow from
//! these and from the terms, which are settled when a window ends, so that other words for the same make no revision.

use std::collections::{BTreeMap, BTreeSet};

use quorate_proto::api::SpreadText;

use crate::document::{Change, Document, IncidentLine};
use crate::moment::{Moments, latency, span};

/// What stands where a revision has no such figure.
const NOTHING: &str = "-";

/// The name of a line that tells which parts of the data model differ, where no figure does.
pub(crate) const DETAILS_OF: &str = "details of";

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
        let [new, old] = [&now, earlier].map(|document| says(document, earlier.format).incidents);
        let incidents_changed = ids_without(&new, &old, |now, same_id| !same_id.contains(&now));
        let incidents_gone = ids_without(&old, &new, |_, same_id| same_id.is_empty());
        if figures.is_empty()
            && incidents_changed.is_empty()
            && incidents_gone.is_empty()
            && !now.says_the_same_as(earlier)
        {
            figures.push([DETAILS_OF.to_owned(), NOTHING.to_owned(), parts_that_differ(&now, earlier).join(", ")]);
        }
        self.change = Some(Change { since_revision: earlier.revision, figures, incidents_changed, incidents_gone });
        self
    }
}

/// The ids of those for which `told` holds of them and the others of the same id.
fn ids_without(
    of: &[IncidentLine],
    others: &[IncidentLine],
    told: impl Fn(&IncidentLine, &[&IncidentLine]) -> bool,
) -> Vec<String> {
    let mut by_id: BTreeMap<&str, Vec<&IncidentLine>> = BTreeMap::new();
    for other in others {
        by_id.entry(&other.id).or_default().push(other);
    }
    let same_id = |line: &IncidentLine| by_id.get(line.id.as_str()).map_or(&[][..], Vec::as_slice);
    of.iter().filter(|line| told(line, same_id(line))).map(|line| line.id.clone()).collect()
}

/// The report without what differs from printing to printing and without the sentences of the program that made it.
fn says(document: &Document, format: u32) -> Document {
    let mut says = Document {
        state: String::new(),
        revision: 0,
        made_at_ms: 0,
        input_hash: String::new(),
        change: None,
        ..document.clone().in_format(format)
    };
    // The terms and the policies of a window are those of its time.
    says.rules.clear();
    says.checks.iter_mut().for_each(|line| line.quorum.clear());
    // How a credit came about follows from the uptime, the downtime and the fee.
    says.credit_steps.clear();
    says.customers.iter_mut().for_each(|line| line.steps.clear());
    // That there is a reason is compared, and how many there are; which it is follows from the times beside it.
    says.outages.iter_mut().filter_map(|line| line.not_counted.as_mut()).for_each(String::clear);
    says.exclusions.iter_mut().flat_map(|line| &mut line.refused).for_each(String::clear);
    // An incident that lasts grows with every sample, also long after the window.
    for line in says.incidents.iter_mut().filter(|line| line.end_ms.is_none()) {
        (line.billed_ms, line.support, line.end_bounds_ms) = (0, 0, [0, 0]);
    }
    let end_ms = says.period.end_ms;
    says.outages.iter_mut().for_each(|line| line.end_ms = line.end_ms.min(end_ms));
    says
}

/// A figure with its name.
struct Figure {
    name: String,
    says: String,
    /// Sentences that are told with it. How many there are is compared, their words are not.
    reasons: Vec<String>,
}

impl Figure {
    fn new(name: impl Into<String>, says: impl Into<String>) -> Self {
        Self { name: name.into(), says: says.into(), reasons: Vec::new() }
    }

    fn compared(&self) -> (&str, usize) {
        (&self.says, self.reasons.len())
    }

    fn told(&self) -> String {
        if self.reasons.is_empty() { self.says.clone() } else { format!("{}: {}", self.says, self.reasons.join("; ")) }
    }
}

/// Figures by name, in the order they are told.
fn figures(of: &Document) -> Vec<Figure> {
    let moments = Moments::new(&of.timezone);
    let uptime = match &of.uptime_percent {
        Some(SpreadText { low, point, high }) => format!("{point} % ({low} to {high})"),
        None => "not measured".to_owned(),
    };
    let excluded = of.exclusions.iter().fold(0i64, |sum, line| sum.saturating_add(line.excluded_ms));
    let counted = of.outages.iter().filter(|outage| outage.not_counted.is_none()).count();
    let mut all: Vec<Figure> = [
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
    .map(|(name, says)| Figure::new(name, says))
    .into();
    let mut more = |name: String, says: String| all.push(Figure::new(name, says));
    of.objective_percent.iter().for_each(|objective| more("promised".to_owned(), format!("{objective} %")));
    if let Some(rate) = &of.error_rate {
        let measured = rate.measured_percent.as_ref().map_or("not measured".to_owned(), |rate| format!("{rate} %"));
        more("error rate".to_owned(), format!("{measured}, promised {} %", rate.objective_percent));
    }
    for line in &of.exclusions {
        let name = format!("{} of {}", line.class, moments.second(line.start_ms));
        let says = format!("{} left out", span(line.excluded_ms));
        all.push(Figure { reasons: line.refused.clone(), ..Figure::new(name, says) });
    }
    let mut more = |name: String, says: String| all.push(Figure::new(name, says));
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
    all
}

/// The figures that differ, those that are gone last. Those of one name are told together.
fn differences(before: &[Figure], now: &[Figure]) -> Vec<[String; 3]> {
    let (before_by_name, now_by_name) = (by_name(before), by_name(now));
    let mut seen = BTreeSet::new();
    let names = now.iter().chain(before).map(|figure| figure.name.as_str()).filter(|name| seen.insert(*name));
    let line = |name: &str| {
        let [before, now] =
            [&before_by_name, &now_by_name].map(|figures| figures.get(name).map_or(&[][..], Vec::as_slice));
        let alike = before.iter().map(|figure| figure.compared()).eq(now.iter().map(|figure| figure.compared()));
        (!alike).then(|| [name.to_owned(), told(before), told(now)])
    };
    names.filter_map(line).collect()
}

fn told(figures: &[&Figure]) -> String {
    let all: Vec<String> = figures.iter().map(|figure| figure.told()).collect();
    if all.is_empty() { NOTHING.to_owned() } else { all.join("; ") }
}

fn by_name(of: &[Figure]) -> BTreeMap<&str, Vec<&Figure>> {
    let mut by_name: BTreeMap<&str, Vec<&Figure>> = BTreeMap::new();
    for figure in of {
        by_name.entry(&figure.name).or_default().push(figure);
    }
    by_name
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

//! What the formats for people say in the same words.

use quorate_collector_sla::interval::{Interval, IntervalSet};

use crate::document::{CheckLine, Day, Document, ExclusionLine, IncidentLine, Stretch};
use crate::moment::{Moments, length, span};

/// The most stretches of unknown time that are listed for people; a service that is watched badly has thousands.
pub(crate) const MAX_UNKNOWN: usize = 50;

impl Document {
    /// The days with any time that was not up.
    pub(crate) fn days_not_up(&self) -> Vec<&Day> {
        self.days.iter().filter(|day| day.ledger.up_ms != day.ledger.total_ms).collect()
    }

    /// What is left of the days, as a sentence; nothing where no day is left.
    pub(crate) fn other_days(&self) -> Option<String> {
        match (self.days.len() - self.days_not_up().len(), self.days.len()) {
            (0, _) => None,
            (up, all) if up == all => Some("Every day was up from its start to its end.".to_owned()),
            (1, _) => Some("The other day was up from its start to its end.".to_owned()),
            (up, _) => Some(format!("The other {up} days were up from their start to their end.")),
        }
    }

    /// How much is left out without an exclusion, as a sentence; nothing where that is none. Where an exclusion leaves out
    /// a part of the time it names, the rest of that time is not in the sum.
    pub(crate) fn outside(&self) -> Option<String> {
        let stretches = self.stretches.iter().filter(|stretch| stretch.state == "excluded");
        let left_out: IntervalSet =
            stretches.filter_map(|stretch| Interval::from_millis(stretch.start_ms, stretch.end_ms)).collect();
        let exclusions = self.exclusions.iter().filter(|line| line.excluded_ms > 0);
        let by_exclusions: IntervalSet =
            exclusions.filter_map(|line| Interval::from_millis(line.start_ms, line.end_ms)).collect();
        let outside = left_out.subtract(&by_exclusions);
        let sum = span(outside.length().get());
        let told = format!("Left out without an exclusion, outside service hours or before the service began: {sum}.");
        (!outside.is_empty()).then_some(told)
    }

    /// The longest stretches of unknown time, in order of time, and a sentence on those that are not among them.
    pub(crate) fn unknown_stretches(&self) -> (Vec<&Stretch>, Option<String>) {
        let length = |stretch: &Stretch| length(stretch.start_ms, stretch.end_ms);
        let mut all: Vec<&Stretch> = self.stretches.iter().filter(|stretch| stretch.state == "unknown").collect();
        all.sort_by_key(|stretch| std::cmp::Reverse(length(stretch)));
        let rest = all.split_off(all.len().min(MAX_UNKNOWN));
        all.sort_by_key(|stretch| stretch.start_ms);
        let (count, sum) = (rest.len(), rest.iter().map(|stretch| length(stretch)).fold(0, i64::saturating_add));
        let told = format!("{count} shorter stretches, {} in all, are in the CSV and the JSON.", span(sum));
        (all, (count > 0).then_some(told))
    }
}

/// A moment with its bounds as distances.
fn bounded(at: i64, [low, high]: [i64; 2], moments: &Moments) -> String {
    format!("{} (-{} +{})", moments.second(at), span(length(low, at)), span(length(at, high)))
}

/// When an incident started.
pub(crate) fn start(line: &IncidentLine, moments: &Moments) -> String {
    bounded(line.start_ms, line.start_bounds_ms, moments)
}

/// When it ended.
pub(crate) fn end(line: &IncidentLine, moments: &Moments) -> String {
    match line.end_ms {
        Some(end) => bounded(end, line.end_bounds_ms, moments),
        None => format!("open (last seen {})", moments.second(line.end_bounds_ms[0])),
    }
}

/// What was seen in it, most often first.
pub(crate) fn failures(line: &IncidentLine) -> String {
    let seen: Vec<String> = line.failures.iter().map(|seen| format!("{} x {}", seen.times, seen.what)).collect();
    seen.join(", ")
}

/// What people did about it.
pub(crate) fn handled(line: &IncidentLine, moments: &Moments) -> Vec<String> {
    let at = |what: &str, ms: Option<i64>| ms.map(|ms| format!("{what} {}", moments.second(ms)));
    let mut all = Vec::new();
    all.extend(line.severity.as_ref().map(|severity| format!("severity {severity}")));
    all.extend(at("acknowledged", line.acknowledged_at_ms));
    all.extend(at("resolved", line.resolved_at_ms));
    all.extend(line.postmortem.as_ref().map(|place| format!("see {place}")));
    all
}

/// What exclusions leave out of it.
pub(crate) fn left_out(line: &IncidentLine, moments: &Moments) -> Vec<String> {
    let one = |applied: &crate::document::AppliedExclusion| {
        let [start, end] = [applied.start_ms, applied.end_ms].map(|at| moments.second(at));
        format!("{} by {}, {start} to {end}", span(applied.excluded_ms), applied.class)
    };
    line.exclusions.iter().map(one).collect()
}

/// Who asked for an exclusion, when, and where it can be looked up.
pub(crate) fn entered(line: &ExclusionLine, moments: &Moments) -> Vec<String> {
    let at = |what: &str, ms: Option<i64>| ms.map(|ms| format!("{what} {}", moments.second(ms)));
    let entered = match (&line.author, line.recorded_at_ms) {
        (Some(author), Some(ms)) => Some(format!("entered by {author}, {}", moments.second(ms))),
        (Some(author), None) => Some(format!("entered by {author}")),
        (None, recorded) => at("entered", recorded),
    };
    let mut all = Vec::new();
    all.extend(at("announced", line.announced_at_ms));
    all.extend(entered);
    all.extend(line.approver.as_ref().map(|who| format!("approved by {who}")));
    all.extend(at("ended", line.actual_end_ms));
    all.extend(line.evidence.iter().map(|place| format!("see {place}")));
    all
}

/// When a check is down.
pub(crate) fn quorum(line: &CheckLine) -> String {
    let (regions, providers) = (line.min_regions, line.min_providers);
    format!("{}, of at least {regions} voting, across at least {providers} providers", line.quorum)
}

/// Who votes on it.
pub(crate) fn voters(line: &CheckLine) -> String {
    let voter = |voter: &crate::document::Voter| match voter.weight {
        Some(weight) => format!("{} ({}, weight {weight})", voter.region, voter.provider),
        None => format!("{} ({})", voter.region, voter.provider),
    };
    line.voters.iter().map(voter).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;

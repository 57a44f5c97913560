//! From the agents' votes to stretches of one finding each (CONSENSUS section 5, step 3).

use alloc::vec::Vec;

use quorate_model::State;

use crate::quorum::{Finding, Regions, Rules, Tally};
use crate::timeline::{Change, Timeline, Vote};

/// A half-open stretch of time with one finding. Milliseconds on the collector's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) finding: Finding,
}

/// Sweeps `[from, to)` over the agents' votes. The stretches cover it without holes, no two neighbours equal.
pub(crate) fn sweep(timelines: &[Timeline], rules: &Rules, regions: &Regions, from: i64, to: i64) -> Vec<Stretch> {
    let mut out: Vec<Stretch> = Vec::new();
    if from >= to {
        return out;
    }
    let mut tallies = alloc::vec![Tally::default(); regions.len()];
    let mut votes: Vec<Vote> = Vec::with_capacity(timelines.len());
    let mut pending: Vec<(i64, usize, Vote)> = Vec::new();
    for (agent, timeline) in timelines.iter().enumerate() {
        let vote = timeline.vote_at(from);
        if let Some((region, votes)) = vote
            && let Some(tally) = tallies.get_mut(usize::from(region))
        {
            tally.add(votes);
        }
        votes.push(vote);
        let first = timeline.changes.partition_point(|change| change.at <= from);
        let inside = timeline.changes.iter().skip(first).take_while(|change| change.at < to);
        pending.extend(inside.map(|Change { at, vote }| (*at, agent, *vote)));
    }
    // A rule that comes into effect splits the sweep: no agent has this number, so nothing else changes.
    let starts = rules.starts().filter(|at| from < *at && *at < to);
    pending.extend(starts.map(|at| (at, usize::MAX, None)));
    pending.sort_unstable_by_key(|(at, agent, _)| (*at, *agent));

    let mut start = from;
    let mut finding = rules.at(from).judge(&tallies);
    for together in pending.chunk_by(|a, b| a.0 == b.0) {
        for (_, agent, vote) in together {
            let Some(slot) = votes.get_mut(*agent) else { continue };
            let old = core::mem::replace(slot, *vote);
            if let Some((region, votes)) = old
                && let Some(tally) = tallies.get_mut(usize::from(region))
            {
                tally.remove(votes);
            }
            if let Some((region, votes)) = *vote
                && let Some(tally) = tallies.get_mut(usize::from(region))
            {
                tally.add(votes);
            }
        }
        let Some((at, _, _)) = together.first() else { continue };
        let next = rules.at(*at).judge(&tallies);
        if next != finding {
            out.push(Stretch { start, end: *at, finding: core::mem::replace(&mut finding, next) });
            start = *at;
        }
    }
    out.push(Stretch { start, end: to, finding });
    out
}

/// Whether stretches keep what every sweep has to: they are `[from, to)` without holes, no two neighbours say the same
/// (invariant 5), and what is down for certain is down, and what is down may be down (invariant 3).
pub(crate) fn is_sound(stretches: &[Stretch], from: i64, to: i64) -> bool {
    let is_down = |state: State| state == State::Down;
    let mut next = from;
    let mut before: Option<&Finding> = None;
    for Stretch { start, end, finding } in stretches {
        let nested =
            (!is_down(finding.low) || is_down(finding.state)) && (!is_down(finding.state) || is_down(finding.high));
        if *start != next || start >= end || before == Some(finding) || !nested {
            return false;
        }
        (next, before) = (*end, Some(finding));
    }
    next == to.max(from)
}

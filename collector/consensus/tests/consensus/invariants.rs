//! The numbered invariants of the verdict (the table is in the crate's README). Each is a property of random worlds;
//! how many of them are tried follows `PROPTEST_CASES`.
//!
//! Invariant 4 is in `engine.rs`, as it is about the incremental engine; 18, 19 and 24 are those of reports.

mod added;
mod renamed;
mod set;
mod truth;

use std::collections::BTreeMap;

use proptest::prelude::*;
use quorate_collector_consensus::{Verdict, judge};
use quorate_model::{
    AgentId, Boot, CheckVersion, Incident, IncidentId, LateOk, Outcome, PolicyHistory, ProviderId, References,
    RegionId, Sample, Segment, Seq, State,
};

use crate::random::{TO, World};
use crate::world::time;

/// The verdict on everything of a world.
fn verdict(samples: &[Sample], history: &PolicyHistory) -> Verdict {
    judge(samples, history, World::window(), time(TO))
}

/// The samples with an identity for each of them, in the order in which they were taken.
fn with_own_identities(samples: &[Sample]) -> Vec<Sample> {
    let mut next: BTreeMap<AgentId, u64> = BTreeMap::new();
    let mut samples = samples.to_vec();
    for sample in &mut samples {
        let seq = next.entry(sample.id.agent.clone()).or_insert(0);
        *seq += 1;
        (sample.id.boot, sample.id.seq) = (Boot::new(1), Seq::new(*seq));
    }
    samples
}

/// The samples where one touches nothing but its own agent's neighbourhood: each agent stays in one region under one
/// version of the check, begins no probe before the one before it has ended, every identity came once, and no sample is
/// a witness of references.
fn with_agents_apart(samples: &[Sample]) -> Vec<Sample> {
    let mut homes: BTreeMap<AgentId, (RegionId, ProviderId)> = BTreeMap::new();
    let mut samples = with_own_identities(samples);
    for sample in &mut samples {
        let home = homes.entry(sample.id.agent.clone()).or_insert((sample.region.clone(), sample.provider.clone()));
        (sample.region, sample.provider) = home.clone();
        sample.references = References::counts(3, 3).expect("3 of 3");
        sample.check_version = CheckVersion::new(1);
    }
    samples.sort_by_key(|s| (s.id.agent.clone(), s.start_corrected(), s.end_corrected(), s.id.seq));
    let next_starts: Vec<_> =
        samples.iter().skip(1).map(|next| (next.id.agent.clone(), next.start_corrected())).collect();
    for (sample, (agent, next)) in samples.iter_mut().zip(next_starts) {
        if sample.id.agent == agent && sample.end_corrected() > next {
            sample.end = sample.start + (next - sample.start_corrected());
        }
    }
    samples
}

/// Whether a sample whose references are fine says something of the target.
fn votes(sample: &Sample, history: &PolicyHistory) -> bool {
    let known = sample.clock.error.get() * 2 <= sample.interval.get();
    let late_ok = history.at(sample.start_corrected()).late_ok;
    let believed = sample.health.get() < 4 && sample.lag.get() * 4 <= sample.timeout.get();
    known
        && match (sample.outcome, late_ok) {
            (Outcome::Local, _) => false,
            (Outcome::Ok | Outcome::Slow, _) | (Outcome::LateOk, LateOk::Good) => true,
            (Outcome::Fail, _) | (Outcome::LateOk, LateOk::Bad) => believed,
        }
}

/// The samples of one agent in the order of time.
fn line_of<'a>(samples: &'a [Sample], agent: &AgentId) -> Vec<&'a Sample> {
    let mut line: Vec<&Sample> = samples.iter().filter(|sample| sample.id.agent == *agent).collect();
    line.sort_by_key(|s| (s.start_corrected(), s.end_corrected(), s.id.boot, s.id.seq));
    line
}

/// Two partitions of one window, cut at the edges of both: start, end, what the one says and what the other says.
fn side_by_side<'a>(left: &'a [Segment], right: &'a [Segment]) -> Vec<(i64, i64, &'a Segment, &'a Segment)> {
    let mut out = vec![];
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(a), Some(b)) = (left.peek().copied(), right.peek().copied()) {
        out.push((a.start.max(b.start).as_millis(), a.end.min(b.end).as_millis(), a, b));
        let end = a.end.min(b.end);
        left.next_if(|segment| segment.end == end);
        right.next_if(|segment| segment.end == end);
    }
    out
}

fn is_down(state: State) -> bool {
    state == State::Down
}

fn says(segment: &Segment) -> (State, State, State, &[RegionId]) {
    (segment.state_low, segment.state, segment.state_high, &segment.regions_bad)
}

/// Two verdicts agree wherever they are asked but in `[from, to)`.
fn agree_outside(left: &Verdict, right: &Verdict, from: i64, to: i64) -> Result<(), TestCaseError> {
    for (start, end, a, b) in side_by_side(&left.segments, &right.segments) {
        if start < from || end > to {
            prop_assert_eq!(says(a), says(b), "at {}..{}, outside {}..{}", start, end, from, to);
        }
    }
    Ok(())
}

fn without_ids(incidents: &[Incident]) -> Vec<Incident> {
    incidents.iter().map(|incident| Incident { id: IncidentId::new("any"), ..incident.clone() }).collect()
}

/// A verdict without the incidents' names, which hold a time of day.
fn without_names(verdict: Verdict) -> Verdict {
    Verdict { incidents: without_ids(&verdict.incidents), ..verdict }
}

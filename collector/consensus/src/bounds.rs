//! When an incident started and ended: by the best estimate, and between which moments for certain (CONSENSUS section
//! 5, step 6).
//!
//! The spans of the supporters give the estimate and the bounds. The sweep's own passes keep both honest: a point never
//! leaves what may have been down, never cuts what was down for certain, and a bound reaches through time in which too
//! few voted, as nothing is known of it.

use alloc::vec::Vec;

use quorate_model::State;

use crate::incident::{Run, Scene, Supporter};
use crate::marzullo::agreement;
use crate::quorum::Rule;
use crate::sweep::Stretch;
use crate::timeline::Votes;

/// A start or an end with its bounds; `earliest <= point <= latest` but for an end cut short by the next incident.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) point: i64,
    pub(crate) earliest: i64,
    pub(crate) latest: i64,
}

/// The start of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) edge: Edge,
    /// Nothing bounds it from below.
    pub(crate) from_nowhere: bool,
}

/// The start of a run; not before `previous_end`, where the incident before ended.
pub(crate) fn start(scene: &Scene<'_>, run: &Run, supporters: &[Supporter], previous_end: i64) -> Start {
    let before = scene.stretches.get(..run.stretches.start).unwrap_or_default();
    let (possible, unknown) = reach(before.iter().rev(), run.start, |stretch| stretch.start);
    let certain = certain(scene, run).map_or(i64::MAX, |(from, _)| from);
    // What a supporter saw before the target can have been down at all says nothing of this run.
    let turns: Vec<(i64, i64)> =
        supporters.iter().map(|s| (s.turned_bad.0.max(unknown), s.turned_bad.1.max(unknown))).collect();
    let rule = scene.rules.at(run.start);
    let voting = voting_agents(scene, run.start, supporters);
    let (from, by) =
        (crossing(rule, &voting, supporters, &turns, |t| t.0), crossing(rule, &voting, supporters, &turns, |t| t.1));

    let earliest = from.unwrap_or(unknown).max(unknown).min(run.start);
    let latest = by.unwrap_or(run.start).min(certain).max(run.start);
    let least = earliest.max(possible).max(previous_end).min(run.start);
    let most = latest.min(certain).min(run.end);
    // Whoever was bad before the target can have been down knows nothing of when that was.
    let witnesses: Vec<(i64, i64)> = supporters
        .iter()
        .zip(&turns)
        .filter(|(supporter, _)| supporter.turned_bad.1 >= unknown)
        .map(|(_, turn)| *turn)
        .collect();
    let point = agreement(&witnesses, supporters.len()).unwrap_or(run.start).clamp(least, most);
    Start { edge: Edge { point, earliest, latest }, from_nowhere: earliest == i64::MIN }
}

/// The end of a run; not before `floor`, where the run started, nor after `next_start`, where the next one does.
pub(crate) fn end(scene: &Scene<'_>, run: &Run, supporters: &[Supporter], floor: i64, next_start: i64) -> Edge {
    let final_moment = run.end.saturating_sub(1).max(run.start);
    let after = scene.stretches.get(run.stretches.end..).unwrap_or_default();
    let (possible, unknown) = reach(after.iter(), run.end, |stretch| stretch.end);
    let certain = certain(scene, run).map_or(i64::MIN, |(_, to)| to);
    let turns: Vec<(i64, i64)> =
        supporters.iter().map(|s| (s.turned_good.0.min(unknown), s.turned_good.1.min(unknown))).collect();
    // Seen from the end backwards, the ends are starts.
    let mirrored = |at: i64| at.checked_neg().unwrap_or(i64::MAX);
    let rule = scene.rules.at(final_moment);
    let voting = voting_agents(scene, final_moment, supporters);
    let from = crossing(rule, &voting, supporters, &turns, |t| mirrored(t.0)).map(mirrored);
    let by = crossing(rule, &voting, supporters, &turns, |t| mirrored(t.1)).map(mirrored);

    let latest = by.unwrap_or(run.end).max(run.end);
    let earliest = from.unwrap_or(run.end).max(certain).min(run.end);
    let most = latest.min(possible).min(next_start).max(run.end);
    let least = earliest.max(certain).max(floor).min(most);
    // Whoever was still bad when the target cannot have been down any more knows nothing of when it was well again.
    let witnesses: Vec<(i64, i64)> = supporters
        .iter()
        .zip(&turns)
        .filter(|(supporter, _)| supporter.turned_good.0 <= unknown)
        .map(|(_, turn)| *turn)
        .collect();
    let point = agreement(&witnesses, supporters.len()).unwrap_or(run.end).clamp(least, most);
    Edge { point, earliest, latest }
}

/// From where to where the evidence for some runs can lie: as far as the target may have been down or nothing is known.
pub(crate) fn surroundings(stretches: &[Stretch], runs: &[Run]) -> (i64, i64) {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return (i64::MIN, i64::MAX) };
    let before = stretches.get(..first.stretches.start).unwrap_or_default();
    let after = stretches.get(last.stretches.end..).unwrap_or_default();
    let (_, from) = reach(before.iter().rev(), first.start, |stretch| stretch.start);
    let (_, to) = reach(after.iter(), last.end, |stretch| stretch.end);
    (from, to)
}

/// How many agents of each region vote at a moment or support the run.
fn voting_agents(scene: &Scene<'_>, at: i64, supporters: &[Supporter]) -> Vec<u32> {
    let add = |counts: &mut Vec<u32>, region: u16| {
        if let Some(count) = counts.get_mut(usize::from(region)) {
            *count += 1;
        }
    };
    let none = alloc::vec![0u32; scene.regions.len()];
    let (mut good, mut bad, mut backing) = (none.clone(), none.clone(), none);
    for (region, votes) in scene.timelines.iter().filter_map(|timeline| timeline.vote_at(at)) {
        add(if votes.has(Votes::BAD_MID) { &mut bad } else { &mut good }, region);
    }
    for supporter in supporters {
        add(&mut backing, supporter.region);
    }
    // Those bad at this moment are supporters too, and count once.
    good.iter().zip(bad.iter().zip(&backing)).map(|(good, (bad, backing))| good + (*bad).max(*backing)).collect()
}

/// The first moment by which the regions that turned bad are a quorum across enough providers.
fn crossing(
    rule: &Rule,
    voters: &[u32],
    supporters: &[Supporter],
    turns: &[(i64, i64)],
    edge: impl Fn(&(i64, i64)) -> i64,
) -> Option<i64> {
    let mut turns: Vec<(i64, u16)> = turns.iter().map(edge).zip(supporters.iter().map(|s| s.region)).collect();
    turns.sort_unstable();
    let mut bad = alloc::vec![0u32; voters.len()];
    for together in turns.chunk_by(|a, b| a.0 == b.0) {
        for (_, region) in together {
            if let Some(bad) = bad.get_mut(usize::from(*region)) {
                *bad += 1;
            }
        }
        let of = |counts: &[u32], region: u16| counts.get(usize::from(region)).copied().unwrap_or(0);
        let has_vote = |region: u16| of(voters, region) > 0;
        if rule.is_down(has_vote, |region| of(&bad, region) * 2 > of(voters, region)) {
            return together.first().map(|(at, _)| *at);
        }
    }
    None
}

/// How far from `edge` the target may have been down, and how far if nothing is known of unknown time.
fn reach<'a>(stretches: impl Iterator<Item = &'a Stretch>, edge: i64, far_end: impl Fn(&Stretch) -> i64) -> (i64, i64) {
    let (mut possible, mut unknown) = (edge, edge);
    let mut known = true;
    for stretch in stretches {
        match stretch.finding.high {
            State::Down => {}
            State::Unknown => known = false,
            _ => break,
        }
        unknown = far_end(stretch);
        if known {
            possible = unknown;
        }
    }
    (possible, unknown)
}

/// The first and last moment of the run that were down for certain.
fn certain(scene: &Scene<'_>, run: &Run) -> Option<(i64, i64)> {
    let stretches = scene.stretches.get(run.stretches.clone())?;
    let is_certain = |stretch: &&Stretch| stretch.finding.low == State::Down;
    let first = stretches.iter().find(is_certain)?;
    let last = stretches.iter().rfind(is_certain)?;
    Some((first.start, last.end))
}

//! Runs of DOWN, who supports them, and the incidents they make (CONSENSUS section 5, steps 4 to 7).

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;

use quorate_model::{Bounds, CheckId, CollectorTime, Incident, IncidentClass, Millis, PolicyHistory, RegionId, State};

use crate::bounds::{self, Edge};
use crate::evidence::Point;
use crate::name;
use crate::quorum::{Regions, Rules};
use crate::sweep::Stretch;
use crate::timeline::{Timeline, Vote, Votes};

/// Everything incidents are read from.
pub(crate) struct Scene<'a> {
    pub(crate) check: &'a CheckId,
    pub(crate) history: &'a PolicyHistory,
    pub(crate) rules: &'a Rules,
    pub(crate) regions: &'a Regions,
    pub(crate) points: &'a [Vec<Point>],
    pub(crate) timelines: &'a [Timeline],
    /// Covers the time up to `now`.
    pub(crate) stretches: &'a [Stretch],
    /// The last moment known.
    pub(crate) now: i64,
}

/// A maximal run of DOWN by the best estimate.
pub(crate) struct Run {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Its stretches.
    pub(crate) stretches: Range<usize>,
    /// The bad regions in it.
    regions: BTreeSet<u16>,
    /// The most bad regions needed in it.
    need: u16,
}

/// What an agent says in support of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Supporter {
    pub(crate) region: u16,
    /// Between which moments it turned bad, for its first bad run in the run.
    pub(crate) turned_bad: (i64, i64),
    /// Between which moments it turned good, for its last.
    pub(crate) turned_good: (i64, i64),
    bad_samples: u32,
    bad_runs: u32,
}

/// An incident with the raw runs it was made of.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) incident: Incident,
    pub(crate) raw: Vec<(i64, i64)>,
    /// Nothing is known before it, so that only the window bounds its start.
    from_nowhere: bool,
}

impl Found {
    /// The end of its last run by the best estimate.
    pub(crate) fn ends(&self) -> CollectorTime {
        self.incident.runs.last().map_or(self.incident.start, |run| run.1)
    }

    /// The incident as it is told of a window that begins at `from`.
    pub(crate) fn told(&self, from: i64) -> Incident {
        let mut incident = self.incident.clone();
        if let Some((start, _)) = self.raw.first()
            && self.from_nowhere
        {
            let floor = CollectorTime::from_millis(from.min(*start));
            incident.start_bounds.earliest = floor;
        }
        incident
    }
}

/// All incidents, in order of time.
pub(crate) fn incidents(scene: &Scene<'_>) -> Vec<Found> {
    let mut out: Vec<Found> = Vec::new();
    let runs = runs(scene.stretches);
    for Group { members, next_start } in groups(&runs, scene.history, scene.stretches) {
        let found = incident(scene, members, out.last(), next_start);
        out.extend(found);
    }
    out
}

/// The runs of one incident.
pub(crate) struct Group<'a> {
    pub(crate) members: &'a [Run],
    /// When the next incident's first run starts; `i64::MAX` where there is none.
    pub(crate) next_start: i64,
}

/// Splits runs into incidents.
pub(crate) fn groups<'a>(runs: &'a [Run], history: &PolicyHistory, stretches: &[Stretch]) -> Vec<Group<'a>> {
    let split: Vec<&[Run]> = runs.chunk_by(|before, after| joins(history, stretches, before, after)).collect();
    let starts = split.iter().skip(1).filter_map(|members| members.first()).map(|run| run.start);
    let next_starts = starts.chain(core::iter::once(i64::MAX));
    split.iter().zip(next_starts).map(|(members, next_start)| Group { members, next_start }).collect()
}

/// The maximal runs of DOWN.
pub(crate) fn runs(stretches: &[Stretch]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, stretch) in stretches.iter().enumerate() {
        if stretch.finding.state != State::Down {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.end == stretch.start => {
                run.end = stretch.end;
                run.stretches.end = at + 1;
                run.regions.extend(&stretch.finding.bad);
                run.need = run.need.max(stretch.finding.need);
            }
            _ => runs.push(Run {
                start: stretch.start,
                end: stretch.end,
                stretches: at..at + 1,
                regions: stretch.finding.bad.iter().copied().collect(),
                need: stretch.finding.need,
            }),
        }
    }
    runs
}

/// Two runs are one incident if the gap is short, or if it holds no moment in which enough regions were good.
fn joins(history: &PolicyHistory, stretches: &[Stretch], before: &Run, after: &Run) -> bool {
    let policy = history.at(CollectorTime::from_millis(before.end));
    after.start.saturating_sub(before.end) < policy.merge_gap.get()
        || !recovers(stretches, before.stretches.end..after.stretches.start)
}

fn recovers(stretches: &[Stretch], between: Range<usize>) -> bool {
    stretches.get(between).is_some_and(|gap| gap.iter().any(|stretch| stretch.finding.recovered))
}

/// An incident goes on after its last run until enough regions are good, however long later that is.
pub(crate) fn is_open(stretches: &[Stretch], last: &Run, now: i64) -> bool {
    last.end >= now || !recovers(stretches, last.stretches.end..stretches.len())
}

/// The incident some runs make, after the one before.
pub(crate) fn incident(scene: &Scene<'_>, runs: &[Run], previous: Option<&Found>, next_start: i64) -> Option<Found> {
    let (first, last) = (runs.first()?, runs.last()?);
    let backing: Vec<Vec<Supporter>> = runs.iter().map(|run| supporters(scene, run)).collect();
    let support_of = |supporters: &Vec<Supporter>| {
        supporters.iter().fold(0u32, |sum, s| sum.saturating_add(s.bad_samples).saturating_add(s.bad_runs))
    };
    let is_outage = runs.iter().zip(&backing).any(|(run, supporters)| {
        let active = scene.history.at(CollectorTime::from_millis(run.start)).confirm.is_active();
        let wanted = if active { u32::from(run.need) * 2 + 1 } else { u32::from(run.need) + 1 };
        support_of(supporters) >= wanted
    });

    let previous_end = previous.map_or(i64::MIN, |found| found.ends().as_millis());
    let start = bounds::start(scene, first, backing.first()?, previous_end);
    let open = is_open(scene.stretches, last, scene.now);
    let floor = if runs.len() == 1 { start.edge.point } else { last.start };
    let end = bounds::end(scene, last, backing.last()?, floor, next_start);

    let count = runs.len();
    let points: Vec<(i64, i64)> = runs
        .iter()
        .enumerate()
        .map(|(at, run)| {
            let from = if at == 0 { start.edge.point } else { run.start };
            let to = if at + 1 == count { end.point } else { run.end };
            (from, to)
        })
        .collect();
    let billed = if is_outage { points.iter().map(|(from, to)| to.saturating_sub(*from)).sum() } else { 0i64 };
    let regions: BTreeSet<u16> = runs.iter().flat_map(|run| &run.regions).copied().collect();
    let time = CollectorTime::from_millis;
    let bounds = |edge: Edge| Bounds { earliest: time(edge.earliest), latest: time(edge.latest) };
    let mut end_bounds = bounds(end);
    if open {
        end_bounds.latest = time(scene.now);
    }
    Some(Found {
        incident: Incident {
            id: name::incident(scene.check, time(start.edge.point), previous.map(|found| &found.incident.id)),
            check: scene.check.clone(),
            start: time(start.edge.point),
            end: (!open).then(|| time(end.point)),
            start_bounds: bounds(start.edge),
            end_bounds,
            class: if is_outage { IncidentClass::Outage } else { IncidentClass::Blip },
            billed: Millis::new(billed),
            runs: points.iter().map(|(from, to)| (time(*from), time(*to))).collect(),
            regions: regions
                .iter()
                .filter_map(|region| scene.regions.name(*region))
                .cloned()
                .collect::<Vec<RegionId>>(),
            support: backing.iter().fold(0u32, |sum, s| sum.saturating_add(support_of(s))),
        },
        raw: runs.iter().map(|run| (run.start, run.end)).collect(),
        from_nowhere: start.from_nowhere,
    })
}

/// The agents of the run's bad regions that were bad in it by the best estimate.
fn supporters(scene: &Scene<'_>, run: &Run) -> Vec<Supporter> {
    let lines = scene.timelines.iter().zip(scene.points);
    lines.filter_map(|(timeline, points)| supporter(timeline, points, run)).collect()
}

fn is_bad(vote: Vote) -> Option<u16> {
    vote.filter(|(_, votes)| votes.has(Votes::BAD_MID)).map(|(region, _)| region)
}

fn supporter(timeline: &Timeline, points: &[Point], run: &Run) -> Option<Supporter> {
    let changes = &timeline.changes;
    let mut at = changes.partition_point(|change| change.at <= run.start).saturating_sub(1);
    // The first bad run may have begun long before, with several changes of the other passes since.
    let mut bad_runs = 0u32;
    let mut first: Option<(u16, i64)> = None;
    let mut last_end = i64::MAX;
    let mut before: Option<u16> = None;
    while let Some(change) = changes.get(at).filter(|change| change.at < run.end) {
        let region = is_bad(change.vote).filter(|region| run.regions.contains(region));
        if region != before {
            if before.is_some() {
                last_end = change.at;
            }
            if let Some(region) = region {
                bad_runs += 1;
                last_end = i64::MAX;
                first = first.or(Some((region, change.at)));
            }
        }
        before = region;
        at += 1;
    }
    let (region, mut began) = first?;
    // Walk back to where the first bad run began, and on to where the last one ends.
    let mut back = changes.partition_point(|change| change.at < began);
    while let Some(earlier) = back.checked_sub(1).and_then(|index| changes.get(index)) {
        if is_bad(earlier.vote) != Some(region) {
            break;
        }
        began = earlier.at;
        back -= 1;
    }
    if last_end == i64::MAX {
        last_end = changes.iter().skip(at).find(|change| is_bad(change.vote) != before).map_or(i64::MAX, |c| c.at);
    }
    let inside = points.iter().skip(points.partition_point(|point| point.start < run.start));
    let inside = inside.take_while(|point| point.start < run.end);
    let bad = inside.filter(|point| point.kind.is_bad() && run.regions.contains(&point.region));
    Some(Supporter {
        region,
        turned_bad: turned_bad(timeline, began),
        turned_good: turned_good(timeline, last_end),
        bad_samples: bad.fold(0u32, |sum, point| sum.saturating_add(point.weight)),
        bad_runs,
    })
}

/// Between which moments an agent that was bad from `began` on turned bad: its good sample before and its first bad one.
/// Only neighbouring samples are looked at, so that what is known stays where it was seen.
fn turned_bad(timeline: &Timeline, began: i64) -> (i64, i64) {
    let after = timeline.flips.partition_point(|flip| flip.at <= began);
    match after.checked_sub(1).and_then(|at| timeline.flips.get(at)) {
        Some(flip) if flip.was_good => (flip.previous, flip.seen_by),
        Some(flip) => (i64::MIN, flip.seen_by),
        None => (i64::MIN, began),
    }
}

/// Between which moments an agent that was bad up to `ended` turned good: its last bad sample and the next one, if that
/// is good.
fn turned_good(timeline: &Timeline, ended: i64) -> (i64, i64) {
    let next = timeline.flips.partition_point(|flip| flip.at < ended);
    match timeline.flips.get(next) {
        Some(flip) if !flip.bad => (flip.previous, flip.seen_by),
        Some(flip) => (flip.previous, i64::MAX),
        None => (timeline.last, i64::MAX),
    }
}

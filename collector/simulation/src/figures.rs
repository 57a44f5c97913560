//! What a run is worth: its distance from the truth, and the same for every baseline.

use quorate_model::{IncidentClass, State};

use crate::baseline::{Judged, Rule, judge};
use crate::run::{Run, play};
use crate::scenario::Scenario;
use crate::spans::{Span, clip, minus, normalise, total};
use crate::world::World;

/// A decision later than this after an outage's end is not its detection.
const DETECTED_WITHIN_MS: i64 = 60_000;

/// The figures of one way to judge, over all worlds of a scenario.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Worlds.
    pub worlds: u64,
    /// Downtime billed that was none: the sum, and the most in one world.
    pub false_ms: (i64, i64),
    /// Downtime not billed: the sum, and the most in one world.
    pub missed_ms: (i64, i64),
    /// True outages, and those of them that overlap billed downtime.
    pub recall: (u64, u64),
    /// Distance of billed from true starts and ends, sorted.
    pub start_error_ms: Vec<i64>,
    /// Likewise for ends.
    pub end_error_ms: Vec<i64>,
    /// From the true start to the decision, in the order of arrival, sorted.
    pub detection_ms: Vec<i64>,
    /// Probes sent.
    pub probes: u64,
}

/// What only ours can be asked.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// The figures that everyone has.
    pub figures: Figures,
    /// Of the worlds, those in which the certain downtime lies in the truth and the truth in the possible one.
    pub sound: u64,
    /// True starts and ends, and those of them that lie in the bounds given.
    pub bounds: (u64, u64),
    /// Widths of the starts' and ends' bounds, sorted.
    pub bounds_width_ms: Vec<i64>,
    /// Time without enough votes: the sum.
    pub unknown_ms: i64,
    /// Extra probes.
    pub extra: u64,
    /// Incidents amended.
    pub revisions: u64,
    /// Worlds in which the incremental engine said something else than the batch function; 0 or there is a fault.
    pub engines_differ: u64,
}

/// All figures of one scenario.
#[derive(Clone, Debug)]
pub struct Row {
    /// The scenario's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// True if bounds have to hold in it.
    pub bounds_promised: bool,
    /// Ours.
    pub own: Own,
    /// The others', in the order of [`Rule::ALL`].
    pub others: Vec<(Rule, Figures)>,
}

/// Plays a scenario for seeds `first..first + count` on so many threads.
pub fn measure(scenario: &Scenario, first: u64, count: u64, threads: u64) -> Row {
    let threads = threads.clamp(1, count.max(1));
    let mut parts: Vec<Row> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut row = empty(scenario);
                    for seed in (first..first.saturating_add(count)).filter(|seed| seed % threads == thread) {
                        add_world(&mut row, scenario, seed);
                    }
                    row
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker that does not panic")).collect()
    });
    let mut row = parts.pop().unwrap_or_else(|| empty(scenario));
    for part in parts {
        merge(&mut row, part);
    }
    sort(&mut row);
    row
}

fn empty(scenario: &Scenario) -> Row {
    Row {
        name: scenario.name.clone(),
        title: scenario.title.clone(),
        bounds_promised: !scenario.has_false_failures,
        own: Own::default(),
        others: Rule::ALL.iter().map(|rule| (*rule, Figures::default())).collect(),
    }
}

fn add_world(row: &mut Row, scenario: &Scenario, seed: u64) {
    let world = World::new(scenario, seed);
    let run = play(&world);
    let whole = (0, scenario.length_ms);
    let truth = clip(&world.truth, whole);
    add_own(&mut row.own, &run, &truth, scenario);
    for (rule, figures) in &mut row.others {
        let judged = judge(*rule, &world, seed);
        add_judged(figures, &judged, &truth, whole);
    }
}

/// The outages' downtime by the best estimate, relative to the world's begin.
pub fn billed(run: &Run, scenario: &Scenario) -> Vec<Span> {
    let since = |time: quorate_model::CollectorTime| (time - scenario.begins).get();
    let outages = run.verdict.incidents.iter().filter(|incident| incident.class == IncidentClass::Outage);
    normalise(outages.flat_map(|o| &o.runs).map(|(start, end)| (since(*start), since(*end))).collect())
}

/// Stretches in which a state of the segments is DOWN, relative to the world's begin.
pub fn down_by(run: &Run, scenario: &Scenario, pick: fn(&quorate_model::Segment) -> State) -> Vec<Span> {
    let since = |time: quorate_model::CollectorTime| (time - scenario.begins).get();
    let down = run.verdict.segments.iter().filter(|segment| pick(segment) == State::Down);
    normalise(down.map(|segment| (since(segment.start), since(segment.end))).collect())
}

fn add_own(own: &mut Own, run: &Run, truth: &[Span], scenario: &Scenario) {
    let whole = (0, scenario.length_ms);
    let down = clip(&billed(run, scenario), whole);
    let decided = run
        .live
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if a.1 != State::Down && b.1 == State::Down))
        .filter_map(|pair| pair.get(1).map(|(at, _)| (*at, *at)))
        .collect();
    let judged = Judged { down, decided, probes: run.probes };
    add_judged(&mut own.figures, &judged, truth, whole);

    let low = clip(&down_by(run, scenario, |segment| segment.state_low), whole);
    let high = clip(&down_by(run, scenario, |segment| segment.state_high), whole);
    // Where too few voted nothing was promised.
    let unknown = down_or_unknown(run, scenario);
    let sound = minus(&low, truth).is_empty() && minus(&minus(truth, &high), &unknown).is_empty();
    own.sound += u64::from(sound);
    add_bounds(own, run, truth, scenario);
    own.unknown_ms += run.verdict.unknown.get();
    own.extra += run.extra;
    own.revisions += run.revisions;
    own.engines_differ += u64::from(!run.engines_agree);
}

fn down_or_unknown(run: &Run, scenario: &Scenario) -> Vec<Span> {
    let since = |time: quorate_model::CollectorTime| (time - scenario.begins).get();
    let unknown =
        run.verdict.segments.iter().filter(|s| [s.state, s.state_low, s.state_high].contains(&State::Unknown));
    normalise(unknown.map(|segment| (since(segment.start), since(segment.end))).collect())
}

/// The bounds of incidents that are one run of one true outage.
fn add_bounds(own: &mut Own, run: &Run, truth: &[Span], scenario: &Scenario) {
    let since = |time: quorate_model::CollectorTime| (time - scenario.begins).get();
    for incident in run.verdict.incidents.iter().filter(|i| i.class == IncidentClass::Outage) {
        let Some(end) = incident.end else { continue };
        let touched: Vec<_> = truth.iter().filter(|t| t.0 < since(end) && since(incident.start) < t.1).collect();
        let [one] = touched.as_slice() else { continue };
        for (bounds, edge) in [(incident.start_bounds, one.0), (incident.end_bounds, one.1)] {
            let (earliest, latest) = (since(bounds.earliest), since(bounds.latest));
            own.bounds.0 += 1;
            own.bounds.1 += u64::from((earliest..=latest).contains(&edge));
            own.bounds_width_ms.push(latest - earliest);
        }
    }
}

fn add_judged(figures: &mut Figures, judged: &Judged, truth: &[Span], whole: Span) {
    let down = clip(&judged.down, whole);
    let (wrong, missed) = (total(&minus(&down, truth)), total(&minus(truth, &down)));
    figures.worlds += 1;
    figures.false_ms = (figures.false_ms.0 + wrong, figures.false_ms.1.max(wrong));
    figures.missed_ms = (figures.missed_ms.0 + missed, figures.missed_ms.1.max(missed));
    figures.probes += judged.probes;
    for &(start, end) in truth {
        figures.recall.0 += 1;
        let overlapping: Vec<_> = down.iter().filter(|d| d.0 < end && start < d.1).collect();
        if let (Some(first), Some(last)) = (overlapping.first(), overlapping.last()) {
            figures.recall.1 += 1;
            figures.start_error_ms.push((first.0 - start).abs());
            // An outage that goes on has no end to be wrong about.
            if end < whole.1 {
                figures.end_error_ms.push((last.1 - end).abs());
            }
        }
        let until = end.min(whole.1) + DETECTED_WITHIN_MS;
        let seen = judged.decided.iter().filter(|(_, at)| (start..until).contains(at)).map(|(_, at)| at - start).min();
        figures.detection_ms.extend(seen);
    }
}

fn merge_figures(into: &mut Figures, from: Figures) {
    into.worlds += from.worlds;
    into.false_ms = (into.false_ms.0 + from.false_ms.0, into.false_ms.1.max(from.false_ms.1));
    into.missed_ms = (into.missed_ms.0 + from.missed_ms.0, into.missed_ms.1.max(from.missed_ms.1));
    into.recall = (into.recall.0 + from.recall.0, into.recall.1 + from.recall.1);
    into.start_error_ms.extend(from.start_error_ms);
    into.end_error_ms.extend(from.end_error_ms);
    into.detection_ms.extend(from.detection_ms);
    into.probes += from.probes;
}

fn merge(into: &mut Row, from: Row) {
    let own = &mut into.own;
    merge_figures(&mut own.figures, from.own.figures);
    own.sound += from.own.sound;
    own.bounds = (own.bounds.0 + from.own.bounds.0, own.bounds.1 + from.own.bounds.1);
    own.bounds_width_ms.extend(from.own.bounds_width_ms);
    own.unknown_ms += from.own.unknown_ms;
    own.extra += from.own.extra;
    own.revisions += from.own.revisions;
    own.engines_differ += from.own.engines_differ;
    for ((_, figures), (_, other)) in into.others.iter_mut().zip(from.others) {
        merge_figures(figures, other);
    }
}

fn sort(row: &mut Row) {
    row.own.bounds_width_ms.sort_unstable();
    for figures in std::iter::once(&mut row.own.figures).chain(row.others.iter_mut().map(|(_, figures)| figures)) {
        figures.start_error_ms.sort_unstable();
        figures.end_error_ms.sort_unstable();
        figures.detection_ms.sort_unstable();
    }
}

/// The mean of values, rounded; `None` without values.
pub fn mean(values: &[i64]) -> Option<i64> {
    let count = i64::try_from(values.len()).ok().filter(|count| *count > 0)?;
    Some((values.iter().sum::<i64>() + count / 2) / count)
}

/// The nearest-rank percentile of sorted values; `None` without values.
pub fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests;

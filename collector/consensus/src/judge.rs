//! The pure function: samples and policies in, a verdict out (CONSENSUS section 5).

use alloc::vec::Vec;

use quorate_model::{
    AgentId, CollectorTime, IncidentClass, Millis, Policy, PolicyHistory, RegionId, Sample, Segment, State,
};

use crate::gather::{Gathered, gather};
use crate::incident::{Found, Scene, incidents};
use crate::quorum::{Regions, Rules};
use crate::sweep::{Stretch, sweep};
use crate::timeline::{self, Timeline};
use crate::verdict::{Down, Live, Verdict, Window, is_sound};

/// Judges a window of one check.
///
/// The samples are a set: their order and duplicates do not matter. Samples of other checks are left out. Those that
/// reach into the window are needed; earlier and later ones let an incident that crosses the window's edge be seen
/// whole, so that the parts of a long window add up to it exactly when each is judged from the same samples at the same
/// `now`.
///
/// Nothing at or after `now` is judged. To see a past period as it was known at its end, pass that end as `now`.
pub fn judge(samples: &[Sample], history: &PolicyHistory, window: Window, now: CollectorTime) -> Verdict {
    let world = World::new(samples, history);
    let stretches = world.sweep(i64::MIN, now.as_millis());
    let verdict = world.verdict(&stretches, window, now);
    debug_assert!(is_sound(&verdict), "invariants 3 and 5 hold: {verdict:?}");
    verdict
}

/// The evidence of one check, ready to be swept.
pub(crate) struct World<'a> {
    pub(crate) history: &'a PolicyHistory,
    pub(crate) regions: Regions,
    pub(crate) rules: Rules,
    pub(crate) gathered: Gathered,
    pub(crate) timelines: Vec<Timeline>,
}

impl<'a> World<'a> {
    pub(crate) fn new(samples: &[Sample], history: &'a PolicyHistory) -> Self {
        let regions = Regions::of(history);
        let rules = Rules::of(history, &regions);
        let gathered = gather(samples, history, &regions);
        let timelines = gathered.points.iter().map(|points| timeline::read(points)).collect();
        Self { history, regions, rules, gathered, timelines }
    }

    pub(crate) fn sweep(&self, from: i64, to: i64) -> Vec<Stretch> {
        sweep(&self.timelines, &self.rules, &self.regions, from, to)
    }

    fn verdict(&self, stretches: &[Stretch], window: Window, now: CollectorTime) -> Verdict {
        let window = Window { from: window.from, to: window.to.min(now).max(window.from) };
        let found = incidents(&Scene {
            check: self.history.first().check(),
            history: self.history,
            rules: &self.rules,
            regions: &self.regions,
            points: &self.gathered.points,
            timelines: &self.timelines,
            stretches,
            now: now.as_millis(),
        });
        let (counters, equivocating) = (self.gathered.counters, self.gathered.equivocating.clone());
        assemble(self.history, &self.regions, stretches, &found, window, counters, equivocating)
    }
}

/// Writes the verdict of a window from the stretches up to `now` and the incidents in them.
pub(crate) fn assemble(
    history: &PolicyHistory,
    regions: &Regions,
    stretches: &[Stretch],
    found: &[Found],
    window: Window,
    counters: crate::verdict::Counters,
    equivocating: Vec<AgentId>,
) -> Verdict {
    let segments = segments(regions, stretches, window);
    let length_of = |state: State| {
        let long = segments.iter().filter(|segment| segment.state == state).map(Segment::length);
        long.fold(Millis::ZERO, |sum, length| sum + length)
    };
    let high = segments.iter().filter(|segment| segment.state_high == State::Down).map(Segment::length);
    let down = Down {
        low: Millis::new(certain(stretches, found, window)),
        point: Millis::new(billed(found, window)),
        high: high.fold(Millis::ZERO, |sum, length| sum + length),
    };
    Verdict {
        check: history.first().check().clone(),
        window,
        down,
        unknown: length_of(State::Unknown),
        live: live(regions, stretches, window),
        single_vantage: single_vantage(history, window),
        equivocating,
        counters,
        incidents: found
            .iter()
            .filter(|found| touches(found, window))
            .map(|found| found.told(window.from.as_millis()))
            .collect(),
        segments,
    }
}

fn names(regions: &Regions, numbers: &[u16]) -> Vec<RegionId> {
    numbers.iter().filter_map(|region| regions.name(*region)).cloned().collect()
}

/// The segments of a window.
pub(crate) fn segments(regions: &Regions, stretches: &[Stretch], window: Window) -> Vec<Segment> {
    let (from, to) = (window.from.as_millis(), window.to.as_millis());
    let first = stretches.partition_point(|stretch| stretch.end <= from);
    let inside = stretches.iter().skip(first).take_while(|stretch| stretch.start < to);
    let mut out: Vec<Segment> = Vec::new();
    let mut last_bad: &[u16] = &[];
    for stretch in inside {
        let finding = &stretch.finding;
        let end = CollectorTime::from_millis(stretch.end.min(to));
        match out.last_mut() {
            Some(last)
                if (last.state, last.state_low, last.state_high) == (finding.state, finding.low, finding.high)
                    && last_bad == finding.bad =>
            {
                last.end = end;
            }
            _ if window.from < window.to => out.push(Segment {
                start: CollectorTime::from_millis(stretch.start.max(from)),
                end,
                state: finding.state,
                state_low: finding.low,
                state_high: finding.high,
                regions_bad: names(regions, &finding.bad),
            }),
            _ => {}
        }
        last_bad = &finding.bad;
    }
    out
}

/// An incident is told of a window that any of its time lies in, by its points or by what the votes said at the time.
fn touches(found: &Found, window: Window) -> bool {
    let incident = &found.incident;
    let raw_start = found.raw.first().map_or(i64::MAX, |(from, _)| *from);
    let ended_before = incident.end.is_some_and(|end| end <= window.from && incident.start < window.from);
    incident.start.as_millis().min(raw_start) < window.to.as_millis() && !ended_before
}

fn billed(found: &[Found], window: Window) -> i64 {
    let outages = found.iter().filter(|found| found.incident.class == IncidentClass::Outage);
    let runs = outages.flat_map(|found| &found.incident.runs);
    runs.map(|(from, to)| window.overlap(from.as_millis(), to.as_millis())).sum()
}

/// DOWN with every ambiguous moment counted as good, inside outages.
fn certain(stretches: &[Stretch], found: &[Found], window: Window) -> i64 {
    let mut sum = 0;
    let outages = found.iter().filter(|found| found.incident.class == IncidentClass::Outage);
    for (from, to) in outages.flat_map(|found| &found.raw) {
        let first = stretches.partition_point(|stretch| stretch.end <= *from);
        let inside = stretches.iter().skip(first).take_while(|stretch| stretch.start < *to);
        let low = inside.filter(|stretch| stretch.finding.low == State::Down);
        sum += low.map(|stretch| window.overlap(stretch.start, stretch.end)).sum::<i64>();
    }
    sum
}

fn live(regions: &Regions, stretches: &[Stretch], window: Window) -> Live {
    let last = window.to.as_millis().saturating_sub(1);
    let at = stretches.partition_point(|stretch| stretch.end <= last);
    match stretches.get(at) {
        Some(Stretch { finding, .. }) => Live {
            state: finding.state,
            regions_bad: names(regions, &finding.bad),
            voting: finding.voting,
            need: finding.need,
        },
        None => Live { state: State::Unknown, regions_bad: Vec::new(), voting: 0, need: 0 },
    }
}

fn single_vantage(history: &PolicyHistory, window: Window) -> bool {
    let later = history.changes().iter().filter(|(at, _)| window.from < *at && *at < window.to);
    history.at(window.from).is_single_vantage() || later.map(|(_, policy)| policy).any(Policy::is_single_vantage)
}

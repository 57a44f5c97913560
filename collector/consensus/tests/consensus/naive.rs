//! A second opinion: the definition, looked up at every single millisecond, with no thought for speed.
//!
//! It shares no code with the crate but its words. Where the two differ, one of them is wrong.

mod incidents;

use std::collections::{BTreeMap, BTreeSet};

use quorate_collector_consensus::Window;
use quorate_model::{
    AgentId, Bounds, Failure, IncidentClass, LateOk, Outcome, Policy, PolicyHistory, ProviderId, Quorum, RegionId,
    Sample, SampleId, State,
};

use crate::world::time;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Good,
    Slow,
    Bad,
    Nothing,
}

#[derive(Clone, Debug)]
struct Seen {
    start: i64,
    by: i64,
    hold: i64,
    error: i64,
    says: Says,
    region: RegionId,
    version: u64,
    sample: Sample,
}

impl Seen {
    fn earliest(&self) -> i64 {
        self.start - self.error
    }

    fn latest(&self) -> i64 {
        self.by + self.error
    }

    /// Question 0: is it bad? Question 1: is it bad or slow?
    fn yes(&self, question: usize) -> bool {
        self.says == Says::Bad || question == 1 && self.says == Says::Slow
    }
}

type Passes = [[bool; 3]; 2];

/// The agents' samples, as a set, each agent's in order.
fn seen(samples: &[Sample], history: &PolicyHistory) -> BTreeMap<AgentId, Vec<Seen>> {
    let mut set: BTreeMap<SampleId, Sample> = BTreeMap::new();
    for sample in samples {
        let kept = set.entry(sample.id.clone()).or_insert_with(|| sample.clone());
        if sample < kept {
            *kept = sample.clone();
        }
    }
    let mut lines: BTreeMap<AgentId, Vec<Seen>> = BTreeMap::new();
    for sample in set.into_values() {
        let start = sample.start.as_millis() + sample.clock.offset.get();
        let end = (sample.end.as_millis() + sample.clock.offset.get()).max(start);
        let error = sample.clock.error.get();
        let (interval, timeout) = (sample.interval.get(), sample.timeout.get());
        let late_good = history.at(time(start)).late_ok == LateOk::Good;
        let good = match sample.outcome {
            Outcome::Ok | Outcome::Slow => true,
            Outcome::LateOk => late_good,
            _ => false,
        };
        let unsure = error * 2 > interval;
        let failed_references = sample.references.total() - sample.references.ok();
        let uplink = sample.references.total() >= 3 && failed_references * 2 >= sample.references.total();
        let doubtful = sample.health.get() >= 4 || sample.lag.get() * 4 > timeout || uplink;
        let says = if unsure || sample.outcome == Outcome::Local {
            Says::Nothing
        } else if sample.outcome == Outcome::Slow {
            Says::Slow
        } else if good {
            Says::Good
        } else if doubtful {
            Says::Nothing
        } else {
            Says::Bad
        };
        let hold = start + 2 * interval + timeout + error;
        let silent = matches!(sample.failure, Some(Failure::Timeout | Failure::ConnectTimeout));
        let by = if good {
            end
        } else if sample.outcome == Outcome::LateOk {
            end.min(start + timeout)
        } else if let (true, Some(typical)) = (silent, sample.typical) {
            end.min(start + timeout.min(3 * typical.get()))
        } else {
            end
        };
        let (region, version) = (sample.region.clone(), sample.check_version.get());
        let by = by.min(hold - error);
        let one = Seen { start, by, hold, error, says, region, version, sample: sample.clone() };
        lines.entry(sample.id.agent.clone()).or_default().push(one);
    }
    for line in lines.values_mut() {
        line.sort_by_key(|s| {
            let end = s.sample.end.as_millis() + s.sample.clock.offset.get();
            (s.start, end, s.sample.id.boot, s.sample.id.seq)
        });
    }
    let before = lines.clone();
    for line in lines.values_mut() {
        for one in line.iter_mut().filter(|one| believed_after_all(one, &before, history)) {
            one.says = Says::Bad;
        }
    }
    lines
}

/// A sample that abstains for its references alone, of which more than half of the regions see the failing ones bad.
fn believed_after_all(one: &Seen, lines: &BTreeMap<AgentId, Vec<Seen>>, history: &PolicyHistory) -> bool {
    let s = &one.sample;
    let failing = match s.outcome {
        Outcome::Fail => true,
        Outcome::LateOk => history.at(time(one.start)).late_ok == LateOk::Bad,
        _ => false,
    };
    let other_doubts =
        s.clock.error.get() * 2 > s.interval.get() || s.health.get() >= 4 || s.lag.get() * 4 > s.timeout.get();
    if !failing || other_doubts || one.says != Says::Nothing || !s.references.knows_which() {
        return false;
    }
    let total = s.references.total();
    let mut suspected = 0;
    let mut left_bad = 0;
    for reference in (0..total).filter(|reference| s.references.bad_mask() >> reference & 1 == 1) {
        let mut views: BTreeMap<&RegionId, (usize, usize)> = BTreeMap::new();
        for line in lines.values() {
            let Some(view) = line.iter().rev().find(|view| view.start <= one.start) else { continue };
            let known = view.sample.references;
            if one.start > view.hold || !known.knows_which() || reference >= known.total() {
                continue;
            }
            let (bad, all) = views.entry(&view.region).or_default();
            *all += 1;
            *bad += usize::from(known.bad_mask() >> reference & 1 == 1);
        }
        let regions = views.values().filter(|(bad, all)| bad * 2 > *all).count();
        if regions * 2 > history.at(time(one.start)).regions().len() {
            suspected += 1;
        } else {
            left_bad += 1;
        }
    }
    suspected > 0 && suspected * 2 < total && left_bad * 2 < total - suspected
}

/// A moment where the estimate is set: the voting sample's place, and when.
#[derive(Clone, Copy, Debug)]
struct Turn {
    at: i64,
    place: usize,
}

struct Line {
    all: Vec<Seen>,
    /// Places of the voting samples in `all`.
    voting: Vec<usize>,
    /// For both questions, the turns of the estimate.
    turns: [Vec<Turn>; 2],
    /// For both questions, what is ambiguous.
    ambiguous: [Vec<(i64, i64)>; 2],
}

impl Line {
    fn new(all: Vec<Seen>) -> Self {
        let voting: Vec<usize> = (0..all.len()).filter(|at| all[*at].says != Says::Nothing).collect();
        let mut line = Self { all, voting, turns: [vec![], vec![]], ambiguous: [vec![], vec![]] };
        for question in 0..2 {
            line.define(question);
        }
        line
    }

    fn vote(&self, place: usize) -> &Seen {
        &self.all[self.voting[place]]
    }

    /// Whether `place` and the vote before it are neighbours within reach.
    fn joined(&self, place: usize) -> bool {
        place > 0 && {
            let (x, z) = (self.vote(place - 1), self.vote(place));
            z.start <= x.hold && x.region == z.region
        }
    }

    fn define(&mut self, question: usize) {
        let mut spans = vec![];
        let mut turns: Vec<Turn> = vec![];
        for place in 0..self.voting.len() {
            let z = self.vote(place);
            let mut turn = Some(z.start);
            let mut alone = true;
            if place > 0 {
                let x = self.vote(place - 1);
                if !self.joined(place) {
                    spans.push((x.earliest(), x.hold.min(z.start)));
                } else if x.yes(question) == z.yes(question) {
                    alone = false;
                    let silence = self.voting[place] - self.voting[place - 1] > 1;
                    turn = silence.then_some(z.start);
                } else if x.version != 0 && z.version != 0 && x.version != z.version {
                    spans.push((x.earliest(), z.start));
                } else {
                    alone = false;
                    spans.push((x.earliest(), z.latest()));
                    turn = Some((x.earliest() + z.latest()).div_euclid(2));
                }
            }
            if alone {
                spans.push((z.start, z.latest()));
            }
            if let Some(at) = turn {
                let at = turns.last().map_or(at, |last| at.max(last.at));
                turns.push(Turn { at, place });
            }
        }
        if let Some(last) = self.voting.last() {
            let x = &self.all[*last];
            spans.push((x.earliest(), x.hold));
        }
        self.ambiguous[question] = spans;
        self.turns[question] = turns;
    }

    /// The region and the votes at `t`.
    fn at(&self, t: i64) -> Option<(RegionId, Passes)> {
        let place = (0..self.voting.len()).rev().find(|place| self.vote(*place).start <= t)?;
        let x = self.vote(place);
        let silenced = self
            .all
            .iter()
            .enumerate()
            .any(|(at, s)| at > self.voting[place] && s.says == Says::Nothing && s.start <= t);
        if t >= x.hold || silenced {
            return None;
        }
        let mut passes = [0, 1].map(|question: usize| {
            let ambiguous = self.ambiguous[question].iter().any(|(from, to)| *from <= t && t < *to);
            let low = x.yes(question) && !ambiguous;
            let high = x.yes(question) || ambiguous;
            let turn = self.turns[question].iter().rev().find(|turn| turn.at <= t);
            let estimate = turn.is_some_and(|turn| self.vote(turn.place).yes(question));
            [low, (estimate || low) && high, high]
        });
        let bad = passes[0];
        for (slow, bad) in passes[1].iter_mut().zip(bad) {
            *slow |= bad;
        }
        Some((x.region.clone(), passes))
    }

    fn turned_bad(&self, began: i64) -> (i64, i64) {
        let Some(turn) = self.turns[0].iter().rev().find(|turn| turn.at <= began) else { return (i64::MIN, began) };
        let by = self.vote(turn.place).latest();
        if turn.place == 0 {
            return (i64::MIN, by);
        }
        let x = self.vote(turn.place - 1);
        let same_place = self.joined(turn.place) || x.region == self.vote(turn.place).region;
        (if same_place && !x.yes(0) { x.earliest() } else { i64::MIN }, by)
    }

    fn turned_good(&self, ended: i64) -> (i64, i64) {
        let last = self.voting.last().map_or(i64::MIN, |at| self.all[*at].earliest());
        let Some(turn) = self.turns[0].iter().find(|turn| turn.at >= ended) else { return (last, i64::MAX) };
        let z = self.vote(turn.place);
        let x = (turn.place > 0).then(|| self.vote(turn.place - 1));
        (x.map_or(i64::MIN, Seen::earliest), if z.yes(0) { i64::MAX } else { z.latest() })
    }
}

/// The state of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Moment {
    states: [State; 3],
    bad: Vec<RegionId>,
    need: usize,
    recovered: bool,
}

struct Ballot<'a> {
    policy: &'a Policy,
}

impl Ballot<'_> {
    fn weight(&self, region: &RegionId) -> u64 {
        match self.policy.quorum() {
            Quorum::Weights(weights) => u64::from(weights[region]),
            _ => 1,
        }
    }

    fn sum(&self, regions: &[&RegionId]) -> u64 {
        regions.iter().map(|region| self.weight(region)).sum()
    }

    fn providers(&self, regions: &[&RegionId]) -> usize {
        let of = |region: &RegionId| -> ProviderId {
            self.policy.regions().iter().find(|seat| seat.region == *region).expect("a seat").provider.clone()
        };
        regions.iter().map(|region| of(region)).collect::<BTreeSet<_>>().len()
    }

    fn enough(&self, voting: &[&RegionId], some: &[&RegionId]) -> bool {
        let (n, b) = (voting.len(), some.len());
        match self.policy.quorum() {
            Quorum::Majority => b > n / 2,
            Quorum::AtLeast(k) => b >= usize::from(*k),
            Quorum::Fraction(ppm) => b > 0 && b as u64 * 1_000_000 >= u64::from(*ppm) * n as u64,
            Quorum::All => n > 0 && b == n,
            Quorum::Weights(_) => self.sum(some) * 2 > self.sum(voting),
        }
    }

    /// The fewest bad regions that can be enough, found by trying.
    fn need(&self, voting: &[&RegionId]) -> usize {
        let mut heaviest = voting.to_vec();
        heaviest.sort_by_key(|region| std::cmp::Reverse(self.weight(region)));
        let found = (0..=heaviest.len()).find(|count| self.enough(voting, &heaviest[..*count]));
        found.unwrap_or(match self.policy.quorum() {
            Quorum::AtLeast(k) => usize::from(*k),
            _ => 1,
        })
    }

    fn state(&self, voting: &[&RegionId], bad: &[&RegionId]) -> State {
        let d_min = usize::from(self.policy.min_providers());
        if voting.len() < usize::from(self.policy.min_regions()) {
            return State::Unknown;
        }
        if self.enough(voting, bad) {
            if self.providers(voting) < d_min {
                return State::Unknown;
            }
            if self.providers(bad) >= d_min {
                return State::Down;
            }
        }
        if bad.is_empty() { State::Up } else { State::Partial }
    }

    fn moment(&self, votes: &[(RegionId, Passes)]) -> Moment {
        let seats: Vec<&RegionId> = self.policy.regions().iter().map(|seat| &seat.region).collect();
        let of = |region: &RegionId| {
            votes.iter().filter(|(at, _)| at == region).map(|(_, passes)| *passes).collect::<Vec<_>>()
        };
        let voting: Vec<&RegionId> = seats.iter().copied().filter(|region| !of(region).is_empty()).collect();
        let bad = |question: usize, pass: usize| -> Vec<&RegionId> {
            let is_bad = |region: &&RegionId| {
                let votes = of(region);
                votes.iter().filter(|passes| passes[question][pass]).count() * 2 > votes.len()
            };
            voting.iter().copied().filter(is_bad).collect()
        };
        let states = [0, 1, 2].map(|pass| {
            let state = self.state(&voting, &bad(0, pass));
            let degraded = self.state(&voting, &bad(1, pass)) == State::Down;
            match state {
                State::Partial | State::Up if degraded => State::Degraded,
                _ => state,
            }
        });
        let bad = bad(0, 1);
        let good: Vec<&RegionId> = voting.iter().copied().filter(|region| !bad.contains(region)).collect();
        let enough_good = good.len() == voting.len() || self.enough(&voting, &good);
        Moment {
            recovered: enough_good && !matches!(states[1], State::Unknown | State::Down),
            need: self.need(&voting),
            states,
            bad: bad.into_iter().cloned().collect(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NaiveSegment {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Low, mid, high.
    pub(crate) states: [State; 3],
    pub(crate) bad: Vec<RegionId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NaiveIncident {
    pub(crate) runs: Vec<(i64, i64)>,
    pub(crate) open: bool,
    pub(crate) start_bounds: Bounds,
    pub(crate) end_bounds: Bounds,
    pub(crate) class: IncidentClass,
    pub(crate) billed: i64,
    pub(crate) regions: Vec<RegionId>,
    pub(crate) support: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NaiveVerdict {
    pub(crate) segments: Vec<NaiveSegment>,
    pub(crate) incidents: Vec<NaiveIncident>,
    /// Low, point, high.
    pub(crate) down: [i64; 3],
    pub(crate) unknown: i64,
}

/// Everything at every millisecond of `[begin, now)`.
struct Film<'a> {
    history: &'a PolicyHistory,
    begin: i64,
    now: i64,
    lines: Vec<Line>,
    moments: Vec<Moment>,
    votes: Vec<Vec<Option<(RegionId, Passes)>>>,
}

impl Film<'_> {
    fn moment(&self, t: i64) -> &Moment {
        &self.moments[usize::try_from(t - self.begin).expect("inside")]
    }

    fn vote(&self, line: usize, t: i64) -> Option<&(RegionId, Passes)> {
        self.votes[line].get(usize::try_from(t - self.begin).ok()?)?.as_ref()
    }

    fn is_down(&self, t: i64, pass: usize) -> bool {
        self.moment(t).states[pass] == State::Down
    }
}

/// Judges every millisecond of the window one by one. The window has to begin before all samples.
pub(crate) fn judge(samples: &[Sample], history: &PolicyHistory, window: Window, now: i64) -> NaiveVerdict {
    let lines: Vec<Line> = seen(samples, history).into_values().map(Line::new).collect();
    let begin = window.from.as_millis();
    let votes: Vec<Vec<_>> = lines.iter().map(|line| (begin..now).map(|t| line.at(t)).collect()).collect();
    let moments = (begin..now)
        .map(|t| {
            let at = usize::try_from(t - begin).expect("inside");
            let all: Vec<_> = votes.iter().filter_map(|line| line[at].clone()).collect();
            Ballot { policy: history.at(time(t)) }.moment(&all)
        })
        .collect();
    let film = Film { history, begin, now, lines, moments, votes };

    let mut segments: Vec<NaiveSegment> = vec![];
    for t in begin..now {
        let moment = film.moment(t);
        match segments.last_mut() {
            Some(last) if last.states == moment.states && last.bad == moment.bad => last.end = t + 1,
            _ => segments.push(NaiveSegment { start: t, end: t + 1, states: moment.states, bad: moment.bad.clone() }),
        }
    }
    let (incidents, raw) = incidents::find(&film);
    let inside = |from: i64, to: i64| (from..to).filter(|t| begin <= *t && *t < now);
    let outages = || incidents.iter().zip(&raw).filter(|(incident, _)| incident.class == IncidentClass::Outage);
    let low = outages()
        .flat_map(|(_, raw)| raw)
        .map(|(s, e)| inside(*s, *e).filter(|t| film.is_down(*t, 0)).count())
        .sum::<usize>();
    let point: usize = outages().flat_map(|(incident, _)| &incident.runs).map(|(s, e)| inside(*s, *e).count()).sum();
    let high = inside(begin, now).filter(|t| film.is_down(*t, 2)).count();
    let unknown = inside(begin, now).filter(|t| film.moment(*t).states[1] == State::Unknown).count();
    let ms = |count: usize| i64::try_from(count).expect("short");
    NaiveVerdict { segments, incidents, down: [ms(low), ms(point), ms(high)], unknown: ms(unknown) }
}

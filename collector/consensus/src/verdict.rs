//! The words a verdict is written in.

use alloc::vec::Vec;

use quorate_model::verdict::AbstainReason;
use quorate_model::{AgentId, CheckId, CollectorTime, Incident, Millis, RegionId, Segment, State};

/// A half-open stretch of time to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub from: CollectorTime,
    /// The first moment after it; at or before `from` the window is empty.
    pub to: CollectorTime,
}

impl Window {
    /// From and to as milliseconds since the epoch.
    pub const fn from_millis(from_ms: i64, to_ms: i64) -> Self {
        Self { from: CollectorTime::from_millis(from_ms), to: CollectorTime::from_millis(to_ms) }
    }

    /// How long it lasts; zero if empty.
    pub fn length(&self) -> Millis {
        (self.to - self.from).max(Millis::ZERO)
    }

    /// The part of a stretch that lies inside.
    pub(crate) fn overlap(&self, start: i64, end: i64) -> i64 {
        end.min(self.to.as_millis()).saturating_sub(start.max(self.from.as_millis())).max(0)
    }
}

/// Downtime inside a window: at least, by the best estimate, at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Down {
    /// What was down for certain, in outages.
    pub low: Millis,
    /// The outages, by the best estimate of their starts and ends.
    pub point: Millis,
    /// What may have been down, blips included.
    pub high: Millis,
}

/// How many samples abstained, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abstained([u64; AbstainReason::ALL.len()]);

impl Abstained {
    /// How many for this reason.
    pub fn of(&self, reason: AbstainReason) -> u64 {
        self.0.get(usize::from(reason.number() - 1)).copied().unwrap_or(0)
    }

    pub(crate) fn of_mut(&mut self, reason: AbstainReason) -> &mut u64 {
        self.0.get_mut(usize::from(reason.number() - 1)).expect("numbers count from 1 without holes")
    }
}

/// What became of the samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Different samples of this check.
    pub samples: u64,
    /// Samples seen before.
    pub duplicates: u64,
    /// Identities that came with different payloads; the byte-wise smallest was kept.
    pub equivocations: u64,
    /// Samples of another check, left out.
    pub other_check: u64,
    /// Samples from regions that no policy of the check names, without a vote.
    pub other_region: u64,
    /// Samples without a vote.
    pub abstained: Abstained,
}

/// How the check stands at the last moment judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// The state, every agent's last value held as far as it reaches.
    pub state: State,
    /// The bad regions, sorted.
    pub regions_bad: Vec<RegionId>,
    /// How many regions vote.
    pub voting: u16,
    /// How many bad regions it takes.
    pub need: u16,
}

/// What the samples of one check amount to in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The check.
    pub check: CheckId,
    /// What was judged: the window asked for, cut at `now`.
    pub window: Window,
    /// The window without holes; neighbours differ in a state or in the bad regions.
    pub segments: Vec<Segment>,
    /// Every incident that touches the window, not clipped to it, in order of time.
    pub incidents: Vec<Incident>,
    /// Downtime inside the window.
    pub down: Down,
    /// Time inside the window in which too few regions voted.
    pub unknown: Millis,
    /// The state at the end of the window.
    pub live: Live,
    /// True if at some time in the window only one region could vote, so that nothing confirms its word.
    pub single_vantage: bool,
    /// Agents that sent two different samples under one identity, sorted.
    pub equivocating: Vec<AgentId>,
    /// What became of the samples.
    pub counters: Counters,
}

/// A stretch of one state, as it is printed: the bounds' own states left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainSegment {
    /// Its first moment.
    pub start: CollectorTime,
    /// The first moment after it.
    pub end: CollectorTime,
    /// The state by the best estimate.
    pub state: State,
    /// The bad regions, sorted.
    pub regions_bad: Vec<RegionId>,
}

/// Joins neighbours that differ only in their low and high states.
pub fn plain_segments(segments: &[Segment]) -> Vec<PlainSegment> {
    let mut out: Vec<PlainSegment> = Vec::new();
    for segment in segments {
        match out.last_mut() {
            Some(last)
                if last.end == segment.start
                    && last.state == segment.state
                    && last.regions_bad == segment.regions_bad =>
            {
                last.end = segment.end;
            }
            _ => out.push(PlainSegment {
                start: segment.start,
                end: segment.end,
                state: segment.state,
                regions_bad: segment.regions_bad.clone(),
            }),
        }
    }
    out
}

/// Whether a verdict keeps what every verdict has to: the segments are the window without holes and differ from their
/// neighbours (invariant 5), what is down for certain is down, and what is down may be down (invariant 3), and so are
/// the sums.
pub(crate) fn is_sound(verdict: &Verdict) -> bool {
    let segments = &verdict.segments;
    let starts = core::iter::once(verdict.window.from).chain(segments.iter().map(|segment| segment.end));
    let whole = segments.iter().zip(starts).all(|(segment, from)| segment.start == from && from < segment.end);
    let ends = segments.last().map_or(verdict.window.from, |last| last.end) == verdict.window.to;
    let said = |s: &Segment| (s.state, s.state_low, s.state_high, s.regions_bad.clone());
    let differ = segments.windows(2).all(|pair| matches!(pair, [a, b] if said(a) != said(b)));
    let down = |state: State| state == State::Down;
    let nested = segments.iter().all(|segment| {
        (!down(segment.state_low) || down(segment.state)) && (!down(segment.state) || down(segment.state_high))
    });
    let Down { low, point, high } = verdict.down;
    whole && ends && differ && nested && low <= point && point <= high
}

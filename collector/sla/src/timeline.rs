//! What is known of one check over time, with bounds.

use alloc::vec::Vec;
use core::fmt;

use quorate_model::{CollectorTime, Incident, IncidentClass, Segment, State};

use crate::interval::{Interval, IntervalSet};

/// The sets of moments a [`Timeline`] is made of, as somebody else worked them out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimelineParts {
    /// Certainly down.
    pub down_low: IntervalSet,
    /// Down by the best estimate.
    pub down_point: IntervalSet,
    /// Possibly down.
    pub down_high: IntervalSet,
    /// Observed by too few to say.
    pub unknown: IntervalSet,
    /// Observed at all; the rest is unknown.
    pub covered: IntervalSet,
    /// The outages as a whole, also where they reach beyond what is covered here.
    pub outages: IntervalSet,
}

/// What is known of one check over time.
///
/// Holds: certainly down is a part of down, down a part of possibly down; unknown and down share no moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    parts: TimelineParts,
}

/// A stretch of one state without bounds, as any program can write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainSegment {
    /// From when to when.
    pub interval: Interval,
    /// The state.
    pub state: State,
}

/// Two stretches of different states share a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverlapError {
    /// The place of the one that starts first, from 0.
    pub first: usize,
    /// The place of the other.
    pub second: usize,
}

impl fmt::Display for OverlapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segments {} and {} overlap and have different states", self.first, self.second)
    }
}

impl core::error::Error for OverlapError {}

impl Timeline {
    /// A timeline that holds what [`Timeline`] says: the lower bounds are added to the upper ones, what is down is not
    /// unknown, and nothing is known outside `covered`.
    pub fn new(parts: TimelineParts) -> Self {
        let TimelineParts { down_low, down_point, down_high, unknown, covered, outages } = parts;
        let down_low = down_low.intersect(&covered);
        let down_point = down_point.intersect(&covered).union(&down_low);
        let down_high = down_high.intersect(&covered).union(&down_point);
        let unknown = unknown.intersect(&covered).subtract(&down_point);
        let outages = outages.union(&down_point);
        Self { parts: TimelineParts { down_low, down_point, down_high, unknown, covered, outages } }
    }

    /// A timeline from stretches in any order. All three bounds are equal; `degraded` and `partial` are up.
    ///
    /// # Errors
    /// Two stretches of different states overlap.
    pub fn from_plain(segments: &[PlainSegment]) -> Result<Self, OverlapError> {
        let mut order: Vec<usize> = (0..segments.len()).collect();
        let key = |place: &usize| segments.get(*place).map(|segment| (segment.interval, *place));
        if !order.is_sorted_by_key(key) {
            order.sort_by_key(key);
        }
        // The stretch that reaches furthest so far, and the one that does among those of any other state.
        let mut reach: Option<(usize, &PlainSegment)> = None;
        for place in order {
            let Some(segment) = segments.get(place) else { continue };
            if let Some((first, before)) = reach
                && segment.interval.start() < before.interval.end()
                && segment.state != before.state
            {
                return Err(OverlapError { first, second: place });
            }
            if reach.is_none_or(|(_, before)| segment.interval.end() > before.interval.end()) {
                reach = Some((place, segment));
            }
        }
        let of = |state: State| -> IntervalSet {
            segments.iter().filter(|segment| segment.state == state).map(|segment| segment.interval).collect()
        };
        let down = of(State::Down);
        Ok(Self::new(TimelineParts {
            down_low: down.clone(),
            down_point: down.clone(),
            down_high: down.clone(),
            unknown: of(State::Unknown),
            covered: segments.iter().map(|segment| segment.interval).collect(),
            outages: down,
        }))
    }

    /// A timeline from the verdict on a check (CONSENSUS section 5): certainly down is `state_low` inside outages, down
    /// the runs of the outages, possibly down all of `state_high`, blips included. What might be unknown at the high
    /// bound might be down.
    pub fn from_verdict(segments: &[Segment], incidents: &[Incident]) -> Self {
        let stretches = |wanted: &dyn Fn(&Segment) -> bool| -> IntervalSet {
            segments.iter().filter(|s| wanted(s)).filter_map(|s| Interval::new(s.start, s.end)).collect()
        };
        let covered = stretches(&|_| true);
        let horizon = covered.hull().map_or(CollectorTime::MIN, Interval::end);
        let billed = || incidents.iter().filter(|incident| incident.class == IncidentClass::Outage);
        let runs: IntervalSet = billed()
            .flat_map(|outage| outage.runs.iter())
            .filter_map(|(start, end)| Interval::new(*start, *end))
            .collect();
        let extents: IntervalSet = billed()
            .filter_map(|outage| {
                Interval::new(outage.start_bounds.earliest, outage.end.map_or(horizon, |_| outage.end_bounds.latest))
            })
            .collect();
        Self::new(TimelineParts {
            down_low: stretches(&|s| s.state_low == State::Down).intersect(&extents),
            down_point: runs.clone(),
            down_high: stretches(&|s| {
                s.state_high == State::Down || (s.state_high == State::Unknown && s.state != State::Unknown)
            }),
            unknown: stretches(&|s| s.state == State::Unknown),
            covered,
            outages: runs,
        })
    }

    /// Certainly down.
    pub fn down_low(&self) -> &IntervalSet {
        &self.parts.down_low
    }

    /// Down by the best estimate.
    pub fn down_point(&self) -> &IntervalSet {
        &self.parts.down_point
    }

    /// Possibly down.
    pub fn down_high(&self) -> &IntervalSet {
        &self.parts.down_high
    }

    /// Covered, but observed by too few to say.
    pub fn unknown(&self) -> &IntervalSet {
        &self.parts.unknown
    }

    /// Observed at all.
    pub fn covered(&self) -> &IntervalSet {
        &self.parts.covered
    }

    /// The outages as a whole, also beyond what is covered.
    pub fn outages(&self) -> &IntervalSet {
        &self.parts.outages
    }

    /// Observed well enough to say.
    pub fn known(&self) -> IntervalSet {
        self.parts.covered.subtract(&self.parts.unknown)
    }

    /// The parts of outages before and after all that is covered; they lengthen an outage and are never downtime here.
    pub(crate) fn extension(&self) -> IntervalSet {
        match self.parts.covered.hull() {
            Some(hull) => self.parts.outages.subtract(&hull.into()),
            None => self.parts.outages.clone(),
        }
    }
}

#[cfg(test)]
mod tests;

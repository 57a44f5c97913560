//! The worst stretch of each length: windowed availability (Hauer et al., "Meaningful Availability", NSDI 2020).
//!
//! Two services with the same uptime differ in how it is spread. For each length, the worst window of that length
//! anywhere in the period tells a short bad patch from a long one.

use alloc::vec::Vec;

use quorate_model::{CollectorTime, Millis};

use crate::evaluate::Assessor;
use crate::interval::Interval;
use crate::percent::Ratio;

/// The worst window of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstWindow {
    /// Where it lies; the earliest of equal ones.
    pub interval: Interval,
    /// Its downtime, begun milliseconds counted as whole.
    pub down: Millis,
    /// What is left of it, as a share of its length. Excluded and unknown time count as up.
    pub availability: Ratio,
}

/// The lengths a report shows: 1 and 5 minutes, 1 and 6 hours, 1, 7, 30 and 90 days.
pub const LENGTHS: [Millis; 8] = [
    Millis::from_secs(60),
    Millis::from_secs(300),
    Millis::from_secs(3600),
    Millis::from_secs(21_600),
    Millis::from_secs(86_400),
    Millis::from_secs(604_800),
    Millis::from_secs(2_592_000),
    Millis::from_secs(7_776_000),
];

impl Assessor<'_> {
    /// The worst window of each length that fits into `within`.
    pub fn worst_windows(&self, within: Interval, lengths: &[Millis]) -> Vec<WorstWindow> {
        let sums = Sums::new(self.down_steps(within).points());
        let scale = u128::from(self.scale());
        let fits = |length: &&Millis| length.get() > 0 && **length <= within.length();
        lengths.iter().filter(fits).filter_map(|length| sums.worst(within, *length, scale)).collect()
    }
}

/// The downtime before each change of level.
struct Sums {
    points: Vec<(CollectorTime, u128, u64)>,
}

impl Sums {
    fn new(levels: &[(CollectorTime, u64)]) -> Self {
        let mut points: Vec<(CollectorTime, u128, u64)> = Vec::with_capacity(levels.len());
        for (at, level) in levels {
            let before = points.last().map_or(0, |last| Self::at_point(last, *at));
            points.push((*at, before, *level));
        }
        Self { points }
    }

    fn at_point((from, sum, level): &(CollectorTime, u128, u64), time: CollectorTime) -> u128 {
        sum + u128::from(*level) * u128::from((time - *from).get().unsigned_abs())
    }

    fn before(&self, time: CollectorTime) -> u128 {
        let after = self.points.partition_point(|(at, _, _)| *at <= time);
        after.checked_sub(1).and_then(|place| self.points.get(place)).map_or(0, |point| Self::at_point(point, time))
    }

    /// The downtime of a sliding window changes its slope only where an edge of the window meets a change of level, so
    /// the worst window has an edge at one.
    fn worst(&self, within: Interval, length: Millis, scale: u128) -> Option<WorstWindow> {
        let last = within.end() - length;
        let edges = self.points.iter().flat_map(|(at, _, _)| [*at, *at - length]);
        let starts = core::iter::once(within.start()).chain(edges.map(|start| start.max(within.start()).min(last)));
        let down = |start: CollectorTime| self.before(start + length) - self.before(start);
        let start = starts.max_by_key(|start| (down(*start), core::cmp::Reverse(*start)))?;
        let parts = down(start);
        let whole = u128::from(length.get().unsigned_abs()) * scale;
        Some(WorstWindow {
            interval: Interval::new(start, start + length)?,
            down: Millis::new(i64::try_from(parts.div_ceil(scale)).unwrap_or(i64::MAX)),
            availability: Ratio::new(parts, whole)?.rest(),
        })
    }
}

#[cfg(test)]
mod tests;

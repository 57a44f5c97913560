//! Half-open stretches of time, and sets of them.

use alloc::vec::Vec;
use core::fmt;

use quorate_model::{CollectorTime, Millis};

/// A half-open stretch of time that is not empty: `start` belongs to it, `end` does not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    start: CollectorTime,
    end: CollectorTime,
}

impl Interval {
    /// The stretch from `start` up to `end`; `None` where `end` is not after `start`.
    pub fn new(start: CollectorTime, end: CollectorTime) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The same from milliseconds since the epoch.
    pub fn from_millis(start_ms: i64, end_ms: i64) -> Option<Self> {
        Self::new(CollectorTime::from_millis(start_ms), CollectorTime::from_millis(end_ms))
    }

    /// Its first moment.
    pub const fn start(self) -> CollectorTime {
        self.start
    }

    /// The first moment after it.
    pub const fn end(self) -> CollectorTime {
        self.end
    }

    /// How long it lasts; over 0.
    pub fn length(self) -> Millis {
        self.end - self.start
    }

    /// True if `time` belongs to it.
    pub fn contains(self, time: CollectorTime) -> bool {
        self.start <= time && time < self.end
    }

    /// What belongs to both.
    pub fn intersect(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start.as_millis(), self.end.as_millis())
    }
}

/// A set of moments: stretches in order that neither overlap nor touch.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct IntervalSet(Vec<Interval>);

impl IntervalSet {
    /// The set without a moment.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// True if no moment belongs to it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its stretches, in order.
    pub fn as_slice(&self) -> &[Interval] {
        &self.0
    }

    /// Its stretches, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Interval> + '_ {
        self.0.iter().copied()
    }

    /// How long all stretches last together.
    pub fn length(&self) -> Millis {
        self.iter().fold(Millis::ZERO, |sum, run| sum + run.length())
    }

    /// True if `time` belongs to it.
    pub fn contains(&self, time: CollectorTime) -> bool {
        self.run_at(time).is_some()
    }

    /// The stretch that `time` belongs to.
    pub fn run_at(&self, time: CollectorTime) -> Option<Interval> {
        let after = self.0.partition_point(|run| run.start <= time);
        let run = *self.0.get(after.checked_sub(1)?)?;
        run.contains(time).then_some(run)
    }

    /// From its first moment to its last.
    pub fn hull(&self) -> Option<Interval> {
        Interval::new(self.0.first()?.start, self.0.last()?.end)
    }

    /// What belongs to either.
    pub fn union(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        self.iter().chain(other.iter()).collect()
    }

    /// What belongs to both.
    pub fn intersect(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        let (mut left, mut right) = (self.iter().peekable(), other.iter().peekable());
        while let (Some(a), Some(b)) = (left.peek().copied(), right.peek().copied()) {
            out.extend(a.intersect(b));
            if a.end <= b.end {
                left.next();
            } else {
                right.next();
            }
        }
        Self(out)
    }

    /// What belongs to this set and not to the other.
    pub fn subtract(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        let mut cuts = other.iter().peekable();
        for run in self.iter() {
            let mut start = run.start;
            while let Some(cut) = cuts.peek().copied() {
                if cut.start >= run.end {
                    break;
                }
                out.extend(Interval::new(start, cut.start.min(run.end)));
                start = start.max(cut.end);
                if cut.end > run.end {
                    // This cut may reach into the next run.
                    break;
                }
                cuts.next();
            }
            out.extend(Interval::new(start, run.end));
        }
        Self(out)
    }

    /// What belongs to it inside `within`.
    pub fn clip(&self, within: Interval) -> Self {
        let from = self.0.partition_point(|run| run.end <= within.start);
        Self(self.iter().skip(from).map_while(|run| run.intersect(within)).collect())
    }

    /// What does not belong to it inside `within`.
    pub fn complement(&self, within: Interval) -> Self {
        Self::from(within).subtract(self)
    }

    /// Its stretches of at least `min`.
    pub fn at_least(&self, min: Millis) -> Self {
        Self(self.iter().filter(|run| run.length() >= min).collect())
    }
}

impl From<Interval> for IntervalSet {
    fn from(run: Interval) -> Self {
        Self(alloc::vec![run])
    }
}

impl FromIterator<Interval> for IntervalSet {
    /// Collects stretches in any order; those that overlap or touch become one.
    fn from_iter<I: IntoIterator<Item = Interval>>(runs: I) -> Self {
        let mut sorted: Vec<Interval> = runs.into_iter().collect();
        if !sorted.is_sorted() {
            sorted.sort_unstable();
        }
        let mut out: Vec<Interval> = Vec::with_capacity(sorted.len());
        for run in sorted {
            match out.last_mut() {
                Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
                _ => out.push(run),
            }
        }
        Self(out)
    }
}

impl fmt::Debug for IntervalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

#[cfg(test)]
mod tests;

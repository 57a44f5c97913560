//! Whole-numbered levels over time: how much of a service is down, in parts of its weight.

use alloc::vec::Vec;

use quorate_model::CollectorTime;

use crate::interval::{Interval, IntervalSet};

/// A level that changes at points in time and holds in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Steps {
    /// The level before the first point.
    initial: u64,
    /// From when on which level holds; in order, no level twice in a row.
    points: Vec<(CollectorTime, u64)>,
}

impl Steps {
    /// The same level always.
    pub(crate) const fn constant(level: u64) -> Self {
        Self { initial: level, points: Vec::new() }
    }

    /// `inside` on the set and `outside` elsewhere.
    pub(crate) fn of_set(set: &IntervalSet, inside: u64, outside: u64) -> Self {
        let points = set.iter().flat_map(|run| [(run.start(), inside), (run.end(), outside)]).collect();
        Self { initial: outside, points }
    }

    /// Each level put through `f`.
    pub(crate) fn map(&self, f: impl Fn(u64) -> u64) -> Self {
        let mut out = Self::constant(f(self.initial));
        for (at, level) in &self.points {
            out.push(*at, f(*level));
        }
        out
    }

    /// Both levels put through `f`, wherever either changes.
    pub(crate) fn zip(&self, other: &Self, f: impl Fn(u64, u64) -> u64) -> Self {
        let mut out = Self::constant(f(self.initial, other.initial));
        let (mut left, mut right) = (self.points.iter().peekable(), other.points.iter().peekable());
        let (mut left_level, mut right_level) = (self.initial, other.initial);
        loop {
            let at = match (left.peek(), right.peek()) {
                (Some((here, _)), Some((there, _))) => *here.min(there),
                (Some((only, _)), None) | (None, Some((only, _))) => *only,
                (None, None) => break,
            };
            if let Some((_, level)) = left.next_if(|(here, _)| *here == at) {
                left_level = *level;
            }
            if let Some((_, level)) = right.next_if(|(here, _)| *here == at) {
                right_level = *level;
            }
            out.push(at, f(left_level, right_level));
        }
        out
    }

    fn push(&mut self, at: CollectorTime, level: u64) {
        let last = self.points.last().map_or(self.initial, |(_, level)| *level);
        if last != level {
            self.points.push((at, level));
        }
    }

    /// From when on which level holds, in order.
    pub(crate) fn points(&self) -> &[(CollectorTime, u64)] {
        &self.points
    }

    /// The levels summed over every millisecond of the set.
    pub(crate) fn integral(&self, set: &IntervalSet) -> u128 {
        let Some(hull) = set.hull() else { return 0 };
        let mut place = self.points.partition_point(|(at, _)| *at <= hull.start());
        let mut sum = 0u128;
        for run in set.iter() {
            while self.points.get(place).is_some_and(|(at, _)| *at <= run.start()) {
                place += 1;
            }
            let mut from = run.start();
            let mut level =
                place.checked_sub(1).and_then(|before| self.points.get(before)).map_or(self.initial, |p| p.1);
            while let Some((at, next)) = self.points.get(place).filter(|(at, _)| *at < run.end()) {
                sum += weighed(level, from, *at);
                from = *at;
                level = *next;
                place += 1;
            }
            sum += weighed(level, from, run.end());
        }
        sum
    }

    /// Where the level is over 0. The level has to be 0 before the first point and after the last.
    pub(crate) fn positive(&self) -> IntervalSet {
        debug_assert_eq!(self.initial, 0, "only bounded levels have runs");
        let ends = self.points.iter().skip(1).map(|(at, _)| *at);
        self.points
            .iter()
            .zip(ends)
            .filter(|((_, level), _)| *level > 0)
            .filter_map(|((start, _), end)| Interval::new(*start, end))
            .collect()
    }

    /// The level on the set, 0 elsewhere.
    pub(crate) fn only_on(&self, set: &IntervalSet) -> Self {
        self.zip(&Self::of_set(set, 1, 0), |level, inside| level * inside)
    }
}

fn weighed(level: u64, from: CollectorTime, to: CollectorTime) -> u128 {
    u128::from(level) * u128::from((to - from).get().unsigned_abs())
}

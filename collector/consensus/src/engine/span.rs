//! Stretches of time to look at again.

use alloc::vec::Vec;

/// A set of half-open stretches of time, apart from each other, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans(Vec<(i64, i64)>);

impl Spans {
    /// More stretches than this are joined into one: it costs less to look at the time between than to keep count.
    const MOST: usize = 32;

    pub(crate) fn add(&mut self, from: i64, to: i64) {
        if from >= to {
            return;
        }
        // Mostly the newest stretch grows at its end.
        let first = self.0.partition_point(|(_, end)| *end < from);
        let last = self.0.partition_point(|(start, _)| *start <= to);
        let joined = self.0.get(first..last).unwrap_or_default();
        let from = joined.first().map_or(from, |(start, _)| from.min(*start));
        let to = joined.last().map_or(to, |(_, end)| to.max(*end));
        self.0.splice(first..last.max(first), core::iter::once((from, to)));
        if self.0.len() > Self::MOST
            && let (Some((from, _)), Some((_, to))) = (self.0.first().copied(), self.0.last().copied())
        {
            self.0.clear();
            self.0.push((from, to));
        }
    }

    pub(crate) fn touches(&self, from: i64, to: i64) -> bool {
        self.0.iter().any(|(start, end)| *start <= to && from <= *end)
    }

    pub(crate) fn take(&mut self) -> Vec<(i64, i64)> {
        core::mem::take(&mut self.0)
    }
}

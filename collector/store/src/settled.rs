//! The sequence numbers of one agent's life that are settled: stored, rejected, or dropped by the agent.

use std::collections::BTreeMap;

/// The most separate ranges kept for one boot.
pub(crate) const MAX_RANGES: usize = 4096;

/// Ranges of settled numbers, merged, both ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    /// First number to last number.
    ranges: BTreeMap<u64, u64>,
}

impl Settled {
    pub(crate) fn from_ranges(ranges: impl IntoIterator<Item = (u64, u64)>) -> Self {
        let mut settled = Self::default();
        for (first, last) in ranges {
            settled.insert(first, last);
        }
        settled
    }

    /// Adds `first..=last`; nothing if `first > last`.
    pub(crate) fn insert(&mut self, first: u64, last: u64) {
        if first > last {
            return;
        }
        let (mut first, mut last) = (first, last);
        // The common case: the next batch in order extends the last range.
        while let Some((&f, &l)) = self.ranges.range(..=last.saturating_add(1)).next_back() {
            if l.saturating_add(1) < first {
                break;
            }
            self.ranges.remove(&f);
            first = first.min(f);
            last = last.max(l);
        }
        self.ranges.insert(first, last);
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        self.ranges.range(..=number).next_back().is_some_and(|(_, last)| *last >= number)
    }

    /// True if some number of `first..=last` is settled.
    pub(crate) fn overlaps(&self, first: u64, last: u64) -> bool {
        self.ranges.range(..=last).next_back().is_some_and(|(_, l)| *l >= first)
    }

    /// The last number up to which all are settled, counted from 1; 0 if 1 is not.
    pub(crate) fn durable(&self) -> u64 {
        match self.ranges.first_key_value() {
            Some((first, last)) if *first <= 1 => *last,
            _ => 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ranges.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.ranges.iter().map(|(first, last)| (*first, *last))
    }
}

#[cfg(test)]
mod tests;

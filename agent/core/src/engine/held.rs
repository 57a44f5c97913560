//! Records on their way out; failing ones wait for a round of references inside their window.

use alloc::collections::VecDeque;

use quorate_model::{Millis, MonoTime, Record};

use crate::references::{MIN_SPACING, ReferenceWindow, TIMEOUT};

/// The longest a record waits for references: the rest of a round under way, the spacing and a round of its own.
pub const MAX_HOLD: Millis = Millis::new(2 * TIMEOUT.get() + MIN_SPACING.get());
/// So many records wait at most; beyond, the oldest goes without waiting on.
pub const MAX_HELD: usize = 4096;

#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) record: Record,
    pub(super) start: MonoTime,
    pub(super) end: MonoTime,
    /// A round that began at or after this is wanted; `None` = it waits for nothing.
    since: Option<MonoTime>,
    deadline: MonoTime,
}

/// Records by the time they came.
#[derive(Clone, Debug, Default)]
pub(super) struct HeldRecords {
    records: VecDeque<Held>,
}

impl HeldRecords {
    pub(super) const fn new() -> Self {
        Self { records: VecDeque::new() }
    }

    pub(super) fn push(
        &mut self,
        record: Record,
        start: MonoTime,
        end: MonoTime,
        since: Option<MonoTime>,
        now: MonoTime,
    ) {
        self.records.push_back(Held { record, start, end, since, deadline: now.plus(MAX_HOLD) });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// The first record that has waited enough.
    pub(super) fn poll(&mut self, references: &ReferenceWindow, now: MonoTime) -> Option<Held> {
        let over = self.records.len() > MAX_HELD;
        let ready = |held: &Held| held.since.is_none_or(|since| references.covers(since)) || held.deadline <= now;
        let at = if over { 0 } else { self.records.iter().position(ready)? };
        let mut held = self.records.remove(at)?;
        if held.since.is_some() {
            // The round that tells may have begun just after the probe's end.
            held.end = held.end.max(now);
        }
        Some(held)
    }

    /// When the first record gives up waiting, or at once if one does not wait.
    pub(super) fn next_wake(&self, references: &ReferenceWindow) -> Option<MonoTime> {
        self.records
            .iter()
            .map(|held| match held.since {
                Some(since) if !references.covers(since) => held.deadline,
                _ => MonoTime::default(),
            })
            .min()
    }
}

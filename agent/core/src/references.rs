//! When reference targets are probed, and which of them failed around a probe.
//!
//! References are things that are up unless this node's own network is not. They are probed in rounds, all at once: by a
//! slow schedule, and soon after a probe fails or becomes suspicious, because only a round inside the failing probe's
//! window says whose fault it is. A failing sample waits for that round; a good one never does.

use alloc::collections::VecDeque;

use quorate_model::{Millis, MonoTime, References};

/// How long a reference may take to answer.
pub const TIMEOUT: Millis = Millis::new(2000);
/// Two rounds never start closer together than this.
pub const MIN_SPACING: Millis = Millis::new(500);
/// So many finished rounds are remembered.
pub const HISTORY: usize = 16;

/// Which references there are and how often they are probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferencePlan {
    /// How many; 0 = none, at most [`References::MAX`].
    pub total: u8,
    /// The time from one scheduled round to the next; at least [`MIN_SPACING`].
    pub interval: Millis,
}

/// The number of a round; grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoundId(u64);

impl RoundId {
    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

#[derive(Clone, Copy, Debug)]
struct Round {
    start: MonoTime,
    end: MonoTime,
    bad_mask: u32,
}

/// Starts rounds and remembers their results.
#[derive(Clone, Debug)]
pub struct ReferenceWindow {
    plan: ReferencePlan,
    finished: VecDeque<Round>,
    running: Option<(RoundId, MonoTime)>,
    last_start: Option<MonoTime>,
    scheduled: MonoTime,
    wanted: bool,
    next_id: u64,
}

impl ReferenceWindow {
    /// Without references.
    pub const fn new() -> Self {
        Self {
            plan: ReferencePlan { total: 0, interval: Millis::from_secs(10) },
            finished: VecDeque::new(),
            running: None,
            last_start: None,
            scheduled: MonoTime::from_micros(0),
            wanted: false,
            next_id: 1,
        }
    }

    /// Replaces the references; what was known of the old ones is forgotten, as the bits of the mask change their meaning.
    pub fn set_plan(&mut self, plan: ReferencePlan, now: MonoTime) {
        let total = plan.total.min(References::MAX);
        self.plan = ReferencePlan { total, interval: plan.interval.max(MIN_SPACING) };
        self.finished.clear();
        self.running = None;
        self.wanted = false;
        self.scheduled = now;
    }

    /// True where there is nothing to wait for.
    pub fn is_empty(&self) -> bool {
        self.plan.total == 0
    }

    /// True if a round that began at or after `since` has ended.
    pub fn covers(&self, since: MonoTime) -> bool {
        self.is_empty() || self.finished.iter().any(|round| round.start >= since)
    }

    /// Asks for a round that begins at or after `since`, as soon as the spacing allows, unless there is one.
    pub fn want(&mut self, since: MonoTime) {
        let runs = self.running.is_some_and(|(_, start)| start >= since);
        if !runs && !self.covers(since) {
            self.wanted = true;
        }
    }

    /// Starts the round that is due, if one is.
    pub fn poll_start(&mut self, now: MonoTime) -> Option<RoundId> {
        self.expire(now);
        if self.next_wake().is_none_or(|at| at > now) || self.running.is_some() {
            return None;
        }
        let id = RoundId(self.next_id);
        self.next_id += 1;
        self.running = Some((id, now));
        self.last_start = Some(now);
        self.wanted = false;
        self.scheduled = now.plus(self.plan.interval);
        Some(id)
    }

    /// Takes the result of a round: bit i is set where the i-th reference failed. `None` for a round that is not awaited.
    pub fn handle_finished(&mut self, id: RoundId, bad_mask: u32, now: MonoTime) -> Option<References> {
        let (_, start) = self.running.take_if(|(running, _)| *running == id)?;
        let allowed = u32::MAX.checked_shr(32 - u32::from(self.plan.total)).unwrap_or(0);
        let bad_mask = bad_mask & allowed;
        if self.finished.len() >= HISTORY {
            self.finished.pop_front();
        }
        self.finished.push_back(Round { start, end: now, bad_mask });
        References::mask(bad_mask, self.plan.total)
    }

    /// What is to be stamped into a sample of this window: every reference that failed in a round that overlaps it; where
    /// none does, the last round before it counts, if it is at most two intervals old. No references where none is known.
    pub fn judge(&self, start: MonoTime, end: MonoTime) -> References {
        let mut mask = None;
        for round in self.finished.iter().filter(|round| round.start <= end && round.end >= start) {
            mask = Some(mask.unwrap_or(0) | round.bad_mask);
        }
        let oldest = self.plan.interval.times(2) + TIMEOUT;
        let before = || {
            let last = self.finished.iter().rev().find(|round| round.end < start)?;
            (last.end.plus(oldest) >= start).then_some(last.bad_mask)
        };
        mask.or_else(before).and_then(|mask| References::mask(mask, self.plan.total)).unwrap_or_default()
    }

    /// When [`Self::poll_start`] has to be called next; `None` while there are no references.
    pub fn next_wake(&self) -> Option<MonoTime> {
        if self.is_empty() {
            return None;
        }
        if let Some((_, start)) = self.running {
            return Some(start.plus(TIMEOUT.times(2)));
        }
        let earliest = self.last_start.map_or(MonoTime::default(), |last| last.plus(MIN_SPACING));
        Some(if self.wanted { earliest } else { self.scheduled.max(earliest) })
    }

    /// Gives up a round whose result did not come.
    fn expire(&mut self, now: MonoTime) {
        self.running.take_if(|(_, start)| start.plus(TIMEOUT.times(2)) <= now);
    }
}

impl Default for ReferenceWindow {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;

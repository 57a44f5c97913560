//! The slots of one check: open loop, without drift, staggered across agents.
//!
//! A slot is a moment t of the collector's clock, as far as this agent knows it, with t = phase (mod interval). The slots are
//! laid out once, on the monotonic clock, as anchor + k x interval; how long probes take and how late they start moves none
//! of them. A step of the wall clock moves none either, as agent time is anchored once in a boot.
//!
//! When the agent learns that its clock stands otherwise to the collector's, the slots are laid out anew
//! ([`Slots::realign`]). From the last slot to the first new one then pass between half an interval and one and a half: no
//! slot comes twice, and no gap is as long as two.
//!
//! While hastened, a slot lies also in the middle of every interval.

use quorate_model::{CollectorTime, Millis, MonoTime};

/// Slots in time order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// A slot, or before the first one; all slots are whole intervals away from it.
    anchor_us: u64,
    interval_us: u64,
    next_us: u64,
    last_us: Option<u64>,
    hastened_until: MonoTime,
}

/// A slot that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The latest slot at or before now.
    pub slot: MonoTime,
    /// Slots before it that nobody asked for in time: each was at least one interval late.
    pub missed: u64,
}

impl Slots {
    /// Slots from `now` on, which is `collector_now` on the collector's clock. An interval below 1 ms counts as 1 ms.
    pub fn new(interval: Millis, phase: Millis, now: MonoTime, collector_now: CollectorTime) -> Self {
        let spacing = interval.max(Millis::new(1));
        let anchor_us = next_aligned(spacing, phase, now, collector_now);
        let interval_us = spacing.get().unsigned_abs().saturating_mul(1000);
        Self { anchor_us, interval_us, next_us: anchor_us, last_us: None, hastened_until: MonoTime::default() }
    }

    /// The next slot.
    pub const fn next(&self) -> MonoTime {
        MonoTime::from_micros(self.next_us)
    }

    /// Takes the slot that has come, if one has, and moves on to the one after it.
    pub fn take_due(&mut self, now: MonoTime) -> Option<Due> {
        let now_us = now.as_micros();
        let first_us = self.next_us;
        if first_us > now_us {
            return None;
        }
        let missed = (now_us - first_us) / self.interval_us;
        let mut slot_us = first_us + missed * self.interval_us;
        if self.step_at(slot_us) < self.interval_us && slot_us + self.step_at(slot_us) <= now_us {
            slot_us += self.step_at(slot_us);
        }
        self.last_us = Some(slot_us);
        self.next_us = self.after(slot_us);
        Some(Due { slot: MonoTime::from_micros(slot_us), missed })
    }

    /// Slots come twice as often until then. A time already past ends it.
    pub fn hasten(&mut self, until: MonoTime, now: MonoTime) {
        self.hastened_until = until;
        // From the slot before the next one; before the first slot of all, from now on.
        let from_us = self.last_us.unwrap_or(0).max(now.as_micros());
        if self.next_us > from_us {
            self.next_us = self.after(from_us).max(self.last_us.map_or(0, |last| last + self.interval_us / 2));
        }
    }

    /// True if a slot lies in the middle of an interval, where there are slots in haste only.
    pub const fn is_between(&self, slot: MonoTime) -> bool {
        let (slot_us, interval_us) = (slot.as_micros(), self.interval_us);
        slot_us.abs_diff(self.anchor_us) % interval_us != 0
    }

    /// Lays the slots out anew after the knowledge of the collector's clock has changed.
    pub fn realign(&mut self, phase: Millis, now: MonoTime, collector_now: CollectorTime) {
        let spacing = Millis::new(i64::try_from(self.interval_us / 1000).unwrap_or(i64::MAX));
        let half_us = self.interval_us / 2;
        let due = self.next_us <= now.as_micros();
        if due {
            // A slot that has come and was not taken yet stays; only what follows it moves.
            return;
        }
        self.anchor_us = next_aligned(spacing, phase, now, collector_now);
        self.next_us = self.anchor_us;
        // The last slot is not after now, so that one interval more is always enough.
        if self.last_us.is_some_and(|last_us| self.next_us < last_us.saturating_add(half_us)) {
            self.next_us = self.next_us.saturating_add(self.interval_us);
        }
    }

    /// The time from one slot to the next now.
    pub const fn interval_us(&self) -> u64 {
        self.interval_us
    }

    const fn step_at(&self, slot_us: u64) -> u64 {
        if slot_us < self.hastened_until.as_micros() && self.interval_us >= 2 {
            self.interval_us / 2
        } else {
            self.interval_us
        }
    }

    /// The first slot after a moment.
    const fn after(&self, moment_us: u64) -> u64 {
        if moment_us < self.anchor_us {
            // Before the anchor: slots lie whole steps before it as well, but none is needed there but the nearest.
            let step = self.step_at(moment_us);
            let back = (self.anchor_us - moment_us - 1) / step;
            return self.anchor_us - back * step;
        }
        let step = self.step_at(moment_us);
        let steps = (moment_us - self.anchor_us) / step + 1;
        self.anchor_us.saturating_add(steps.saturating_mul(step))
    }
}

/// The first moment from `now` on whose collector time is the phase, modulo the interval.
fn next_aligned(interval: Millis, phase: Millis, now: MonoTime, collector_now: CollectorTime) -> u64 {
    let ahead_ms = phase.get().saturating_sub(collector_now.as_millis()).rem_euclid(interval.get());
    now.plus(Millis::new(ahead_ms)).as_micros()
}

#[cfg(test)]
mod tests;

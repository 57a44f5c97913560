//! The agent's doubt in itself: the local health multiplier of Lifeguard (Dadgar, Phillips, Currey: "Lifeguard: Local
//! Health Awareness for More Accurate Failure Detection", 2018), 0 = well, 7 = not to be believed about failures.
//!
//! What an unwell node does not do in time makes it rise, success makes it sink, and so does time, as a node on which
//! every target fails has no other way back.

use quorate_model::{Health, Micros, MonoTime};

/// Without further trouble the multiplier sinks by one in this time.
pub const DECAY: Micros = Micros::new(5_000_000);

/// Keeps the multiplier.
#[derive(Clone, Copy, Debug, Default)]
pub struct HealthMeter {
    value: u8,
    since: MonoTime,
}

impl HealthMeter {
    /// Something was late, missed or failing for the node's own reasons.
    pub fn worse(&mut self, by: u8, now: MonoTime) {
        self.value = self.at(now).get().saturating_add(by).min(Health::MAX);
        self.since = now;
    }

    /// Something worked in time.
    pub fn better(&mut self, now: MonoTime) {
        self.value = self.at(now).get().saturating_sub(1);
        self.since = now;
    }

    /// The multiplier now.
    pub fn at(&self, now: MonoTime) -> Health {
        let steps = now.since(self.since).get() / DECAY.get();
        let value = u64::from(self.value).saturating_sub(steps);
        u8::try_from(value).ok().and_then(Health::new).unwrap_or(Health::WELL)
    }
}

#[cfg(test)]
mod tests;

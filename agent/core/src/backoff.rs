//! Waiting before connecting again: growing, with full jitter (Brooker, "Exponential Backoff And Jitter", 2015).
//!
//! A wait is at most half as long as all waits before it, so that whoever was away for a short time is soon back: after 20 s
//! within 10 s more. Doubling from failure to failure would make that 32 s.

use quorate_model::Millis;

/// The ceiling of the first wait.
pub const BASE: Millis = Millis::new(500);
/// The ceiling of every wait.
pub const CAP: Millis = Millis::new(60_000);

/// Draws waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    /// All waits since the last success.
    waited: Millis,
}

impl Backoff {
    /// The next wait: evenly between 0 and the ceiling, which is half of all waits before, from [`BASE`] to [`CAP`].
    pub fn next_wait(&mut self, random: u64) -> Millis {
        let wait = spread(self.waited.over(2).max(BASE).min(CAP), random);
        // Beyond this nothing grows any more.
        self.waited = (self.waited + wait).min(CAP.times(2));
        wait
    }

    /// The connection served its purpose: the next failure is the first.
    pub fn reset(&mut self) {
        self.waited = Millis::ZERO;
    }
}

/// Evenly between 0 and `ceiling`, both included.
pub fn spread(ceiling: Millis, random: u64) -> Millis {
    let range = ceiling.get().max(0).unsigned_abs().saturating_add(1);
    Millis::new(i64::try_from(random % range).unwrap_or(0))
}

#[cfg(test)]
mod tests;

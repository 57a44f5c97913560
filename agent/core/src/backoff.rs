//! Waiting before connecting again: exponential, with full jitter (Brooker, "Exponential Backoff And Jitter", 2015).

use quorate_model::Millis;

/// The ceiling of the first wait.
pub const BASE: Millis = Millis::new(500);
/// The ceiling of every wait.
pub const CAP: Millis = Millis::new(60_000);

/// Counts failures and draws waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait: evenly between 0 and the ceiling, which doubles with each failure from [`BASE`] to [`CAP`].
    pub fn next_wait(&mut self, random: u64) -> Millis {
        let ceiling =
            BASE.get().saturating_mul(1i64.checked_shl(self.failures.min(30)).unwrap_or(i64::MAX)).min(CAP.get());
        self.failures = self.failures.saturating_add(1);
        spread(Millis::new(ceiling), random)
    }

    /// The connection served its purpose: the next failure is the first.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Evenly between 0 and `ceiling`, both included.
pub fn spread(ceiling: Millis, random: u64) -> Millis {
    let range = ceiling.get().max(0).unsigned_abs().saturating_add(1);
    Millis::new(i64::try_from(random % range).unwrap_or(0))
}

#[cfg(test)]
mod tests;

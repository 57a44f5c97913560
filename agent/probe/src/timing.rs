//! How long a probe may take.

use quorate_model::{CheckSpec, Millis};
use thiserror::Error;

/// How long a probe waits, and from when on a right answer is slow or late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    timeout: Millis,
    degraded_over: Option<Millis>,
    late: Millis,
}

/// A timing that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("timeout: {given} is not allowed; allowed: 1 ms to {} ms", Timing::MAX_TIMEOUT.get())]
pub struct TimingError {
    given: Millis,
}

impl Timing {
    /// The longest timeout.
    pub const MAX_TIMEOUT: Millis = Millis::from_secs(300);

    /// Waits up to `timeout` and listens up to one more timeout for a late answer.
    ///
    /// # Errors
    /// If `timeout` is not from 1 ms to [`Timing::MAX_TIMEOUT`].
    pub fn new(timeout: Millis) -> Result<Self, TimingError> {
        if timeout <= Millis::ZERO || timeout > Self::MAX_TIMEOUT {
            return Err(TimingError { given: timeout });
        }
        Ok(Self { timeout, degraded_over: None, late: timeout })
    }

    /// The timing of a check.
    ///
    /// # Errors
    /// If its timeout is not from 1 ms to [`Timing::MAX_TIMEOUT`].
    pub fn of(check: &CheckSpec) -> Result<Self, TimingError> {
        Ok(Self { degraded_over: check.degraded_over, ..Self::new(check.timeout)? })
    }

    /// A right answer that took longer than `limit` is `slow`.
    pub fn degraded_over(self, limit: Millis) -> Self {
        Self { degraded_over: Some(limit), ..self }
    }

    /// Listens `late` after the deadline instead, at most one timeout; zero ends the probe at its deadline.
    pub fn late(self, late: Millis) -> Self {
        Self { late: late.clamp(Millis::ZERO, self.timeout), ..self }
    }

    /// How long an answer may take.
    pub fn timeout(self) -> Millis {
        self.timeout
    }

    /// From when on a right answer is slow.
    pub(crate) fn slow_after(self) -> Option<Millis> {
        self.degraded_over
    }

    /// How long the whole probe may take, listening for a late answer included.
    pub fn longest(self) -> Millis {
        self.timeout + self.late
    }
}

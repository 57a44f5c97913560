//! The one place where the collector's composition reads a clock.

use std::time::{SystemTime, UNIX_EPOCH};

use quorate_model::CollectorTime;

/// Tells the time. A trait, so that tests can drive it.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> CollectorTime;
}

/// The system's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> CollectorTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        CollectorTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

//! The only place that reads clocks.
//!
//! Lengths come from the monotonic clock; the wall clock is read for one purpose, to judge certificates.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quorate_model::{Micros, MonoTime};
use tokio::time::Instant;

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The monotonic time now.
pub(crate) fn now() -> MonoTime {
    let since_origin = Instant::now().saturating_duration_since(*ORIGIN);
    MonoTime::from_micros(u64::try_from(since_origin.as_micros()).unwrap_or(u64::MAX))
}

/// The runtime's instant for a monotonic time, to wait for it.
pub(crate) fn instant(at: MonoTime) -> Instant {
    *ORIGIN + Duration::from_micros(at.as_micros())
}

/// `a + b`, saturating.
pub(crate) fn sum(a: Micros, b: Micros) -> Micros {
    Micros::new(a.get().saturating_add(b.get()))
}

/// Seconds since the epoch on the wall clock; 0 before it.
pub(crate) fn wall_seconds() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

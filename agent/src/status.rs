//! What the engine tells the uplinks of itself: for metrics and people, never for the verdict.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quorate_agent_core::Counters;
use quorate_model::{Health, Millis};
use quorate_proto::v1;

/// The engine's state as its collectors are told it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    pub(crate) counters: Counters,
    pub(crate) health: Health,
    /// The longest lag since it was last told.
    pub(crate) max_lag: Millis,
    pub(crate) assignment_revision: u64,
    pub(crate) refused: Vec<v1::CheckRefusal>,
}

/// Written by the engine, read by the uplinks. The lock is never held across an await.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatusBoard {
    status: Arc<Mutex<Status>>,
}

impl StatusBoard {
    /// The state; a panic while it was held leaves it as it was, which is a state like any other.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// This process's resident memory in bytes; 0 where the system does not say.
pub(crate) fn resident_bytes() -> u64 {
    let parse = || {
        let text = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    };
    parse().unwrap_or(0)
}

//! What happens in the background: checkpoints, compaction, sealing, retention. Each step is bounded.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quorate_model::{CollectorTime, Millis};
use rusqlite::Connection;

use crate::compact::{Due, MaintenanceError, compact_step, seal_step, sealable};
use crate::error::WriteError;
use crate::retention::{Retention, retain_latency, retain_step};
use crate::writer::WriteQueue;

/// Batches are compacted at the latest so long after they were received.
const COMPACT_AFTER: Millis = Millis::from_secs(600);
/// The thread looks so often whether something is due.
const TICK: Duration = Duration::from_secs(1);
/// Old data is looked for once in so many ticks.
const RETAIN_TICKS: u32 = 60;
/// The most steps of each kind in one tick, so that a shutdown never waits long.
const STEPS_PER_TICK: usize = 16;

/// Who does the background work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// A thread of the store, by the system's clock.
    Automatic,
    /// The owner, by calling [`crate::Store::maintain`].
    Manual,
}

/// The background work, wherever it runs.
pub(crate) struct Worker {
    conn: Mutex<Connection>,
    queue: WriteQueue,
    retention: Retention,
}

impl Worker {
    pub(crate) fn new(conn: Connection, queue: WriteQueue, retention: Retention) -> Self {
        Self { conn: Mutex::new(conn), queue, retention }
    }

    /// Does everything that is due at `now`, compacting and sealing only full steps unless `due` says so.
    pub(crate) fn run_all(&self, now: CollectorTime, everything: Everything) -> Result<(), MaintenanceError> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        let due = match everything {
            Everything::Due => Due::FullOrOlder(now - COMPACT_AFTER),
            Everything::Now => Due::Now,
        };
        while compact_step(&conn, &self.queue, due)? {}
        let sealing_now = match everything {
            Everything::Due => now,
            Everything::Now => CollectorTime::MAX,
        };
        for check in sealable(&conn, sealing_now)? {
            while seal_step(&conn, &self.queue, &check)? {}
        }
        while retain_step(&self.queue, self.retention, now)? {}
        let mut after = 0;
        while let Some(done) = retain_latency(&conn, &self.queue, (self.retention, now), after)? {
            after = done;
        }
        self.checkpoint(&conn)
    }

    /// Copies committed pages from the log into the file and syncs it; writers and readers go on meanwhile.
    fn checkpoint(&self, conn: &Connection) -> Result<(), MaintenanceError> {
        let done = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        done.map_err(|error| {
            let error = WriteError::from(error);
            // What a failed sync lost cannot be known, so nothing may be acknowledged after it.
            if let WriteError::Broken(_) = error {
                self.queue.health().break_with(error.clone());
            }
            MaintenanceError::Write(error)
        })
    }

    fn tick(&self, now: CollectorTime, state: &mut TickState) -> Result<(), MaintenanceError> {
        let conn = self.conn.lock().unwrap_or_else(PoisonError::into_inner);
        self.checkpoint(&conn)?;
        for _ in 0..STEPS_PER_TICK {
            if !compact_step(&conn, &self.queue, Due::FullOrOlder(now - COMPACT_AFTER))? {
                break;
            }
            state.look_for_sealable = true;
        }
        if state.look_for_sealable {
            let checks = sealable(&conn, now)?;
            state.look_for_sealable = checks.len() > STEPS_PER_TICK;
            for check in checks.iter().take(STEPS_PER_TICK) {
                seal_step(&conn, &self.queue, check)?;
            }
        }
        state.ticks = state.ticks.wrapping_add(1);
        if state.ticks.is_multiple_of(RETAIN_TICKS) {
            retain_step(&self.queue, self.retention, now)?;
            let place = (self.retention, now);
            state.retained = retain_latency(&conn, &self.queue, place, state.retained)?.unwrap_or(0);
        }
        Ok(())
    }
}

/// How much is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Everything {
    /// What is due.
    Due,
    /// All there is, full steps or not.
    Now,
}

struct TickState {
    ticks: u32,
    look_for_sealable: bool,
    retained: i64,
}

fn system_time() -> CollectorTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    CollectorTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The thread's body; ends when the other end of `stop` is dropped.
pub(crate) fn run(worker: &Arc<Worker>, stop: &Receiver<()>) {
    let mut state = TickState { ticks: 0, look_for_sealable: true, retained: 0 };
    let mut failing = false;
    loop {
        match stop.recv_timeout(TICK) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        match worker.tick(system_time(), &mut state) {
            Ok(()) => failing = false,
            // Said once, not each second; whoever reads or writes the same rows gets the error itself.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "maintenance of the store fails; it is tried again"
                );
            }
            Err(_) => {}
        }
    }
}

//! The durable store: received batches, column chunks, histograms, incidents.
//!
//! One SQLite file. Whatever a write's answer says is on disk, fsynced; what was acknowledged is counted exactly once. One
//! thread writes, with group commit; queries run on connections of their own and never wait for it. Batches are kept as they
//! were received and later compacted into sealed per-check column chunks.
//!
//! It deliberately has no async runtime (a [`Pending`] is awaited or waited for), no verdicts, no wall clock but in its
//! maintenance thread, and shows no type of the engine below. Queries block: async callers run them on a blocking thread.
//! Its main type is [`Store`].

mod agents;
mod append;
mod backup;
mod chunk;
mod compact;
mod documents;
mod error;
mod latency;
mod ledger;
mod lives;
mod maintenance;
mod mark;
mod names;
mod pending;
mod read;
mod retention;
mod schema;
mod settled;
mod store;
mod watermarks;
mod writer;

pub use agents::{AgentSeen, KnownAgent};
pub use append::{Appended, Gap, NewBatch, Received, Rejection, Taken};
pub use backup::{BackupFacts, check as check_backup, restore};
pub use chunk::{ChunkError, StoredRecord};
pub use compact::MaintenanceError;
pub use documents::{AuditEntry, ConfigRevision, Document, DocumentKey, Revisions};
pub use error::{BackupError, BatchRefusal, DamageError, EngineError, OpenError, ReadError, WriteError};
pub use latency::{Latency, LatencyPoint, Span};
pub use ledger::{Finality, MAX_READ_ROWS, StoredIncident, StoredSegments};
pub use maintenance::Maintenance;
pub use mark::{Mark, cap};
pub use pending::Pending;
pub use read::{MAX_READ_SAMPLES, Wanted, Window};
pub use retention::{MIN_SAMPLES_KEPT, Retention};
pub use schema::FORMAT;
pub use store::{Config, Statistics, Store};

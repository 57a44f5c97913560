//! What can go wrong, by operation. The engine below never shows its own types, only its texts as sources.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::chunk::ChunkError;

/// What the engine below said, as an opaque source.
#[derive(Clone)]
pub struct EngineError(Arc<dyn Error + Send + Sync>);

impl EngineError {
    pub(crate) fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Debug for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Error for EngineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// Why a store does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file cannot be created, opened or locked.
    #[error("{path} does not open", path = path.display())]
    Unreachable {
        /// The file.
        path: PathBuf,
        /// What the engine said.
        source: EngineError,
    },
    /// Another process writes to it.
    #[error("{path} is in use by another process", path = path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is not a store of Quorate: {found}", path = path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// A later version of the program wrote it.
    #[error("{path} has format {found}; this program reads formats up to {supported}: use a newer one", path = path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: i64,
        /// The last format this program knows.
        supported: i64,
    },
    /// A step from an older format failed; the file is as it was before.
    #[error("{path}: the step to format {to} failed; the file was left at format {from}", path = path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// The format it has.
        from: i64,
        /// The format it was to get.
        to: i64,
        /// What the engine said.
        source: EngineError,
    },
    /// A background thread does not start.
    #[error("a thread of the store does not start")]
    Thread(#[source] std::io::Error),
}

/// Why a write was not made. Nothing of it is in the store.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// No space is left; a later write may succeed.
    #[error("no space is left for the store")]
    Full(#[source] EngineError),
    /// The device or the file failed: nothing is written any more until the store is opened again, as what the device
    /// lost cannot be known.
    #[error("the store's device or file failed; it takes no more writes until it is opened again")]
    Broken(#[source] EngineError),
    /// The engine refused this write; others may succeed.
    #[error("the store refused the write")]
    Engine(#[source] EngineError),
    /// Too much is waiting to be written.
    #[error("{0} writes are waiting; more are not taken until some are done")]
    Busy(usize),
    /// What is stored and what is to be written do not fit.
    #[error("{what} cannot be written: {why}")]
    Refused {
        /// What was to be written.
        what: &'static str,
        /// Why not.
        why: String,
    },
    /// The store is shut down.
    #[error("the store is closed")]
    Closed,
}

/// Why one batch of a group is not taken, while the others are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchRefusal {
    /// Sequence or boot numbers over the largest that can be stored.
    #[error("boot {boot}, sequence {seq}: numbers up to {max} can be stored", max = i64::MAX)]
    NumberTooLarge {
        /// The boot.
        boot: u64,
        /// The last sequence number.
        seq: u64,
    },
    /// So many holes in the sequence of one boot that the list of what is settled would grow without bound.
    #[error("boot {boot} has {holes} holes in its sequence; at most {max} are kept", max = crate::settled::MAX_RANGES)]
    TooScattered {
        /// The boot.
        boot: u64,
        /// Holes that there would be.
        holes: usize,
    },
    /// More different checks than the store keeps.
    #[error("{checks} checks are known; at most {max} are kept", max = crate::names::MAX_CHECKS)]
    TooManyChecks {
        /// Checks known.
        checks: usize,
    },
    /// More different agents than the store keeps.
    #[error("{agents} agents are known; at most {max} are kept", max = crate::names::MAX_AGENTS)]
    TooManyAgents {
        /// Agents known.
        agents: usize,
    },
    /// The records are not what the batch's head says.
    #[error("the batch's records are not of one agent and boot in order")]
    Disorder,
}

/// Why a read did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The engine failed.
    #[error("the store does not read")]
    Engine(#[source] EngineError),
    /// A row does not hold what it should; the others are not affected.
    #[error("{table} row {row} is damaged")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The row's number or name.
        row: String,
        /// What is wrong.
        source: DamageError,
    },
    /// More was asked for than one answer may hold.
    #[error("the answer has more than {max} {what}; ask for a shorter window")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How many one answer may hold.
        max: usize,
    },
}

/// What is wrong with a damaged row.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DamageError {
    /// A chunk of columns.
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    /// A received batch.
    #[error(transparent)]
    Batch(#[from] quorate_proto::batch::BatchError),
    /// JSON text.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A histogram.
    #[error("the histogram does not decode: {0}")]
    Histogram(String),
    /// A value out of its range.
    #[error("{what} is {value}, which is not allowed")]
    Value {
        /// Of what.
        what: &'static str,
        /// The value.
        value: String,
    },
}

/// Why a backup was not made or is not good.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The target exists; a backup never overwrites.
    #[error("{} exists; a backup never overwrites a file", .0.display())]
    Exists(PathBuf),
    /// The target directory or file fails.
    #[error("{path} cannot be written", path = path.display())]
    Target {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The engine failed, such as for want of space.
    #[error("the copy failed")]
    Engine(#[source] EngineError),
    /// The copy does not hold together.
    #[error("{path} does not hold together: {found}", path = path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// The first thing found wrong.
        found: String,
    },
    /// The copy is not a store this program opens.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The copy does not read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        /// `SQLITE_IOERR_SHMSIZE`: the shared-memory file could not grow, which is a full disk.
        const IOERR_SHMSIZE: i32 = 4874;
        let (code, extended) = match &error {
            rusqlite::Error::SqliteFailure(failure, _) => (Some(failure.code), failure.extended_code),
            _ => (None, 0),
        };
        let source = EngineError::new(error);
        match code {
            Some(ErrorCode::DiskFull) => Self::Full(source),
            Some(ErrorCode::SystemIoFailure) if extended == IOERR_SHMSIZE => Self::Full(source),
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen,
            ) => Self::Broken(source),
            _ => Self::Engine(source),
        }
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(EngineError::new(error))
    }
}

//! Every configuration that was ever in force, kept in the store.

use std::path::Path;

use quorate_collector_config::Config;
use quorate_collector_store::{ReadError, Store, WriteError};
use quorate_model::CollectorTime;

use crate::desk::DeskError;
use crate::history::Histories;
use crate::source::Loaded;

/// Why a configuration was not put into force.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The configurations of before cannot be read.
    #[error("the configurations of before cannot be read")]
    Read(#[from] ReadError),
    /// The new one cannot be kept.
    #[error("the configuration cannot be kept in the store")]
    Write(#[from] WriteError),
    /// What people decided cannot be read.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// A thread does not start.
    #[error("a thread does not start")]
    Thread(#[source] std::io::Error),
    /// The thread that reads and writes ended without an answer.
    #[error("the reading thread ended without an answer")]
    Worker(#[source] tokio::task::JoinError),
}

/// The histories of all checks with `loaded` in force, and the revision it has. Blocks.
pub(crate) fn put_into_force(
    store: &Store,
    loaded: &Loaded,
    now: CollectorTime,
) -> Result<(Histories, u64), RecordError> {
    let before = store.configs()?;
    let mut histories = Histories::default();
    for known in &before {
        match Config::parse(&known.body) {
            Ok(config) => histories.apply(known.effective_from, &config),
            // It was in force, so an older program read it. What it said is lost for this reading only.
            Err(errors) => tracing::warn!(
                revision = known.revision,
                error = errors.first().map(ToString::to_string),
                "a configuration of before is no longer understood; the rules of its time are those before it"
            ),
        }
    }
    if let Some(last) = before.last()
        && last.hash == loaded.hash
    {
        return Ok((histories, last.revision));
    }
    // A clock that was set back does not put a configuration into force before the one it follows.
    let at = before.last().map_or(now, |last| now.max(last.effective_from));
    let revision = store.put_config(at, loaded.hash, loaded.text.clone()).wait()?;
    histories.apply(at, &loaded.config);
    Ok((histories, revision))
}

/// Where the store lies in a data directory.
pub(crate) fn store_path(data_dir: &Path) -> std::path::PathBuf {
    data_dir.join("quorate.db")
}

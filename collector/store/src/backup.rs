//! Copies of a store in use, and whether a copy is good.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::error::{BackupError, EngineError, OpenError};
use crate::schema::{APPLICATION_ID, FORMAT, open_for_reading};

/// Pages copied at a time.
const STEP_PAGES: i32 = 1_024;
/// The most times a step may find the store locked before the copy gives up.
const MAX_BUSY: u32 = 500;
/// The wait after a locked step.
const BUSY_WAIT: Duration = Duration::from_millis(10);

/// What a good copy holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupFacts {
    /// Its size in bytes.
    pub bytes: u64,
    /// Its format.
    pub format: i64,
    /// Samples in chunks and batches.
    pub samples: u64,
    /// Incidents.
    pub incidents: u64,
}

fn engine(error: rusqlite::Error) -> BackupError {
    BackupError::Engine(EngineError::new(error))
}

/// Copies the state of this moment to a new file: into a file beside it first, checked, then renamed.
pub(crate) fn backup_to(source: &Connection, path: &Path) -> Result<BackupFacts, BackupError> {
    if path.exists() {
        return Err(BackupError::Exists(path.to_owned()));
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let outcome = copy(source, &partial).and_then(|()| check(&partial));
    let target = |source| BackupError::Target { path: path.to_owned(), source };
    match outcome {
        Ok(facts) => {
            std::fs::hard_link(&partial, path).map_err(target)?;
            std::fs::remove_file(&partial).map_err(target)?;
            let directory = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(directory).and_then(|d| d.sync_all()).map_err(target)?;
            Ok(facts)
        }
        Err(error) => {
            if partial.exists() {
                std::fs::remove_file(&partial).map_err(target)?;
            }
            Err(error)
        }
    }
}

fn copy(source: &Connection, partial: &Path) -> Result<(), BackupError> {
    if partial.exists() {
        // Left by a copy that was cut off; nobody else writes this name.
        std::fs::remove_file(partial).map_err(|e| BackupError::Target { path: partial.to_owned(), source: e })?;
    }
    // One read transaction over the whole copy: it is of one moment, and commits meanwhile do not start it over.
    let tx = source.unchecked_transaction().map_err(engine)?;
    tx.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(engine)?;
    let mut target = Connection::open(partial).map_err(engine)?;
    {
        let backup = Backup::new(source, &mut target).map_err(engine)?;
        let mut busy = 0;
        loop {
            match backup.step(STEP_PAGES).map_err(engine)? {
                StepResult::Done => break,
                StepResult::Busy | StepResult::Locked if busy >= MAX_BUSY => {
                    return Err(BackupError::Unsound {
                        path: partial.to_owned(),
                        found: "the store stayed locked; the copy was given up".to_owned(),
                    });
                }
                StepResult::Busy | StepResult::Locked => {
                    busy += 1;
                    std::thread::sleep(BUSY_WAIT);
                }
                _ => {}
            }
        }
    }
    // A copy is one file: without a log beside it.
    target.pragma_update(None, "journal_mode", "DELETE").map_err(engine)?;
    target.close().map_err(|(_, e)| engine(e))?;
    File::open(partial)
        .and_then(|f| f.sync_all())
        .map_err(|e| BackupError::Target { path: partial.to_owned(), source: e })
}

/// Reads a copy through: that it is a store of a known format and that it holds together page by page.
///
/// # Errors
/// The first thing found wrong.
pub fn check(path: &Path) -> Result<BackupFacts, BackupError> {
    let bytes = std::fs::metadata(path).map_err(|e| BackupError::Target { path: path.to_owned(), source: e })?.len();
    let conn = open_for_reading(path).map_err(engine)?;
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(engine);
    if number("PRAGMA application_id")? != APPLICATION_ID {
        return Err(
            OpenError::NotAStore { path: path.to_owned(), found: "another application's file".to_owned() }.into()
        );
    }
    let format = number("PRAGMA user_version")?;
    if format > FORMAT {
        return Err(OpenError::Newer { path: path.to_owned(), found: format, supported: FORMAT }.into());
    }
    let sound: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(engine)?;
    if sound != "ok" {
        return Err(BackupError::Unsound { path: path.to_owned(), found: sound });
    }
    let samples = number(
        "SELECT (SELECT coalesce(sum(samples), 0) FROM chunks) + (SELECT coalesce(sum(samples), 0) FROM batches)",
    )?;
    let incidents = number("SELECT count(*) FROM incidents")?;
    Ok(BackupFacts { bytes, format, samples: samples.cast_unsigned(), incidents: incidents.cast_unsigned() })
}

/// Puts a checked copy in the place of a store that is not open and does not exist.
///
/// # Errors
/// Where the copy is not good, or the store's file exists: moving it away is the operator's decision.
pub fn restore(copy: &Path, store: &Path) -> Result<BackupFacts, BackupError> {
    if store.exists() {
        return Err(BackupError::Exists(store.to_owned()));
    }
    check(copy)?;
    let source = open_for_reading(copy).map_err(engine)?;
    backup_to(&source, store)
}

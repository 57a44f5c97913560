//! The tables, and the steps from one format to the next.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::{EngineError, OpenError};
use crate::read::signed;

/// "QRAT": says that the file is ours.
pub(crate) const APPLICATION_ID: i64 = 0x5152_4154;

/// Step `n` leads from format `n` to format `n + 1`. Steps are never changed once released, only added.
const STEPS: &[&str] = &[include_str!("schema/1.sql")];

/// The format this program writes and the last it reads.
#[expect(clippy::cast_possible_wrap, reason = "a handful of steps")]
pub const FORMAT: i64 = STEPS.len() as i64;

/// How long opening waits for another connection of the same process.
const BUSY_WAIT: Duration = Duration::from_secs(5);

fn unreachable_file(path: &Path) -> impl Fn(rusqlite::Error) -> OpenError + '_ {
    move |error| {
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) {
            return OpenError::InUse { path: path.to_owned() };
        }
        if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) {
            return OpenError::NotAStore { path: path.to_owned(), found: "not an SQLite file".to_owned() };
        }
        OpenError::Unreachable { path: path.to_owned(), source: EngineError::new(error) }
    }
}

/// Opens or creates the file for the one writer and brings it to the current format.
pub(crate) fn open_for_writing(path: &Path) -> Result<Connection, OpenError> {
    let wrong = unreachable_file(path);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags).map_err(&wrong)?;
    conn.busy_timeout(BUSY_WAIT).map_err(&wrong)?;
    check_identity(path, &conn)?;
    let mode: String = conn.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0)).map_err(&wrong)?;
    if mode != "wal" {
        return Err(OpenError::NotAStore {
            path: path.to_owned(),
            found: format!("a file whose journal mode cannot be set to wal, only {mode}"),
        });
    }
    // Checkpoints are made by the maintenance alone, which looks at their errors: the engine's own ones are silent.
    conn.execute_batch(
        "PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;
         PRAGMA journal_size_limit=67108864;",
    )
    .map_err(&wrong)?;
    migrate(path, &mut conn)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// Opens the file for queries.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_WAIT)?;
    // No memory map: a sector that does not read has to be an error, not the end of the process.
    conn.pragma_update(None, "query_only", true)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

/// Opens the file for the maintenance: it reads, and moves the log into the file, which needs a connection that may write.
pub(crate) fn open_for_checkpoints(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_WAIT)?;
    conn.execute_batch("PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;")?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(conn)
}

fn pragma(conn: &Connection, name: &str) -> Result<i64, rusqlite::Error> {
    conn.pragma_query_value(None, name, |row| row.get(0))
}

fn check_identity(path: &Path, conn: &Connection) -> Result<(), OpenError> {
    let wrong = unreachable_file(path);
    let application = pragma(conn, "application_id").map_err(&wrong)?;
    let format = pragma(conn, "user_version").map_err(&wrong)?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(&wrong)?;
    if application != APPLICATION_ID && (tables > 0 || application != 0) {
        return Err(OpenError::NotAStore {
            path: path.to_owned(),
            found: format!("an SQLite file of application {application:#x} with {tables} tables and indices"),
        });
    }
    if format > FORMAT {
        return Err(OpenError::Newer { path: path.to_owned(), found: format, supported: FORMAT });
    }
    Ok(())
}

fn migrate(path: &Path, conn: &mut Connection) -> Result<(), OpenError> {
    let wrong = unreachable_file(path);
    let found = pragma(conn, "user_version").map_err(&wrong)?;
    let done = usize::try_from(found)
        .map_err(|_| OpenError::NotAStore { path: path.to_owned(), found: format!("format {found}") })?;
    for (step, sql) in STEPS.iter().enumerate().skip(done) {
        let (from, to) = (signed(step), signed(step + 1));
        let failed = |e| OpenError::Migration { path: path.to_owned(), from, to, source: EngineError::new(e) };
        let tx = conn.transaction_with_behavior(TransactionBehavior::Exclusive).map_err(&wrong)?;
        tx.execute_batch(sql).map_err(failed)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        tx.pragma_update(None, "user_version", to).map_err(failed)?;
        tx.commit().map_err(failed)?;
    }
    Ok(())
}

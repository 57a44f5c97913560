//! Up to when each check is settled.
//!
//! A mark goes up with what was concluded, and down in the very transaction that stores a sample from before it: whatever
//! happens next, a process that opens the store later sees that the past behind the mark has to be looked at again.

use std::collections::HashMap;

use quorate_model::CollectorTime;
use rusqlite::{Connection, OptionalExtension, params};

/// The marks as the writer knows them; forgotten when a transaction fails.
#[derive(Default)]
pub(crate) struct Watermarks {
    by_check: HashMap<i64, Option<CollectorTime>>,
}

impl Watermarks {
    pub(crate) fn forget(&mut self) {
        self.by_check.clear();
    }

    /// Raises a check's mark to `settled` after `[from, settled)` was concluded. A mark below `from` stays: what lies between
    /// was taken back since.
    pub(crate) fn raise(
        &mut self,
        tx: &Connection,
        check_no: i64,
        from: CollectorTime,
        settled: CollectorTime,
    ) -> Result<(), rusqlite::Error> {
        match self.mark(tx, check_no)? {
            Some(mark) if mark < from || mark >= settled => Ok(()),
            _ => self.put(tx, check_no, settled),
        }
    }

    /// Lowers a check's mark to `to`, if it is above.
    pub(crate) fn lower(&mut self, tx: &Connection, check_no: i64, to: CollectorTime) -> Result<(), rusqlite::Error> {
        match self.mark(tx, check_no)? {
            Some(mark) if mark > to => self.put(tx, check_no, to),
            _ => Ok(()),
        }
    }

    fn mark(&mut self, tx: &Connection, check_no: i64) -> Result<Option<CollectorTime>, rusqlite::Error> {
        if let Some(known) = self.by_check.get(&check_no) {
            return Ok(*known);
        }
        let stored = read(tx, check_no)?;
        self.by_check.insert(check_no, stored);
        Ok(stored)
    }

    fn put(&mut self, tx: &Connection, check_no: i64, mark: CollectorTime) -> Result<(), rusqlite::Error> {
        tx.prepare_cached(
            "INSERT INTO watermarks (check_no, settled_ms) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET settled_ms = excluded.settled_ms",
        )?
        .execute(params![check_no, mark.as_millis()])?;
        self.by_check.insert(check_no, Some(mark));
        Ok(())
    }
}

/// The stored mark of a check.
pub(crate) fn read(conn: &Connection, check_no: i64) -> Result<Option<CollectorTime>, rusqlite::Error> {
    let stored: Option<i64> = conn
        .prepare_cached("SELECT settled_ms FROM watermarks WHERE check_no = ?1")?
        .query_row([check_no], |row| row.get(0))
        .optional()?;
    Ok(stored.map(CollectorTime::from_millis))
}

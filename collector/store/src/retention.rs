//! How long each class of data is kept.

use quorate_model::{CollectorTime, Millis};
use rusqlite::{Connection, OptionalExtension, params};

use crate::compact::MaintenanceError;
use crate::error::WriteError;
use crate::latency::Span;
use crate::writer::WriteQueue;

/// The most rows deleted in one transaction, so that acknowledgements never wait long.
const STEP_ROWS: i64 = 256;
/// The shortest time raw samples may be kept: they are what late data are judged against.
pub const MIN_SAMPLES_KEPT: Millis = Millis::from_secs(7 * 86_400);

/// How long each class is kept. Segments, incidents, revisions, configurations, documents and the audit log are kept forever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Samples; at least [`MIN_SAMPLES_KEPT`].
    pub samples: Millis,
    /// Latency by hour.
    pub hours: Millis,
    /// Latency by day.
    pub days: Millis,
    /// Lists of gaps and rejections.
    pub ranges: Millis,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |n: i64| Millis::from_secs(n * 86_400);
        Self { samples: days(400), hours: days(400), days: days(3_650), ranges: days(400) }
    }
}

/// Deletes what is too old, a bounded number of rows. True if there may be more.
pub(crate) fn retain_step(queue: &WriteQueue, retention: Retention, now: CollectorTime) -> Result<bool, WriteError> {
    let samples = (now - Millis::new(retention.samples.get().max(MIN_SAMPLES_KEPT.get()))).as_millis();
    let ranges = (now - retention.ranges).as_millis();
    let deleted = queue
        .call(move |writing| {
            let tx = writing.tx;
            let mut deleted = tx
                .prepare_cached(
                    "DELETE FROM chunks WHERE chunk IN
                     (SELECT chunk FROM chunks INDEXED BY chunks_by_age WHERE sealed = 1 AND max_start_ms < ?1 LIMIT ?2)",
                )?
                .execute(params![samples, STEP_ROWS])?;
            for table in ["gaps", "rejects"] {
                deleted += tx
                    .prepare_cached(&format!(
                        "DELETE FROM {table} WHERE rowid IN
                         (SELECT rowid FROM {table} WHERE received_ms < ?1 LIMIT ?2)"
                    ))?
                    .execute(params![ranges, STEP_ROWS])?;
            }
            Ok(deleted)
        })
        .wait()?;
    Ok(deleted > 0)
}

/// Deletes histograms of one check that are too old: the first with a number over `after`. Gives that check's number, `None`
/// past the last one.
pub(crate) fn retain_latency(
    conn: &Connection,
    queue: &WriteQueue,
    (retention, now): (Retention, CollectorTime),
    after: i64,
) -> Result<Option<i64>, MaintenanceError> {
    let mut next = conn.prepare_cached("SELECT check_no FROM checks WHERE check_no > ?1 ORDER BY check_no LIMIT 1")?;
    let Some(check_no) = next.query_row([after], |row| row.get::<_, i64>(0)).optional()? else { return Ok(None) };
    for (span, kept) in [(Span::Hour, retention.hours), (Span::Day, retention.days)] {
        let before = (now - kept).as_millis();
        // The key leads with check and span, so looking is cheap; nothing is written where nothing is old.
        let old: Option<i64> = conn
            .prepare_cached("SELECT 1 FROM latency WHERE check_no = ?1 AND span_ms = ?2 AND start_ms < ?3 LIMIT 1")?
            .query_row(params![check_no, span.length_ms(), before], |row| row.get(0))
            .optional()?;
        if old.is_some() {
            let delete = queue.call(move |writing| {
                writing
                    .tx
                    .prepare_cached("DELETE FROM latency WHERE check_no = ?1 AND span_ms = ?2 AND start_ms < ?3")?
                    .execute(params![check_no, span.length_ms(), before])?;
                Ok(())
            });
            delete.wait()?;
        }
    }
    Ok(Some(check_no))
}

//! Compaction: batches to open chunks, open chunks to sealed ones. Reading and packing happen on the maintenance thread with
//! a connection of its own; only the short exchange of rows runs on the writer.

use std::collections::BTreeMap;

use quorate_model::{CheckId, CollectorTime, RegionId};
use rusqlite::{Connection, params};

use crate::chunk::{MAX_SAMPLES, StoredRecord, decode_records, encode};
use crate::error::{EngineError, ReadError, WriteError};
use crate::latency::{Latency, Span, add_to_stored};
use crate::pending::Pending;
use crate::read::{agent_names, check_number, damaged, decode_row, parse_name, signed, sort_and_dedup};
use crate::writer::{WriteQueue, Writing};

/// One step of compaction takes batches up to so many samples (about 25 MiB in memory).
pub(crate) const STEP_SAMPLES: usize = 65_536;
/// Pieces are cut at so many samples.
const PIECE_SAMPLES: usize = 8_192;
/// Open chunks of one check are sealed once they hold so many samples,
const SEAL_SAMPLES: i64 = 4_096;
/// or are so many,
const SEAL_CHUNKS: i64 = 48;
/// or the oldest sample is this much older than now.
const SEAL_AGE_MS: i64 = 86_400_000;

/// Why a step of maintenance was not made; what is stored is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaintenanceError {
    /// What is to be compacted does not read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The exchange was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<rusqlite::Error> for MaintenanceError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Read(error.into())
    }
}

/// A packed chunk on its way to the writer.
struct Packed {
    check_no: i64,
    sealed: bool,
    min_start_ms: i64,
    max_start_ms: i64,
    samples: i64,
    data: Vec<u8>,
}

/// When batches are compacted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Due {
    /// Once there is a full step, or the oldest was received before this.
    FullOrOlder(CollectorTime),
    /// Whatever there is.
    Now,
}

/// Makes one step of batches into open chunks. False if nothing is due.
pub(crate) fn compact_step(conn: &Connection, queue: &WriteQueue, due: Due) -> Result<bool, MaintenanceError> {
    let mut by_check: BTreeMap<CheckId, Vec<StoredRecord>> = BTreeMap::new();
    let mut samples = 0usize;
    let mut last_batch = None;
    {
        let agents = agent_names(conn)?;
        if !is_due(conn, due)? {
            return Ok(false);
        }
        let mut statement = conn.prepare_cached(
            "SELECT batch, checks, agent, boot, first_seq, last_seq, received_ms, raw_bytes, region, provider, marks, columns
             FROM batches ORDER BY batch",
        )?;
        let mut rows = statement.query([])?;
        while samples < STEP_SAMPLES
            && let Some(row) = rows.next()?
        {
            for stored in decode_row(row, &agents)? {
                samples += 1;
                by_check.entry(stored.record.sample.check.clone()).or_default().push(stored);
            }
            last_batch = Some(row.get::<_, i64>(0)?);
        }
    }
    let Some(last_batch) = last_batch else { return Ok(false) };
    let mut packed = Vec::new();
    for (check, mut records) in by_check {
        let check_no = check_number(conn, &check)?
            .ok_or_else(|| ReadError::Engine(EngineError::new(rusqlite::Error::QueryReturnedNoRows)))?;
        pack(check_no, false, &mut records, &mut packed)?;
    }
    exchange(queue, packed, move |writing| {
        writing.tx.prepare_cached("DELETE FROM batches WHERE batch <= ?1")?.execute([last_batch])?;
        Ok(())
    })
    .wait()?;
    Ok(true)
}

/// Looks only as far as one step.
fn is_due(conn: &Connection, due: Due) -> Result<bool, MaintenanceError> {
    let Due::FullOrOlder(before) = due else { return Ok(true) };
    let mut statement = conn.prepare_cached("SELECT samples, received_ms FROM batches ORDER BY batch")?;
    let mut rows = statement.query([])?;
    let mut samples = 0;
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(1)? < before.as_millis() {
            return Ok(true);
        }
        samples += row.get::<_, i64>(0)?;
        if samples >= signed(STEP_SAMPLES) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Cuts records into pieces by time, and packs each sorted by identity.
fn pack(
    check_no: i64,
    sealed: bool,
    records: &mut Vec<StoredRecord>,
    out: &mut Vec<Packed>,
) -> Result<(), MaintenanceError> {
    sort_and_dedup(records);
    let start = |stored: &StoredRecord| stored.record.sample.start_corrected().as_millis();
    let pieces: Vec<Vec<StoredRecord>> = if records.len() <= PIECE_SAMPLES {
        vec![std::mem::take(records)]
    } else {
        records.sort_by_key(start);
        let count = records.len().div_ceil(PIECE_SAMPLES);
        let size = records.len().div_ceil(count);
        let mut rest = std::mem::take(records).into_iter();
        (0..count).map(|_| rest.by_ref().take(size).collect()).collect()
    };
    for mut piece in pieces {
        sort_and_dedup(&mut piece);
        let data = encode(&piece).map_err(|e| damaged("batches", "", e))?;
        out.push(Packed {
            check_no,
            sealed,
            min_start_ms: piece.iter().map(start).min().unwrap_or(0),
            max_start_ms: piece.iter().map(start).max().unwrap_or(0),
            samples: signed(piece.len()),
            data,
        });
    }
    Ok(())
}

/// Writes chunks and does what replaces them, in one transaction.
fn exchange(
    queue: &WriteQueue,
    packed: Vec<Packed>,
    mut replace: impl FnMut(&mut Writing<'_>) -> Result<(), WriteError> + Send + 'static,
) -> Pending<()> {
    queue.call(move |writing| {
        for chunk in &packed {
            writing
                .tx
                .prepare_cached(
                    "INSERT INTO chunks (check_no, sealed, min_start_ms, max_start_ms, samples, data)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    chunk.check_no,
                    chunk.sealed,
                    chunk.min_start_ms,
                    chunk.max_start_ms,
                    chunk.samples,
                    chunk.data
                ])?;
        }
        replace(writing)
    })
}

/// The checks whose open chunks are to be sealed.
pub(crate) fn sealable(conn: &Connection, now: CollectorTime) -> Result<Vec<CheckId>, MaintenanceError> {
    let mut statement = conn.prepare_cached(
        "SELECT checks.id FROM (
           SELECT check_no FROM chunks INDEXED BY chunks_open WHERE sealed = 0 GROUP BY check_no
           HAVING sum(samples) >= ?1 OR count(*) >= ?2 OR min(min_start_ms) < ?3
         ) JOIN checks USING (check_no) ORDER BY check_no",
    )?;
    let age = now.as_millis().saturating_sub(SEAL_AGE_MS);
    let mut rows = statement.query(params![SEAL_SAMPLES, SEAL_CHUNKS, age])?;
    let mut checks = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        checks.push(parse_name(CheckId::new(&text), "checks", &text, &text)?);
    }
    Ok(checks)
}

/// Seals the oldest open chunks of a check, as many as fit into one step, and counts them in the histograms. False if there
/// are none.
pub(crate) fn seal_step(conn: &Connection, queue: &WriteQueue, check: &CheckId) -> Result<bool, MaintenanceError> {
    let Some(check_no) = check_number(conn, check)? else { return Ok(false) };
    let mut taken = Vec::new();
    let mut records = Vec::new();
    {
        let mut statement = conn.prepare_cached(
            "SELECT chunk, samples, data FROM chunks WHERE sealed = 0 AND check_no = ?1 ORDER BY min_start_ms",
        )?;
        let mut rows = statement.query([check_no])?;
        while let Some(row) = rows.next()? {
            let (number, samples): (i64, i64) = (row.get(0)?, row.get(1)?);
            if !taken.is_empty() && records.len() + usize::try_from(samples).unwrap_or(MAX_SAMPLES) > MAX_SAMPLES {
                break;
            }
            let data = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            records.extend(decode_records(check, data).map_err(|e| damaged("chunks", number, e))?);
            taken.push(number);
        }
    }
    if taken.is_empty() {
        return Ok(false);
    }
    sort_and_dedup(&mut records);
    let mut histograms: BTreeMap<(Span, RegionId, CollectorTime), Latency> = BTreeMap::new();
    for stored in records.iter().filter(|stored| stored.mark.counts()) {
        let sample = &stored.record.sample;
        for span in Span::STORED {
            let key = (span, sample.region.clone(), span.start(sample.start_corrected()));
            histograms.entry(key).or_default().add_record(&stored.record);
        }
    }
    let mut packed = Vec::new();
    pack(check_no, true, &mut records, &mut packed)?;
    exchange(queue, packed, move |writing| {
        for number in &taken {
            writing.tx.prepare_cached("DELETE FROM chunks WHERE chunk = ?1")?.execute([number])?;
        }
        for ((span, region, start), more) in &histograms {
            if more.count() > 0 {
                add_to_stored(writing.tx, (check_no, *span, region), *start, more)?;
            }
        }
        Ok(())
    })
    .wait()?;
    Ok(true)
}

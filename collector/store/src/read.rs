//! Reading samples: chunks and batches not yet compacted, merged into one set.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};

use quorate_model::{AgentId, Boot, CheckId, CollectorTime, ProviderId, Record, RegionId, Sample};
use quorate_proto::batch::{self, Origin};
use quorate_proto::v1;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::chunk::{LeanChunk, Reader, StoredRecord, decode_records};
use crate::error::{DamageError, ReadError};
use crate::mark::{Mark, REPEATED, cap};
use crate::store::Statistics;

mod windows;

pub(crate) use windows::samples_of_each;

/// The most samples one answer holds: a year of one check, five agents at ten seconds.
pub const MAX_READ_SAMPLES: usize = 16_000_000;

/// A half-open window on the collector's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub from: CollectorTime,
    /// The first moment after it.
    pub to: CollectorTime,
}

impl Window {
    /// `from..to`.
    pub const fn new(from: CollectorTime, to: CollectorTime) -> Self {
        Self { from, to }
    }

    /// All of time but its last millisecond.
    pub const ALWAYS: Self = Self { from: CollectorTime::MIN, to: CollectorTime::MAX };

    pub(crate) fn holds(&self, at: CollectorTime) -> bool {
        self.from <= at && at < self.to
    }
}

/// Which samples are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those that count: what the verdict is made of.
    Counted,
    /// Those kept apart too.
    All,
}

impl Wanted {
    pub(crate) fn takes(self, mark: Mark) -> bool {
        self == Self::All || mark.counts()
    }
}

/// Read-only connections, lent out one per query.
pub(crate) struct Readers {
    path: PathBuf,
    free: Mutex<Vec<Connection>>,
    returned: Condvar,
}

/// A connection on loan.
pub(crate) struct Reading<'a> {
    pool: &'a Readers,
    conn: Option<Connection>,
}

impl std::ops::Deref for Reading<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.conn.as_ref().expect("the connection is taken out by drop alone")
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            self.pool.returned.notify_one();
        }
    }
}

impl Readers {
    pub(crate) fn open(path: &Path, count: usize) -> Result<Self, rusqlite::Error> {
        let free = (0..count.max(1)).map(|_| crate::schema::open_for_reading(path)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { path: path.to_owned(), free: Mutex::new(free), returned: Condvar::new() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until a connection is free.
    pub(crate) fn lend(&self) -> Reading<'_> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(conn) = free.pop() {
                return Reading { pool: self, conn: Some(conn) };
            }
            free = self.returned.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A count as the engine takes it.
pub(crate) fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(crate) fn damaged(table: &'static str, row: impl Into<RowName>, source: impl Into<DamageError>) -> ReadError {
    ReadError::Damaged { table, row: row.into().0, source: source.into() }
}

/// Which row, as an error says it.
pub(crate) struct RowName(String);

impl From<i64> for RowName {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

impl From<&i64> for RowName {
    fn from(number: &i64) -> Self {
        Self(number.to_string())
    }
}

impl From<&str> for RowName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl From<&String> for RowName {
    fn from(name: &String) -> Self {
        Self(name.clone())
    }
}

impl From<String> for RowName {
    fn from(name: String) -> Self {
        Self(name)
    }
}

pub(crate) fn check_number(conn: &Connection, check: &CheckId) -> Result<Option<i64>, ReadError> {
    let mut statement = conn.prepare_cached("SELECT check_no FROM checks WHERE id = ?1")?;
    Ok(statement.query_row([check.as_str()], |row| row.get(0)).optional()?)
}

/// Samples of one check in order of identity, each identity once.
pub(crate) fn samples(
    conn: &Connection,
    check: &CheckId,
    window: Window,
    wanted: Wanted,
) -> Result<Vec<Sample>, ReadError> {
    let Some(check_no) = check_number(conn, check)? else { return Ok(Vec::new()) };
    let mut chunks: Vec<(i64, LeanChunk)> = Vec::new();
    let mut count = 0;
    let mut fresh: Vec<Sample> = Vec::new();
    let tx = conn.unchecked_transaction()?;
    each_chunk(&tx, check_no, window, |number, data| {
        let chunk = LeanChunk::decode(data).map_err(|e| damaged("chunks", number, e))?;
        count += chunk.count();
        if count > MAX_READ_SAMPLES {
            return Err(ReadError::TooMuch { what: "samples", max: MAX_READ_SAMPLES });
        }
        chunks.push((number, chunk));
        Ok(())
    })?;
    each_fresh(&tx, Some((check_no, check)), window, |stored| {
        if wanted.takes(stored.mark) && window.holds(stored.record.sample.start_corrected()) {
            fresh.push(stored.record.sample);
        }
    })?;
    drop(tx);
    fresh.sort();

    // Life by life, so that the answer is built in its final order without moving what is in order already.
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    for (chunk, (_, columns)) in chunks.iter().enumerate() {
        let runs = columns.runs().enumerate();
        pieces.extend(runs.map(|(run, (agent, boot, seq))| Piece {
            life: (agent, boot),
            seq,
            from: Source::Run { chunk, run },
        }));
    }
    for samples in fresh.chunk_by(|a, b| (&a.id.agent, a.id.boot) == (&b.id.agent, b.id.boot)) {
        if let Some(first) = samples.first() {
            let life = (&first.id.agent, first.id.boot);
            pieces.push(Piece { life, seq: first.id.seq.get(), from: Source::Fresh(samples) });
        }
    }
    pieces.sort_by_key(|piece| (piece.life, piece.seq));
    let mut found: Vec<Sample> = Vec::with_capacity(count + fresh.len());
    for of_life in pieces.chunk_by(|a, b| a.life == b.life) {
        let begin = found.len();
        for piece in of_life {
            match piece.from {
                Source::Fresh(samples) => found.extend_from_slice(samples),
                Source::Run { chunk, run } => {
                    let Some((number, columns)) = chunks.get(chunk) else { continue };
                    let push = |sample: Sample, mark| {
                        if wanted.takes(mark) {
                            found.push(sample);
                        }
                    };
                    columns
                        .each_of_run(run, check, |start| window.holds(start), push)
                        .map_err(|e| damaged("chunks", number, e))?;
                }
            }
        }
        // Late samples lie in later chunks. Of two payloads under one identity the smaller comes first and stays.
        let tail = found.get_mut(begin..).unwrap_or_default();
        if !tail.is_sorted_by(|a, b| a.id.seq < b.id.seq) {
            let mut tail = found.split_off(begin);
            tail.sort();
            tail.dedup_by(|later, first| later.id == first.id);
            found.append(&mut tail);
        }
    }
    Ok(found)
}

/// Samples of one life that lie together.
struct Piece<'a> {
    life: (&'a AgentId, Boot),
    seq: u64,
    from: Source<'a>,
}

enum Source<'a> {
    /// A run of a chunk, by their places.
    Run { chunk: usize, run: usize },
    /// Batches not yet compacted.
    Fresh(&'a [Sample]),
}

/// Like [`samples`], with everything that was kept of each.
pub(crate) fn records(
    conn: &Connection,
    check: &CheckId,
    window: Window,
    wanted: Wanted,
) -> Result<Vec<StoredRecord>, ReadError> {
    let Some(check_no) = check_number(conn, check)? else { return Ok(Vec::new()) };
    let mut found: Vec<StoredRecord> = Vec::new();
    let takes =
        |stored: &StoredRecord| wanted.takes(stored.mark) && window.holds(stored.record.sample.start_corrected());
    let tx = conn.unchecked_transaction()?;
    each_chunk(&tx, check_no, window, |number, data| {
        let records = decode_records(check, data).map_err(|e| damaged("chunks", number, e))?;
        found.extend(records.into_iter().filter(&takes));
        if found.len() > MAX_READ_SAMPLES {
            return Err(ReadError::TooMuch { what: "samples", max: MAX_READ_SAMPLES });
        }
        Ok(())
    })?;
    each_fresh(&tx, Some((check_no, check)), window, |stored| {
        if takes(&stored) {
            found.push(stored);
        }
    })?;
    drop(tx);
    sort_and_dedup(&mut found);
    Ok(found)
}

pub(crate) fn sort_and_dedup(found: &mut Vec<StoredRecord>) {
    found.sort_by(|a, b| a.record.sample.cmp(&b.record.sample));
    found.dedup_by(|later, first| later.record.sample.id == first.record.sample.id);
}

/// Every chunk of a check that may hold samples of the window, by time.
fn each_chunk(
    conn: &Connection,
    check_no: i64,
    window: Window,
    mut each: impl FnMut(i64, &[u8]) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let mut statement = conn.prepare_cached(
        "SELECT chunk, data FROM chunks INDEXED BY chunks_by_check
         WHERE check_no = ?1 AND max_start_ms >= ?2 AND min_start_ms < ?3 ORDER BY max_start_ms",
    )?;
    let mut rows = statement.query(params![check_no, window.from.as_millis(), window.to.as_millis()])?;
    while let Some(row) = rows.next()? {
        let chunk: i64 = row.get(0)?;
        let data = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        each(chunk, data)?;
    }
    Ok(())
}

/// Every sample of batches not yet compacted that may lie in the window; of one check, or of all.
pub(crate) fn each_fresh(
    conn: &Connection,
    check: Option<(i64, &CheckId)>,
    window: Window,
    mut each: impl FnMut(StoredRecord),
) -> Result<(), ReadError> {
    let agents = agent_names(conn)?;
    // The columns stand last in the row: batches without the check are passed over without reading them.
    let mut statement = conn.prepare_cached(
        "SELECT batch, checks, agent, boot, first_seq, last_seq, received_ms, raw_bytes, region, provider, marks, columns
         FROM batches WHERE max_start_ms >= ?1 AND min_start_ms < ?2 ORDER BY batch",
    )?;
    let mut rows = statement.query(params![window.from.as_millis(), window.to.as_millis()])?;
    while let Some(row) = rows.next()? {
        if let Some((check_no, _)) = check
            && !lists(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?, check_no)
        {
            continue;
        }
        for stored in decode_row(row, &agents)? {
            if check.is_none_or(|(_, id)| *id == stored.record.sample.check) {
                each(stored);
            }
        }
    }
    Ok(())
}

/// True if a batch's list of checks names this one; a damaged list names all, so that decoding reports the damage.
fn lists(list: &[u8], check_no: i64) -> bool {
    let mut reader = Reader::new(list);
    let mut number = 0i64;
    while !reader.is_empty() {
        let Ok(step) = reader.u64("checks") else { return true };
        number = number.wrapping_add(step.cast_signed());
        if number >= check_no {
            return number == check_no;
        }
    }
    false
}

pub(crate) fn agent_names(conn: &Connection) -> Result<HashMap<i64, AgentId>, ReadError> {
    let mut statement = conn.prepare_cached("SELECT agent, id FROM agents")?;
    let mut rows = statement.query([])?;
    let mut names = HashMap::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        names.insert(number, parse_name(AgentId::new(text), "agents", number, text)?);
    }
    Ok(names)
}

pub(crate) fn parse_name<T>(
    parsed: Result<T, quorate_model::IdError>,
    table: &'static str,
    row: impl Into<RowName>,
    text: &str,
) -> Result<T, ReadError> {
    parsed.map_err(|_| damaged(table, row, DamageError::Value { what: "id", value: text.to_owned() }))
}

/// The samples of a row of `batches`: batch, checks, agent, boot, first, last, received, raw bytes, region, provider, marks,
/// columns.
pub(crate) fn decode_row(row: &Row<'_>, agents: &HashMap<i64, AgentId>) -> Result<Vec<StoredRecord>, ReadError> {
    let number: i64 = row.get(0)?;
    let wrong = |what: &'static str, value: String| damaged("batches", number, DamageError::Value { what, value });
    let agent: i64 = row.get(2)?;
    let region: String = row.get(8)?;
    let provider: String = row.get(9)?;
    let origin = Origin {
        agent: agents.get(&agent).cloned().ok_or_else(|| wrong("agent", agent.to_string()))?,
        region: RegionId::new(&region).map_err(|_| wrong("region", region))?,
        provider: ProviderId::new(&provider).map_err(|_| wrong("provider", provider))?,
    };
    let received = CollectorTime::from_millis(row.get(6)?);
    let message = v1::Batch {
        boot: row.get::<_, i64>(3)?.cast_unsigned(),
        first_seq: row.get::<_, i64>(4)?.cast_unsigned(),
        last_seq: row.get::<_, i64>(5)?.cast_unsigned(),
        raw_bytes: row.get(7)?,
        columns: row.get::<_, Vec<u8>>(11)?.into(),
    };
    let marks: Option<Vec<u8>> = row.get(10)?;
    let records = batch::decode(&message, &origin).map_err(|e| damaged("batches", number, e))?;
    if marks.as_ref().is_some_and(|m| m.len() != records.len()) {
        return Err(wrong("marks", format!("not one for each of {} samples", records.len())));
    }
    let mut found = Vec::with_capacity(records.len());
    for (i, mut record) in records.into_iter().enumerate() {
        let byte = marks.as_ref().and_then(|m| m.get(i)).copied().unwrap_or(0);
        if byte == REPEATED {
            continue;
        }
        let mark = Mark::from_number(byte).ok_or_else(|| wrong("marks", byte.to_string()))?;
        if mark == Mark::Capped {
            cap(&mut record.sample, received);
        }
        found.push(StoredRecord { record, mark });
    }
    Ok(found)
}

/// The latest record of each agent that is stored, by start; those kept apart left out.
pub(crate) fn latest(conn: &Connection, check: &CheckId, since: CollectorTime) -> Result<Vec<Record>, ReadError> {
    let mut latest: BTreeMap<AgentId, Record> = BTreeMap::new();
    for stored in records(conn, check, Window::new(since, CollectorTime::MAX), Wanted::Counted)? {
        let record = stored.record;
        let start = record.sample.start_corrected();
        match latest.get(&record.sample.id.agent) {
            Some(known) if known.sample.start_corrected() >= start => {}
            _ => {
                latest.insert(record.sample.id.agent.clone(), record);
            }
        }
    }
    Ok(latest.into_values().collect())
}

/// Every check that ever had something stored, by id.
pub(crate) fn checks(conn: &Connection) -> Result<Vec<CheckId>, ReadError> {
    let mut statement = conn.prepare_cached("SELECT check_no, id FROM checks ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        found.push(parse_name(CheckId::new(&text), "checks", row.get::<_, i64>(0)?, &text)?);
    }
    Ok(found)
}

/// What the tables hold.
pub(crate) fn statistics(conn: &Connection) -> Result<Statistics, ReadError> {
    let row = conn.query_row(
        "SELECT (SELECT count(*) FROM batches), (SELECT coalesce(sum(samples), 0) FROM batches),
         (SELECT count(*) FROM chunks), (SELECT coalesce(sum(samples), 0) FROM chunks),
         (SELECT coalesce(sum(length(data)), 0) FROM chunks)",
        [],
        |row| {
            let number = |i| row.get::<_, i64>(i).map(i64::cast_unsigned);
            Ok(Statistics {
                batches: number(0)?,
                batch_samples: number(1)?,
                chunks: number(2)?,
                chunk_samples: number(3)?,
                chunk_bytes: number(4)?,
                ..Statistics::default()
            })
        },
    )?;
    Ok(row)
}

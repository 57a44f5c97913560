//! Latency distributions: mergeable histograms with integer answers.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use quorate_model::{CheckId, CollectorTime, Micros, Outcome, Record, RegionId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::chunk::decode_records;
use crate::error::{DamageError, ReadError};
use crate::read::{Wanted, Window, check_number, damaged, each_fresh, parse_name};

/// The largest latency told apart from larger ones: one hour, the longest a probe may take.
const MAX_US: u64 = 3_600_000_000;
/// Answers are right to 1%: two significant digits.
const DIGITS: u8 = 2;

/// The length of time one histogram covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// One minute. Not stored: made from samples, so only as far back as samples are kept.
    Minute,
    /// One hour.
    Hour,
    /// One day of UTC.
    Day,
}

impl Span {
    /// Its length in milliseconds.
    pub const fn length_ms(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }

    /// Those that are stored.
    pub(crate) const STORED: [Self; 2] = [Self::Hour, Self::Day];

    /// The start of the span that holds `at`.
    pub const fn start(self, at: CollectorTime) -> CollectorTime {
        let length = self.length_ms();
        CollectorTime::from_millis(at.as_millis().div_euclid(length).saturating_mul(length))
    }
}

/// The distribution of the latency of right answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    histogram: Histogram<u64>,
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

impl Latency {
    /// No answers yet.
    pub fn new() -> Self {
        let histogram =
            Histogram::new_with_bounds(1, MAX_US, DIGITS).expect("1 to one hour with two digits is allowed");
        Self { histogram }
    }

    /// Adds one latency; over one hour it counts as one hour.
    pub fn add(&mut self, latency: Micros) {
        self.histogram.saturating_record(latency.get().max(1));
    }

    /// Adds the total of a record if it is a right answer.
    pub fn add_record(&mut self, record: &Record) {
        if matches!(record.sample.outcome, Outcome::Ok | Outcome::Slow | Outcome::LateOk) {
            self.add(record.phases.total);
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        self.histogram.add(&other.histogram).expect("all have the same bounds");
    }

    /// How many answers.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The least latency that at least `ppm` millionths of the answers do not exceed, right to 1% upwards; `None` without
    /// answers. Over 1,000,000 counts as 1,000,000.
    pub fn percentile(&self, ppm: u32) -> Option<Micros> {
        if self.histogram.is_empty() {
            return None;
        }
        let quantile = f64::from(ppm.min(1_000_000)) / 1_000_000.0;
        Some(Micros::new(self.histogram.value_at_quantile(quantile)))
    }

    /// The largest latency, right to 1%.
    pub fn max(&self) -> Option<Micros> {
        (!self.histogram.is_empty()).then(|| Micros::new(self.histogram.max()))
    }

    /// The least latency, right to 1%.
    pub fn min(&self) -> Option<Micros> {
        (!self.histogram.is_empty()).then(|| Micros::new(self.histogram.min()))
    }

    /// How many answers took at most this long, right to 1% of the length.
    pub fn count_up_to(&self, latency: Micros) -> u64 {
        self.histogram.count_between(0, latency.get())
    }

    /// The distribution itself, in microseconds.
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.histogram
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        V2Serializer::new().serialize(&self.histogram, &mut out).expect("writing to memory does not fail");
        out
    }

    /// Adds all of a stored one.
    fn merge_bytes(&mut self, bytes: &[u8]) -> Result<(), DamageError> {
        let wrong = |text: String| DamageError::Histogram(text);
        let read: Histogram<u64> =
            Deserializer::new().deserialize(&mut &*bytes).map_err(|e| wrong(format!("{e:?}")))?;
        if read.high() > MAX_US || read.sigfig() > DIGITS {
            return Err(wrong(format!("bounds of {} us with {} digits", read.high(), read.sigfig())));
        }
        self.histogram.add(&read).map_err(|e| wrong(e.to_string()))
    }
}

/// Adds to what is stored; only sealing a chunk does this.
pub(crate) fn add_to_stored(
    tx: &Connection,
    (check_no, span, region): (i64, Span, &RegionId),
    start: CollectorTime,
    more: &Latency,
) -> Result<(), rusqlite::Error> {
    let key = params![check_no, span.length_ms(), region.as_str(), start.as_millis()];
    let stored: Option<Vec<u8>> = tx
        .prepare_cached(
            "SELECT histogram FROM latency WHERE check_no = ?1 AND span_ms = ?2 AND region = ?3 AND start_ms = ?4",
        )?
        .query_row(key, |row| row.get(0))
        .optional()?;
    let mut sum = more.clone();
    if let Some(bytes) = stored {
        // A damaged histogram is replaced by what is known from here on; samples stay the truth.
        if let Err(error) = sum.merge_bytes(&bytes) {
            tracing::warn!(%error, check_no, %region, start_ms = start.as_millis(), "damaged histogram replaced");
        }
    }
    tx.prepare_cached(
        "INSERT INTO latency (check_no, span_ms, region, start_ms, histogram) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET histogram = excluded.histogram",
    )?
    .execute(params![check_no, span.length_ms(), region.as_str(), start.as_millis(), sum.to_bytes()])?;
    Ok(())
}

/// One histogram of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyPoint {
    /// The region.
    pub region: RegionId,
    /// The start of the span.
    pub start: CollectorTime,
    /// The latencies of samples that started in it.
    pub latency: Latency,
}

/// Histograms of every span that starts in the window, by region and time.
pub(crate) fn latency(
    conn: &Connection,
    check: &CheckId,
    span: Span,
    window: Window,
) -> Result<Vec<LatencyPoint>, ReadError> {
    let points = sums(conn, check, span, window, |region, start| (region, start))?;
    Ok(points.into_iter().map(|((region, start), latency)| LatencyPoint { region, start, latency }).collect())
}

/// All histograms of the window in one for each region.
pub(crate) fn latency_by_region(
    conn: &Connection,
    check: &CheckId,
    span: Span,
    window: Window,
) -> Result<BTreeMap<RegionId, Latency>, ReadError> {
    sums(conn, check, span, window, |region, _| region)
}

/// Histograms of the spans that start in the window, those of one key in one.
fn sums<K: Ord>(
    conn: &Connection,
    check: &CheckId,
    span: Span,
    window: Window,
    key: impl Fn(RegionId, CollectorTime) -> K,
) -> Result<BTreeMap<K, Latency>, ReadError> {
    let mut points: BTreeMap<K, Latency> = BTreeMap::new();
    let Some(check_no) = check_number(conn, check)? else { return Ok(points) };
    let samples_window = Window::new(window.from, window.to + quorate_model::Millis::new(span.length_ms()));
    let mut add = |record: &Record| {
        let start = span.start(record.sample.start_corrected());
        if window.holds(start) {
            points.entry(key(record.sample.region.clone(), start)).or_default().add_record(record);
        }
    };
    let tx = conn.unchecked_transaction()?;
    // What is sealed is in the stored histograms; the rest, and every minute, is made from samples.
    let filter = if span == Span::Minute { "" } else { "AND sealed = 0" };
    let mut statement = tx.prepare_cached(&format!(
        "SELECT chunk, data FROM chunks WHERE check_no = ?1 AND max_start_ms >= ?2 AND min_start_ms < ?3 {filter}"
    ))?;
    let bounds = params![check_no, samples_window.from.as_millis(), samples_window.to.as_millis()];
    let mut rows = statement.query(bounds)?;
    while let Some(row) = rows.next()? {
        let chunk: i64 = row.get(0)?;
        let data = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        let records = decode_records(check, data).map_err(|e| damaged("chunks", chunk, e))?;
        records.iter().filter(|r| Wanted::Counted.takes(r.mark)).for_each(|r| add(&r.record));
    }
    each_fresh(&tx, Some((check_no, check)), samples_window, |stored| {
        if Wanted::Counted.takes(stored.mark) {
            add(&stored.record);
        }
    })?;
    if span != Span::Minute {
        let mut statement = tx.prepare_cached(
            "SELECT region, start_ms, histogram FROM latency
             WHERE check_no = ?1 AND span_ms = ?2 AND start_ms >= ?3 AND start_ms < ?4",
        )?;
        let bounds = params![check_no, span.length_ms(), window.from.as_millis(), window.to.as_millis()];
        let place = |region: &str, start: CollectorTime| format!("{check} {region} {}", start.as_millis());
        let mut rows = statement.query(bounds)?;
        while let Some(row) = rows.next()? {
            let text: String = row.get(0)?;
            let start = CollectorTime::from_millis(row.get(1)?);
            let region = RegionId::new(&text);
            let region = region.or_else(|wrong| parse_name(Err(wrong), "latency", place(&text, start), &text))?;
            let data = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            let sum = points.entry(key(region, start)).or_default();
            sum.merge_bytes(data).map_err(|e| damaged("latency", place(&text, start), e))?;
        }
    }
    Ok(points)
}

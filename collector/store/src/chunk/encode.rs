//! Samples to a chunk.

use std::collections::HashMap;
use std::hash::Hash;

use quorate_model::{CertificateFacts, Sample};

use super::bytes::{put_bytes, put_i64, put_u64};
use super::column::{self, Shape};
use super::{COLUMNS, ChunkError, DRIFTING, HEAD_BYTES, MAX_SAMPLES, StoredRecord, VERSION, derived, phase_values};

/// Level 3 leaves pco's output alone and packs texts and small columns well.
const ZSTD_LEVEL: i32 = 3;

/// Packs samples of one check, sorted by identity, each identity once.
///
/// # Errors
/// None or more than [`MAX_SAMPLES`] samples, or a value no decoder would take.
pub(crate) fn encode(records: &[StoredRecord]) -> Result<Vec<u8>, ChunkError> {
    if records.is_empty() || records.len() > MAX_SAMPLES {
        return Err(ChunkError::Size { samples: records.len() });
    }
    let body = body(records)?;
    let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL).map_err(compression)?;
    compressor.include_checksum(true).map_err(compression)?;
    let packed = compressor.compress(&body).map_err(compression)?;
    let length = u32::try_from(body.len()).map_err(|_| ChunkError::Value { what: "length" })?;
    let mut out = Vec::with_capacity(HEAD_BYTES + packed.len());
    out.push(VERSION);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&packed);
    Ok(out)
}

#[expect(clippy::needless_pass_by_value, reason = "shape of map_err")]
fn compression(error: std::io::Error) -> ChunkError {
    ChunkError::Compression(error.to_string())
}

/// Values in order of first use, and each one's number.
struct Dictionary<T> {
    numbers: HashMap<T, i64>,
    values: Vec<T>,
}

impl<T: Clone + Eq + Hash> Dictionary<T> {
    fn new() -> Self {
        Self { numbers: HashMap::new(), values: Vec::new() }
    }

    fn number(&mut self, value: &T) -> i64 {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = i64::try_from(self.values.len()).expect("a chunk has at most 16,384 samples");
        self.values.push(value.clone());
        self.numbers.insert(value.clone(), number);
        number
    }

    /// The number plus one, 0 for nothing.
    fn optional(&mut self, value: Option<T>) -> i64 {
        value.map_or(0, |v| self.number(&v) + 1)
    }
}

/// A stretch of samples of one agent's life in one place.
struct Run<'a> {
    first: &'a Sample,
    samples: usize,
}

fn runs(records: &[StoredRecord]) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    for stored in records {
        let sample = &stored.record.sample;
        match runs.last_mut() {
            Some(run)
                if run.first.id.agent == sample.id.agent
                    && run.first.id.boot == sample.id.boot
                    && run.first.region == sample.region
                    && run.first.provider == sample.provider =>
            {
                run.samples += 1;
            }
            _ => runs.push(Run { first: sample, samples: 1 }),
        }
    }
    runs
}

fn body(records: &[StoredRecord]) -> Result<Vec<u8>, ChunkError> {
    let mut columns: Vec<Vec<i64>> = COLUMNS.iter().map(|_| Vec::with_capacity(records.len())).collect();
    let mut settings = Dictionary::new();
    let mut addresses = Dictionary::new();
    let mut details = Dictionary::new();
    let mut certificates: Dictionary<(i64, i64, u8, bool)> = Dictionary::new();
    let runs = runs(records);
    let mut rest = records;
    for run in &runs {
        let (these, after) = rest.split_at(run.samples);
        rest = after;
        let mut before = run.first;
        for stored in these {
            let s = &stored.record.sample;
            let phases = &stored.record.phases;
            let evidence = &stored.record.evidence;
            let total_us = signed(phases.total.get(), "total_us")?;
            let seq_step = s.id.seq.get().wrapping_sub(before.id.seq.get());
            let (presence, written, rest_us) = split_phases(stored)?;
            let row = [
                signed(seq_step, "seq_step")?,
                (s.start - before.start).get(),
                total_us,
                (s.end - s.start).get() - phases.total.as_millis().get(),
                i64::from(s.outcome.number()) + 16 * s.failure.map_or(0, |f| i64::from(f.number())),
                settings.number(&(s.check_version.get(), s.interval.get(), s.timeout.get())),
                s.typical.map_or(0, |t| t.get().saturating_add(1)),
                (s.clock.offset - before.clock.offset).get(),
                s.clock.error.get(),
                i64::from(s.references.bad_mask()) * 64 + i64::from(s.references.total()),
                if s.references.knows_which() { 0 } else { i64::from(s.references.ok()) + 1 },
                i64::from(s.health.get()),
                s.lag.get(),
                i64::from(s.trigger.number()),
                i64::from(stored.mark.number()),
                i64::from(presence),
                written[0],
                written[1],
                written[2],
                written[3],
                written[4],
                rest_us,
                addresses.optional(evidence.address),
                evidence.status.map_or(0, |status| i64::from(status) + 1),
                details.optional(evidence.detail.clone()),
                certificates.optional(
                    evidence
                        .certificate
                        .map(|c: CertificateFacts| (c.not_after_s, c.chain_not_after_s, c.chain_length, c.verified)),
                ),
            ];
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
            before = s;
        }
    }

    let mut out = Vec::with_capacity(records.len() * 8);
    put_u64(&mut out, records.len() as u64);
    put_runs(&mut out, &runs);
    put_u64(&mut out, settings.values.len() as u64);
    for (version, interval, timeout) in &settings.values {
        put_u64(&mut out, *version);
        put_i64(&mut out, *interval);
        put_i64(&mut out, *timeout);
    }
    put_u64(&mut out, addresses.values.len() as u64);
    for address in &addresses.values {
        put_bytes(&mut out, address.to_string().as_bytes());
    }
    put_u64(&mut out, details.values.len() as u64);
    for detail in &details.values {
        put_bytes(&mut out, detail.as_bytes());
    }
    put_u64(&mut out, certificates.values.len() as u64);
    for (not_after, chain_not_after, length, verified) in &certificates.values {
        put_i64(&mut out, *not_after);
        put_i64(&mut out, *chain_not_after);
        out.push(*length);
        out.push(u8::from(*verified));
    }
    for (name, values) in COLUMNS.iter().zip(&columns) {
        let shape = if DRIFTING.contains(name) { Shape::Drifting } else { Shape::Scattered };
        column::put(&mut out, values, shape);
    }
    Ok(out)
}

fn put_runs(out: &mut Vec<u8>, runs: &[Run<'_>]) {
    put_u64(out, runs.len() as u64);
    for run in runs {
        let s = run.first;
        put_bytes(out, s.id.agent.as_str().as_bytes());
        put_u64(out, s.id.boot.get());
        put_bytes(out, s.region.as_str().as_bytes());
        put_bytes(out, s.provider.as_str().as_bytes());
        put_u64(out, run.samples as u64);
        put_u64(out, s.id.seq.get());
        put_i64(out, s.start.as_millis());
        put_i64(out, s.clock.offset.get());
    }
}

fn signed(value: u64, what: &'static str) -> Result<i64, ChunkError> {
    i64::try_from(value).map_err(|_| ChunkError::Value { what })
}

/// Which phases took place, the columns of the five (0 for the derived one and those that did not), and the rest.
fn split_phases(stored: &StoredRecord) -> Result<(u8, [i64; 5], i64), ChunkError> {
    let values = phase_values(&stored.record.phases);
    let mut presence = 0u8;
    let mut written = [0i64; 5];
    let mut rest_us = signed(stored.record.phases.total.get(), "total_us")?;
    for (place, (value, out)) in values.iter().zip(&mut written).enumerate() {
        if let Some(us) = value {
            presence |= 1 << place;
            *out = signed(us.get(), "phases")?;
            rest_us = rest_us.wrapping_sub(*out);
        }
    }
    if let Some(out) = derived(presence).and_then(|place| written.get_mut(place)) {
        *out = 0;
    } else {
        rest_us = 0;
    }
    Ok((presence, written, rest_us))
}

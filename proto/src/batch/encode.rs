//! Samples to columns.

use std::collections::HashMap;
use std::hash::Hash;

use prost::Message;
use quorate_model::{Failure, Micros, Outcome, Record, Trigger};

use super::{MAX_RAW_BYTES, MAX_SAMPLES};
use crate::v1;

/// zstd's level for batches: 3 is its default; higher ones cost more CPU than they save bytes at this size.
const ZSTD_LEVEL: i32 = 3;

/// Why samples cannot be one batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Nothing to send.
    #[error("a batch needs at least one sample")]
    Empty,
    /// More than fits.
    #[error("{0} samples; a batch holds at most {MAX_SAMPLES}")]
    TooMany(usize),
    /// Too many bytes; send fewer samples.
    #[error("{0} bytes of columns; a batch holds at most {MAX_RAW_BYTES}")]
    TooLarge(usize),
    /// Samples of several boots or out of order; holds the index of the first that does not follow.
    #[error("sample {0} is of another agent or boot, or does not follow the one before")]
    Order(usize),
    /// zstd failed.
    #[error("compression failed")]
    Compress(#[source] std::io::Error),
}

/// Values numbered in the order they first appear.
struct Dictionary<T> {
    index: HashMap<T, u32>,
    values: Vec<T>,
}

impl<T: Hash + Eq + Clone> Dictionary<T> {
    fn new() -> Self {
        Self { index: HashMap::new(), values: Vec::new() }
    }

    fn number(&mut self, value: &T) -> u32 {
        if let Some(number) = self.index.get(value) {
            return *number;
        }
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.index.insert(value.clone(), number);
        self.values.push(value.clone());
        number
    }
}

/// A column, or nothing where every value is the default.
fn column<T: PartialEq>(values: Vec<T>, default: &T) -> Vec<T> {
    if values.iter().all(|value| value == default) { Vec::new() } else { values }
}

/// Differences from one value to the next, the first from `base`.
fn steps(base: i64, values: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut last = base;
    values.map(|value| value.wrapping_sub(std::mem::replace(&mut last, value))).collect()
}

fn phase(us: Option<Micros>) -> u32 {
    us.map_or(0, |us| u32::try_from(us.get()).unwrap_or(u32::MAX - 1).saturating_add(1))
}

fn small(ms: quorate_model::Millis) -> u32 {
    u32::try_from(ms.get().max(0)).unwrap_or(u32::MAX)
}

/// Packs samples of one agent and boot, in the order of their sequence numbers, holes allowed.
///
/// # Errors
/// No samples, too many, too large, or not one boot in ascending order.
pub fn encode(records: &[Record]) -> Result<v1::Batch, EncodeError> {
    let (Some(first), Some(last)) = (records.first(), records.last()) else {
        return Err(EncodeError::Empty);
    };
    if records.len() > MAX_SAMPLES {
        return Err(EncodeError::TooMany(records.len()));
    }
    for (i, pair) in records.windows(2).enumerate() {
        if let [a, b] = pair {
            let (a, b) = (&a.sample.id, &b.sample.id);
            if a.agent != b.agent || a.boot != b.boot || a.seq >= b.seq {
                return Err(EncodeError::Order(i + 1));
            }
        }
    }
    let raw = columns(records, first).encode_to_vec();
    if raw.len() > MAX_RAW_BYTES {
        return Err(EncodeError::TooLarge(raw.len()));
    }
    let packed = zstd::bulk::compress(&raw, ZSTD_LEVEL).map_err(EncodeError::Compress)?;
    Ok(v1::Batch {
        boot: first.sample.id.boot.get(),
        first_seq: first.sample.id.seq.get(),
        last_seq: last.sample.id.seq.get(),
        columns: packed.into(),
        raw_bytes: u32::try_from(raw.len()).unwrap_or(u32::MAX),
    })
}

fn columns(records: &[Record], first: &Record) -> v1::Columns {
    let mut checks = Dictionary::new();
    let mut settings = Dictionary::new();
    let mut addresses = Dictionary::new();
    let mut details = Dictionary::new();
    let mut certificates = Dictionary::new();
    let samples = || records.iter().map(|r| &r.sample);
    let base_start_ms = first.sample.start.as_millis();

    let mut out = v1::Columns {
        count: u32::try_from(records.len()).unwrap_or(u32::MAX),
        base_start_ms,
        check: column(samples().map(|s| checks.number(&s.check)).collect(), &0),
        setting: column(
            samples().map(|s| settings.number(&(s.check_version.get(), small(s.interval), small(s.timeout)))).collect(),
            &0,
        ),
        start_step_ms: steps(base_start_ms, samples().map(|s| s.start.as_millis())),
        outcome: column(samples().map(|s| outcome_code(s.outcome, s.failure)).collect(), &1),
        total_us: records.iter().map(|r| r.phases.total.get()).collect(),
        typical_ms: column(samples().map(|s| s.typical.map_or(0, small)).collect(), &0),
        clock_offset_step_ms: column(steps(0, samples().map(|s| s.clock.offset.get())), &0),
        clock_error_step_ms: column(steps(0, samples().map(|s| s.clock.error.get())), &0),
        refs: column(
            samples().map(|s| u64::from(s.references.bad_mask()) * 64 + u64::from(s.references.total())).collect(),
            &0,
        ),
        health: column(samples().map(|s| u32::from(s.health.get())).collect(), &0),
        lag_ms: column(samples().map(|s| small(s.lag)).collect(), &0),
        trigger: column(
            samples().map(|s| u32::from(s.trigger.number())).collect(),
            &u32::from(Trigger::Scheduled.number()),
        ),
        ..v1::Columns::default()
    };
    out.start_step_ms = column(out.start_step_ms, &0);

    let mut last_seq = first.sample.id.seq.get();
    let seq_steps = samples().enumerate().map(|(i, s)| {
        let seq = s.id.seq.get();
        let step = seq - std::mem::replace(&mut last_seq, seq);
        if i == 0 { 1 } else { u32::try_from(step).unwrap_or(u32::MAX) }
    });
    out.seq_step = column(seq_steps.collect(), &1);

    if samples().any(|s| !s.references.knows_which()) {
        out.refs_ok = samples().map(|s| u32::from(s.references.ok())).collect();
    }

    let by_phase = |pick: fn(&Record) -> Option<Micros>| column(records.iter().map(|r| phase(pick(r))).collect(), &0);
    out.dns_us = by_phase(|r| r.phases.dns);
    out.connect_us = by_phase(|r| r.phases.connect);
    out.tls_us = by_phase(|r| r.phases.tls);
    out.first_byte_us = by_phase(|r| r.phases.first_byte);
    out.transfer_us = by_phase(|r| r.phases.transfer);
    let end_extra = records.iter().map(|r| {
        let length = (r.sample.end - r.sample.start).get();
        i32::try_from(length - r.phases.total.as_millis().get()).unwrap_or(i32::MAX)
    });
    out.end_extra_ms = column(end_extra.collect(), &0);

    let evidence = || records.iter().map(|r| &r.evidence);
    out.address =
        column(evidence().map(|e| e.address.map_or(0, |a| addresses.number(&a.to_string()) + 1)).collect(), &0);
    out.status = column(evidence().map(|e| e.status.map_or(0, |s| u32::from(s) + 1)).collect(), &0);
    out.detail =
        column(evidence().map(|e| e.detail.as_deref().map_or(0, |d| details.number(&d.to_owned()) + 1)).collect(), &0);
    let certificate_numbers = evidence().map(|e| {
        e.certificate.map_or(0, |c| {
            certificates.number(&(c.not_after_s, c.chain_not_after_s, u32::from(c.chain_length), c.verified)) + 1
        })
    });
    out.certificate = column(certificate_numbers.collect(), &0);

    out.checks = checks.values.iter().map(ToString::to_string).collect();
    out.settings = settings
        .values
        .iter()
        .map(|&(check_version, interval_ms, timeout_ms)| v1::Setting { check_version, interval_ms, timeout_ms })
        .collect();
    out.addresses = addresses.values;
    out.details = details.values;
    out.certificates = certificates
        .values
        .iter()
        .map(|&(not_after_s, chain_not_after_s, chain_length, verified)| v1::Certificate {
            not_after_s,
            chain_not_after_s,
            chain_length,
            verified,
        })
        .collect();
    out
}

fn outcome_code(outcome: Outcome, failure: Option<Failure>) -> u32 {
    u32::from(outcome.number()) + 16 * failure.map_or(0, |f| u32::from(f.number()))
}

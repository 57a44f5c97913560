//! Columns to samples: nothing of what arrived is believed before it is checked.

use std::net::IpAddr;
use std::sync::Arc;

use prost::Message;
use quorate_model::{
    AgentId, AgentTime, Boot, CertificateFacts, CheckId, CheckVersion, ClockReading, Evidence, Failure, Health, Micros,
    Millis, Outcome, Phases, ProviderId, Record, References, RegionId, Sample, SampleId, Seq, Trigger,
};

use super::{MAX_INTERVAL_MS, MAX_RAW_BYTES, MAX_SAMPLES, MAX_TIME_MS, MAX_TIMEOUT_MS};
use crate::v1;

/// The largest clock offset or error believed: about 35 years, so that sums of times never overflow.
const MAX_CLOCK_MS: i64 = 1 << 40;
/// The longest a probe may have taken, in microseconds: one hour.
const MAX_TOTAL_US: u64 = 3_600_000_000;

/// What the connection says of every sample of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The agent of the certificate.
    pub agent: AgentId,
    /// The region of the certificate.
    pub region: RegionId,
    /// The provider the configuration gives this region.
    pub provider: ProviderId,
}

/// Why a batch can never be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// Over a size limit.
    #[error("{what} is {value}; at most {max} is allowed")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How much came.
        value: u64,
        /// How much is allowed.
        max: u64,
    },
    /// Not zstd, or not as long as it says.
    #[error("columns: zstd: {0}")]
    Compression(String),
    /// Not the protobuf it should be.
    #[error("columns: protobuf")]
    Protobuf(#[from] prost::DecodeError),
    /// A column has neither no entry nor one per sample.
    #[error("column {column}: {found} entries for {count} samples")]
    Length {
        /// The column's name in the schema.
        column: &'static str,
        /// Its entries.
        found: usize,
        /// The samples.
        count: usize,
    },
    /// A value is out of its range.
    #[error("column {column}, sample {index}: {value} is not allowed; {allowed}")]
    Value {
        /// The column's name in the schema.
        column: &'static str,
        /// The sample's place in the batch, from 0.
        index: usize,
        /// The value found.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The range in the batch's head is not the one of its samples.
    #[error("the batch says samples {said_first} to {said_last}, its columns end at {found_last}")]
    Range {
        /// First sequence number said.
        said_first: u64,
        /// Last sequence number said.
        said_last: u64,
        /// Last sequence number found.
        found_last: u64,
    },
}

/// Unpacks a batch and checks every value in it.
///
/// # Errors
/// The first thing that is wrong, with its column, its sample and what is allowed. Such a batch can never be taken.
pub fn decode(batch: &v1::Batch, origin: &Origin) -> Result<Vec<Record>, BatchError> {
    let raw_bytes = usize::try_from(batch.raw_bytes).unwrap_or(usize::MAX);
    if raw_bytes > MAX_RAW_BYTES {
        return Err(too_large("raw_bytes", raw_bytes, MAX_RAW_BYTES));
    }
    let raw = zstd::bulk::decompress(&batch.columns, raw_bytes).map_err(|e| BatchError::Compression(e.to_string()))?;
    if raw.len() != raw_bytes {
        return Err(BatchError::Compression(format!("{} bytes where {raw_bytes} were said", raw.len())));
    }
    let columns = v1::Columns::decode(raw.as_slice())?;
    let count = usize::try_from(columns.count).unwrap_or(usize::MAX);
    if count > MAX_SAMPLES {
        return Err(too_large("count", count, MAX_SAMPLES));
    }
    if count == 0 {
        return Err(bad("count", 0, &0, "at least one sample"));
    }
    Reader::new(&columns, count)?.read(batch, origin)
}

fn too_large(what: &'static str, value: usize, max: usize) -> BatchError {
    BatchError::TooLarge { what, value: value as u64, max: max as u64 }
}

fn bad(column: &'static str, index: usize, value: &dyn ToString, allowed: &'static str) -> BatchError {
    BatchError::Value { column, index, value: value.to_string(), allowed }
}

/// The dictionaries as model types, beside the columns they belong to.
struct Reader<'a> {
    columns: &'a v1::Columns,
    count: usize,
    checks: Vec<CheckId>,
    addresses: Vec<IpAddr>,
    details: Vec<Arc<str>>,
    certificates: Vec<CertificateFacts>,
}

impl<'a> Reader<'a> {
    fn new(c: &'a v1::Columns, count: usize) -> Result<Self, BatchError> {
        let lengths = [
            ("check", c.check.len()),
            ("setting", c.setting.len()),
            ("seq_step", c.seq_step.len()),
            ("start_step_ms", c.start_step_ms.len()),
            ("end_extra_ms", c.end_extra_ms.len()),
            ("outcome", c.outcome.len()),
            ("dns_us", c.dns_us.len()),
            ("connect_us", c.connect_us.len()),
            ("tls_us", c.tls_us.len()),
            ("first_byte_us", c.first_byte_us.len()),
            ("transfer_us", c.transfer_us.len()),
            ("typical_ms", c.typical_ms.len()),
            ("clock_offset_step_ms", c.clock_offset_step_ms.len()),
            ("clock_error_step_ms", c.clock_error_step_ms.len()),
            ("refs", c.refs.len()),
            ("refs_ok", c.refs_ok.len()),
            ("health", c.health.len()),
            ("lag_ms", c.lag_ms.len()),
            ("trigger", c.trigger.len()),
            ("address", c.address.len()),
            ("status", c.status.len()),
            ("detail", c.detail.len()),
            ("certificate", c.certificate.len()),
        ];
        for (column, found) in lengths {
            if found != 0 && found != count {
                return Err(BatchError::Length { column, found, count });
            }
        }
        if c.total_us.len() != count {
            return Err(BatchError::Length { column: "total_us", found: c.total_us.len(), count });
        }
        let mut reader = Self {
            columns: c,
            count,
            checks: Vec::with_capacity(c.checks.len()),
            addresses: Vec::with_capacity(c.addresses.len()),
            details: Vec::with_capacity(c.details.len()),
            certificates: Vec::with_capacity(c.certificates.len()),
        };
        for (i, text) in c.checks.iter().enumerate() {
            reader.checks.push(CheckId::new(text).map_err(|_| bad("checks", i, text, "ids of checks"))?);
        }
        for (i, text) in c.addresses.iter().enumerate() {
            reader.addresses.push(text.parse().map_err(|_| bad("addresses", i, text, "IP addresses"))?);
        }
        for (i, text) in c.details.iter().enumerate() {
            if text.len() > Evidence::MAX_DETAIL {
                return Err(bad("details", i, &text.len(), "at most 256 bytes each"));
            }
            reader.details.push(text.as_str().into());
        }
        for (i, cert) in c.certificates.iter().enumerate() {
            let chain_length = u8::try_from(cert.chain_length)
                .map_err(|_| bad("certificates", i, &cert.chain_length, "a chain of at most 255"))?;
            reader.certificates.push(CertificateFacts {
                not_after_s: cert.not_after_s,
                chain_not_after_s: cert.chain_not_after_s,
                chain_length,
                verified: cert.verified,
            });
        }
        Ok(reader)
    }

    fn read(&self, batch: &v1::Batch, origin: &Origin) -> Result<Vec<Record>, BatchError> {
        let c = self.columns;
        let mut records = Vec::with_capacity(self.count);
        let mut seq = batch.first_seq;
        let mut start = c.base_start_ms;
        let (mut offset, mut error) = (0i64, 0i64);
        for i in 0..self.count {
            let step = at(&c.seq_step, i, 1);
            if i > 0 {
                if step == 0 {
                    return Err(bad("seq_step", i, &step, "at least 1"));
                }
                seq = seq.saturating_add(u64::from(step));
            }
            start = start.saturating_add(at(&c.start_step_ms, i, 0));
            offset = offset.saturating_add(at(&c.clock_offset_step_ms, i, 0));
            error = error.saturating_add(at(&c.clock_error_step_ms, i, 0));
            let id = SampleId { agent: origin.agent.clone(), boot: Boot::new(batch.boot), seq: Seq::new(seq) };
            records.push(self.record(i, id, start, (offset, error), origin)?);
        }
        if batch.first_seq == 0 || seq != batch.last_seq {
            return Err(BatchError::Range { said_first: batch.first_seq, said_last: batch.last_seq, found_last: seq });
        }
        Ok(records)
    }

    fn record(
        &self,
        i: usize,
        id: SampleId,
        start_ms: i64,
        (offset_ms, error_ms): (i64, i64),
        origin: &Origin,
    ) -> Result<Record, BatchError> {
        let c = self.columns;
        let total_us = at(&c.total_us, i, 0);
        if total_us > MAX_TOTAL_US {
            return Err(bad("total_us", i, &total_us, "at most one hour"));
        }
        let total = Micros::new(total_us);
        let length_ms = total.as_millis().get() + i64::from(at(&c.end_extra_ms, i, 0));
        if !(0..=MAX_TIME_MS).contains(&start_ms) {
            return Err(bad("start_step_ms", i, &start_ms, "times from 1970 to 2200"));
        }
        if !(0..=86_400_000).contains(&length_ms) {
            return Err(bad("end_extra_ms", i, &length_ms, "an end not before the start and at most a day after it"));
        }
        if offset_ms.abs() > MAX_CLOCK_MS {
            return Err(bad("clock_offset_step_ms", i, &offset_ms, "offsets up to 35 years"));
        }
        if !(0..=MAX_CLOCK_MS).contains(&error_ms) {
            return Err(bad("clock_error_step_ms", i, &error_ms, "errors from 0 to 35 years"));
        }
        let setting_number = at(&c.setting, i, 0);
        let setting = usize::try_from(setting_number)
            .ok()
            .and_then(|n| c.settings.get(n))
            .ok_or_else(|| bad("setting", i, &setting_number, "an index into settings"))?;
        if !(1..=MAX_INTERVAL_MS).contains(&setting.interval_ms) {
            return Err(bad("settings.interval_ms", i, &setting.interval_ms, "1 to 86400000"));
        }
        if !(1..=MAX_TIMEOUT_MS).contains(&setting.timeout_ms) {
            return Err(bad("settings.timeout_ms", i, &setting.timeout_ms, "1 to 600000"));
        }
        let (outcome, failure) = self.outcome(i)?;
        let health = at(&c.health, i, 0);
        let trigger = at(&c.trigger, i, u32::from(Trigger::Scheduled.number()));
        let typical_ms = at(&c.typical_ms, i, 0);
        let start = AgentTime::from_millis(start_ms);
        Ok(Record {
            sample: Sample {
                id,
                check: index(&self.checks, at(&c.check, i, 0), "check", i)?,
                region: origin.region.clone(),
                provider: origin.provider.clone(),
                start,
                end: start + Millis::new(length_ms),
                outcome,
                failure,
                interval: Millis::new(i64::from(setting.interval_ms)),
                timeout: Millis::new(i64::from(setting.timeout_ms)),
                typical: (typical_ms > 0).then(|| Millis::new(i64::from(typical_ms))),
                clock: ClockReading { offset: Millis::new(offset_ms), error: Millis::new(error_ms) },
                references: self.references(i)?,
                health: u8::try_from(health)
                    .ok()
                    .and_then(Health::new)
                    .ok_or_else(|| bad("health", i, &health, "0 to 7"))?,
                lag: Millis::new(i64::from(at(&c.lag_ms, i, 0))),
                trigger: u8::try_from(trigger)
                    .ok()
                    .and_then(Trigger::from_number)
                    .ok_or_else(|| bad("trigger", i, &trigger, "1 to 3"))?,
                check_version: CheckVersion::new(setting.check_version),
            },
            phases: Phases {
                dns: phase(&c.dns_us, i),
                connect: phase(&c.connect_us, i),
                tls: phase(&c.tls_us, i),
                first_byte: phase(&c.first_byte_us, i),
                transfer: phase(&c.transfer_us, i),
                total,
            },
            evidence: self.evidence(i)?,
        })
    }

    fn outcome(&self, i: usize) -> Result<(Outcome, Option<Failure>), BatchError> {
        let code = at(&self.columns.outcome, i, 1);
        let wrong = || bad("outcome", i, &code, "outcome + 16 x failure, both known");
        let outcome = u8::try_from(code % 16).ok().and_then(Outcome::from_number).ok_or_else(wrong)?;
        let failure = match code / 16 {
            0 => None,
            number => Some(u8::try_from(number).ok().and_then(Failure::from_number).ok_or_else(wrong)?),
        };
        Ok((outcome, failure))
    }

    fn references(&self, i: usize) -> Result<References, BatchError> {
        let code = at(&self.columns.refs, i, 0);
        let wrong = || bad("refs", i, &code, "bad mask x 64 + total, total at most 32, no bit above it");
        let total = u8::try_from(code % 64).map_err(|_| wrong())?;
        let mask = u32::try_from(code / 64).map_err(|_| wrong())?;
        let known = References::mask(mask, total).ok_or_else(wrong)?;
        match self.columns.refs_ok.get(i) {
            Some(&ok) if mask == 0 => u8::try_from(ok)
                .ok()
                .and_then(|ok| References::counts(ok, total))
                .ok_or_else(|| bad("refs_ok", i, &ok, "at most the references asked")),
            Some(&ok) if ok != u32::from(known.ok()) => {
                Err(bad("refs_ok", i, &ok, "as many as the mask leaves, where there is a mask"))
            }
            _ => Ok(known),
        }
    }

    fn evidence(&self, i: usize) -> Result<Evidence, BatchError> {
        let c = self.columns;
        let status = at(&c.status, i, 0);
        let optional = |number: u32| number.checked_sub(1);
        Ok(Evidence {
            address: optional(at(&c.address, i, 0)).map(|n| index(&self.addresses, n, "address", i)).transpose()?,
            status: optional(status)
                .map(|s| u16::try_from(s).map_err(|_| bad("status", i, &status, "at most 65536")))
                .transpose()?,
            detail: optional(at(&c.detail, i, 0)).map(|n| index(&self.details, n, "detail", i)).transpose()?,
            certificate: optional(at(&c.certificate, i, 0))
                .map(|n| index(&self.certificates, n, "certificate", i))
                .transpose()?,
        })
    }
}

fn at<T: Copy>(column: &[T], i: usize, default: T) -> T {
    column.get(i).copied().unwrap_or(default)
}

fn phase(column: &[u32], i: usize) -> Option<Micros> {
    at(column, i, 0).checked_sub(1).map(|us| Micros::new(u64::from(us)))
}

fn index<T: Clone>(values: &[T], number: u32, column: &'static str, i: usize) -> Result<T, BatchError> {
    usize::try_from(number)
        .ok()
        .and_then(|n| values.get(n))
        .cloned()
        .ok_or_else(|| bad(column, i, &number, "an index into its dictionary"))
}

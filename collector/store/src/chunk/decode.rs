//! A chunk to samples.

use super::column::{self, Column};
use super::{
    AgentId, AgentTime, Arc, Boot, COLUMNS, CertificateFacts, CheckId, CheckVersion, ChunkError, ClockReading,
    CollectorTime, Evidence, Failure, HEAD_BYTES, Health, IpAddr, MAX_BODY_BYTES, MAX_SAMPLES, Mark, Micros, Millis,
    Outcome, PHASES, Phases, ProviderId, Reader, Record, References, RegionId, Sample, SampleId, Seq, StoredRecord,
    Trigger, VERSION, derived,
};

/// Longest text of an id or address in a chunk.
const MAX_NAME_BYTES: usize = 64;

/// Unpacks a chunk of samples of `check`.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn decode_records(check: &CheckId, bytes: &[u8]) -> Result<Vec<StoredRecord>, ChunkError> {
    let body = unpack(bytes)?;
    let mut reader = Reader::new(&body);
    let head = Head::read(&mut reader)?;
    let lean = Lean::read(&mut reader, head.count)?;
    let rest = Rest::read(&mut reader, head.count)?;
    let mut records = Vec::with_capacity(head.count);
    for run in &head.runs {
        each_sample(
            run,
            &head,
            &lean,
            check,
            |_| true,
            |i, sample, mark| {
                let phases = rest.phases(i, lean.total_us.at(i))?;
                let evidence = rest.evidence(i, &head)?;
                records.push(StoredRecord { record: Record { sample, phases, evidence }, mark });
                Ok(())
            },
        )?;
    }
    Ok(records)
}

/// A chunk of which only what a verdict reads is unpacked.
pub(crate) struct LeanChunk {
    head: Head,
    lean: Lean,
}

impl LeanChunk {
    /// Unpacks.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, ChunkError> {
        let body = unpack(bytes)?;
        let mut reader = Reader::new(&body);
        let head = Head::read(&mut reader)?;
        let lean = Lean::read(&mut reader, head.count)?;
        Ok(Self { head, lean })
    }

    /// How many samples it holds.
    pub(crate) fn count(&self) -> usize {
        self.head.count
    }

    /// Each run's agent, boot and first sequence number, in order.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (&AgentId, Boot, u64)> {
        self.head.runs.iter().map(|run| (&run.agent, run.boot, run.first_seq))
    }

    /// Hands over the samples of one run whose corrected start is wanted, in order; the others are not made. Nothing where
    /// there is no such run.
    ///
    /// # Errors
    /// The first value that is out of its range, of the others among times and numbers only; samples before it were handed
    /// over.
    pub(crate) fn each_of_run(
        &self,
        run: usize,
        check: &CheckId,
        wanted: impl Fn(CollectorTime) -> bool,
        mut each: impl FnMut(Sample, Mark),
    ) -> Result<(), ChunkError> {
        let Some(run) = self.head.runs.get(run) else { return Ok(()) };
        each_sample(run, &self.head, &self.lean, check, wanted, |_, sample, mark| {
            each(sample, mark);
            Ok(())
        })
    }

    /// Like [`LeanChunk::each_of_run`], run by run.
    ///
    /// # Errors
    /// As [`LeanChunk::each_of_run`].
    pub(crate) fn each(
        &self,
        check: &CheckId,
        wanted: impl Fn(CollectorTime) -> bool,
        mut each: impl FnMut(Sample, Mark),
    ) -> Result<(), ChunkError> {
        (0..self.head.runs.len()).try_for_each(|run| self.each_of_run(run, check, &wanted, &mut each))
    }
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, ChunkError> {
    let version = *bytes.first().ok_or(ChunkError::Short { what: "version" })?;
    if version != VERSION {
        return Err(ChunkError::Version(version));
    }
    let length: [u8; 4] =
        bytes.get(1..HEAD_BYTES).and_then(|b| b.try_into().ok()).ok_or(ChunkError::Short { what: "length" })?;
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > MAX_BODY_BYTES {
        return Err(ChunkError::Value { what: "length" });
    }
    let packed = bytes.get(HEAD_BYTES..).unwrap_or_default();
    let body = zstd::bulk::decompress(packed, length).map_err(|e| ChunkError::Compression(e.to_string()))?;
    if body.len() == length { Ok(body) } else { Err(ChunkError::Value { what: "length" }) }
}

struct Run {
    agent: AgentId,
    boot: Boot,
    region: RegionId,
    provider: ProviderId,
    /// Place of its first sample in the chunk.
    begin: usize,
    samples: usize,
    first_seq: u64,
    first_start_ms: i64,
    first_offset_ms: i64,
}

struct Head {
    count: usize,
    runs: Vec<Run>,
    settings: Vec<(CheckVersion, Millis, Millis)>,
    addresses: Vec<IpAddr>,
    details: Vec<Arc<str>>,
    certificates: Vec<CertificateFacts>,
}

impl Head {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ChunkError> {
        let count = reader.count("count", MAX_SAMPLES)?;
        if count == 0 {
            return Err(ChunkError::Value { what: "count" });
        }
        let mut runs = (0..reader.count("runs", count)?).map(|_| read_run(reader)).collect::<Result<Vec<_>, _>>()?;
        let mut in_runs = 0usize;
        for run in &mut runs {
            run.begin = in_runs;
            in_runs = in_runs.saturating_add(run.samples);
        }
        if in_runs != count {
            return Err(ChunkError::Value { what: "runs" });
        }
        let settings = (0..reader.count("settings", count)?)
            .map(|_| {
                let version = CheckVersion::new(reader.u64("settings")?);
                Ok((version, Millis::new(reader.i64("settings")?), Millis::new(reader.i64("settings")?)))
            })
            .collect::<Result<Vec<_>, ChunkError>>()?;
        let addresses = (0..reader.count("addresses", count)?)
            .map(|_| name(reader, "addresses")?.parse().map_err(|_| ChunkError::Value { what: "addresses" }))
            .collect::<Result<Vec<_>, _>>()?;
        let details = (0..reader.count("details", count)?)
            .map(|_| {
                let text = reader.text("details")?;
                if text.len() > Evidence::MAX_DETAIL {
                    return Err(ChunkError::Value { what: "details" });
                }
                Ok(text.into())
            })
            .collect::<Result<Vec<_>, _>>()?;
        let certificates = (0..reader.count("certificates", count)?)
            .map(|_| {
                Ok(CertificateFacts {
                    not_after_s: reader.i64("certificates")?,
                    chain_not_after_s: reader.i64("certificates")?,
                    chain_length: reader.byte("certificates")?,
                    verified: match reader.byte("certificates")? {
                        0 => false,
                        1 => true,
                        _ => return Err(ChunkError::Value { what: "certificates" }),
                    },
                })
            })
            .collect::<Result<Vec<_>, ChunkError>>()?;
        Ok(Self { count, runs, settings, addresses, details, certificates })
    }
}

fn each_sample(
    run: &Run,
    head: &Head,
    lean: &Lean,
    check: &CheckId,
    wanted: impl Fn(CollectorTime) -> bool,
    mut each: impl FnMut(usize, Sample, Mark) -> Result<(), ChunkError>,
) -> Result<(), ChunkError> {
    let (mut seq, mut start, mut offset) = (run.first_seq, run.first_start_ms, run.first_offset_ms);
    for i in run.begin..run.begin + run.samples {
        let step = lean.seq_step.at(i);
        if (i == run.begin) != (step == 0) || step < 0 {
            return Err(ChunkError::Value { what: "seq_step" });
        }
        seq = seq.checked_add_signed(step).ok_or(ChunkError::Value { what: "seq_step" })?;
        start = add(start, lean.start_step_ms.at(i), "start_step_ms")?;
        offset = add(offset, lean.clock_offset_step_ms.at(i), "clock_offset_step_ms")?;
        if !wanted(AgentTime::from_millis(start).corrected(Millis::new(offset))) {
            continue;
        }
        let id = SampleId { agent: run.agent.clone(), boot: run.boot, seq: Seq::new(seq) };
        let (sample, mark) = lean.sample(i, run, head, (id, check, start, offset))?;
        each(i, sample, mark)?;
    }
    Ok(())
}

fn add(a: i64, b: i64, what: &'static str) -> Result<i64, ChunkError> {
    a.checked_add(b).ok_or(ChunkError::Value { what })
}

fn name<'a>(reader: &mut Reader<'a>, what: &'static str) -> Result<&'a str, ChunkError> {
    let text = reader.text(what)?;
    if text.len() > MAX_NAME_BYTES { Err(ChunkError::Value { what }) } else { Ok(text) }
}

fn read_run(reader: &mut Reader<'_>) -> Result<Run, ChunkError> {
    let wrong = |what| move |_| ChunkError::Value { what };
    Ok(Run {
        agent: AgentId::new(name(reader, "agent")?).map_err(wrong("agent"))?,
        boot: Boot::new(reader.u64("boot")?),
        region: RegionId::new(name(reader, "region")?).map_err(wrong("region"))?,
        provider: ProviderId::new(name(reader, "provider")?).map_err(wrong("provider"))?,
        begin: 0,
        samples: reader.count("run length", MAX_SAMPLES)?,
        first_seq: reader.u64("first seq")?,
        first_start_ms: reader.i64("first start")?,
        first_offset_ms: reader.i64("first offset")?,
    })
}

/// The columns a verdict reads.
struct Lean {
    seq_step: Column,
    start_step_ms: Column,
    total_us: Column,
    end_extra_ms: Column,
    outcome: Column,
    setting: Column,
    typical_ms: Column,
    clock_offset_step_ms: Column,
    clock_error_ms: Column,
    refs: Column,
    refs_ok: Column,
    health: Column,
    lag_ms: Column,
    trigger: Column,
    mark: Column,
}

/// How many of [`COLUMNS`] are lean.
const LEAN_COLUMNS: usize = 15;

impl Lean {
    fn read(reader: &mut Reader<'_>, count: usize) -> Result<Self, ChunkError> {
        let mut names = COLUMNS.iter();
        let mut next = || column::get(reader, count, names.next().copied().unwrap_or("column"));
        Ok(Self {
            seq_step: next()?,
            start_step_ms: next()?,
            total_us: next()?,
            end_extra_ms: next()?,
            outcome: next()?,
            setting: next()?,
            typical_ms: next()?,
            clock_offset_step_ms: next()?,
            clock_error_ms: next()?,
            refs: next()?,
            refs_ok: next()?,
            health: next()?,
            lag_ms: next()?,
            trigger: next()?,
            mark: next()?,
        })
    }

    fn sample(
        &self,
        i: usize,
        run: &Run,
        head: &Head,
        (id, check, start_ms, offset_ms): (SampleId, &CheckId, i64, i64),
    ) -> Result<(Sample, Mark), ChunkError> {
        let total_us = unsigned(self.total_us.at(i), "total_us")?;
        let length_ms = add(Micros::new(total_us).as_millis().get(), self.end_extra_ms.at(i), "end_extra_ms")?;
        let end_ms = add(start_ms, length_ms, "end_extra_ms")?;
        if length_ms < 0 {
            return Err(ChunkError::Value { what: "end_extra_ms" });
        }
        let (version, interval, timeout) = entry(&head.settings, self.setting.at(i), "setting")?;
        let code = unsigned(self.outcome.at(i), "outcome")?;
        let outcome = small(code % 16, "outcome")?;
        let failure = match code / 16 {
            0 => None,
            number => {
                Some(Failure::from_number(small(number, "outcome")?).ok_or(ChunkError::Value { what: "outcome" })?)
            }
        };
        let typical = unsigned(self.typical_ms.at(i), "typical_ms")?.checked_sub(1);
        let mark = unsigned(self.mark.at(i), "mark")?;
        let sample = Sample {
            id,
            check: check.clone(),
            region: run.region.clone(),
            provider: run.provider.clone(),
            start: AgentTime::from_millis(start_ms),
            end: AgentTime::from_millis(end_ms),
            outcome: Outcome::from_number(outcome).ok_or(ChunkError::Value { what: "outcome" })?,
            failure,
            interval: *interval,
            timeout: *timeout,
            typical: typical.map(|ms| Millis::new(ms.cast_signed())),
            clock: ClockReading { offset: Millis::new(offset_ms), error: Millis::new(self.clock_error_ms.at(i)) },
            references: self.references(i)?,
            health: Health::new(small(unsigned(self.health.at(i), "health")?, "health")?)
                .ok_or(ChunkError::Value { what: "health" })?,
            lag: Millis::new(self.lag_ms.at(i)),
            trigger: Trigger::from_number(small(unsigned(self.trigger.at(i), "trigger")?, "trigger")?)
                .ok_or(ChunkError::Value { what: "trigger" })?,
            check_version: *version,
        };
        let mark = Mark::from_number(small(mark, "mark")?).ok_or(ChunkError::Value { what: "mark" })?;
        Ok((sample, mark))
    }

    fn references(&self, i: usize) -> Result<References, ChunkError> {
        let wrong = ChunkError::Value { what: "refs" };
        let code = unsigned(self.refs.at(i), "refs")?;
        let total = small(code % 64, "refs")?;
        let known_ok = unsigned(self.refs_ok.at(i), "refs_ok")?;
        if known_ok > 0 {
            return References::counts(small(known_ok - 1, "refs_ok")?, total).ok_or(wrong);
        }
        let mask = u32::try_from(code / 64).map_err(|_| ChunkError::Value { what: "refs" })?;
        References::mask(mask, total).ok_or(wrong)
    }
}

/// The columns people read.
struct Rest {
    presence: Column,
    phases: [Column; PHASES],
    not_in_phases_us: Column,
    address: Column,
    status: Column,
    detail: Column,
    certificate: Column,
}

impl Rest {
    fn read(reader: &mut Reader<'_>, count: usize) -> Result<Self, ChunkError> {
        let mut names = COLUMNS.iter().skip(LEAN_COLUMNS);
        let mut next = || column::get(reader, count, names.next().copied().unwrap_or("column"));
        let rest = Self {
            presence: next()?,
            phases: [next()?, next()?, next()?, next()?, next()?],
            not_in_phases_us: next()?,
            address: next()?,
            status: next()?,
            detail: next()?,
            certificate: next()?,
        };
        if reader.is_empty() { Ok(rest) } else { Err(ChunkError::Value { what: "end" }) }
    }

    fn phases(&self, i: usize, total_us: i64) -> Result<Phases, ChunkError> {
        let presence = small(unsigned(self.presence.at(i), "presence")?, "presence")?;
        if presence >= 1 << PHASES {
            return Err(ChunkError::Value { what: "presence" });
        }
        let derived_place = derived(presence);
        let mut written = [0i64; PHASES];
        let mut left = total_us.wrapping_sub(self.not_in_phases_us.at(i));
        for (out, column) in written.iter_mut().zip(&self.phases) {
            *out = column.at(i);
            left = left.wrapping_sub(*out);
        }
        if let Some(out) = derived_place.and_then(|place| written.get_mut(place)) {
            *out = left;
        }
        let phase = |place: usize| {
            if presence & (1 << place) == 0 {
                return Ok(None);
            }
            let us = written.get(place).copied().unwrap_or(0);
            unsigned(us, "phases").map(|us| Some(Micros::new(us)))
        };
        Ok(Phases {
            dns: phase(0)?,
            connect: phase(1)?,
            tls: phase(2)?,
            first_byte: phase(3)?,
            transfer: phase(4)?,
            total: Micros::new(unsigned(total_us, "total_us")?),
        })
    }

    fn evidence(&self, i: usize, head: &Head) -> Result<Evidence, ChunkError> {
        let status = unsigned(self.status.at(i), "status")?.checked_sub(1);
        Ok(Evidence {
            address: optional(&head.addresses, self.address.at(i), "address")?.copied(),
            status: status.map(u16::try_from).transpose().map_err(|_| ChunkError::Value { what: "status" })?,
            detail: optional(&head.details, self.detail.at(i), "detail")?.cloned(),
            certificate: optional(&head.certificates, self.certificate.at(i), "certificate")?.copied(),
        })
    }
}

fn unsigned(value: i64, what: &'static str) -> Result<u64, ChunkError> {
    u64::try_from(value).map_err(|_| ChunkError::Value { what })
}

fn small(value: u64, what: &'static str) -> Result<u8, ChunkError> {
    u8::try_from(value).map_err(|_| ChunkError::Value { what })
}

fn entry<'a, T>(values: &'a [T], number: i64, what: &'static str) -> Result<&'a T, ChunkError> {
    usize::try_from(number).ok().and_then(|n| values.get(n)).ok_or(ChunkError::Value { what })
}

/// Entry `number - 1`, nothing for 0.
fn optional<'a, T>(values: &'a [T], number: i64, what: &'static str) -> Result<Option<&'a T>, ChunkError> {
    if number == 0 { Ok(None) } else { entry(values, number.wrapping_sub(1), what).map(Some) }
}

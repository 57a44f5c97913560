//! Taking what agents sent: batches, gaps, rejections. What this commits is what may be acknowledged.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use quorate_model::{AgentId, AgentTime, Boot, CollectorTime, Record, Seq};
use quorate_proto::batch::{self, Origin};
use quorate_proto::v1;
use rusqlite::params;

use crate::chunk::put_u64;
use crate::error::{BatchRefusal, WriteError};
use crate::mark::{Mark, REPEATED, cap};
use crate::names::NameError;
use crate::pending::Reply;
use crate::read::signed;
use crate::settled::MAX_RANGES;
use crate::writer::{Task, Writing};

/// A batch as it was received, and the samples decoded from it.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// Of whom.
    pub origin: Origin,
    /// The message, kept as it is.
    pub batch: v1::Batch,
    /// When it was received.
    pub received: CollectorTime,
    /// The samples in it, in order, those marked [`Mark::Capped`] already cut back.
    pub records: Vec<Record>,
    /// One mark per sample, or none where all are clean.
    pub marks: Vec<Mark>,
}

/// A range the agent dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Of whom.
    pub origin: Origin,
    /// In which life.
    pub boot: Boot,
    /// First number dropped.
    pub first: Seq,
    /// Last number dropped.
    pub last: Seq,
    /// The time the dropped samples cover.
    pub start: AgentTime,
    /// Its end.
    pub end: AgentTime,
    /// When the collector was told.
    pub received: CollectorTime,
}

/// A range that can never be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Of whom.
    pub origin: Origin,
    /// In which life.
    pub boot: Boot,
    /// First number refused.
    pub first: Seq,
    /// Last number refused.
    pub last: Seq,
    /// The reason's number on the wire.
    pub reason: i32,
    /// The reason for people.
    pub detail: String,
    /// When it was refused.
    pub received: CollectorTime,
}

/// What is written in one transaction.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// Batches, in the order they count in.
    pub batches: Vec<NewBatch>,
    /// Gaps.
    pub gaps: Vec<Gap>,
    /// Rejections.
    pub rejections: Vec<Rejection>,
}

/// What became of one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The samples that were new and count, in order.
    pub records: Vec<Record>,
    /// New samples that were kept but do not count, by their marks.
    pub apart: usize,
    /// Samples that were settled before and the same.
    pub duplicates: usize,
    /// Samples under an identity that was stored with another payload.
    pub equivocations: usize,
}

/// What became of a [`Received`], once it is on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Each batch, in the order given.
    pub batches: Vec<Result<Taken, BatchRefusal>>,
    /// Everything up to here is settled, for each life that was written to.
    pub durable: BTreeMap<(AgentId, Boot), Seq>,
    /// Gaps and rejections that could not be taken.
    pub refused_ranges: Vec<BatchRefusal>,
}

/// What a run found of one batch.
struct Judged {
    /// For each record whether it is new.
    fresh: Vec<bool>,
    duplicates: usize,
    equivocations: usize,
}

pub(crate) struct AppendTask {
    received: Received,
    judged: Vec<Result<Judged, BatchRefusal>>,
    durable: BTreeMap<(AgentId, Boot), Seq>,
    refused_ranges: Vec<BatchRefusal>,
    reply: Reply<Appended>,
}

impl AppendTask {
    pub(crate) fn new(received: Received, reply: Reply<Appended>) -> Self {
        Self { received, judged: Vec::new(), durable: BTreeMap::new(), refused_ranges: Vec::new(), reply }
    }
}

impl Task for AppendTask {
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<(), WriteError> {
        self.judged.clear();
        self.durable.clear();
        self.refused_ranges.clear();
        for new in &self.received.batches {
            let judged = take(writing, new)?;
            if judged.is_ok() {
                note_durable(&mut self.durable, writing, &new.origin, Boot::new(new.batch.boot), new.received)?;
            }
            self.judged.push(judged);
        }
        for gap in &self.received.gaps {
            match settle_gap(writing, gap)? {
                Ok(()) => note_durable(&mut self.durable, writing, &gap.origin, gap.boot, gap.received)?,
                Err(refusal) => self.refused_ranges.push(refusal),
            }
        }
        for rejection in &self.received.rejections {
            match settle_rejection(writing, rejection)? {
                Ok(()) => {
                    note_durable(&mut self.durable, writing, &rejection.origin, rejection.boot, rejection.received)?;
                }
                Err(refusal) => self.refused_ranges.push(refusal),
            }
        }
        mark_seen(writing, &self.received, &self.durable)
    }

    fn finish(self: Box<Self>, outcome: Result<(), WriteError>) {
        let task = *self;
        let answer = outcome.map(|()| Appended {
            batches: task
                .received
                .batches
                .into_iter()
                .zip(task.judged)
                .map(|(new, judged)| judged.map(|judged| taken(new, judged)))
                .collect(),
            durable: task.durable,
            refused_ranges: task.refused_ranges,
        });
        task.reply.send(answer);
    }
}

fn taken(new: NewBatch, judged: Judged) -> Taken {
    let Judged { fresh, duplicates, equivocations } = judged;
    let mut apart = 0;
    let mut index = 0;
    let mut records = new.records;
    records.retain(|_| {
        let counts = new.marks.get(index).is_none_or(|mark| mark.counts());
        let is_fresh = fresh.get(index).copied().unwrap_or(false);
        index += 1;
        apart += usize::from(is_fresh && !counts);
        is_fresh && counts
    });
    Taken { records, apart, duplicates, equivocations }
}

/// Numbers that fit the file, in order.
fn check_range(boot: u64, first: u64, last: u64) -> Result<(), BatchRefusal> {
    if boot > i64::MAX.cast_unsigned() || last > i64::MAX.cast_unsigned() {
        return Err(BatchRefusal::NumberTooLarge { boot, seq: last });
    }
    if first == 0 || first > last { Err(BatchRefusal::Disorder) } else { Ok(()) }
}

fn agent_number(
    writing: &mut Writing<'_>,
    origin: &Origin,
    received: CollectorTime,
) -> Result<Result<i64, BatchRefusal>, WriteError> {
    named(writing.names.agent(writing.tx, origin, received))
}

fn named(number: Result<i64, NameError>) -> Result<Result<i64, BatchRefusal>, WriteError> {
    match number {
        Ok(number) => Ok(Ok(number)),
        Err(NameError::Refused(refusal)) => Ok(Err(refusal)),
        Err(NameError::Engine(error)) => Err(error.into()),
    }
}

fn take(writing: &mut Writing<'_>, new: &NewBatch) -> Result<Result<Judged, BatchRefusal>, WriteError> {
    let head = &new.batch;
    let in_order = new.records.is_sorted_by(|a, b| a.sample.id.seq < b.sample.id.seq);
    let of_one = new.records.iter().all(|r| r.sample.id.boot.get() == head.boot);
    let ends = (new.records.first(), new.records.last());
    let (Some(first), Some(last)) = ends else { return Ok(Err(BatchRefusal::Disorder)) };
    let fits = first.sample.id.seq.get() >= head.first_seq && last.sample.id.seq.get() <= head.last_seq;
    if !(in_order && of_one && fits) {
        return Ok(Err(BatchRefusal::Disorder));
    }
    if let Err(refusal) = check_range(head.boot, head.first_seq, head.last_seq) {
        return Ok(Err(refusal));
    }
    let agent = match agent_number(writing, &new.origin, new.received)? {
        Ok(agent) => agent,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let checks = match check_numbers(writing, &new.records)? {
        Ok(checks) => checks,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let life = writing.lives.life(writing.tx, agent, head.boot)?;
    let judged = if life.settled.overlaps(head.first_seq, head.last_seq) {
        let settled = life.settled.clone();
        judge_overlap(writing, agent, new, &settled)?
    } else {
        Judged { fresh: vec![true; new.records.len()], duplicates: 0, equivocations: 0 }
    };
    let life = writing.lives.life(writing.tx, agent, head.boot)?;
    if !judged.fresh.contains(&true) {
        return Ok(Ok(judged));
    }
    // Only a life near the limit pays for the exact count.
    if life.settled.len() + sequence_runs(&new.records).count() > MAX_RANGES {
        let mut after = life.settled.clone();
        for (first, last) in sequence_runs(&new.records) {
            after.insert(first, last);
        }
        if after.len() > MAX_RANGES && after.len() > life.settled.len() {
            return Ok(Err(BatchRefusal::TooScattered { boot: head.boot, holes: after.len() - 1 }));
        }
    }
    for (first, last) in sequence_runs(&new.records) {
        life.settle(first, last);
    }
    insert_batch(writing, agent, new, (&as_differences(&checks), &judged.fresh))?;
    unsettle(writing, new, &judged.fresh, &checks)?;
    Ok(Ok(judged))
}

/// Consecutive sequence numbers as ranges.
fn sequence_runs(records: &[Record]) -> impl Iterator<Item = (u64, u64)> {
    records
        .chunk_by(|a, b| a.sample.id.seq.get().checked_add(1) == Some(b.sample.id.seq.get()))
        .filter_map(|run| Some((run.first()?.sample.id.seq.get(), run.last()?.sample.id.seq.get())))
}

/// The numbers of the checks in it, by the address of their text: samples of one batch share it, so most need no look-up.
type CheckNumbers = BTreeMap<*const u8, i64>;

fn check_numbers(
    writing: &mut Writing<'_>,
    records: &[Record],
) -> Result<Result<CheckNumbers, BatchRefusal>, WriteError> {
    let mut numbers = CheckNumbers::new();
    for record in records {
        let check = &record.sample.check;
        if let Entry::Vacant(entry) = numbers.entry(check.as_str().as_ptr()) {
            match named(writing.names.check(writing.tx, check))? {
                Ok(number) => entry.insert(number),
                Err(refusal) => return Ok(Err(refusal)),
            };
        }
    }
    Ok(Ok(numbers))
}

/// Ascending, each once, as the difference from the one before.
fn as_differences(checks: &CheckNumbers) -> Vec<u8> {
    let numbers: BTreeSet<i64> = checks.values().copied().collect();
    let mut out = Vec::with_capacity(numbers.len());
    let mut before = 0;
    for number in numbers {
        put_u64(&mut out, (number - before).cast_unsigned());
        before = number;
    }
    out
}

/// Takes back what is settled of each check to where its earliest new sample began.
fn unsettle(
    writing: &mut Writing<'_>,
    new: &NewBatch,
    fresh: &[bool],
    checks: &CheckNumbers,
) -> Result<(), WriteError> {
    let mut earliest: BTreeMap<*const u8, CollectorTime> = BTreeMap::new();
    for (index, record) in new.records.iter().enumerate() {
        let counts = new.marks.get(index).is_none_or(|mark| mark.counts());
        if counts && fresh.get(index).copied().unwrap_or_default() {
            let start = record.sample.start_corrected();
            let known = earliest.entry(record.sample.check.as_str().as_ptr()).or_insert(start);
            *known = start.min(*known);
        }
    }
    for (text, start) in earliest {
        if let Some(check_no) = checks.get(&text) {
            writing.watermarks.lower(writing.tx, *check_no, start)?;
        }
    }
    Ok(())
}

/// Compares what is settled already with what was stored of it, as long as that is not compacted.
fn judge_overlap(
    writing: &Writing<'_>,
    agent: i64,
    new: &NewBatch,
    settled: &crate::settled::Settled,
) -> Result<Judged, WriteError> {
    let mut judged = Judged { fresh: Vec::with_capacity(new.records.len()), duplicates: 0, equivocations: 0 };
    let stored = stored_overlap(writing, agent, new)?;
    for (index, record) in new.records.iter().enumerate() {
        let sample = &record.sample;
        if !settled.contains(sample.id.seq.get()) {
            judged.fresh.push(true);
            continue;
        }
        let capped = new.marks.get(index) == Some(&Mark::Capped);
        let smaller = match stored.get(&sample.id.seq.get()) {
            // A capped sample differs by when it came, which says nothing of its sender.
            Some(known) if known != record && !capped => {
                judged.equivocations += 1;
                // Of two payloads under one identity the smaller counts; under another check the first one stays.
                known.sample.check == sample.check && sample < &known.sample
            }
            _ => {
                judged.duplicates += 1;
                false
            }
        };
        judged.fresh.push(smaller);
    }
    Ok(judged)
}

fn stored_overlap(writing: &Writing<'_>, agent: i64, new: &NewBatch) -> Result<BTreeMap<u64, Record>, WriteError> {
    let head = &new.batch;
    let mut statement = writing.tx.prepare_cached(
        "SELECT first_seq, last_seq, raw_bytes, received_ms, marks, columns FROM batches
         WHERE agent = ?1 AND boot = ?2 AND last_seq >= ?3 AND first_seq <= ?4",
    )?;
    let mut rows = statement.query(params![
        agent,
        head.boot.cast_signed(),
        head.first_seq.cast_signed(),
        head.last_seq.cast_signed()
    ])?;
    let mut known: BTreeMap<u64, Record> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let stored = v1::Batch {
            boot: head.boot,
            first_seq: row.get::<_, i64>(0)?.cast_unsigned(),
            last_seq: row.get::<_, i64>(1)?.cast_unsigned(),
            raw_bytes: row.get(2)?,
            columns: row.get::<_, Vec<u8>>(5)?.into(),
        };
        let received = CollectorTime::from_millis(row.get(3)?);
        let marks: Option<Vec<u8>> = row.get(4)?;
        // What does not decode any more cannot be compared; reading it reports the damage.
        let Ok(records) = batch::decode(&stored, &new.origin) else { continue };
        for (index, mut record) in records.into_iter().enumerate() {
            let mark = marks.as_ref().and_then(|m| m.get(index)).copied().unwrap_or(0);
            if mark == REPEATED {
                continue;
            }
            if mark == Mark::Capped.number() {
                cap(&mut record.sample, received);
            }
            let seq = record.sample.id.seq.get();
            match known.get(&seq) {
                Some(other) if other.sample <= record.sample => {}
                _ => {
                    known.insert(seq, record);
                }
            }
        }
    }
    Ok(known)
}

fn insert_batch(
    writing: &Writing<'_>,
    agent: i64,
    new: &NewBatch,
    (checks, fresh): (&[u8], &[bool]),
) -> Result<(), WriteError> {
    let head = &new.batch;
    let starts = || new.records.iter().map(|r| r.sample.start_corrected().as_millis());
    let marks: Vec<u8> = fresh
        .iter()
        .enumerate()
        .map(|(i, fresh)| if *fresh { new.marks.get(i).copied().unwrap_or_default().number() } else { REPEATED })
        .collect();
    let marks = marks.iter().any(|mark| *mark != Mark::Clean.number()).then_some(marks);
    writing
        .tx
        .prepare_cached(
            "INSERT INTO batches (agent, boot, first_seq, last_seq, received_ms, min_start_ms, max_start_ms, samples,
             raw_bytes, region, provider, checks, marks, columns)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            agent,
            head.boot.cast_signed(),
            head.first_seq.cast_signed(),
            head.last_seq.cast_signed(),
            new.received.as_millis(),
            starts().min().unwrap_or(0),
            starts().max().unwrap_or(0),
            signed(new.records.len()),
            head.raw_bytes,
            new.origin.region.as_str(),
            new.origin.provider.as_str(),
            checks,
            marks,
            &head.columns[..],
        ])?;
    Ok(())
}

fn settle_range(
    writing: &mut Writing<'_>,
    origin: &Origin,
    (boot, first, last): (Boot, Seq, Seq),
    received: CollectorTime,
) -> Result<Result<i64, BatchRefusal>, WriteError> {
    if let Err(refusal) = check_range(boot.get(), first.get(), last.get()) {
        return Ok(Err(refusal));
    }
    let agent = match agent_number(writing, origin, received)? {
        Ok(agent) => agent,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let life = writing.lives.life(writing.tx, agent, boot.get())?;
    if life.settled.len() >= MAX_RANGES && !life.settled.overlaps(first.get().saturating_sub(1), last.get()) {
        return Ok(Err(BatchRefusal::TooScattered { boot: boot.get(), holes: life.settled.len() }));
    }
    life.settle(first.get(), last.get());
    Ok(Ok(agent))
}

fn settle_gap(writing: &mut Writing<'_>, gap: &Gap) -> Result<Result<(), BatchRefusal>, WriteError> {
    let agent = match settle_range(writing, &gap.origin, (gap.boot, gap.first, gap.last), gap.received)? {
        Ok(agent) => agent,
        Err(refusal) => return Ok(Err(refusal)),
    };
    writing
        .tx
        .prepare_cached(
            "INSERT INTO gaps (agent, boot, first_seq, last_seq, start_ms, end_ms, received_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            agent,
            gap.boot.get().cast_signed(),
            gap.first.get().cast_signed(),
            gap.last.get().cast_signed(),
            gap.start.as_millis(),
            gap.end.as_millis(),
            gap.received.as_millis()
        ])?;
    Ok(Ok(()))
}

fn settle_rejection(writing: &mut Writing<'_>, rejection: &Rejection) -> Result<Result<(), BatchRefusal>, WriteError> {
    let range = (rejection.boot, rejection.first, rejection.last);
    let agent = match settle_range(writing, &rejection.origin, range, rejection.received)? {
        Ok(agent) => agent,
        Err(refusal) => return Ok(Err(refusal)),
    };
    writing
        .tx
        .prepare_cached(
            "INSERT INTO rejects (agent, boot, first_seq, last_seq, reason, detail, received_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            agent,
            rejection.boot.get().cast_signed(),
            rejection.first.get().cast_signed(),
            rejection.last.get().cast_signed(),
            rejection.reason,
            rejection.detail,
            rejection.received.as_millis()
        ])?;
    Ok(Ok(()))
}

fn note_durable(
    durable: &mut BTreeMap<(AgentId, Boot), Seq>,
    writing: &mut Writing<'_>,
    origin: &Origin,
    boot: Boot,
    received: CollectorTime,
) -> Result<(), WriteError> {
    if let Ok(agent) = agent_number(writing, origin, received)? {
        let life = writing.lives.life(writing.tx, agent, boot.get())?;
        durable.insert((origin.agent.clone(), boot), Seq::new(life.settled.durable()));
    }
    Ok(())
}

/// Notes when each agent was last heard of, once per transaction.
fn mark_seen(
    writing: &mut Writing<'_>,
    received: &Received,
    durable: &BTreeMap<(AgentId, Boot), Seq>,
) -> Result<(), WriteError> {
    let mut seen: BTreeMap<&AgentId, (CollectorTime, &Origin)> = BTreeMap::new();
    let heard = received
        .batches
        .iter()
        .map(|b| (&b.origin, b.received))
        .chain(received.gaps.iter().map(|g| (&g.origin, g.received)))
        .chain(received.rejections.iter().map(|r| (&r.origin, r.received)));
    for (origin, at) in heard {
        let latest = seen.entry(&origin.agent).or_insert((at, origin));
        latest.0 = latest.0.max(at);
    }
    for (agent_id, (at, origin)) in seen {
        // An agent none of whose data was taken may have no number.
        if !durable.keys().any(|(known, _)| known == agent_id) {
            continue;
        }
        if let Ok(agent) = agent_number(writing, origin, at)? {
            writing
                .tx
                .prepare_cached("UPDATE agents SET last_seen_ms = max(last_seen_ms, ?2) WHERE agent = ?1")?
                .execute(params![agent, at.as_millis()])?;
        }
    }
    Ok(())
}

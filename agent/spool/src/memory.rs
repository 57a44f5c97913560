//! Samples in memory: the newest as they are, a backlog packed.

mod sealed;

use std::collections::VecDeque;

use quorate_model::{AgentTime, Record, Seq};

use crate::{Depth, DroppedRange, Limits, Read, ReaderId, Spool, SpoolError};
use sealed::Sealed;

/// So many samples are packed together; as long as fewer than twice as many wait, none is.
const CHUNK: usize = 512;

/// A stretch of agent time.
type Span = (AgentTime, AgentTime);

#[derive(Clone, Copy, Debug, Default)]
struct Reader {
    settled: Seq,
    /// The time covered by what was dropped before this reader settled it.
    lost: Option<Span>,
}

/// A spool that lives as long as the process.
#[derive(Debug)]
pub struct MemorySpool {
    limits: Limits,
    chunk: usize,
    /// The oldest samples, packed.
    sealed: VecDeque<Sealed>,
    /// The samples behind them.
    records: VecDeque<Record>,
    /// The number of the first of `records`, or of the one that comes next.
    records_first: Seq,
    samples: usize,
    bytes: usize,
    readers: Vec<Reader>,
    /// The time covered by all that was ever in the spool and is no more.
    gone: Option<Span>,
    dropped: u64,
}

impl MemorySpool {
    /// An empty spool.
    pub fn new(limits: Limits) -> Self {
        Self::with_chunk(limits, CHUNK)
    }

    fn with_chunk(limits: Limits, chunk: usize) -> Self {
        Self {
            limits: Limits { max_samples: limits.max_samples.max(1), max_bytes: limits.max_bytes },
            chunk: chunk.max(1),
            sealed: VecDeque::new(),
            records: VecDeque::new(),
            records_first: Seq::new(1),
            samples: 0,
            bytes: 0,
            readers: Vec::new(),
            gone: None,
            dropped: 0,
        }
    }

    /// The number of the first sample kept, or of the one that comes next.
    fn first(&self) -> Seq {
        self.sealed.front().map_or(self.records_first, Sealed::first)
    }

    /// The number of the sample that comes next.
    fn next(&self) -> Seq {
        Seq::new(self.records_first.get().saturating_add(self.records.len() as u64))
    }

    /// Packs the oldest of the samples that are not packed, once there are enough.
    fn seal(&mut self) {
        if self.records.len() < 2 * self.chunk {
            return;
        }
        let plain: Vec<Record> = self.records.drain(..self.chunk).collect();
        let plain_bytes: usize = plain.iter().map(bytes_of).sum();
        let (Some(packed), Some(last)) = (Sealed::pack(&plain), plain.last()) else {
            // What cannot be packed without loss stays as it is, and what comes behind it as well.
            for record in plain.into_iter().rev() {
                self.records.push_front(record);
            }
            return;
        };
        let last = last.sample.id.seq;
        self.bytes = self.bytes.saturating_sub(plain_bytes) + packed.bytes();
        self.sealed.push_back(packed);
        self.records_first = last.next();
    }

    /// Removes the oldest: one sample, or a whole chunk.
    fn remove_first(&mut self) {
        let (first, last, span, bytes) = if let Some(chunk) = self.sealed.pop_front() {
            (chunk.first(), chunk.last(), chunk.span(), chunk.bytes())
        } else if let Some(record) = self.records.pop_front() {
            let seq = record.sample.id.seq;
            self.records_first = seq.next();
            (seq, seq, (record.sample.start, record.sample.end), bytes_of(&record))
        } else {
            return;
        };
        let count = last.get() - first.get() + 1;
        self.samples = self.samples.saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
        self.bytes = self.bytes.saturating_sub(bytes);
        widen(&mut self.gone, span);
        let mut unsettled = 0;
        for reader in self.readers.iter_mut().filter(|reader| reader.settled < last) {
            widen(&mut reader.lost, span);
            unsettled = unsettled.max(count.min(last.get() - reader.settled.get()));
        }
        self.dropped += unsettled;
        if self.records.is_empty() && self.records.capacity() > self.chunk {
            self.records.shrink_to(self.chunk);
        }
    }
}

impl Spool for MemorySpool {
    fn add_reader(&mut self) -> ReaderId {
        let settled = Seq::new(self.first().get().saturating_sub(1));
        self.readers.push(Reader { settled, lost: None });
        ReaderId(self.readers.len() - 1)
    }

    fn append(&mut self, record: Record) -> Result<(), SpoolError> {
        let expected = self.next();
        let got = record.sample.id.seq;
        if got != expected {
            return Err(SpoolError::OutOfOrder { got, expected });
        }
        self.bytes += bytes_of(&record);
        self.samples += 1;
        self.records.push_back(record);
        self.seal();
        while (self.samples > self.limits.max_samples || self.bytes > self.limits.max_bytes) && self.samples > 1 {
            self.remove_first();
        }
        Ok(())
    }

    fn read(&self, reader: ReaderId, from: Seq, max_samples: usize) -> Result<Read, SpoolError> {
        let reader = self.readers.get(reader.0).ok_or(SpoolError::UnknownReader)?;
        let from = from.max(Seq::new(1));
        let first = self.first();
        if from < first {
            let covered = if from > reader.settled { reader.lost } else { None };
            let (start, end) = covered.or(self.gone).unwrap_or_default();
            let last = Seq::new(first.get() - 1);
            return Ok(Read::Gap(DroppedRange { first: from, last, start, end }));
        }
        let max_samples = max_samples.max(1);
        let at = self.sealed.partition_point(|chunk| chunk.last() < from);
        let records: Vec<Record> = if let Some(chunk) = self.sealed.get(at) {
            chunk.unpack().into_iter().filter(|record| record.sample.id.seq >= from).take(max_samples).collect()
        } else {
            let skip = usize::try_from(from.get() - self.records_first.get()).unwrap_or(usize::MAX);
            self.records.iter().skip(skip).take(max_samples).cloned().collect()
        };
        Ok(if records.is_empty() { Read::Empty } else { Read::Records(records) })
    }

    fn settle(&mut self, reader: ReaderId, upto: Seq) -> Result<(), SpoolError> {
        let last = Seq::new(self.next().get() - 1);
        let first = self.first();
        let reader = self.readers.get_mut(reader.0).ok_or(SpoolError::UnknownReader)?;
        reader.settled = reader.settled.max(upto.min(last));
        if reader.settled.next() >= first {
            reader.lost = None;
        }
        let by_all = self.readers.iter().map(|reader| reader.settled).min().unwrap_or_default();
        let oldest_ends = |spool: &Self| match spool.sealed.front() {
            Some(chunk) => Some(chunk.last()),
            None => spool.records.front().map(|record| record.sample.id.seq),
        };
        while oldest_ends(self).is_some_and(|ends| ends <= by_all) {
            self.remove_first();
        }
        Ok(())
    }

    fn depth(&self) -> Depth {
        let (first, last) = match self.samples {
            0 => (Seq::new(0), Seq::new(0)),
            _ => (self.first(), Seq::new(self.next().get() - 1)),
        };
        Depth { samples: self.samples, bytes: self.bytes, first, last, dropped: self.dropped }
    }
}

/// What a sample takes in memory. Names are shared by all samples and not counted; the text of the evidence is.
fn bytes_of(record: &Record) -> usize {
    size_of::<Record>() + record.evidence.detail.as_ref().map_or(0, |detail| detail.len())
}

fn widen(covered: &mut Option<Span>, (start, end): Span) {
    let (before, after) = covered.unwrap_or((start, end));
    *covered = Some((before.min(start), after.max(end)));
}

#[cfg(test)]
mod tests;

//! Samples in memory.

use std::collections::VecDeque;

use quorate_model::{AgentTime, Record, Seq};

use crate::{Depth, DroppedRange, Limits, Read, ReaderId, Spool, SpoolError};

#[derive(Clone, Copy, Debug, Default)]
struct Reader {
    settled: Seq,
    /// The time covered by what was dropped before this reader settled it.
    lost: Option<(AgentTime, AgentTime)>,
}

/// A spool that lives as long as the process.
#[derive(Debug)]
pub struct MemorySpool {
    limits: Limits,
    records: VecDeque<Record>,
    bytes: usize,
    readers: Vec<Reader>,
    /// The number of the first sample in `records`, or of the one that comes next.
    first: Seq,
    /// The time covered by all that was ever in the spool and is no more.
    gone: Option<(AgentTime, AgentTime)>,
    dropped: u64,
}

impl MemorySpool {
    /// An empty spool.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: Limits { max_samples: limits.max_samples.max(1), max_bytes: limits.max_bytes },
            records: VecDeque::new(),
            bytes: 0,
            readers: Vec::new(),
            first: Seq::new(1),
            gone: None,
            dropped: 0,
        }
    }

    fn next(&self) -> Seq {
        Seq::new(self.first.get().saturating_add(self.records.len() as u64))
    }

    fn remove_first(&mut self) {
        let Some(record) = self.records.pop_front() else { return };
        self.bytes = self.bytes.saturating_sub(bytes_of(&record));
        let seq = record.sample.id.seq;
        self.first = seq.next();
        widen(&mut self.gone, &record);
        let mut unsettled = false;
        for reader in self.readers.iter_mut().filter(|reader| reader.settled < seq) {
            widen(&mut reader.lost, &record);
            unsettled = true;
        }
        if unsettled {
            self.dropped += 1;
        }
        if self.records.is_empty() && self.records.capacity() > SPARE {
            self.records.shrink_to(SPARE);
        }
    }
}

/// Room for so many samples is kept when the spool runs empty, so that a drained backlog gives its memory back.
const SPARE: usize = 1024;

impl Spool for MemorySpool {
    fn add_reader(&mut self) -> ReaderId {
        let settled = Seq::new(self.first.get().saturating_sub(1));
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
        self.records.push_back(record);
        let over =
            |spool: &Self| spool.records.len() > spool.limits.max_samples || spool.bytes > spool.limits.max_bytes;
        while over(self) && self.records.len() > 1 {
            self.remove_first();
        }
        Ok(())
    }

    fn read(&self, reader: ReaderId, from: Seq, max_samples: usize) -> Result<Read, SpoolError> {
        let reader = self.readers.get(reader.0).ok_or(SpoolError::UnknownReader)?;
        let from = from.max(Seq::new(1));
        if from < self.first {
            let covered = if from > reader.settled { reader.lost } else { None };
            let (start, end) = covered.or(self.gone).unwrap_or_default();
            let last = Seq::new(self.first.get() - 1);
            return Ok(Read::Gap(DroppedRange { first: from, last, start, end }));
        }
        let skip = usize::try_from(from.get() - self.first.get()).unwrap_or(usize::MAX);
        let records: Vec<Record> = self.records.iter().skip(skip).take(max_samples.max(1)).cloned().collect();
        Ok(if records.is_empty() { Read::Empty } else { Read::Records(records) })
    }

    fn settle(&mut self, reader: ReaderId, upto: Seq) -> Result<(), SpoolError> {
        let last = Seq::new(self.next().get() - 1);
        let first = self.first;
        let reader = self.readers.get_mut(reader.0).ok_or(SpoolError::UnknownReader)?;
        reader.settled = reader.settled.max(upto.min(last));
        if reader.settled.next() >= first {
            reader.lost = None;
        }
        let by_all = self.readers.iter().map(|reader| reader.settled).min().unwrap_or_default();
        while self.records.front().is_some_and(|record| record.sample.id.seq <= by_all) {
            self.remove_first();
        }
        Ok(())
    }

    fn depth(&self) -> Depth {
        let seq = |record: Option<&Record>| record.map_or(Seq::new(0), |record| record.sample.id.seq);
        Depth {
            samples: self.records.len(),
            bytes: self.bytes,
            first: seq(self.records.front()),
            last: seq(self.records.back()),
            dropped: self.dropped,
        }
    }
}

/// What a sample takes in memory. Names are shared by all samples and not counted; the text of the evidence is.
fn bytes_of(record: &Record) -> usize {
    size_of::<Record>() + record.evidence.detail.as_ref().map_or(0, |detail| detail.len())
}

fn widen(covered: &mut Option<(AgentTime, AgentTime)>, record: &Record) {
    let (start, end) = covered.unwrap_or((record.sample.start, record.sample.end));
    *covered = Some((start.min(record.sample.start), end.max(record.sample.end)));
}

#[cfg(test)]
mod tests;

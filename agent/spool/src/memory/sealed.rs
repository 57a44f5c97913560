//! Consecutive samples packed as a batch is on the wire: some twenty bytes each instead of some hundreds.

use quorate_model::{Record, Seq};
use quorate_proto::batch::{Origin, decode, encode};
use quorate_proto::v1;

use super::Span;

/// Samples that were packed without loss.
#[derive(Debug)]
pub(super) struct Sealed {
    batch: v1::Batch,
    origin: Origin,
    span: Span,
}

impl Sealed {
    /// Packs consecutive samples; `None` if unpacking would not give the very same ones, as with times beyond the format's
    /// range.
    pub(super) fn pack(records: &[Record]) -> Option<Self> {
        let sample = &records.first()?.sample;
        let origin =
            Origin { agent: sample.id.agent.clone(), region: sample.region.clone(), provider: sample.provider.clone() };
        let mut batch = encode(records).ok()?;
        if decode(&batch, &origin).ok()? != records {
            return None;
        }
        // The packed bytes come in a buffer with room for the worst case.
        batch.columns = batch.columns.to_vec().into();
        let start = records.iter().map(|record| record.sample.start).min()?;
        let end = records.iter().map(|record| record.sample.end).max()?;
        Some(Self { batch, origin, span: (start, end) })
    }

    /// The samples.
    pub(super) fn unpack(&self) -> Vec<Record> {
        decode(&self.batch, &self.origin).expect("it was unpacked once when it was packed, and has not changed since")
    }

    pub(super) const fn first(&self) -> Seq {
        Seq::new(self.batch.first_seq)
    }

    pub(super) const fn last(&self) -> Seq {
        Seq::new(self.batch.last_seq)
    }

    pub(super) const fn span(&self) -> Span {
        self.span
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.batch.columns.len()
    }
}

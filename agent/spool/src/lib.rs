//! The agent's bounded queue of samples with several independent readers.
//!
//! Samples enter once, in the order of their numbers, and stay until every reader (one for each collector) has settled
//! them. When the bounds are reached the oldest go first; a reader that had not settled them finds a [`Read::Gap`] with
//! their numbers and the time they cover, so that nothing is missing without being said.
//!
//! The trait [`Spool`] is what the agent uses; [`MemorySpool`] keeps samples in memory, so they live as long as the process.
//! Each sample carries its boot, and all samples of one spool are of one boot: what an earlier boot left behind is another
//! spool. This crate deliberately has no file, no clock and no task; waking readers is the caller's business.

mod memory;

use quorate_model::{AgentTime, Record, Seq};
use thiserror::Error;

pub use memory::MemorySpool;

/// The bounds of a spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most samples; at least 1.
    pub max_samples: usize,
    /// The most bytes they take; a single sample is kept whatever its size.
    pub max_bytes: usize,
}

/// Names a reader of one spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderId(usize);

/// Samples that were dropped before a reader settled them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DroppedRange {
    /// The first number.
    pub first: Seq,
    /// The last number.
    pub last: Seq,
    /// Not after the start of any of them.
    pub start: AgentTime,
    /// Not before the end of any of them.
    pub end: AgentTime,
}

/// What a reader finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// Nothing yet.
    Empty,
    /// The samples from the asked number on up to some other were dropped.
    Gap(DroppedRange),
    /// Samples, the asked number first, without holes.
    Records(Vec<Record>),
}

/// How full a spool is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Samples kept.
    pub samples: usize,
    /// Bytes they take.
    pub bytes: usize,
    /// The first number kept; 0 = none.
    pub first: Seq,
    /// The last number kept; 0 = none.
    pub last: Seq,
    /// Samples dropped since the start that some reader had not settled.
    pub dropped: u64,
}

/// Why a spool refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// A sample's number does not follow the last one.
    #[error("sample {} does not follow; expected is {}", got.get(), expected.get())]
    OutOfOrder {
        /// The number it has.
        got: Seq,
        /// The number that follows.
        expected: Seq,
    },
    /// The reader is of another spool.
    #[error("no such reader")]
    UnknownReader,
}

/// A bounded queue of samples with several independent readers.
pub trait Spool {
    /// Adds a reader that has settled nothing and so holds back whatever is in the spool now.
    fn add_reader(&mut self) -> ReaderId;

    /// Adds the sample that follows the last one. Where the bounds ask for it, the oldest go.
    ///
    /// # Errors
    /// The number does not follow.
    fn append(&mut self, record: Record) -> Result<(), SpoolError>;

    /// At most `max_samples` samples from number `from` on (at least one, where there is one), or the gap that is there.
    ///
    /// # Errors
    /// The reader is unknown.
    fn read(&self, reader: ReaderId, from: Seq, max_samples: usize) -> Result<Read, SpoolError>;

    /// The reader never needs the samples up to `upto` again. A smaller number than before changes nothing.
    ///
    /// # Errors
    /// The reader is unknown.
    fn settle(&mut self, reader: ReaderId, upto: Seq) -> Result<(), SpoolError>;

    /// How full it is.
    fn depth(&self) -> Depth;
}

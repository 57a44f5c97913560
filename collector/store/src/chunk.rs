//! The column chunk: samples of one check, sorted by identity, packed for years (format in the crate's README).
//!
//! Numbers go through pco, the whole through zstd with its checksum, so that a flipped bit is an error and never a
//! different sample. Reading checks every count, index and range.

use std::net::IpAddr;
use std::sync::Arc;

use quorate_model::{
    AgentId, AgentTime, Boot, CertificateFacts, CheckId, CheckVersion, ClockReading, CollectorTime, Evidence, Failure,
    Health, Micros, Millis, Outcome, Phases, ProviderId, Record, References, RegionId, Sample, SampleId, Seq, Trigger,
};

use crate::mark::Mark;

mod bytes;
mod column;
mod decode;
mod encode;

pub(crate) use bytes::{Reader, put_u64};
pub(crate) use decode::{LeanChunk, decode_records};
pub(crate) use encode::encode;

/// The format written.
const VERSION: u8 = 1;
/// Version byte and length of the body.
const HEAD_BYTES: usize = 5;
/// The most samples in one chunk.
pub(crate) const MAX_SAMPLES: usize = 16_384;
/// The most bytes of a body before zstd: far above what [`MAX_SAMPLES`] samples with a full text each need.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// A sample with what was measured and what admission said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// The sample, its phases and its evidence.
    pub record: Record,
    /// What admission said.
    pub mark: Mark,
}

/// Why the bytes of a chunk are not a chunk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// The first byte is not a version this program reads.
    #[error("chunk format {0} is not known; this program reads format {VERSION}")]
    Version(u8),
    /// The bytes end inside something.
    #[error("the chunk ends inside {what}")]
    Short {
        /// Inside what.
        what: &'static str,
    },
    /// The compressed body does not unpack, or its checksum is wrong.
    #[error("the chunk's body does not unpack: {0}")]
    Compression(String),
    /// A column of numbers does not unpack.
    #[error("column {what} does not unpack: {text}")]
    Pco {
        /// The column.
        what: &'static str,
        /// What the decoder says.
        text: String,
    },
    /// A value is out of its range.
    #[error("{what} has a value that is not allowed")]
    Value {
        /// Of what.
        what: &'static str,
    },
    /// Too much for one chunk.
    #[error("{samples} samples; a chunk takes 1 to {MAX_SAMPLES}")]
    Size {
        /// How many samples were given.
        samples: usize,
    },
}

/// The columns in the order they are written. The first fifteen are all that a verdict reads.
const COLUMNS: &[&str] = &[
    "seq_step",
    "start_step_ms",
    "total_us",
    "end_extra_ms",
    "outcome",
    "setting",
    "typical_ms",
    "clock_offset_step_ms",
    "clock_error_ms",
    "refs",
    "refs_ok",
    "health",
    "lag_ms",
    "trigger",
    "mark",
    "presence",
    "dns_us",
    "connect_us",
    "tls_us",
    "first_byte_us",
    "transfer_us",
    "rest_us",
    "address",
    "status",
    "detail",
    "certificate",
];
/// Columns that drift slowly from sample to sample; the others are differences already, or scattered.
const DRIFTING: &[&str] = &["typical_ms", "clock_error_ms"];

/// The phases by their bit in the column `presence`.
const PHASES: usize = 5;

/// Which phase is not written but follows from the total and the rest: the first of these that took place, as it is
/// mostly the longest. Numbers are places among dns, connect, tls, first byte, transfer.
const DERIVED_ORDER: [usize; PHASES] = [3, 2, 1, 0, 4];

fn phase_values(phases: &Phases) -> [Option<Micros>; PHASES] {
    [phases.dns, phases.connect, phases.tls, phases.first_byte, phases.transfer]
}

/// The place of the phase that is not written, given the presence bits.
fn derived(presence: u8) -> Option<usize> {
    DERIVED_ORDER.into_iter().find(|place| presence & (1 << place) != 0)
}

#[cfg(test)]
pub(crate) mod tests;

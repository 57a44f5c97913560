//! The columnar batch: samples in, compressed columns out, and back with every value checked.
//!
//! A batch is readable alone: dictionaries of checks, settings, addresses and texts travel inside it. Columns in which every
//! value is the default are left out. See `schema/quorate/v1/batch.proto` for each column's meaning and unit.

mod decode;
mod encode;

pub use decode::{BatchError, Origin, decode};
pub use encode::{EncodeError, encode};

/// The most samples in one batch.
pub const MAX_SAMPLES: usize = 2_000;

/// The most bytes of `Columns` before compression; also the bound of a message on the stream.
pub const MAX_RAW_BYTES: usize = 512 * 1024;

/// The longest interval of a check: one day.
pub const MAX_INTERVAL_MS: u32 = 86_400_000;

/// The longest timeout of a check: ten minutes.
pub const MAX_TIMEOUT_MS: u32 = 600_000;

/// The latest time accepted: the year 2200.
pub const MAX_TIME_MS: i64 = 7_258_118_400_000;

#[cfg(test)]
mod tests;

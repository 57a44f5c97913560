//! One column of a chunk: as many signed integers as the chunk has samples.

use pco::standalone::{simple_compress, simple_decompress_into};
use pco::{ChunkConfig, DeltaSpec, ModeSpec};

use super::ChunkError;
use super::bytes::{Reader, put_bytes, put_i64};

/// All samples have the same value, which follows.
const CONSTANT: u8 = 0;
/// One variable-length integer per sample.
const PACKED: u8 = 1;
/// A standalone pco stream.
const PCO: u8 = 2;

/// Under so many samples pco's own header costs more than it saves.
const MIN_PCO_SAMPLES: usize = 192;
/// Level 8 gains under 1% on latencies and costs half as much time again.
const PCO_LEVEL: usize = 6;

/// Whether neighbouring values are close to each other.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// They are not, or are differences already.
    Scattered,
    /// They drift slowly.
    Drifting,
}

/// Appends a column: its kind, then its bytes with their length, so that a reader finds the next one.
pub(crate) fn put(out: &mut Vec<u8>, values: &[i64], shape: Shape) {
    let first = values.first().copied().unwrap_or(0);
    let mut payload = Vec::new();
    if values.iter().all(|v| *v == first) {
        out.push(CONSTANT);
        put_i64(&mut payload, first);
    } else if let Some(packed) = by_pco(values, shape) {
        out.push(PCO);
        payload = packed;
    } else {
        out.push(PACKED);
        for value in values {
            put_i64(&mut payload, *value);
        }
    }
    put_bytes(out, &payload);
}

fn by_pco(values: &[i64], shape: Shape) -> Option<Vec<u8>> {
    if values.len() < MIN_PCO_SAMPLES {
        return None;
    }
    let delta = match shape {
        Shape::Scattered => DeltaSpec::NoOp,
        Shape::Drifting => DeltaSpec::TryConsecutive(1),
    };
    let config = ChunkConfig::default()
        .with_compression_level(PCO_LEVEL)
        .with_mode_spec(ModeSpec::Classic)
        .with_delta_spec(delta);
    simple_compress(values, &config).ok()
}

/// A column as read.
pub(crate) enum Column {
    Constant(i64),
    Values(Vec<i64>),
}

impl Column {
    /// The value of sample `i`, which is below the count the column was read with.
    pub(crate) fn at(&self, i: usize) -> i64 {
        match self {
            Self::Constant(value) => *value,
            Self::Values(values) => values.get(i).copied().unwrap_or(0),
        }
    }
}

/// Reads a column of `count` values.
pub(crate) fn get(reader: &mut Reader<'_>, count: usize, what: &'static str) -> Result<Column, ChunkError> {
    let kind = reader.byte(what)?;
    let payload = reader.bytes(what)?;
    match kind {
        CONSTANT => {
            let mut inner = Reader::new(payload);
            let value = inner.i64(what)?;
            if inner.is_empty() { Ok(Column::Constant(value)) } else { Err(ChunkError::Value { what }) }
        }
        PACKED => {
            let mut inner = Reader::new(payload);
            // Each value takes a byte at least, so a false count fails before it reserves much.
            if payload.len() < count {
                return Err(ChunkError::Short { what });
            }
            let values = (0..count).map(|_| inner.i64(what)).collect::<Result<Vec<_>, _>>()?;
            if inner.is_empty() { Ok(Column::Values(values)) } else { Err(ChunkError::Value { what }) }
        }
        PCO => {
            let mut values = vec![0i64; count];
            let progress = simple_decompress_into(payload, &mut values)
                .map_err(|e| ChunkError::Pco { what, text: e.to_string() })?;
            if progress.n_processed == count && progress.finished {
                Ok(Column::Values(values))
            } else {
                Err(ChunkError::Value { what })
            }
        }
        _ => Err(ChunkError::Value { what }),
    }
}

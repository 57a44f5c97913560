//! Variable-length integers and texts, written to and read from a byte buffer; reading checks every bound.

use super::ChunkError;

/// Appends the bits of `value`, seven at a time, lowest first (LEB128).
pub(crate) fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the loop leaves at most seven bits")]
    out.push(value as u8);
}

/// Appends a signed value as `(value << 1) ^ (value >> 63)`, so that small magnitudes stay short.
pub(crate) fn put_i64(out: &mut Vec<u8>, value: i64) {
    put_u64(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Appends a length and that many bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_u64(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// What is left to read of a buffer.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, ChunkError> {
        let (first, rest) = self.rest.split_first().ok_or(ChunkError::Short { what })?;
        self.rest = rest;
        Ok(*first)
    }

    pub(crate) fn u64(&mut self, what: &'static str) -> Result<u64, ChunkError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(what)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ChunkError::Value { what })
    }

    pub(crate) fn i64(&mut self, what: &'static str) -> Result<i64, ChunkError> {
        let raw = self.u64(what)?;
        Ok((raw >> 1).cast_signed() ^ -(raw & 1).cast_signed())
    }

    /// A count of things that each take at least one byte, so that a false count cannot reserve more than was sent.
    pub(crate) fn count(&mut self, what: &'static str, max: usize) -> Result<usize, ChunkError> {
        let count = usize::try_from(self.u64(what)?).map_err(|_| ChunkError::Value { what })?;
        if count > max { Err(ChunkError::Value { what }) } else { Ok(count) }
    }

    pub(crate) fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], ChunkError> {
        let len = usize::try_from(self.u64(what)?).map_err(|_| ChunkError::Value { what })?;
        if len > self.rest.len() {
            return Err(ChunkError::Short { what });
        }
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn text(&mut self, what: &'static str) -> Result<&'a str, ChunkError> {
        std::str::from_utf8(self.bytes(what)?).map_err(|_| ChunkError::Value { what })
    }
}

//! Durations as people write them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::noise::Noise;

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a duration; allowed are numbers with ms, s, m, h or d, such as 45s, 1m30s or 250ms")]
pub struct SpanError(String);

/// Reads a duration in milliseconds.
///
/// # Errors
/// Says what is allowed.
pub(super) fn parse_ms(text: &str) -> Result<i64, SpanError> {
    let wrong = || SpanError(text.to_owned());
    let (negative, mut rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut total: i64 = 0;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: i64 = rest.get(..digits).and_then(|d| d.parse().ok()).ok_or_else(wrong)?;
        rest = rest.get(digits..).unwrap_or_default();
        let unit_len = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit_ms = match rest.get(..unit_len) {
            Some("ms") => 1,
            Some("s") => 1_000,
            Some("m") => 60_000,
            Some("h") => 3_600_000,
            Some("d") => 86_400_000,
            _ => return Err(wrong()),
        };
        total = number.checked_mul(unit_ms).and_then(|ms| total.checked_add(ms)).ok_or_else(wrong)?;
        rest = rest.get(unit_len..).unwrap_or_default();
    }
    Ok(if negative { -total } else { total })
}

/// A duration, in milliseconds, read from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span(pub(super) i64);

/// A duration or a range of durations, in milliseconds; a value is drawn by the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// At least.
    pub low_ms: i64,
    /// At most.
    pub high_ms: i64,
}

impl Range {
    /// Draws a value.
    pub fn draw(self, noise: Noise, place: u64) -> i64 {
        noise.within(place, self.low_ms, self.high_ms)
    }
}

struct TextVisitor<T>(fn(&str) -> Result<T, SpanError>);

impl<T> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as 45s, or a range such as 5m..6m")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(|text| parse_ms(text).map(Span)))
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(|text| {
            let (low, high) = text.split_once("..").unwrap_or((text, text));
            let (low_ms, high_ms) = (parse_ms(low)?, parse_ms(high)?);
            if high_ms < low_ms { Err(SpanError(text.to_owned())) } else { Ok(Range { low_ms, high_ms }) }
        }))
    }
}

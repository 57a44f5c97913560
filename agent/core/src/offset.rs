//! The offset of the collector's clock from the agent's, with an error that is always said.
//!
//! Each heartbeat gives four timestamps (RFC 5905 section 8): offset = ((T2 - T1) + (T3 - T4)) / 2 and round trip
//! d = (T4 - T1) - (T3 - T2); the true offset lies within d/2 of it. Clocks drift apart by at most [`DRIFT_PPM`], so an
//! observation also tells about other moments. Of the last [`WINDOW`] observations the one with the least error counts:
//! error = d/2 + 100 ppm x age + 10 ms.
//!
//! A sample between two observations, as spooled ones are, is judged by both: the offset is interpolated, and the error is
//! the interpolated error plus the most two clocks of that drift can stray from a straight line.
//!
//! An observation that cannot be true together with the ones before it (a stepped collector clock, a suspended node) starts
//! a new stretch: later samples are judged by the new stretch alone, earlier ones by the old, and those in between get an
//! error that spans both.

use alloc::collections::VecDeque;
use core::fmt;

use quorate_model::{ClockReading, Millis};

use crate::clock::{AgentMicros, CollectorMicros};

/// The most two clocks drift apart, in parts per million.
pub const DRIFT_PPM: i64 = 100;
/// Of so many observations the best one counts.
pub const WINDOW: usize = 8;
/// So many observations are kept, so that spooled samples find the ones around them.
pub const HISTORY: usize = 256;
/// Added to every error: rounding, and what interrupts and queues do to a timestamp.
pub const MARGIN_US: i64 = 10_000;
/// A larger offset is not believed: a hundred years.
pub const MAX_OFFSET_US: i64 = 3_155_760_000_000_000;

/// The four timestamps of one heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTrip {
    /// T1: the agent sent it.
    pub agent_sent: AgentMicros,
    /// T2: the collector received it.
    pub collector_received: CollectorMicros,
    /// T3: the collector answered.
    pub collector_sent: CollectorMicros,
    /// T4: the answer reached the agent.
    pub agent_received: AgentMicros,
}

/// Why a heartbeat tells nothing about the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OffsetError {
    /// The answer was received before it was asked for, or sent before it was received.
    Backwards,
    /// The clocks are more than a hundred years apart.
    Implausible,
}

impl fmt::Display for OffsetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backwards => f.write_str("the heartbeat's timestamps run backwards"),
            Self::Implausible => f.write_str("the heartbeat's timestamps are over a hundred years apart"),
        }
    }
}

impl core::error::Error for OffsetError {}

#[derive(Clone, Copy, Debug)]
struct Observation {
    at_us: i64,
    offset_us: i64,
    half_delay_us: i64,
    stretch: u32,
}

/// An offset with its error, before rounding and margin.
#[derive(Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the unit stands last in every name")]
struct Estimate {
    at_us: i64,
    offset_us: i64,
    error_us: i64,
}

/// Collects heartbeats of one collector and says how its clock stands to the agent's.
#[derive(Clone, Debug, Default)]
pub struct OffsetEstimator {
    observations: VecDeque<Observation>,
    stretch: u32,
}

impl OffsetEstimator {
    /// Without observations: nothing is known.
    pub const fn new() -> Self {
        Self { observations: VecDeque::new(), stretch: 0 }
    }

    /// Takes a heartbeat's four timestamps; they come in the order of T4.
    ///
    /// # Errors
    /// Timestamps that cannot be; they are left out.
    pub fn handle_round_trip(&mut self, trip: RoundTrip) -> Result<(), OffsetError> {
        let [t1, t4] = [trip.agent_sent, trip.agent_received].map(|t| i128::from(t.as_micros()));
        let [t2, t3] = [trip.collector_received, trip.collector_sent].map(|t| i128::from(t.as_micros()));
        let delay = (t4 - t1) - (t3 - t2);
        if t4 < t1 || t3 < t2 || delay < 0 {
            return Err(OffsetError::Backwards);
        }
        let offset_us = i64::try_from(i128::midpoint(t2 - t1, t3 - t4)).map_err(|_| OffsetError::Implausible)?;
        let half_delay_us = i64::try_from((delay + 1) / 2).map_err(|_| OffsetError::Implausible)?;
        if offset_us.abs() > MAX_OFFSET_US || half_delay_us > MAX_OFFSET_US {
            return Err(OffsetError::Implausible);
        }
        let at_us = trip.agent_received.as_micros();
        if let Some(known) = self.estimate_before(at_us) {
            let apart = known.offset_us.saturating_sub(offset_us).saturating_abs();
            if apart > known.error_us.saturating_add(half_delay_us).saturating_add(MARGIN_US) {
                self.stretch = self.stretch.wrapping_add(1);
            }
        }
        if self.observations.len() >= HISTORY {
            self.observations.pop_front();
        }
        self.observations.push_back(Observation { at_us, offset_us, half_delay_us, stretch: self.stretch });
        Ok(())
    }

    /// What is known of the clock at a moment, past or present; `None` before the first observation.
    pub fn reading_at(&self, at: AgentMicros) -> Option<ClockReading> {
        let at_us = at.as_micros();
        let (offset_us, error_us) = match (self.estimate_before(at_us), self.estimate_after(at_us)) {
            (None, None) => return None,
            (Some(one), None) | (None, Some(one)) => (one.offset_us, one.error_us),
            (Some(before), Some(after)) => between(before, after, at_us),
        };
        Some(ClockReading {
            offset: Millis::new(offset_us.saturating_add(500).div_euclid(1000)),
            error: Millis::new(error_us.saturating_add(MARGIN_US).saturating_add(999).div_euclid(1000)),
        })
    }

    /// True once a heartbeat was answered.
    pub fn is_known(&self) -> bool {
        !self.observations.is_empty()
    }

    fn estimate_before(&self, at_us: i64) -> Option<Estimate> {
        best(self.observations.iter().rev().skip_while(|o| o.at_us > at_us), at_us)
    }

    fn estimate_after(&self, at_us: i64) -> Option<Estimate> {
        let first = self.observations.partition_point(|o| o.at_us <= at_us);
        best(self.observations.iter().skip(first), at_us)
    }
}

/// The estimate with the least error for a moment, out of the first observations of one stretch.
fn best<'a>(observations: impl Iterator<Item = &'a Observation>, at_us: i64) -> Option<Estimate> {
    let mut stretch = None;
    observations
        .take(WINDOW)
        .take_while(|o| *stretch.get_or_insert(o.stretch) == o.stretch)
        .map(|o| Estimate {
            at_us: o.at_us,
            offset_us: o.offset_us,
            error_us: o.half_delay_us.saturating_add(drift(at_us.saturating_sub(o.at_us).saturating_abs())),
        })
        .min_by_key(|e| e.error_us)
}

/// The most two clocks drift apart in a time, rounded up.
fn drift(span_us: i64) -> i64 {
    (span_us / 1_000_000 + 1).saturating_mul(DRIFT_PPM)
}

/// Offset and error between two observations.
///
/// A function with slope at most r that passes two points x and y away strays at most 2 r x y / (x + y) from the straight
/// line between them.
fn between(before: Estimate, after: Estimate, at_us: i64) -> (i64, i64) {
    let x = i128::from(at_us.saturating_sub(before.at_us).max(0));
    let y = i128::from(after.at_us.saturating_sub(at_us).max(0));
    let span = (x + y).max(1);
    let mix = |b: i64, a: i64| i64::try_from((i128::from(b) * y + i128::from(a) * x) / span).unwrap_or(b);
    let stray = i64::try_from(2 * x * y * i128::from(DRIFT_PPM) / span / 1_000_000).unwrap_or(i64::MAX);
    let own =
        |e: Estimate, distance: i128| e.error_us.saturating_sub(drift(i64::try_from(distance).unwrap_or(i64::MAX)));
    let (own_before, own_after) = (own(before, x), own(after, y));
    let offset_us = mix(before.offset_us, after.offset_us);
    let error_us = mix(own_before, own_after).max(0).saturating_add(stray).saturating_add(DRIFT_PPM);
    let apart = after.offset_us.saturating_sub(before.offset_us).saturating_abs();
    let explained = own_before.saturating_add(own_after).saturating_add(drift(i64::try_from(span).unwrap_or(i64::MAX)));
    if apart > explained.saturating_add(MARGIN_US) {
        // The clock jumped somewhere in between: either offset may be the true one.
        return (offset_us, error_us.saturating_add(apart));
    }
    (offset_us, error_us)
}

#[cfg(test)]
mod tests;

//! How long a check usually takes here: the p99 of its recent good samples.

use alloc::vec::Vec;

use quorate_model::{Micros, Millis};

/// So many good samples are remembered for each check.
pub const WINDOW: usize = 128;
/// Fewer good samples than this tell nothing.
pub const MIN_SAMPLES: usize = 10;

/// The latencies of the last good samples of one check.
#[derive(Clone, Debug, Default)]
pub struct LatencyWindow {
    ring: Vec<u32>,
    next: usize,
}

impl LatencyWindow {
    /// Without samples.
    pub const fn new() -> Self {
        Self { ring: Vec::new(), next: 0 }
    }

    /// Remembers the whole duration of a good sample.
    pub fn push(&mut self, total: Micros) {
        let us = u32::try_from(total.get()).unwrap_or(u32::MAX);
        if self.ring.len() < WINDOW {
            self.ring.push(us);
        } else if let Some(oldest) = self.ring.get_mut(self.next) {
            *oldest = us;
            self.next = (self.next + 1) % WINDOW;
        }
    }

    /// The nearest-rank p99 (the smallest latency that at least 99% do not exceed), rounded up to milliseconds, at least 1;
    /// `None` below [`MIN_SAMPLES`].
    pub fn p99(&self) -> Option<Millis> {
        let count = self.ring.len();
        if count < MIN_SAMPLES {
            return None;
        }
        // With at most 128 samples the rank is the largest or the second largest.
        let above = count - (count * 99).div_ceil(100);
        let mut largest = 0;
        let mut second = 0;
        for us in &self.ring {
            if *us >= largest {
                second = largest;
                largest = *us;
            } else if *us > second {
                second = *us;
            }
        }
        let us = if above == 0 { largest } else { second };
        Some(Millis::new(i64::from(us.div_ceil(1000).max(1))))
    }
}

#[cfg(test)]
mod tests;

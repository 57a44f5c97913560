//! Randomness as a pure function of a seed and a place: what happens at one agent at one moment is the same, whoever asks and
//! in whichever order. So the verdict and every baseline look at the very same world.

/// A source of numbers for one world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noise {
    seed: u64,
}

impl Noise {
    /// The numbers of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Another stream of numbers, by a label.
    pub const fn stream(self, label: u64) -> Self {
        Self { seed: mix(self.seed ^ mix(label.wrapping_add(0x5851_f42d_4c95_7f2d))) }
    }

    /// 64 random bits of a place.
    pub const fn bits(self, place: u64) -> u64 {
        mix(self.seed ^ mix(place))
    }

    /// A number in `low..=high`; `low` where the range is empty.
    pub const fn within(self, place: u64, low: i64, high: i64) -> i64 {
        if high <= low {
            return low;
        }
        let width = high.abs_diff(low).saturating_add(1);
        #[expect(clippy::cast_possible_wrap, reason = "less than the width of an i64 range")]
        let step = (self.bits(place) % width) as i64;
        low.saturating_add(step)
    }

    /// True with a probability in parts per million.
    pub const fn happens(self, place: u64, ppm: u32) -> bool {
        self.bits(place) % 1_000_000 < ppm as u64
    }

    /// A number of a normal law, by the sum of twelve even ones (Irwin-Hall), so without floats.
    pub fn normal(self, place: u64, mean: i64, deviation: i64) -> i64 {
        let stream = self.stream(place);
        let sum: i64 = (0..12).map(|i| stream.within(i, 0, 1_000)).sum();
        mean + (sum - 6_000) * deviation / 1_000
    }
}

/// `SplitMix64`'s output function (Steele, Lea, Flood 2014).
const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests;

//! Where the time of a window went, and what it means for the objective.

use alloc::string::String;

use quorate_model::Millis;

use crate::percent::Ratio;

/// Up, down, unknown and excluded time of a window; they sum exactly to its length.
///
/// Held in parts of a millisecond: a service of weights is down by a share of its weight. Whole milliseconds are only
/// made to show, and then up is what the others leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ledger {
    scale: u64,
    total: u128,
    down: u128,
    unknown: u128,
    excluded: u128,
}

impl Ledger {
    /// A ledger in parts of `1 / scale` ms; `down + unknown + excluded` is at most `total`.
    pub(crate) fn new(scale: u64, total: u128, down: u128, unknown: u128, excluded: u128) -> Self {
        assert!(down + unknown + excluded <= total, "the parts of a ledger never exceed its window");
        Self { scale, total, down, unknown, excluded }
    }

    /// The length of the window.
    pub fn total(&self) -> Millis {
        self.millis(self.total)
    }

    /// Down, begun milliseconds counted as whole.
    pub fn down(&self) -> Millis {
        self.millis(self.down.div_ceil(self.scale.into()) * u128::from(self.scale))
    }

    /// Not known.
    pub fn unknown(&self) -> Millis {
        self.millis(self.unknown)
    }

    /// Excluded, outside service hours, or before the start of the service.
    pub fn excluded(&self) -> Millis {
        self.millis(self.excluded)
    }

    /// Up: all the rest.
    pub fn up(&self) -> Millis {
        self.total() - self.down() - self.unknown() - self.excluded()
    }

    /// Down in parts of `1 / scale` ms.
    pub const fn down_parts(&self) -> u128 {
        self.down
    }

    /// Not known in parts of `1 / scale` ms.
    pub const fn unknown_parts(&self) -> u128 {
        self.unknown
    }

    /// The parts of a millisecond.
    pub const fn scale(&self) -> u64 {
        self.scale
    }

    /// The share of what is not excluded that is known; 1 where all is excluded.
    pub fn coverage(&self) -> Ratio {
        let asked = self.total - self.excluded;
        Ratio::new(asked - self.unknown, asked).unwrap_or(Ratio::ONE)
    }

    /// Both windows together; `None` for ledgers of different services.
    pub fn plus(&self, other: &Self) -> Option<Self> {
        (self.scale == other.scale).then(|| {
            Self::new(
                self.scale,
                self.total + other.total,
                self.down + other.down,
                self.unknown + other.unknown,
                self.excluded + other.excluded,
            )
        })
    }

    fn millis(&self, parts: u128) -> Millis {
        Millis::new(i64::try_from(parts / u128::from(self.scale)).unwrap_or(i64::MAX))
    }
}

/// Uptime with its bounds, as shares of 1. Holds: low <= point <= high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uptime {
    /// If all that is possibly down is.
    pub low: Ratio,
    /// By the best estimate.
    pub point: Ratio,
    /// If only that is down which certainly is.
    pub high: Ratio,
}

impl Uptime {
    /// The decimals every uptime is shown with.
    pub const DECIMALS: u8 = 4;

    /// Low, point and high in percent, cut off after [`Uptime::DECIMALS`] digits.
    pub fn percent(&self) -> [String; 3] {
        [self.low, self.point, self.high].map(|ratio| ratio.percent_truncated(Self::DECIMALS))
    }
}

/// Whether the objective was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// Not, even if all that is possibly down or unknown was down.
    None,
    /// It cannot be said.
    Possible,
    /// Yes, even if only that was down which certainly was and all that is unknown was up.
    Certain,
}

impl Breach {
    /// Its word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Possible => "possible",
            Self::Certain => "certain",
        }
    }
}

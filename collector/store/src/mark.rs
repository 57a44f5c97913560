//! What admission said of a sample, kept beside it for good.

use quorate_model::{CollectorTime, Sample};

/// What admission said of a sample. The number is in the file: never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// Nothing to say; it counts as it is.
    #[default]
    Clean,
    /// It said to have ended later than it was received; its times were cut back to the moment it was received.
    Capped,
    /// Too far in the future to be believed; kept, but never counted.
    Future,
    /// Older than the collector takes; kept, but never counted.
    Stale,
    /// Of a check that was not configured when it came; kept, but never counted.
    UnknownCheck,
}

/// In place of a mark in a batch's row: the sample was settled before the batch came, so in this batch it is nothing.
pub(crate) const REPEATED: u8 = 255;

impl Mark {
    /// Every mark, in the order of its number.
    pub const ALL: &'static [Self] = &[Self::Clean, Self::Capped, Self::Future, Self::Stale, Self::UnknownCheck];

    /// The number in the file, 0 to 4.
    pub const fn number(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Capped => 1,
            Self::Future => 2,
            Self::Stale => 3,
            Self::UnknownCheck => 4,
        }
    }

    /// The mark with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// True if the sample may vote and be counted.
    pub const fn counts(self) -> bool {
        matches!(self, Self::Clean | Self::Capped)
    }
}

/// Cuts the times of a sample back, so that it neither starts nor ends after `received`. Doing it twice changes nothing.
pub fn cap(sample: &mut Sample, received: CollectorTime) {
    let latest = received - sample.clock.offset;
    let latest = quorate_model::AgentTime::from_millis(latest.as_millis());
    sample.end = sample.end.min(latest);
    sample.start = sample.start.min(sample.end);
}

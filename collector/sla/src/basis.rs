//! How downtime is counted: by the consensus, by bad minutes, by error rates, by requests.

use alloc::vec::Vec;
use core::fmt;

use quorate_model::{CollectorTime, Millis};

use crate::interval::{Interval, IntervalSet};
use crate::percent::{Percent, Ratio};
use crate::timeline::Timeline;

/// What counts as down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Every millisecond the consensus says so.
    Continuous,
    /// Whole minutes in which every attempt failed (Azure SQL Database).
    MinuteAllFail,
    /// Whole minutes in which over this share of the attempts failed (Atlassian, GitHub: 5 %).
    MinuteErrorRate {
        /// The share that is still well.
        over: Percent,
    },
    /// The mean of the error rates of all intervals of this length; one without an attempt has none (Amazon S3,
    /// Cloudflare R2, Azure Storage: 5 minutes or an hour).
    IntervalErrorRateMean {
        /// A divisor of a day, at least a minute.
        interval: Millis,
    },
    /// Attempts that failed out of all attempts.
    Requests,
}

impl Basis {
    /// Its word in contracts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continuous => "continuous",
            Self::MinuteAllFail => "minute_all_fail",
            Self::MinuteErrorRate { .. } => "minute_error_rate",
            Self::IntervalErrorRateMean { .. } => "interval_error_rate_mean",
            Self::Requests => "requests",
        }
    }
}

/// Attempts counted in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptBucket {
    /// The minute's start, a whole minute since the epoch.
    pub start: CollectorTime,
    /// All attempts.
    pub attempts: u64,
    /// Those that failed; at most `attempts`.
    pub failed: u64,
}

/// Attempts by minute, in order. A minute that is not listed had none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts(Vec<AttemptBucket>);

/// Why counts are not attempts by minute; holds the place, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptsError {
    /// A start is not a whole minute.
    NotAMinute(usize),
    /// A start is not after the one before.
    OutOfOrder(usize),
    /// More failed than were made.
    MoreFailed(usize),
}

impl fmt::Display for AttemptsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAMinute(place) => write!(f, "bucket {place} does not start at a whole minute"),
            Self::OutOfOrder(place) => write!(f, "bucket {place} is not after the one before it"),
            Self::MoreFailed(place) => write!(f, "bucket {place} has more failed attempts than attempts"),
        }
    }
}

impl core::error::Error for AttemptsError {}

const MINUTE_MS: i64 = 60_000;

impl Attempts {
    /// Attempts from buckets in order.
    ///
    /// # Errors
    /// A start that is no whole minute or out of order, more failures than attempts.
    pub fn new(buckets: Vec<AttemptBucket>) -> Result<Self, AttemptsError> {
        let mut last = None;
        for (place, bucket) in buckets.iter().enumerate() {
            if bucket.start.as_millis().rem_euclid(MINUTE_MS) != 0 {
                return Err(AttemptsError::NotAMinute(place));
            }
            if last.is_some_and(|before| before >= bucket.start) {
                return Err(AttemptsError::OutOfOrder(place));
            }
            if bucket.failed > bucket.attempts {
                return Err(AttemptsError::MoreFailed(place));
            }
            last = Some(bucket.start);
        }
        Ok(Self(buckets))
    }

    /// The buckets, in order.
    pub fn as_slice(&self) -> &[AttemptBucket] {
        &self.0
    }

    /// Failed and all attempts of the minutes that start in the set.
    pub fn count(&self, set: &IntervalSet) -> (u128, u128) {
        self.within(set).fold((0, 0), |(failed, all), bucket| {
            (failed + u128::from(bucket.failed), all + u128::from(bucket.attempts))
        })
    }

    /// The minutes that start in the set.
    pub(crate) fn within<'a>(&'a self, set: &'a IntervalSet) -> impl Iterator<Item = &'a AttemptBucket> + 'a {
        let from = set.hull().map_or(0, |hull| self.0.partition_point(|bucket| bucket.start < hull.start()));
        let until = set.hull().map_or(0, |hull| self.0.partition_point(|bucket| bucket.start < hull.end()));
        let range = self.0.get(from..until).unwrap_or_default();
        range.iter().filter(|bucket| set.contains(bucket.start))
    }
}

/// What one check brings to its service, by the contract's basis.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) low: IntervalSet,
    pub(crate) point: IntervalSet,
    pub(crate) high: IntervalSet,
    /// Where something is known.
    pub(crate) known: IntervalSet,
    pub(crate) extension: IntervalSet,
}

impl Leaf {
    pub(crate) fn new(basis: Basis, timeline: &Timeline, attempts: Option<&Attempts>) -> Self {
        let known = timeline.known();
        let extension = timeline.extension();
        let over = match basis {
            Basis::MinuteAllFail => None,
            Basis::MinuteErrorRate { over } => Some(over),
            Basis::Continuous | Basis::IntervalErrorRateMean { .. } | Basis::Requests => {
                return Self {
                    low: timeline.down_low().clone(),
                    point: timeline.down_point().clone(),
                    high: timeline.down_high().clone(),
                    known,
                    extension,
                };
            }
        };
        if let Some(attempts) = attempts {
            let bad = bad_counted_minutes(attempts, over);
            let minutes =
                attempts.0.iter().filter(|bucket| bucket.attempts > 0).filter_map(|bucket| minute(bucket.start));
            return Self { low: bad.clone(), point: bad.clone(), high: bad, known: minutes.collect(), extension };
        }
        // A stream of attempts at an even rate fails for the share of the minute in which the check is down.
        let point = bad_minutes(timeline.down_point(), &known, over);
        let low = bad_minutes(timeline.down_low(), &known, over).intersect(&point);
        let high = bad_minutes(timeline.down_high(), &known.union(timeline.down_high()), over).union(&point);
        Self { low, high, known: known.union(&point), point, extension }
    }
}

fn minute(start: CollectorTime) -> Option<Interval> {
    Interval::new(start, start + Millis::new(MINUTE_MS))
}

/// True if that many failures make a bad interval: all where `over` is `None`.
fn is_bad(failed: u128, attempts: u128, over: Option<Percent>) -> bool {
    match (over, Ratio::new(failed, attempts)) {
        (_, None) => false,
        (None, Some(_)) => failed == attempts,
        (Some(over), Some(ratio)) => ratio > over.ratio(),
    }
}

fn bad_counted_minutes(attempts: &Attempts, over: Option<Percent>) -> IntervalSet {
    let bad = attempts.0.iter().filter(|bucket| is_bad(bucket.failed.into(), bucket.attempts.into(), over));
    bad.filter_map(|bucket| minute(bucket.start)).collect()
}

/// The whole minutes that are bad for the share of their known time in which they are down.
fn bad_minutes(down: &IntervalSet, known: &IntervalSet, over: Option<Percent>) -> IntervalSet {
    let mut out: Vec<Interval> = Vec::new();
    let mut next = i64::MIN;
    for run in down.iter() {
        let first = run.start().as_millis().div_euclid(MINUTE_MS).max(next);
        let last = (run.end().as_millis() - 1).div_euclid(MINUTE_MS);
        // Minutes wholly inside a run need no look at what else happened in them.
        let whole = Interval::from_millis(
            (run.start().as_millis() + MINUTE_MS - 1).div_euclid(MINUTE_MS) * MINUTE_MS,
            run.end().as_millis().div_euclid(MINUTE_MS) * MINUTE_MS,
        );
        out.extend(whole);
        for index in [first, last] {
            if index < next {
                continue;
            }
            let Some(this) = minute(CollectorTime::from_millis(index * MINUTE_MS)) else { continue };
            let length = |set: &IntervalSet| u128::from(set.clip(this).length().get().unsigned_abs());
            if is_bad(length(down), length(known), over) {
                out.push(this);
            }
            next = index + 1;
        }
    }
    out.into_iter().collect()
}

#[cfg(test)]
mod tests;

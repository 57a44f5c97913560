//! The mean of error rates over intervals of one length.

use alloc::collections::BTreeSet;

use quorate_model::{CollectorTime, Millis};

use super::{Assessor, BadShares, Shares};
use crate::basis::Attempts;
use crate::contract::UnknownRule;
use crate::interval::{Interval, IntervalSet};
use crate::percent::Ratio;

/// Each interval weighs as much as the time of it that counts; one without an attempt has no errors.
pub(super) struct Mean<'a> {
    pub(super) assessor: &'a Assessor<'a>,
    pub(super) interval: Millis,
    pub(super) attempts: Option<&'a [&'a Attempts]>,
}

impl Mean<'_> {
    /// The mean error rates, and what they would be if unknown time had failed.
    pub(super) fn shares(&self, counted: &IntervalSet, denominator: u128) -> Shares {
        let mut sums = [Sum::default(); 5];
        for index in self.touched(counted) {
            let start = CollectorTime::from_millis(index * self.interval.get());
            let Some(interval) = Interval::new(start, start + self.interval) else { continue };
            self.add(&counted.clip(interval), &mut sums);
        }
        let [low, point, high, best, worst] = sums.map(|sum| sum.over(denominator));
        let bad = low.zip(point).zip(high).map(|((low, point), high)| BadShares { low, point, high });
        Shares { bad, best, worst }
    }

    fn add(&self, set: &IntervalSet, [low, point, high, best, worst]: &mut [Sum; 5]) {
        let parts = self.assessor.parts(set);
        if let Some(attempts) = self.attempts {
            let counts = attempts.iter().map(|attempts| attempts.count(set));
            let (failed, all) = counts.fold((0, 0), |(f, n), (failed, all)| (f + failed, n + all));
            // An interval without an attempt has no errors; the worst case is that all of it failed unseen.
            for sum in [low, point, high, best] {
                sum.add(parts.all * failed, all);
            }
            if all == 0 {
                worst.add(parts.unknown, 1);
            } else {
                worst.add(parts.all * failed, all);
            }
            return;
        }
        let (whole, extra) = match self.assessor.unknown_rule() {
            UnknownRule::Exclude => (parts.all - parts.unknown, 0),
            UnknownRule::Up => (parts.all, 0),
            UnknownRule::Down => (parts.all, parts.unknown),
        };
        low.add(parts.all * parts.low, whole);
        point.add(parts.all * (parts.point + extra), whole);
        high.add(parts.all * (parts.high + extra), whole);
        best.add(parts.low, 1);
        worst.add(parts.high + parts.unknown, 1);
    }

    /// The intervals in which anything is down, failed or unknown; the others add nothing.
    fn touched(&self, counted: &IntervalSet) -> BTreeSet<i64> {
        let length = self.interval.get();
        let profile = &self.assessor.profile;
        let trouble = profile.high.zip(&profile.unknown, u64::max).only_on(counted).positive();
        let mut out: BTreeSet<i64> = trouble
            .iter()
            .flat_map(|run| run.start().as_millis().div_euclid(length)..=(run.end().as_millis() - 1).div_euclid(length))
            .collect();
        for attempts in self.attempts.unwrap_or_default() {
            let failed = attempts.within(counted).filter(|bucket| bucket.failed > 0);
            out.extend(failed.map(|bucket| bucket.start.as_millis().div_euclid(length)));
        }
        out
    }
}

/// A sum of fractions: exact as long as their common denominator stays below 10^12, rounded up to 10^-9 beyond.
#[derive(Clone, Copy, Default)]
struct Sum {
    whole: u128,
    fraction: Option<Ratio>,
}

impl Sum {
    const EXACT_BELOW: u128 = 1_000_000_000_000;
    const ROUNDED: u128 = 1_000_000_000;

    fn add(&mut self, part: u128, whole: u128) {
        if whole == 0 {
            return;
        }
        self.whole += part / whole;
        let fraction = Ratio::new(part % whole, whole).unwrap_or(Ratio::ZERO);
        let sum = self.fraction.unwrap_or(Ratio::ZERO).plus(fraction);
        let sum = match sum.filter(|sum| sum.whole() < Self::EXACT_BELOW) {
            Some(sum) => sum,
            None => rounded(self.fraction.unwrap_or(Ratio::ZERO)).plus(rounded(fraction)).unwrap_or(Ratio::ONE),
        };
        self.whole += sum.part() / sum.whole();
        self.fraction = Ratio::new(sum.part() % sum.whole(), sum.whole());
    }

    fn over(self, denominator: u128) -> Option<Ratio> {
        let fraction = self.fraction.unwrap_or(Ratio::ZERO);
        let part = self.whole.checked_mul(fraction.whole())?.checked_add(fraction.part())?;
        // A mean of rates is at most 1; only the rounding up could exceed it.
        let whole = denominator.checked_mul(fraction.whole())?;
        Ratio::new(part.min(whole), whole)
    }
}

/// The fraction, below 1, in units of 10^-9, rounded up.
fn rounded(fraction: Ratio) -> Ratio {
    let small = fraction.reduced();
    let units = small.part().checked_mul(Sum::ROUNDED).map_or(Sum::ROUNDED, |top| top.div_ceil(small.whole()));
    Ratio::new(units, Sum::ROUNDED).unwrap_or(Ratio::ONE)
}

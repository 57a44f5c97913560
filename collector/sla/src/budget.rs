//! Error budgets, burn rates, and alerts on several windows at several rates.

use alloc::vec::Vec;

use quorate_model::{CollectorTime, Millis};

use crate::contract::UnknownRule;
use crate::evaluate::{Assessor, Parts};
use crate::interval::Interval;
use crate::percent::{Percent, Ratio};
use crate::zone::DAY_MS;

/// The downtime an objective allows in a window, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What is allowed, cut to whole milliseconds.
    pub allowed: Millis,
    /// What is certainly spent.
    pub spent_low: Millis,
    /// What is spent by the best estimate, begun milliseconds counted as whole.
    pub spent: Millis,
    /// What is possibly spent.
    pub spent_high: Millis,
}

impl Budget {
    /// What is left by the best estimate; negative where it is overspent.
    pub fn left(&self) -> Millis {
        self.allowed - self.spent
    }
}

/// The downtime that `objective` allows in `length`, cut to whole milliseconds.
pub fn allowance(objective: Percent, length: Millis) -> Millis {
    let rest = objective.rest().ratio();
    let parts = u128::from(length.get().unsigned_abs()) * rest.part() / rest.whole();
    Millis::new(i64::try_from(parts).unwrap_or(i64::MAX))
}

impl Assessor<'_> {
    /// The budget of `within` under `objective`.
    pub fn budget(&self, within: Interval, objective: Percent) -> Budget {
        let parts = self.parts_within(within);
        let scale = u128::from(self.scale());
        let begun = |parts: u128| Millis::new(i64::try_from(parts.div_ceil(scale)).unwrap_or(i64::MAX));
        let (whole, extra) = self.whole_and_extra(&parts);
        let length = Millis::new(i64::try_from(whole / scale).unwrap_or(i64::MAX));
        Budget {
            allowed: allowance(objective, length),
            spent_low: begun(parts.low),
            spent: begun(parts.point + extra),
            spent_high: begun(parts.high + extra),
        }
    }

    /// How many times faster than allowed the budget is spent in `within`: the error ratio over 1 - objective. `None`
    /// where nothing was measured or nothing is allowed.
    pub fn burn_rate(&self, within: Interval, objective: Percent) -> Option<Ratio> {
        self.burn(&self.parts_within(within), objective)
    }

    /// Judges each rule at `now`.
    pub fn burn_alerts(&self, now: CollectorTime, objective: Percent, rules: &[BurnRule]) -> Vec<BurnAlert> {
        rules.iter().filter_map(|rule| self.burn_alert(now, objective, *rule)).collect()
    }

    fn burn_alert(&self, now: CollectorTime, objective: Percent, rule: BurnRule) -> Option<BurnAlert> {
        let back = |span: Millis| Interval::new(now - span, now).map(|within| self.parts_within(within));
        let (long, short) = (back(rule.long)?, back(rule.short)?);
        let (long_burn, short_burn) = (self.burn(&long, objective), self.burn(&short, objective));
        let exceeds = |burn: Option<Ratio>| burn.is_some_and(|burn| burn > rule.factor);
        // Without certain downtime in both, a moment's doubt would page: 0.43 s burn 14.4 times at 99.99% over 5 minutes.
        let certain = long.low > 0 && short.low > 0;
        let firing = if exceeds(long_burn) && exceeds(short_burn) && certain { Firing::Yes } else { Firing::No };
        Some(BurnAlert { rule, long_burn, short_burn, firing })
    }

    fn burn(&self, parts: &Parts, objective: Percent) -> Option<Ratio> {
        let (whole, extra) = self.whole_and_extra(parts);
        let errors = Ratio::new(parts.point + extra, whole)?;
        let allowed = objective.rest().ratio();
        errors.times(Ratio::new(allowed.whole(), allowed.part())?)
    }

    fn whole_and_extra(&self, parts: &Parts) -> (u128, u128) {
        match self.unknown_rule() {
            UnknownRule::Exclude => (parts.all - parts.unknown, 0),
            UnknownRule::Up => (parts.all, 0),
            UnknownRule::Down => (parts.all, parts.unknown),
        }
    }
}

/// Whom an alert calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Somebody has to act now.
    Page,
    /// Somebody has to act in days.
    Ticket,
}

/// An alert on one burn rate over two windows; both have to exceed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurnRule {
    /// Whom it calls.
    pub urgency: Urgency,
    /// The burn rate that has to be exceeded.
    pub factor: Ratio,
    /// The window that shows it matters.
    pub long: Millis,
    /// The window that shows it lasts.
    pub short: Millis,
}

impl BurnRule {
    /// The four rules of the Google SRE workbook (chapter 5, table 5-8) for a window of `days`: 2 % of the budget in an
    /// hour, 5 % in 6 hours, 10 % in a day, 10 % in 3 days. The factors are those of 30 days, scaled: 14.4 becomes 13.44
    /// for 28 days.
    pub fn standard(days: u16) -> [Self; 4] {
        const MINUTE: i64 = 60_000;
        let rule = |urgency, tenths: u32, long: i64, short: i64| Self {
            urgency,
            factor: Ratio::new(u128::from(tenths) * u128::from(days), 300).unwrap_or(Ratio::ONE),
            long: Millis::new(long),
            short: Millis::new(short),
        };
        [
            rule(Urgency::Page, 144, 60 * MINUTE, 5 * MINUTE),
            rule(Urgency::Page, 60, 360 * MINUTE, 30 * MINUTE),
            rule(Urgency::Ticket, 30, DAY_MS, 120 * MINUTE),
            rule(Urgency::Ticket, 10, 3 * DAY_MS, 360 * MINUTE),
        ]
    }
}

/// Whether an alert is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Firing {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// A rule with what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurnAlert {
    /// The rule.
    pub rule: BurnRule,
    /// The burn rate over its long window; `None` where nothing was measured.
    pub long_burn: Option<Ratio>,
    /// The burn rate over its short window.
    pub short_burn: Option<Ratio>,
    /// Whether it is on.
    pub firing: Firing,
}

#[cfg(test)]
mod tests;

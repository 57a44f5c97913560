//! What is owed when the promise is missed, as a share of the window's fee.

use alloc::vec::Vec;

use quorate_model::{CollectorTime, Millis};

use crate::percent::{Percent, Ratio};
use crate::window::Window;
use crate::zone::{Date, Zone};

/// A share of the fee owed below an uptime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The uptime; at it nothing of this tier is owed.
    pub below: Percent,
    /// The share of the fee.
    pub percent: Percent,
}

/// Days of service owed below an uptime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTier {
    /// The uptime; at it nothing of this tier is owed.
    pub below: Percent,
    /// Days of service.
    pub days: u16,
}

/// Days of service owed from a length of downtime on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LadderStep {
    /// The length; at it the step is owed.
    pub at_least: Millis,
    /// Days of service.
    pub days: u16,
}

/// Which length a ladder looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LadderMeasure {
    /// All downtime of the window.
    #[default]
    Total,
    /// The longest stretch of downtime in the window.
    Longest,
}

/// How the credit comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreditRule {
    /// The last tier whose threshold the uptime is below.
    Tiers(Vec<Tier>),
    /// So many thousandths of the fee for the time down: 10,000 is ten times the pro rata fee (Slack once).
    Multiplier {
        /// Thousandths, 1 to [`CreditRule::MAX_TIMES_MILLI`].
        times_milli: u32,
    },
    /// The last tier's days out of the days of the window (Google Workspace).
    ServiceDays(Vec<DayTier>),
    /// The last step's days out of the days of the window (as Amazon Route 53).
    DurationLadder {
        /// Which length counts.
        measure: LadderMeasure,
        /// The steps, shortest first.
        steps: Vec<LadderStep>,
    },
    /// Downtime times the affected share, out of the service time (Cloudflare).
    Proportional,
}

impl CreditRule {
    /// The largest multiplier, in thousandths.
    pub const MAX_TIMES_MILLI: u32 = 100_000;

    /// The uptime under which the first credit is owed, where the rule names one.
    pub fn highest_threshold(&self) -> Option<Percent> {
        match self {
            Self::Tiers(tiers) => tiers.iter().map(|tier| tier.below).max(),
            Self::ServiceDays(tiers) => tiers.iter().map(|tier| tier.below).max(),
            Self::Multiplier { .. } | Self::DurationLadder { .. } | Self::Proportional => None,
        }
    }
}

/// Until when a credit has to be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimRule {
    /// So many days after the last incident's end.
    DaysAfterIncident(u16),
    /// So many days after the window's end.
    DaysAfterWindow(u16),
    /// At the end of the second month after the window (Amazon: the second billing cycle).
    SecondBillingCycle,
}

impl ClaimRule {
    /// The days it allows, where it counts days.
    pub const fn days(self) -> Option<u16> {
        match self {
            Self::DaysAfterIncident(days) | Self::DaysAfterWindow(days) => Some(days),
            Self::SecondBillingCycle => None,
        }
    }

    /// The first moment that is too late. Days are local days: the same time of day, so many dates later.
    pub fn deadline(self, window: &Window, last_incident_end: Option<CollectorTime>, zone: &Zone) -> CollectorTime {
        let end = window.interval.end();
        let later = |from: CollectorTime, days: u16| {
            let (date, clock) = zone.local(from);
            zone.instant(date.plus_days(days.into()), clock)
        };
        match self {
            Self::DaysAfterIncident(days) => later(last_incident_end.unwrap_or(end), days),
            Self::DaysAfterWindow(days) => later(end, days),
            Self::SecondBillingCycle => {
                let (date, clock) = zone.local(end);
                let (year, month, day) = date.ymd();
                let first = Date::first_of_month(year, i32::from(month) + 1).unwrap_or(date);
                let (year, month, _) = first.ymd();
                let day = day.min(crate::zone::days_in_month(year, month));
                zone.instant(first.plus_days(i32::from(day) - 1), clock)
            }
        }
    }
}

/// The whole rule of remedies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// How it comes out.
    pub rule: CreditRule,
    /// The most for one window, of its fee.
    pub cap_per_month: Option<Percent>,
    /// The most within 12 months, of their fees.
    pub cap_per_12_months: Option<Percent>,
    /// The least once any is owed, of the window's fee.
    pub floor: Option<Percent>,
    /// Until when it has to be claimed.
    pub claim: Option<ClaimRule>,
}

impl Credit {
    /// A rule without caps, floor or deadline.
    pub const fn new(rule: CreditRule) -> Self {
        Self { rule, cap_per_month: None, cap_per_12_months: None, floor: None, claim: None }
    }
}

/// What a credit is worked out from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreditFacts {
    /// The uptime; `None` where nothing was measured.
    pub uptime: Option<Ratio>,
    /// What was promised.
    pub objective: Option<Percent>,
    /// All downtime of the window.
    pub down: Millis,
    /// Its longest stretch.
    pub longest_down: Millis,
    /// The local days the window has.
    pub window_days: u16,
    /// Which share of the customer was affected.
    pub affected: Ratio,
    /// What was credited in the 11 months before, in fees of one window.
    pub credited_before: Ratio,
    /// How many windows 12 months have; at least 1.
    pub windows_in_12_months: u16,
}

/// One step of the way to a credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreditStep {
    /// Nothing was measured, so nothing is owed.
    NotMeasured,
    /// The contract has no credits.
    NoTerms,
    /// The objective, or every threshold, was met.
    Met,
    /// The uptime was below this threshold.
    Below {
        /// The uptime.
        uptime: Ratio,
        /// The threshold.
        threshold: Percent,
    },
    /// The downtime reached this step.
    Reached {
        /// The downtime that counts.
        down: Millis,
        /// The step.
        at_least: Millis,
    },
    /// Days of service, out of the days of the window.
    Days {
        /// Days owed.
        days: u16,
        /// Days of the window.
        of: u16,
    },
    /// The share of the time down, multiplied.
    Multiplied {
        /// The share of time down.
        down: Ratio,
        /// Thousandths.
        times_milli: u32,
    },
    /// The share of the time down, times the share affected.
    Affected {
        /// The share of time down.
        down: Ratio,
        /// The share affected.
        affected: Ratio,
    },
    /// The share of the fee so far.
    Share(Ratio),
    /// Raised to the floor.
    Floor(Percent),
    /// Cut to the cap of one window.
    MonthCap(Percent),
    /// Cut to what the cap of 12 months leaves.
    YearCap {
        /// The cap.
        cap: Percent,
        /// What it leaves, in fees of one window.
        left: Ratio,
    },
}

/// A credit as a share of the window's fee, with the steps that led there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditOutcome {
    /// The share owed; 0 for nothing.
    pub share: Ratio,
    /// The steps, in order.
    pub steps: Vec<CreditStep>,
}

impl CreditOutcome {
    /// Nothing, for this reason.
    pub(crate) fn nothing(why: CreditStep) -> Self {
        Self { share: Ratio::ZERO, steps: alloc::vec![why] }
    }
}

impl Credit {
    /// Works out what is owed. Never rises with uptime; the caps hold.
    pub fn owed(&self, facts: &CreditFacts) -> CreditOutcome {
        let Some(uptime) = facts.uptime else { return CreditOutcome::nothing(CreditStep::NotMeasured) };
        let mut steps = Vec::new();
        let Some(mut share) = self.by_rule(uptime, facts, &mut steps).filter(|share| !share.is_zero()) else {
            return CreditOutcome::nothing(CreditStep::Met);
        };
        steps.push(CreditStep::Share(share));
        if let Some(floor) = self.floor.filter(|floor| floor.ratio() > share) {
            share = floor.ratio();
            steps.push(CreditStep::Floor(floor));
        }
        if let Some(cap) = self.cap_per_month.filter(|cap| cap.ratio() < share) {
            share = cap.ratio();
            steps.push(CreditStep::MonthCap(cap));
        }
        if let Some(cap) = self.cap_per_12_months {
            let fees = Ratio::new(facts.windows_in_12_months.max(1).into(), 1).unwrap_or(Ratio::ONE);
            let all = cap.ratio().times(fees).unwrap_or(Ratio::ZERO);
            let left = difference(all, facts.credited_before);
            if left < share {
                share = left;
                steps.push(CreditStep::YearCap { cap, left });
            }
        }
        CreditOutcome { share: share.reduced(), steps }
    }

    fn by_rule(&self, uptime: Ratio, facts: &CreditFacts, steps: &mut Vec<CreditStep>) -> Option<Ratio> {
        let down = uptime.rest();
        let missed = |steps: &mut Vec<CreditStep>| match facts.objective {
            Some(threshold) if uptime < threshold.ratio() => {
                steps.push(CreditStep::Below { uptime, threshold });
                true
            }
            Some(_) => false,
            None => !down.is_zero(),
        };
        let days = |days: u16, steps: &mut Vec<CreditStep>| {
            let of = facts.window_days.max(1);
            steps.push(CreditStep::Days { days, of });
            Ratio::new(days.into(), of.into())
        };
        match &self.rule {
            CreditRule::Tiers(tiers) => {
                let tier = tiers.iter().rev().find(|tier| uptime < tier.below.ratio())?;
                steps.push(CreditStep::Below { uptime, threshold: tier.below });
                Some(tier.percent.ratio())
            }
            CreditRule::ServiceDays(tiers) => {
                let tier = tiers.iter().rev().find(|tier| uptime < tier.below.ratio())?;
                steps.push(CreditStep::Below { uptime, threshold: tier.below });
                days(tier.days, steps)
            }
            CreditRule::DurationLadder { measure, steps: ladder } => {
                let length = match measure {
                    LadderMeasure::Total => facts.down,
                    LadderMeasure::Longest => facts.longest_down,
                };
                let step = ladder.iter().rev().find(|step| length >= step.at_least)?;
                steps.push(CreditStep::Reached { down: length, at_least: step.at_least });
                days(step.days, steps)
            }
            CreditRule::Multiplier { times_milli } => {
                if !missed(steps) {
                    return None;
                }
                steps.push(CreditStep::Multiplied { down, times_milli: *times_milli });
                down.times(Ratio::new((*times_milli).into(), 1000)?)
            }
            CreditRule::Proportional => {
                if !missed(steps) {
                    return None;
                }
                steps.push(CreditStep::Affected { down, affected: facts.affected });
                down.times(facts.affected)
            }
        }
    }
}

/// `a - b`, 0 where `b` is larger.
fn difference(a: Ratio, b: Ratio) -> Ratio {
    let (a, b) = (a.reduced(), b.reduced());
    let (Some(left), Some(right), Some(whole)) =
        (a.part().checked_mul(b.whole()), b.part().checked_mul(a.whole()), a.whole().checked_mul(b.whole()))
    else {
        // What was credited before was rounded to money; where its terms are too long, nothing is left to be sure.
        return Ratio::ZERO;
    };
    Ratio::new(left.saturating_sub(right), whole).unwrap_or(Ratio::ZERO)
}

#[cfg(test)]
mod tests;

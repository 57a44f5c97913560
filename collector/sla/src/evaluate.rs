//! Judging a contract: ledger, uptime with bounds, breach, credit.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use quorate_model::{CheckId, CollectorTime, Millis};

use crate::basis::{Attempts, Basis, Leaf};
use crate::combine::Profile;
use crate::contract::{Contract, Denominator, UnknownRule};
use crate::credit::{CreditFacts, CreditOutcome, CreditStep};
use crate::exclusion::{Refusal, Ruling, rule};
use crate::interval::{Interval, IntervalSet};
use crate::ledger::{Breach, Ledger, Uptime};
use crate::objective::{ErrorRateResult, judge_error_rate};
use crate::percent::{Percent, Ratio};
use crate::timeline::Timeline;
use crate::window::{Window, WindowKind};
use crate::zone::{Date, Zone};

mod mean;

/// What is known of one check.
#[derive(Clone, Debug, Default)]
pub struct CheckInput {
    /// Its states over time.
    pub timeline: Timeline,
    /// Its attempts by minute. Without them, minutes and intervals are judged as if attempts came at an even rate.
    pub attempts: Option<Attempts>,
}

/// What a contract is judged from. A check that is missing is unknown all the time.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The checks by name.
    pub checks: &'a BTreeMap<CheckId, CheckInput>,
    /// The contract's time zone, with its transitions over the years of the question.
    pub zone: &'a Zone,
}

/// Why a contract cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The zone is not the contract's.
    WrongZone {
        /// The contract's.
        wanted: String,
        /// The one given.
        given: String,
    },
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongZone { wanted, given } => {
                write!(f, "the contract is in zone {wanted}, the zone given is {given}")
            }
        }
    }
}

impl core::error::Error for EvaluateError {}

/// An outage that touches a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// The whole outage, unclipped.
    pub interval: Interval,
    /// Whether it is long enough to be downtime.
    pub counted: Counted,
    /// The downtime it brings to the window, after clipping and exclusions; begun milliseconds counted as whole.
    pub down: Millis,
}

/// Whether an outage is downtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It is.
    Yes,
    /// It is shorter than the contract's minimum outage.
    TooShort,
}

/// A window of a contract, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// The window.
    pub window: Window,
    /// Where its time went, by the best estimate.
    pub ledger: Ledger,
    /// Downtime that is certain, begun milliseconds counted as whole.
    pub down_low: Millis,
    /// Downtime that is possible, unknown time apart.
    pub down_high: Millis,
    /// The uptime by the contract's basis; `None` where nothing was measured.
    pub uptime: Option<Uptime>,
    /// What was promised.
    pub objective: Option<Percent>,
    /// Whether the promise was missed.
    pub breach: Breach,
    /// What the credit was worked out from, for a customer affected in full and credited nothing before.
    pub facts: CreditFacts,
    /// The credit as a share of the fee.
    pub credit: CreditOutcome,
    /// The failed attempts against the contract's error rate, where it promises one; not measured where none were counted.
    pub error_rate: Option<ErrorRateResult>,
    /// What became of the exclusions that touch the window.
    pub rulings: Vec<Ruling>,
    /// The outages that touch it, in order.
    pub outages: Vec<Outage>,
}

/// Judges one window of a contract.
///
/// # Errors
/// The zone is not the contract's.
pub fn evaluate(contract: &Contract, window: &Window, inputs: Inputs<'_>) -> Result<Evaluation, EvaluateError> {
    Ok(Assessor::new(contract, window.interval, inputs)?.evaluate(window))
}

/// A contract with its checks combined over a range of time, ready to judge any window inside.
///
/// The work that does not depend on the window is done once, so that a year of months or a month of hours costs little
/// more than one of them.
#[derive(Clone, Debug)]
pub struct Assessor<'a> {
    contract: &'a Contract,
    inputs: Inputs<'a>,
    profile: Profile,
    rulings: Vec<Ruling>,
    excluded: IntervalSet,
}

/// What a share of bad time is made of, as shares of 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BadShares {
    pub(crate) low: Ratio,
    pub(crate) point: Ratio,
    pub(crate) high: Ratio,
}

/// The bad shares of a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    /// By the contract's rule for unknown time; `None` without anything to take a share of.
    pub(crate) bad: Option<BadShares>,
    /// If all that is certain was down, and all that is unknown up.
    pub(crate) best: Option<Ratio>,
    /// If all that is possible was down, and all that is unknown too.
    pub(crate) worst: Option<Ratio>,
}

/// Parts of `1 / scale` ms of one stretch of time that counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub(crate) low: u128,
    pub(crate) point: u128,
    pub(crate) high: u128,
    pub(crate) unknown: u128,
    /// All of it.
    pub(crate) all: u128,
}

impl<'a> Assessor<'a> {
    /// Prepares to judge windows inside `range`.
    ///
    /// # Errors
    /// The zone is not the contract's.
    pub fn new(contract: &'a Contract, range: Interval, inputs: Inputs<'a>) -> Result<Self, EvaluateError> {
        let terms = contract.terms();
        if terms.timezone != inputs.zone.name() {
            return Err(EvaluateError::WrongZone { wanted: terms.timezone.clone(), given: inputs.zone.name().into() });
        }
        let leaves: BTreeMap<&CheckId, Leaf> = terms
            .service
            .checks()
            .into_iter()
            .filter_map(|check| {
                let input = inputs.checks.get(check)?;
                Some((check, Leaf::new(terms.basis, &input.timeline, input.attempts.as_ref())))
            })
            .collect();
        let profile = Profile::new(&terms.service, &|check| leaves.get(check), terms.min_outage);
        let mut rulings = rule(&terms.exclusions, &terms.maintenance, range, inputs.zone);
        for ruling in &mut rulings {
            note_overrun(ruling, &profile.runs);
        }
        let excluded = rulings.iter().flat_map(|ruling| ruling.excluded.iter()).collect();
        Ok(Self { contract, inputs, profile, rulings, excluded })
    }

    /// Judges a window inside the range given to [`Assessor::new`].
    pub fn evaluate(&self, window: &Window) -> Evaluation {
        let terms = self.contract.terms();
        let scope = self.scope(window.interval);
        let counted = scope.subtract(&self.excluded);
        let parts = self.parts(&counted);
        let scale = u128::from(self.profile.scale);
        let ledger = self.ledger(window.interval, &parts);
        let denominator = match terms.denominator {
            Denominator::Total => parts_of(scope.length(), scale),
            Denominator::MinusExcluded => parts.all,
        };
        let shares = self.shares(&scope, &counted, &parts, denominator);
        let uptime =
            shares.bad.map(|bad| Uptime { low: bad.high.rest(), point: bad.point.rest(), high: bad.low.rest() });
        let objective = self.contract.objective();
        let breach = objective.map_or(Breach::None, |objective| {
            let kept = |bad: Option<Ratio>| bad.is_none_or(|bad| bad.rest() >= objective.ratio());
            if !kept(shares.best) {
                Breach::Certain
            } else if kept(shares.worst) {
                Breach::None
            } else {
                Breach::Possible
            }
        });
        let down_set = self.profile.point.only_on(&counted).positive();
        let facts = CreditFacts {
            uptime: uptime.map(|uptime| uptime.point),
            objective,
            down: ledger.down(),
            longest_down: down_set.iter().map(Interval::length).max().unwrap_or_default(),
            window_days: local_days(window.interval, self.inputs.zone),
            affected: Ratio::ONE,
            credited_before: Ratio::ZERO,
            windows_in_12_months: windows_in_12_months(window.kind),
        };
        let credit = match &terms.credit {
            Some(credit) => credit.owed(&facts),
            None => CreditOutcome::nothing(CreditStep::NoTerms),
        };
        Evaluation {
            down_low: begun(parts.low, scale),
            down_high: begun(parts.high, scale),
            error_rate: self.error_rate(&counted),
            rulings: self.rulings.iter().filter(|r| r.interval.intersect(window.interval).is_some()).cloned().collect(),
            outages: self.outages(window.interval, &counted),
            window: window.clone(),
            ledger,
            uptime,
            objective,
            breach,
            facts,
            credit,
        }
    }

    /// Only the ledger of any stretch inside the range.
    pub fn evaluate_ledger(&self, within: Interval) -> Ledger {
        self.ledger(within, &self.parts_within(within))
    }

    fn ledger(&self, within: Interval, parts: &Parts) -> Ledger {
        let total = parts_of(within.length(), self.profile.scale.into());
        Ledger::new(self.profile.scale, total, parts.point, parts.unknown, total - parts.all)
    }

    /// The time of `within` that counts: inside service hours, after the service's start, not excluded.
    pub fn counted(&self, within: Interval) -> IntervalSet {
        self.scope(within).subtract(&self.excluded)
    }

    /// The time inside `within` in which the service is down, wholly or by a share of its weight, by the best estimate
    /// and after exclusions.
    pub fn down(&self, within: Interval) -> IntervalSet {
        self.profile.point.only_on(&self.counted(within)).positive()
    }

    /// The time inside `within` that counts and of which it is not known, wholly or in part, what it was.
    pub fn unknown(&self, within: Interval) -> IntervalSet {
        self.profile.unknown.only_on(&self.counted(within)).positive()
    }

    /// Certain, estimated and unknown parts of the counted time of `within`, for budgets.
    pub(crate) fn parts_within(&self, within: Interval) -> Parts {
        self.parts(&self.counted(within))
    }

    /// The contract's rule for unknown time.
    pub(crate) fn unknown_rule(&self) -> UnknownRule {
        self.contract.terms().unknown
    }

    /// The weight of the whole service.
    pub(crate) fn scale(&self) -> u64 {
        self.profile.scale
    }

    /// The parts down at each moment of the counted time of `within`.
    pub(crate) fn down_steps(&self, within: Interval) -> crate::steps::Steps {
        self.profile.point.only_on(&self.counted(within))
    }

    fn scope(&self, within: Interval) -> IntervalSet {
        let terms = self.contract.terms();
        let hours = terms.service_hours.inside(within, self.inputs.zone);
        match terms.service_start.map(|start| Interval::new(start, within.end())) {
            None => hours,
            Some(None) => IntervalSet::empty(),
            Some(Some(after_start)) => hours.clip(after_start),
        }
    }

    fn parts(&self, set: &IntervalSet) -> Parts {
        Parts {
            low: self.profile.low.integral(set),
            point: self.profile.point.integral(set),
            high: self.profile.high.integral(set),
            unknown: self.profile.unknown.integral(set),
            all: parts_of(set.length(), self.profile.scale.into()),
        }
    }

    /// The bad shares by the contract's basis.
    fn shares(&self, scope: &IntervalSet, counted: &IntervalSet, parts: &Parts, denominator: u128) -> Shares {
        let terms = self.contract.terms();
        let of_time = || Shares {
            bad: time_shares(parts, denominator, terms.unknown),
            best: Ratio::new(parts.low, denominator),
            worst: Ratio::new(parts.high + parts.unknown, denominator),
        };
        match terms.basis {
            Basis::Continuous | Basis::MinuteAllFail | Basis::MinuteErrorRate { .. } => of_time(),
            Basis::IntervalErrorRateMean { interval } => {
                let attempts = self.all_attempts();
                let mean = mean::Mean { assessor: self, interval, attempts: attempts.as_deref() };
                mean.shares(counted, denominator)
            }
            Basis::Requests => {
                let Some(attempts) = self.all_attempts() else {
                    return of_time();
                };
                let count = |set: &IntervalSet| {
                    attempts.iter().map(|a| a.count(set)).fold((0, 0), |(f, n), (failed, all)| (f + failed, n + all))
                };
                let (failed, inside) = count(counted);
                let all = match terms.denominator {
                    Denominator::Total => count(scope).1,
                    Denominator::MinusExcluded => inside,
                };
                let bad = Ratio::new(failed, all);
                let hidden = Ratio::new(parts.unknown, parts.all).unwrap_or(Ratio::ZERO);
                let worst = bad.map_or(Some(hidden), |bad| bad.plus(hidden).or(Some(Ratio::ONE)));
                Shares { bad: bad.map(|bad| BadShares { low: bad, point: bad, high: bad }), best: bad, worst }
            }
        }
    }

    /// The attempts of every check of the service; `None` where one has none.
    fn all_attempts(&self) -> Option<Vec<&'a Attempts>> {
        let checks = self.contract.terms().service.checks();
        checks.into_iter().map(|check| self.inputs.checks.get(check)?.attempts.as_ref()).collect()
    }

    fn error_rate(&self, counted: &IntervalSet) -> Option<ErrorRateResult> {
        let objective = self.contract.terms().objectives.error_rate?;
        let attempts = self.all_attempts().unwrap_or_default();
        let (failed, all) =
            attempts.iter().map(|a| a.count(counted)).fold((0, 0), |(f, n), (failed, all)| (f + failed, n + all));
        Some(judge_error_rate(objective, failed, all))
    }

    fn outages(&self, window: Interval, counted: &IntervalSet) -> Vec<Outage> {
        let min = self.contract.terms().min_outage;
        let judge = |run: Interval| Outage {
            interval: run,
            counted: if run.length() >= min { Counted::Yes } else { Counted::TooShort },
            down: begun(self.profile.point.integral(&counted.clip(run)), self.profile.scale.into()),
        };
        self.profile.runs.iter().filter(|run| run.intersect(window).is_some()).map(judge).collect()
    }
}

/// Shares of time: bounds of down time, with unknown time as the contract rules.
///
/// Unknown as down adds to the lower bounds of the uptime and not to the upper: it was not seen to be down.
fn time_shares(parts: &Parts, denominator: u128, unknown: UnknownRule) -> Option<BadShares> {
    let (whole, extra) = match unknown {
        UnknownRule::Exclude => (denominator - parts.unknown, 0),
        UnknownRule::Up => (denominator, 0),
        UnknownRule::Down => (denominator, parts.unknown),
    };
    Some(BadShares {
        low: Ratio::new(parts.low, whole)?,
        point: Ratio::new(parts.point + extra, whole)?,
        high: Ratio::new(parts.high + extra, whole)?,
    })
}

/// An outage that began in the announced time and lasted on is an overrun, whether or not somebody entered its real end.
fn note_overrun(ruling: &mut Ruling, runs: &IntervalSet) {
    let is_noted = ruling.refusals.iter().any(|refusal| matches!(refusal, Refusal::Overran { .. }));
    if ruling.excluded.is_empty() || is_noted || ruling.class != crate::exclusion::ExclusionClass::Maintenance {
        return;
    }
    let end = ruling.interval.end();
    if let Some(run) = runs.run_at(end)
        && ruling.interval.contains(run.start())
    {
        ruling.refusals.push(Refusal::Overran { by: run.end() - end });
    }
}

fn parts_of(length: Millis, scale: u128) -> u128 {
    u128::from(length.get().unsigned_abs()) * scale
}

fn begun(parts: u128, scale: u128) -> Millis {
    Millis::new(i64::try_from(parts.div_ceil(scale)).unwrap_or(i64::MAX))
}

fn local_days(window: Interval, zone: &Zone) -> u16 {
    let (first, _) = zone.local(window.start());
    let (last, _) = zone.local(CollectorTime::from_millis(window.end().as_millis() - 1));
    let days = (first.days()..=last.days()).filter(|day| zone.has(Date::from_days(*day)));
    u16::try_from(days.count()).unwrap_or(u16::MAX)
}

fn windows_in_12_months(kind: WindowKind) -> u16 {
    match kind {
        WindowKind::CalendarHour => 8760,
        WindowKind::CalendarDay => 365,
        WindowKind::CalendarWeek => 52,
        WindowKind::CalendarMonth | WindowKind::BillingMonth { .. } => 12,
        WindowKind::CalendarQuarter => 4,
        WindowKind::CalendarYear => 1,
        WindowKind::RollingDays(days) => (365 / days.max(1)).max(1),
    }
}

#[cfg(test)]
mod tests;

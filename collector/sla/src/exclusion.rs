//! What is left out of a contract, and when maintenance is not.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use quorate_model::{CollectorTime, Millis};

use crate::interval::{Interval, IntervalSet};
use crate::recurrence::Recurrence;
use crate::span::Spelled;
use crate::window::{Window, WindowKind};
use crate::zone::Zone;

/// Why time is excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExclusionClass {
    /// Work the provider announced.
    Maintenance,
    /// What no party could prevent.
    ForceMajeure,
    /// A third party's fault.
    ThirdParty,
    /// The customer's own doing.
    Customer,
    /// The service was suspended, as for unpaid fees or abuse.
    Suspension,
}

impl ExclusionClass {
    /// All classes.
    pub const ALL: [Self; 5] =
        [Self::Maintenance, Self::ForceMajeure, Self::ThirdParty, Self::Customer, Self::Suspension];

    /// Its word in contracts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::ForceMajeure => "force_majeure",
            Self::ThirdParty => "third_party",
            Self::Customer => "customer",
            Self::Suspension => "suspension",
        }
    }
}

/// A stretch of time somebody wants excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// Why.
    pub class: ExclusionClass,
    /// Its first moment; of maintenance, as announced.
    pub start: CollectorTime,
    /// The first moment after it; of maintenance, as announced.
    pub end: CollectorTime,
    /// When it comes again; maintenance only.
    pub recurrence: Option<Recurrence>,
    /// When it was announced; maintenance only.
    pub announced_at: Option<CollectorTime>,
    /// When the work really ended, if that was after `end`; maintenance only.
    pub actual_end: Option<CollectorTime>,
    /// What happened, in words.
    pub reason: String,
    /// Who entered it.
    pub author: Option<String>,
    /// Who agreed to it.
    pub approver: Option<String>,
    /// When it was entered. After `start` it reclassifies the past, which needs a reason and an approver.
    pub recorded_at: Option<CollectorTime>,
    /// Where it can be looked up.
    pub evidence: Vec<String>,
}

impl Exclusion {
    /// An exclusion of that class and time with nothing else said.
    pub fn new(class: ExclusionClass, interval: Interval, reason: impl Into<String>) -> Self {
        Self {
            class,
            start: interval.start(),
            end: interval.end(),
            recurrence: None,
            announced_at: None,
            actual_end: None,
            reason: reason.into(),
            author: None,
            approver: None,
            recorded_at: None,
            evidence: Vec::new(),
        }
    }

    /// True if it was entered after it began.
    pub fn reclassifies_the_past(&self) -> bool {
        self.recorded_at.is_some_and(|at| at > self.start)
    }
}

/// What happens to a maintenance window that would exceed a cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverCap {
    /// None of it is excluded.
    #[default]
    RefuseWindow,
    /// Its first part is excluded, up to the cap.
    ExcludeUpToCap,
}

/// The rules maintenance has to keep to be excluded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaintenanceRules {
    /// The least time from announcement to start.
    pub min_notice: Millis,
    /// The most excluded time in a calendar month of the contract's zone.
    pub cap_per_month: Option<Millis>,
    /// The most in a calendar year.
    pub cap_per_year: Option<Millis>,
    /// What happens beyond a cap.
    pub over_cap: OverCap,
}

/// Why maintenance is not excluded, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody announced it.
    Unannounced,
    /// It was announced too late.
    Late {
        /// The time from announcement to start; negative where it had begun.
        notice: Millis,
        /// The least time wanted.
        required: Millis,
    },
    /// It would take more than the month or the year allows.
    OverCap {
        /// The month or year, such as `2026-10`.
        period: String,
        /// What is allowed in it.
        cap: Millis,
        /// What was used before.
        used: Millis,
        /// What this window wanted more.
        wanted: Millis,
    },
    /// The work lasted longer than announced; the time after the announced end is not excluded.
    Overran {
        /// By how much.
        by: Millis,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unannounced => f.write_str("it was not announced"),
            Self::Late { notice, required } if *notice < Millis::ZERO => {
                write!(
                    f,
                    "it was announced {} after its start, {} ahead are required",
                    Spelled(-*notice),
                    Spelled(*required)
                )
            }
            Self::Late { notice, required } => {
                write!(f, "it was announced {} ahead, {} are required", Spelled(*notice), Spelled(*required))
            }
            Self::OverCap { period, cap, used, wanted } => {
                let [cap, used, wanted] = [cap, used, wanted].map(|span| Spelled(*span));
                write!(f, "it wants {wanted} more in {period}, of which {used} of {cap} are used")
            }
            Self::Overran { by } => {
                write!(f, "it overran its announced end by {}, which is not excluded", Spelled(*by))
            }
        }
    }
}

/// What became of one exclusion, or of one occurrence of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// Its place in the contract's list, from 0.
    pub index: usize,
    /// Its class.
    pub class: ExclusionClass,
    /// The time it names.
    pub interval: Interval,
    /// The time it excludes: all of `interval`, a part, or nothing.
    pub excluded: IntervalSet,
    /// Why not all, or what else is wrong.
    pub refusals: Vec<Refusal>,
}

/// Rules on every exclusion that touches the local years of `range`.
///
/// Windows use up the caps in the order they were announced, then by start, so that one announced later never takes
/// the place of an earlier one.
pub fn rule(exclusions: &[Exclusion], rules: &MaintenanceRules, range: Interval, zone: &Zone) -> Vec<Ruling> {
    let years = WindowKind::CalendarYear.windows(range, zone);
    let hull = match (years.first(), years.last()) {
        (Some(first), Some(last)) => Interval::new(first.interval.start(), last.interval.end()).unwrap_or(range),
        _ => range,
    };
    let mut wanted: Vec<(Option<CollectorTime>, Interval, usize, &Exclusion)> = Vec::new();
    for (index, exclusion) in exclusions.iter().enumerate() {
        let Some(first) = Interval::new(exclusion.start, exclusion.end) else { continue };
        let occurrences = match &exclusion.recurrence {
            Some(recurrence) => recurrence.occurrences(first, hull, zone),
            None => first.intersect(hull).map(|_| first).into_iter().collect(),
        };
        wanted.extend(occurrences.into_iter().map(|run| (exclusion.announced_at, run, index, exclusion)));
    }
    wanted.sort_by_key(|(announced_at, run, index, _)| (*announced_at, *run, *index));
    let mut caps = Caps { rules, zone, accepted: IntervalSet::empty(), used: BTreeMap::new() };
    let mut out: Vec<Ruling> =
        wanted.into_iter().map(|(_, run, index, exclusion)| rule_one(exclusion, run, index, &mut caps)).collect();
    out.sort_by_key(|ruling| (ruling.interval, ruling.index));
    out
}

fn rule_one(exclusion: &Exclusion, interval: Interval, index: usize, caps: &mut Caps<'_>) -> Ruling {
    let mut refusals = Vec::new();
    let mut excluded = IntervalSet::from(interval);
    if exclusion.class == ExclusionClass::Maintenance {
        match exclusion.announced_at {
            None => refusals.push(Refusal::Unannounced),
            Some(at) if interval.start() - at < caps.rules.min_notice => {
                refusals.push(Refusal::Late { notice: interval.start() - at, required: caps.rules.min_notice });
            }
            Some(_) => {}
        }
        excluded = if refusals.is_empty() { caps.take(interval, &mut refusals) } else { IntervalSet::empty() };
        // An overrun is known of the first occurrence only: the entry has one real end.
        if let Some(actual) = exclusion.actual_end
            && interval.start() == exclusion.start
            && actual > interval.end()
        {
            refusals.push(Refusal::Overran { by: actual - interval.end() });
        }
    }
    Ruling { index, class: exclusion.class, interval, excluded, refusals }
}

struct Caps<'a> {
    rules: &'a MaintenanceRules,
    zone: &'a Zone,
    accepted: IntervalSet,
    used: BTreeMap<Interval, Millis>,
}

impl Caps<'_> {
    /// What of the window the caps leave. Time that is excluded already uses nothing up.
    fn take(&mut self, interval: Interval, refusals: &mut Vec<Refusal>) -> IntervalSet {
        let fresh = IntervalSet::from(interval).subtract(&self.accepted);
        let mut granted = fresh.clone();
        let mut over = Vec::new();
        let periods: Vec<(Window, Millis)> = [
            (WindowKind::CalendarMonth, self.rules.cap_per_month),
            (WindowKind::CalendarYear, self.rules.cap_per_year),
        ]
        .into_iter()
        .filter_map(|(kind, cap)| cap.map(|cap| (kind, cap)))
        .flat_map(|(kind, cap)| kind.windows(interval, self.zone).into_iter().map(move |window| (window, cap)))
        .collect();
        for (period, cap) in &periods {
            let used = self.used.get(&period.interval).copied().unwrap_or_default();
            let wanted = granted.clip(period.interval).length();
            if used + wanted > *cap {
                over.push(Refusal::OverCap { period: period.label.clone(), cap: *cap, used, wanted });
                let kept = first_part(&granted.clip(period.interval), *cap - used);
                let dropped = granted.clip(period.interval).subtract(&kept);
                granted = granted.subtract(&dropped);
            }
        }
        if !over.is_empty() && self.rules.over_cap == OverCap::RefuseWindow {
            refusals.extend(over);
            // What another window excluded stays so; this one adds nothing.
            return IntervalSet::empty();
        }
        refusals.extend(over);
        for (period, _) in &periods {
            let used = granted.clip(period.interval).length();
            *self.used.entry(period.interval).or_default() += used;
        }
        self.accepted = self.accepted.union(&granted);
        self.accepted.clip(interval)
    }
}

/// The first `length` of a set.
fn first_part(set: &IntervalSet, length: Millis) -> IntervalSet {
    let mut left = length.max(Millis::ZERO);
    set.iter()
        .map_while(|run| {
            let part = Interval::new(run.start(), run.start() + left.min(run.length()));
            left = left - run.length().min(left);
            part
        })
        .collect()
}

#[cfg(test)]
mod tests;

//! A service level agreement as data: one enum per axis, checked as a whole.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use quorate_model::{CollectorTime, Millis};

use crate::basis::Basis;
use crate::combine::Service;
use crate::credit::Credit;
use crate::exclusion::{Exclusion, MaintenanceRules};
use crate::id::ContractId;
use crate::objective::Objectives;
use crate::percent::Percent;
use crate::service_hours::ServiceHours;
use crate::window::WindowKind;

mod validate;

pub use validate::exclusion_faults;
pub(crate) use validate::hours_faults;

/// What uptime is a share of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Denominator {
    /// All service time; excluded time counts as up.
    Total,
    /// Service time without what is excluded.
    #[default]
    MinusExcluded,
}

/// What unknown time counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownRule {
    /// It leaves the denominator.
    #[default]
    Exclude,
    /// As up.
    Up,
    /// As down.
    Down,
}

impl UnknownRule {
    /// Its word in contracts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exclude => "exclude",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// A contract as it was written, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractDraft {
    /// Its id.
    pub id: ContractId,
    /// Its name for people.
    pub name: String,
    /// What it covers.
    pub service: Service,
    /// The name of its time zone; the zone itself comes with each question.
    pub timezone: String,
    /// Over which windows it is judged.
    pub window: WindowKind,
    /// What counts as down.
    pub basis: Basis,
    /// A shorter outage is not downtime; tested on the whole outage, before clipping and exclusions.
    pub min_outage: Millis,
    /// What uptime is a share of.
    pub denominator: Denominator,
    /// From when on the service was there; time before is left out.
    pub service_start: Option<CollectorTime>,
    /// What unknown time counts as.
    pub unknown: UnknownRule,
    /// The hours that count.
    pub service_hours: ServiceHours,
    /// What is promised.
    pub objectives: Objectives,
    /// The rules maintenance has to keep.
    pub maintenance: MaintenanceRules,
    /// What is left out.
    pub exclusions: Vec<Exclusion>,
    /// What is owed when the promise is missed.
    pub credit: Option<Credit>,
}

impl ContractDraft {
    /// A draft with the defaults: months in UTC, continuous, no minimum outage, exclusions and unknown time out of the
    /// denominator, around the clock, nothing promised.
    pub fn new(id: ContractId, service: Service) -> Self {
        Self {
            name: id.as_str().into(),
            id,
            service,
            timezone: "UTC".into(),
            window: WindowKind::CalendarMonth,
            basis: Basis::Continuous,
            min_outage: Millis::ZERO,
            denominator: Denominator::default(),
            service_start: None,
            unknown: UnknownRule::default(),
            service_hours: ServiceHours::default(),
            objectives: Objectives::default(),
            maintenance: MaintenanceRules::default(),
            exclusions: Vec::new(),
            credit: None,
        }
    }
}

/// A contract that does not contradict itself. Made by [`Contract::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract(ContractDraft);

impl Contract {
    /// The most exclusions of a contract.
    pub const MAX_EXCLUSIONS: usize = 10_000;
    /// The longest minimum outage: a day.
    pub const MAX_MIN_OUTAGE: Millis = Millis::from_secs(86_400);

    /// Checks a draft.
    ///
    /// # Errors
    /// Everything that is wrong with it, in order of its fields.
    pub fn new(draft: ContractDraft) -> Result<Self, Vec<Fault>> {
        let faults = validate::faults(&draft);
        if faults.is_empty() { Ok(Self(draft)) } else { Err(faults) }
    }

    /// Its terms.
    pub const fn terms(&self) -> &ContractDraft {
        &self.0
    }

    /// Its terms, to be changed and checked again.
    pub fn into_draft(self) -> ContractDraft {
        self.0
    }

    /// The availability it is judged by: its objective, or else the highest threshold of its credits.
    pub fn objective(&self) -> Option<Percent> {
        let of_credit = || self.0.credit.as_ref().and_then(|credit| credit.rule.highest_threshold());
        self.0.objectives.availability.or_else(of_credit)
    }
}

/// Something wrong in a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, as a path from the contract's root: `credit.tiers[1].below`.
    pub path: String,
    /// What.
    pub problem: Problem,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.problem)
    }
}

/// What can be wrong in a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A list that needs an entry has none.
    Empty,
    /// A list has too many entries; holds how many are allowed.
    TooMany(usize),
    /// The same thing stands twice; holds it.
    Duplicate(String),
    /// A number is out of range.
    OutOfRange {
        /// What was given.
        given: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Weights that sum to nothing, or to more parts than allowed; holds how many are.
    Weights(u64),
    /// Services nested too deeply; holds how deep is allowed.
    TooDeep(usize),
    /// The end is not after the start.
    EndsBeforeStart,
    /// A threshold is not below the one before it.
    NotDescending,
    /// What is owed, or how long, is not above the one before it.
    NotAscending,
    /// A cap is below what it caps; holds the other.
    CapBelow(&'static str),
    /// A field that goes with maintenance only.
    MaintenanceOnly,
    /// A change of the past without a reason.
    NeedsReason,
    /// A change of the past without an approver.
    NeedsApprover,
    /// The same moment opens and closes.
    NoTime,
    /// A rule of recurrence ends before its first window.
    NeverComes,
    /// Something else has to be given too; holds what.
    Needs(&'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty; at least one entry is needed"),
            Self::TooMany(most) => write!(f, "has too many entries; at most {most} are allowed"),
            Self::Duplicate(what) => write!(f, "{what} stands twice"),
            Self::OutOfRange { given, allowed } => write!(f, "is {given}; allowed is {allowed}"),
            Self::Weights(most) => write!(
                f,
                "the weights have to be at least 1 each and, with nested weights multiplied, at most {most} in all"
            ),
            Self::TooDeep(most) => write!(f, "is nested too deeply; at most {most} levels are allowed"),
            Self::EndsBeforeStart => f.write_str("is not after the start"),
            Self::NotDescending => {
                f.write_str("is not below the threshold before it; thresholds descend, and none stands twice")
            }
            Self::NotAscending => f.write_str("is not above the entry before it; a worse step is owed more"),
            Self::CapBelow(other) => write!(f, "is below {other}"),
            Self::MaintenanceOnly => f.write_str("goes with class maintenance only"),
            Self::NeedsReason => f.write_str("a change of the past needs a reason"),
            Self::NeedsApprover => f.write_str("a change of the past needs an approver"),
            Self::NoTime => {
                f.write_str("begins and ends at the same time of day; write 00:00 to 24:00 for a whole day")
            }
            Self::NeverComes => f.write_str("UNTIL is before the start, so that not even the first window is left out"),
            Self::Needs(what) => write!(f, "needs {what}"),
        }
    }
}

#[cfg(test)]
mod tests;

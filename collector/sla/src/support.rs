//! How fast support has to answer, and whether it did.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use quorate_model::{CollectorTime, IncidentClass, IncidentId, Millis};

use crate::contract::{Fault, Problem, hours_faults};
use crate::id::PlanId;
use crate::interval::Interval;
use crate::objective::Kept;
use crate::service_hours::ServiceHours;
use crate::span::Spelled;
use crate::zone::Zone;

/// How bad an incident is for the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing works.
    Critical,
    /// A main part does not work.
    High,
    /// A part works badly.
    Normal,
    /// A question.
    Low,
}

impl Severity {
    /// All severities, worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Normal, Self::Low];

    /// Its word in plans.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }
}

/// How fast, in service time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SupportTarget {
    /// Until somebody answers.
    pub acknowledge: Option<Millis>,
    /// Until it is solved.
    pub resolve: Option<Millis>,
}

/// How a plan's customers are helped. Made by [`SupportPlan::new`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportPlan {
    hours: ServiceHours,
    channels: Vec<String>,
    targets: BTreeMap<Severity, SupportTarget>,
}

impl SupportPlan {
    /// A plan of support: its hours, how it is reached, its targets by severity.
    ///
    /// # Errors
    /// Everything that is wrong, with paths below the plan's `support`.
    pub fn new(
        hours: ServiceHours,
        channels: Vec<String>,
        targets: BTreeMap<Severity, SupportTarget>,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = hours_faults(&hours, "hours");
        for (severity, target) in &targets {
            for (span, name) in [(target.acknowledge, "acknowledge"), (target.resolve, "resolve")] {
                if let Some(span) = span.filter(|span| *span <= Millis::ZERO) {
                    faults.push(Fault {
                        path: alloc::format!("targets.{}.{name}", severity.as_str()),
                        problem: Problem::OutOfRange { given: alloc::format!("{}", Spelled(span)), allowed: "over 0" },
                    });
                }
            }
            if let (Some(acknowledge), Some(resolve)) = (target.acknowledge, target.resolve)
                && resolve < acknowledge
            {
                faults.push(Fault {
                    path: alloc::format!("targets.{}.resolve", severity.as_str()),
                    problem: Problem::CapBelow("acknowledge"),
                });
            }
        }
        if faults.is_empty() { Ok(Self { hours, channels, targets }) } else { Err(faults) }
    }

    /// When support is there.
    pub fn hours(&self) -> &ServiceHours {
        &self.hours
    }

    /// How it is reached.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// Its targets by severity; one that is missing has none.
    pub fn targets(&self) -> &BTreeMap<Severity, SupportTarget> {
        &self.targets
    }
}

/// What people did about an incident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// How bad they said it is.
    pub severity: Option<Severity>,
    /// When somebody first looked after it.
    pub acknowledged_at: Option<CollectorTime>,
    /// When somebody said that it is over.
    pub resolved_at: Option<CollectorTime>,
    /// Where one can read how it came about.
    pub postmortem: Option<String>,
}

impl Response {
    /// The incident as plans judge it, with its end where it has one; a severity that nobody named is high.
    pub fn case(&self, opened_at: CollectorTime, over_at: Option<CollectorTime>) -> SupportCase {
        SupportCase {
            severity: self.severity.unwrap_or(Severity::High),
            opened_at,
            over_at,
            acknowledged_at: self.acknowledged_at,
        }
    }

    /// With what people did about an incident that became part of this one.
    #[must_use]
    pub fn with(self, part: Self) -> Self {
        let first = |a: Option<CollectorTime>, b: Option<CollectorTime>| a.into_iter().chain(b).min();
        Self {
            severity: self.severity.or(part.severity),
            acknowledged_at: first(self.acknowledged_at, part.acknowledged_at),
            resolved_at: self.resolved_at.max(part.resolved_at),
            postmortem: self.postmortem.or(part.postmortem),
        }
    }

    /// True if plans promise support for an incident of this class: for every outage, and for what somebody looked after.
    pub fn is_a_case(&self, class: IncidentClass) -> bool {
        class == IncidentClass::Outage || *self != Self::default()
    }
}

/// When what happened in one case of support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SupportCase {
    /// How bad it was.
    pub severity: Severity,
    /// When it began.
    pub opened_at: CollectorTime,
    /// When somebody answered.
    pub acknowledged_at: Option<CollectorTime>,
    /// When it was over, as it was measured.
    pub over_at: Option<CollectorTime>,
}

/// One promise in one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SupportResult {
    /// How fast was promised, in service time.
    pub target: Millis,
    /// The last moment that keeps the promise; `None` if the service hours never reach it.
    pub deadline: Option<CollectorTime>,
    /// When it was done; `None` until then.
    pub done_at: Option<CollectorTime>,
    /// The service time it took, or has taken so far.
    pub took: Millis,
    /// Met, missed, or not yet known.
    pub kept: Kept,
}

/// What a plan promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SupportPromise {
    /// That somebody answers.
    Acknowledge,
    /// That it is solved.
    Resolve,
}

impl SupportPromise {
    /// Its word in plans.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }
}

/// A promise of a plan in one incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentSupport {
    /// The incident.
    pub incident: IncidentId,
    /// The plan.
    pub plan: PlanId,
    /// How bad it was, as the plan took it.
    pub severity: Severity,
    /// What was promised.
    pub promise: SupportPromise,
    /// What came of it.
    pub result: SupportResult,
}

/// Judges the promises of a plan in one case, as of `now`: acknowledge, then resolve; `None` where none was made.
///
/// It is solved when it is over as it was measured, whatever was said. What was over before anybody had to answer is no case
/// of a late answer: nothing is said of it, unless the answer was in time.
pub fn judge_support(
    plan: &SupportPlan,
    case: &SupportCase,
    zone: &Zone,
    now: CollectorTime,
) -> (Option<SupportResult>, Option<SupportResult>) {
    let target = plan.targets.get(&case.severity).copied().unwrap_or_default();
    let judge = |span: Option<Millis>, done: Option<CollectorTime>| {
        span.map(|span| {
            let until = done.unwrap_or(now);
            let took = Interval::new(case.opened_at, until)
                .map_or(Millis::ZERO, |within| plan.hours.inside(within, zone).length());
            let kept = match (took <= span, done) {
                (false, _) => Kept::Missed,
                (true, Some(_)) => Kept::Met,
                (true, None) => Kept::NotMeasured,
            };
            SupportResult {
                target: span,
                deadline: plan.hours.after(case.opened_at, span, zone),
                done_at: done,
                took,
                kept,
            }
        })
    };
    let was_due = |result: &SupportResult| {
        let over_in_time = case.over_at.is_some_and(|over| result.deadline.is_none_or(|deadline| over <= deadline));
        result.kept == Kept::Met || !over_in_time
    };
    let acknowledge = judge(target.acknowledge, case.acknowledged_at).filter(was_due);
    (acknowledge, judge(target.resolve, case.over_at))
}

/// Judges all that a plan promised in one incident, as [`judge_support`] does.
pub fn judge_incident<'a>(
    plan: &'a SupportPlan,
    id: &'a PlanId,
    incident: &'a IncidentId,
    case: &SupportCase,
    zone: &Zone,
    now: CollectorTime,
) -> impl Iterator<Item = IncidentSupport> + use<'a> {
    let (acknowledge, resolve) = judge_support(plan, case, zone, now);
    let results = [(SupportPromise::Acknowledge, acknowledge), (SupportPromise::Resolve, resolve)];
    let severity = case.severity;
    results.into_iter().filter_map(move |(promise, result)| {
        Some(IncidentSupport { incident: incident.clone(), plan: id.clone(), severity, promise, result: result? })
    })
}

#[cfg(test)]
mod tests;

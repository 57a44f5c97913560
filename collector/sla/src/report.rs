//! Everything a report says, as data; formats are made of it elsewhere.

use alloc::string::String;
use alloc::vec::Vec;

use quorate_model::{CheckId, CheckVersion, CollectorTime, Failure, Incident, Millis, Policy, RegionId, SampleId};

use crate::account::{Plan, Statement};
use crate::budget::Budget;
use crate::contract::Contract;
use crate::evaluate::{Assessor, EvaluateError, Evaluation, Inputs};
use crate::id::ContractId;
use crate::interval::IntervalSet;
use crate::ledger::Ledger;
use crate::objective::{LatencyAnswer, LatencyResult, judge_latency};
use crate::support::{IncidentSupport, Response, judge_incident};
use crate::window::{Window, WindowKind};
use crate::worst::{LENGTHS, WorstWindow};
use crate::zone::Zone;

/// Whether late data may still change a report without a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finality {
    /// It may.
    Provisional,
    /// It may not: a change makes the next revision.
    Final,
}

/// The hash of all a report was made from, worked out by who gathered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputHash(pub [u8; 32]);

/// An incident with what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportIncident {
    /// The incident, with its bounds and regions.
    pub incident: Incident,
    /// How often each class of failure was seen in it, most often first.
    pub failures: Vec<(Failure, u64)>,
    /// Samples that can be looked up.
    pub evidence: Vec<SampleId>,
    /// What people did about it.
    pub response: Response,
}

/// How a check was probed from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckMethod {
    /// The check.
    pub check: CheckId,
    /// From when on.
    pub from: CollectorTime,
    /// The hash of its settings.
    pub version: CheckVersion,
    /// The time from one probe of an agent to its next.
    pub interval: Millis,
    /// How long an answer may take.
    pub timeout: Millis,
    /// How many agents probed.
    pub agents: u32,
    /// Who voted, of which providers, and how many were needed.
    pub policy: Policy,
}

impl CheckMethod {
    /// The shortest outage that is sure to meet a probe: interval over agents, as their phases are spread; a begun
    /// millisecond counts as whole.
    pub fn resolution(&self) -> Millis {
        let agents = i64::from(self.agents.max(1));
        (self.interval + Millis::new(agents - 1)).over(agents)
    }
}

/// What a report is made from besides the checks' timelines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportInputs {
    /// Its revision, from 1.
    pub revision: u32,
    /// Whether it is final.
    pub finality: Finality,
    /// When it was made.
    pub made_at: CollectorTime,
    /// The hash of everything it is made from.
    pub input_hash: InputHash,
    /// The incidents that touch the window, blips included.
    pub incidents: Vec<ReportIncident>,
    /// Percentiles of latency per region and overall.
    pub latency: Vec<LatencyAnswer>,
    /// How the checks were probed over the period.
    pub methods: Vec<CheckMethod>,
    /// The plans of the contract.
    pub plans: Vec<Plan>,
}

/// A report on one window of one contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The contract.
    pub contract: ContractId,
    /// Its name for people.
    pub name: String,
    /// The zone its windows are in.
    pub timezone: String,
    /// What it was made from.
    pub inputs: ReportInputs,
    /// Ledger, uptime, breach, credit, exclusions, outages.
    pub evaluation: Evaluation,
    /// The same day by day, with what each spends of the budget; nothing without an objective.
    pub days: Vec<(Window, Ledger, Millis)>,
    /// What counts as down, by the best estimate.
    pub down: IntervalSet,
    /// What counts and is not known.
    pub unknown: IntervalSet,
    /// What does not count: left out, outside service hours, before the start of the service.
    pub excluded: IntervalSet,
    /// The promised percentiles with those measured.
    pub latency: Vec<LatencyResult>,
    /// The budget of the availability objective; `None` without one.
    pub budget: Option<Budget>,
    /// The worst window of each length that fits.
    pub worst: Vec<WorstWindow>,
    /// What plans promised of support, in each incident that is a case of it.
    pub support: Vec<IncidentSupport>,
    /// The coarsest resolution of its checks; `None` where no method is named.
    pub resolution: Option<Millis>,
    /// What each customer is owed.
    pub statements: Vec<Statement>,
}

impl Report {
    /// Makes the report on one window. Statements are added by [`Report::with_statements`].
    ///
    /// # Errors
    /// The zone is not the contract's.
    pub fn new(
        contract: &Contract,
        window: &Window,
        data: Inputs<'_>,
        inputs: ReportInputs,
    ) -> Result<Self, EvaluateError> {
        let terms = contract.terms();
        let assessor = Assessor::new(contract, window.interval, data)?;
        let evaluation = assessor.evaluate(window);
        let days = WindowKind::CalendarDay.windows(window.interval, data.zone);
        let days = days.into_iter().filter_map(|mut day| {
            day.interval = day.interval.intersect(window.interval)?;
            let ledger = assessor.evaluate_ledger(day.interval);
            let spent = contract.objective().map(|objective| assessor.budget(day.interval, objective).spent);
            Some((day, ledger, spent.unwrap_or_default()))
        });
        Ok(Self {
            contract: terms.id.clone(),
            name: terms.name.clone(),
            timezone: terms.timezone.clone(),
            days: days.collect(),
            down: assessor.down(window.interval),
            unknown: assessor.unknown(window.interval),
            excluded: assessor.counted(window.interval).complement(window.interval),
            latency: judge_latency(&terms.objectives.latency, &inputs.latency),
            budget: contract.objective().map(|objective| assessor.budget(window.interval, objective)),
            worst: assessor.worst_windows(window.interval, &LENGTHS),
            support: support(&inputs, data.zone),
            resolution: inputs.methods.iter().map(CheckMethod::resolution).max(),
            evaluation,
            inputs,
            statements: Vec::new(),
        })
    }

    /// The report with what customers are owed.
    pub fn with_statements(mut self, statements: Vec<Statement>) -> Self {
        self.statements = statements;
        self
    }

    /// The latency answers of one region; overall for `None`.
    pub fn latency_of<'a>(&'a self, region: Option<&'a RegionId>) -> impl Iterator<Item = &'a LatencyAnswer> + 'a {
        self.inputs.latency.iter().filter(move |answer| answer.region.as_ref() == region)
    }
}

/// What every plan promised in every case of support, as of when the report is made.
fn support(inputs: &ReportInputs, zone: &Zone) -> Vec<IncidentSupport> {
    let mut out = Vec::new();
    let cases = inputs.incidents.iter().filter(|entry| entry.response.is_a_case(entry.incident.class));
    for ReportIncident { incident, response, .. } in cases {
        let case = response.case(incident.start, incident.end);
        for (id, plan) in inputs.plans.iter().filter_map(|plan| Some((&plan.id, plan.support.as_ref()?))) {
            out.extend(judge_incident(plan, id, &incident.id, &case, zone, inputs.made_at));
        }
    }
    out
}

#[cfg(test)]
mod tests;

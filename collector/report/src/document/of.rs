//! From the engine's report to what is printed.

use quorate_collector_sla::account::Statement;
use quorate_collector_sla::evaluate::Counted;
use quorate_collector_sla::exclusion::{Exclusion, Ruling};
use quorate_collector_sla::interval::{Interval, IntervalSet};
use quorate_collector_sla::objective::Kept;
use quorate_collector_sla::report::{CheckMethod, Finality, Report, ReportIncident};
use quorate_collector_sla::support::IncidentSupport;
use quorate_collector_sla::window::Window;
use quorate_collector_sla::{Contract, Uptime, ledger};
use quorate_model::{CollectorTime, Incident, Millis, Quorum, RegionId};
use quorate_proto::api::{Spread, SpreadText};

use super::{
    AppliedExclusion, BudgetLine, CheckLine, CustomerLine, Day, Document, ErrorRate, ExclusionLine, IncidentLine,
    Latency, LatencyPromise, Ledger, OutageLine, Period, Seen, Stretch, SupportLine, Voter, Worst, rules,
};
use crate::words;

/// Decimals of shares that are no uptime.
const SHARE_DECIMALS: u8 = 4;

impl Document {
    /// Writes down a report of this contract.
    pub fn of(report: &Report, contract: &Contract) -> Self {
        let evaluation = &report.evaluation;
        let exclusions = &contract.terms().exclusions;
        Self {
            format: Self::FORMAT,
            contract: report.contract.to_string(),
            customer: None,
            name: report.name.clone(),
            timezone: report.timezone.clone(),
            period: period(&evaluation.window),
            state: match report.inputs.finality {
                Finality::Provisional => "provisional".to_owned(),
                Finality::Final => "final".to_owned(),
            },
            revision: report.inputs.revision,
            made_at_ms: report.inputs.made_at.as_millis(),
            input_hash: hex(&report.inputs.input_hash.0),
            ledger: ledger_of(&evaluation.ledger),
            down_ms: Spread {
                low: evaluation.down_low.get(),
                point: evaluation.ledger.down().get(),
                high: evaluation.down_high.get(),
            },
            uptime_percent: evaluation.uptime.map(spread_text),
            coverage_percent: evaluation.ledger.coverage().percent_truncated(2),
            resolution_ms: report.resolution.map(quorate_model::Millis::get),
            objective_percent: evaluation.objective.map(|objective| objective.to_string()),
            breach: evaluation.breach.as_str().to_owned(),
            error_rate: evaluation.error_rate.as_ref().map(|rate| ErrorRate {
                objective_percent: rate.objective.to_string(),
                measured_percent: rate.measured.map(|share| share.percent_truncated(SHARE_DECIMALS)),
                kept: kept(rate.kept),
            }),
            latency_promises: report.latency.iter().map(promise).collect(),
            latency: report.inputs.latency.iter().map(measured).collect(),
            budget: report.budget.as_ref().map(|budget| BudgetLine {
                allowed_ms: budget.allowed.get(),
                spent_ms: Spread {
                    low: budget.spent_low.get(),
                    point: budget.spent.get(),
                    high: budget.spent_high.get(),
                },
            }),
            worst: report.worst.iter().map(worst).collect(),
            credit_percent: evaluation.credit.share.percent_short(SHARE_DECIMALS),
            credit_steps: words::credit_steps(&evaluation.credit.steps),
            days: report.days.iter().map(day).collect(),
            stretches: stretches(report),
            outages: evaluation.outages.iter().map(outage).collect(),
            incidents: report.inputs.incidents.iter().map(|entry| incident(entry, &evaluation.rulings)).collect(),
            support: report.support.iter().map(support).collect(),
            exclusions: evaluation.rulings.iter().map(|ruling| exclusion(ruling, exclusions)).collect(),
            customers: report.statements.iter().map(customer).collect(),
            checks: report.inputs.methods.iter().map(check).collect(),
            rules: rules::rules(contract.terms()),
            change: None,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).expect("a nibble is a digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn period(window: &Window) -> Period {
    Period {
        label: window.label.clone(),
        start_ms: window.interval.start().as_millis(),
        end_ms: window.interval.end().as_millis(),
    }
}

fn ledger_of(ledger: &ledger::Ledger) -> Ledger {
    Ledger {
        total_ms: ledger.total().get(),
        up_ms: ledger.up().get(),
        down_ms: ledger.down().get(),
        unknown_ms: ledger.unknown().get(),
        excluded_ms: ledger.excluded().get(),
    }
}

fn spread_text(uptime: Uptime) -> SpreadText {
    let [low, point, high] = uptime.percent();
    SpreadText { low, point, high }
}

fn kept(kept: Kept) -> String {
    match kept {
        Kept::Met => "met",
        Kept::Missed => "missed",
        Kept::NotMeasured => "not measured",
    }
    .to_owned()
}

fn region(region: Option<&RegionId>) -> Option<String> {
    region.map(ToString::to_string)
}

fn promise(result: &quorate_collector_sla::objective::LatencyResult) -> LatencyPromise {
    LatencyPromise {
        percentile: result.objective.percentile.to_string(),
        region: region(result.objective.region.as_ref()),
        under_us: result.objective.under.get(),
        measured_us: result.measured.map(quorate_model::Micros::get),
        kept: kept(result.kept),
    }
}

fn measured(answer: &quorate_collector_sla::objective::LatencyAnswer) -> Latency {
    Latency {
        region: region(answer.region.as_ref()),
        percentile: answer.percentile.to_string(),
        value_us: answer.value.get(),
        answers: answer.count,
    }
}

fn worst(worst: &quorate_collector_sla::worst::WorstWindow) -> Worst {
    Worst {
        start_ms: worst.interval.start().as_millis(),
        end_ms: worst.interval.end().as_millis(),
        down_ms: worst.down.get(),
        availability_percent: worst.availability.percent_truncated(SHARE_DECIMALS),
    }
}

fn day((window, ledger, spent): &(Window, ledger::Ledger, Millis)) -> Day {
    Day { period: period(window), ledger: ledger_of(ledger), spent_ms: spent.get() }
}

/// Everything that was not up, in order of time; where a service of weights is partly down and partly unknown, both.
fn stretches(report: &Report) -> Vec<Stretch> {
    let kinds = [(&report.excluded, "excluded"), (&report.unknown, "unknown"), (&report.down, "down")];
    let stretch = |interval: Interval, state: &str| Stretch {
        start_ms: interval.start().as_millis(),
        end_ms: interval.end().as_millis(),
        state: state.to_owned(),
    };
    let mut all: Vec<Stretch> =
        kinds.iter().flat_map(|(set, state)| set.iter().map(|interval| stretch(interval, state))).collect();
    all.sort_by_key(|stretch| stretch.start_ms);
    all
}

fn outage(outage: &quorate_collector_sla::evaluate::Outage) -> OutageLine {
    OutageLine {
        start_ms: outage.interval.start().as_millis(),
        end_ms: outage.interval.end().as_millis(),
        down_ms: outage.down.get(),
        not_counted: match outage.counted {
            Counted::Yes if outage.down == Millis::ZERO => Some("none of it counts in this period".to_owned()),
            Counted::Yes => None,
            Counted::TooShort => Some("shorter than the minimum outage".to_owned()),
        },
    }
}

/// What the exclusions leave out of an incident's downtime.
fn applied(incident: &Incident, rulings: &[Ruling]) -> Vec<AppliedExclusion> {
    let runs = incident.runs.iter().filter_map(|(start, end)| Interval::new(*start, *end));
    let mut down: IntervalSet = runs.collect();
    if down.is_empty() {
        // One that is told of without its runs, as while it is open.
        let end = incident.end.unwrap_or(incident.end_bounds.latest);
        down = Interval::new(incident.start, end).into_iter().collect();
    }
    let (Some(first), Some(last)) = (down.iter().next(), down.iter().last()) else { return Vec::new() };
    // Of a year's maintenance hardly any occurrence is near the incident.
    let near = |ruling: &&Ruling| ruling.interval.start() < last.end() && first.start() < ruling.interval.end();
    let line = |ruling: &Ruling| AppliedExclusion {
        class: ruling.class.as_str().to_owned(),
        start_ms: ruling.interval.start().as_millis(),
        end_ms: ruling.interval.end().as_millis(),
        excluded_ms: ruling.excluded.intersect(&down).length().get(),
    };
    rulings.iter().filter(near).map(line).filter(|line| line.excluded_ms > 0).collect()
}

fn incident(entry: &ReportIncident, rulings: &[Ruling]) -> IncidentLine {
    let incident = &entry.incident;
    let pair = |bounds: quorate_model::Bounds| [bounds.earliest.as_millis(), bounds.latest.as_millis()];
    IncidentLine {
        id: incident.id.to_string(),
        check: incident.check.to_string(),
        start_ms: incident.start.as_millis(),
        end_ms: incident.end.map(CollectorTime::as_millis),
        start_bounds_ms: pair(incident.start_bounds),
        end_bounds_ms: pair(incident.end_bounds),
        class: incident.class.word().to_owned(),
        billed_ms: incident.billed.get(),
        regions: incident.regions.iter().map(ToString::to_string).collect(),
        support: incident.support,
        failures: entry.failures.iter().map(|(what, times)| Seen { what: what.to_string(), times: *times }).collect(),
        evidence: entry.evidence.iter().map(|id| format!("{}/{}/{}", id.agent, id.boot.get(), id.seq.get())).collect(),
        exclusions: applied(incident, rulings),
        severity: entry.response.severity.map(|severity| severity.as_str().to_owned()),
        acknowledged_at_ms: entry.response.acknowledged_at.map(CollectorTime::as_millis),
        resolved_at_ms: entry.response.resolved_at.map(CollectorTime::as_millis),
        postmortem: entry.response.postmortem.clone(),
    }
}

fn support(line: &IncidentSupport) -> SupportLine {
    SupportLine {
        incident: line.incident.to_string(),
        plan: line.plan.to_string(),
        severity: line.severity.as_str().to_owned(),
        promise: line.promise.as_str().to_owned(),
        target_ms: line.result.target.get(),
        deadline_ms: line.result.deadline.map(CollectorTime::as_millis),
        took_ms: line.result.done_at.map(|_| line.result.took.get()),
        kept: match line.result.kept {
            Kept::NotMeasured => "open".to_owned(),
            known => kept(known),
        },
    }
}

fn exclusion(ruling: &Ruling, all: &[Exclusion]) -> ExclusionLine {
    let entry = all.get(ruling.index);
    ExclusionLine {
        class: ruling.class.as_str().to_owned(),
        start_ms: ruling.interval.start().as_millis(),
        end_ms: ruling.interval.end().as_millis(),
        excluded_ms: ruling.excluded.length().get(),
        refused: ruling.refusals.iter().map(ToString::to_string).collect(),
        reason: entry.map(|entry| entry.reason.clone()).unwrap_or_default(),
        author: entry.and_then(|entry| entry.author.clone()),
        approver: entry.and_then(|entry| entry.approver.clone()),
        announced_at_ms: entry.and_then(|entry| entry.announced_at).map(CollectorTime::as_millis),
        recorded_at_ms: entry.and_then(|entry| entry.recorded_at).map(CollectorTime::as_millis),
        actual_end_ms: entry.and_then(|entry| entry.actual_end).map(CollectorTime::as_millis),
        evidence: entry.map(|entry| entry.evidence.clone()).unwrap_or_default(),
    }
}

fn customer(statement: &Statement) -> CustomerLine {
    CustomerLine {
        customer: statement.customer.to_string(),
        plan: statement.plan.to_string(),
        fee: statement.fee.to_string(),
        share_percent: statement.outcome.share.percent_short(SHARE_DECIMALS),
        credit: statement.credit.to_string(),
        steps: words::credit_steps(&statement.outcome.steps),
        claim_before_ms: statement.claim_deadline.map(CollectorTime::as_millis),
    }
}

fn check(method: &CheckMethod) -> CheckLine {
    let policy = &method.policy;
    CheckLine {
        check: method.check.to_string(),
        from_ms: method.from.as_millis(),
        version: format!("{:016x}", method.version.get()),
        interval_ms: method.interval.get(),
        timeout_ms: method.timeout.get(),
        agents: method.agents,
        voters: policy
            .regions()
            .iter()
            .map(|seat| Voter {
                region: seat.region.to_string(),
                provider: seat.provider.to_string(),
                weight: match policy.quorum() {
                    Quorum::Weights(weights) => weights.get(&seat.region).copied(),
                    _ => None,
                },
            })
            .collect(),
        quorum: words::quorum(policy),
        min_regions: policy.min_regions(),
        min_providers: policy.min_providers(),
    }
}

//! How contracts are doing in the windows that run, worked out now and then and held for readers and the exporter.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use quorate_collector_contracts::{Standing, standing};
use quorate_collector_sla::{Contract, ContractId, Ratio, Uptime};
use quorate_model::{CollectorTime, Millis};
use quorate_proto::api;

use super::gather::{Depth, material, needs_attempts};
use super::terms::Wanted;
use super::{ContractError, Sources, keep};

/// Contracts that count attempts read every sample of their window, so they are worked out at most so often.
const ATTEMPTS_EVERY: Millis = Millis::from_secs(900);

/// The most final reports told of a contract.
const MAX_REPORTS: usize = 24;

/// What was worked out last of every contract.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    /// Held while working, so that two readers do not work out the same.
    working: Mutex<BTreeMap<ContractId, (CollectorTime, api::SlaStatus)>>,
    current: RwLock<Arc<Vec<api::SlaStatus>>>,
}

impl Standings {
    /// What was worked out last, sorted by id; cheap.
    pub(crate) fn current(&self) -> Arc<Vec<api::SlaStatus>> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Works out anew what is older than `age`, and forgets contracts that are no longer configured. Blocks.
    pub(crate) fn refresh(&self, sources: &Sources, age: Millis) -> Arc<Vec<api::SlaStatus>> {
        let mut held = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let catalogue = &sources.configured.config.catalogue;
        held.retain(|id, _| catalogue.contract(id).is_some());
        for contract in catalogue.contracts().iter().take_while(|_| !sources.stop.is_cancelled()) {
            let id = &contract.terms().id;
            let age = if needs_attempts(contract) { age.max(ATTEMPTS_EVERY) } else { age };
            let fresh = |(at, _): &(CollectorTime, _)| *at <= sources.now && sources.now - *at < age;
            if held.get(id).is_some_and(fresh) {
                continue;
            }
            match status(sources, contract) {
                Ok(status) => {
                    held.insert(id.clone(), (sources.now, status));
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(contract = id.as_str(), error, "how the contract is doing could not be worked out");
                }
            }
        }
        let current = Arc::new(held.values().map(|(_, status)| status.clone()).collect());
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&current);
        current
    }
}

fn status(sources: &Sources, contract: &Contract) -> Result<api::SlaStatus, ContractError> {
    let id = &contract.terms().id;
    let material = material(sources, id, Wanted::running(sources.now), Depth::Figures)?;
    let standing = standing(&material, sources.now)?;
    let mut reports = keep::names_of(sources, id)?;
    reports.reverse();
    reports.truncate(MAX_REPORTS);
    let terms = material.contract.terms();
    let evaluation = &standing.evaluation;
    let ledger = evaluation.ledger;
    let window = &material.window;
    Ok(api::SlaStatus {
        contract: id.to_string(),
        name: terms.name.clone(),
        timezone: terms.timezone.clone(),
        window: window.kind.as_str().to_owned(),
        period: window.label.clone(),
        from_ms: window.interval.start().as_millis(),
        to_ms: window.interval.end().as_millis(),
        known_to_ms: evaluation.window.interval.end().as_millis(),
        objective_percent: evaluation.objective.map(|objective| objective.to_string()),
        uptime_percent: evaluation.uptime.map(|uptime| {
            let [low, point, high] = uptime.percent();
            api::SpreadText { low, point, high }
        }),
        coverage_percent: ledger.coverage().percent_truncated(2),
        down_ms: api::Spread {
            low: evaluation.down_low.get(),
            point: ledger.down().get(),
            high: evaluation.down_high.get(),
        },
        unknown_ms: ledger.unknown().get(),
        excluded_ms: ledger.excluded().get(),
        breach: evaluation.breach.as_str().to_owned(),
        credit_percent: evaluation.credit.share.percent_short(Uptime::DECIMALS),
        budget: budget(&standing),
        burn: standing.burn.iter().map(|(stretch, rate)| burn(stretch, *rate)).collect(),
        customers: u32::try_from(material.customers.len()).unwrap_or(u32::MAX),
        reports: reports
            .into_iter()
            .map(|(period, revision, at)| api::SlaReport { period, revision, made_at_ms: at.as_millis() })
            .collect(),
    })
}

fn budget(standing: &Standing) -> Option<api::SlaBudget> {
    Some(api::SlaBudget {
        allowed_ms: standing.allowed?.get(),
        spent_ms: standing.budget?.spent.get(),
        left_ms: standing.left()?.get(),
    })
}

/// A rate with two decimals: hundredths of it are what a percentage without decimals would be.
fn burn(stretch: &str, rate: Option<Ratio>) -> api::SlaBurn {
    let shown = |rate: Ratio| {
        let hundredths: u128 = rate.percent_truncated(0).parse().unwrap_or(u128::MAX);
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    };
    api::SlaBurn { stretch: stretch.to_owned(), rate: rate.map(shown) }
}

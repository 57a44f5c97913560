//! What people decide, kept in the store: each decision a revision of a document, with a line of the audit trail.
//!
//! The rules are the desk crate's; here is where the facts come from that they are about, and the order of things: a decision
//! is on disk before anybody is told that it was taken, and one follows the other.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use quorate_collector_config::contract::{ZoneNameError, zone};
use quorate_collector_contracts::{Edition, make};
use quorate_collector_desk::{DamagedRecord, Decision, Entry, Facts, Handling, Records, SupportVerdict};
use quorate_collector_http::{AuditLine, Decided, Handled, NotSigned, QueryError, Window};
use quorate_collector_sla::account::Statement;
use quorate_collector_sla::objective::Kept;
use quorate_collector_sla::support::{IncidentSupport, Response, judge_incident};
use quorate_collector_sla::{ContractId, Exclusion};
use quorate_collector_store::{AuditEntry, ReadError, Revisions, Store, WriteError};
use quorate_model::{CollectorTime, IncidentClass, IncidentId};
use quorate_proto::api;
use sha2::{Digest, Sha256};

use crate::contracts::{Wanted, material_of_report};
use crate::views::{Views, failed, history};

/// Why what was decided cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// The store cannot be read.
    #[error("what people decided cannot be read")]
    Read(#[from] ReadError),
    /// A record is not understood.
    #[error(transparent)]
    Damaged(#[from] DamagedRecord),
}

/// Everything that was decided, as it is in the store.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    records: RwLock<Records>,
    /// One decision at a time: each is about what the one before left.
    deciding: Mutex<()>,
}

impl Desk {
    /// Reads what was decided. Blocks.
    pub(crate) fn open(store: &Store) -> Result<Self, DeskError> {
        let mut records = Records::default();
        for kind in Records::KINDS {
            for document in store.documents(kind, None, Revisions::Latest)? {
                records.recall(kind, &document.key, &document.body)?;
            }
        }
        Ok(Self { records: RwLock::new(records), ..Self::default() })
    }

    fn read<T>(&self, read: impl FnOnce(&Records) -> T) -> T {
        read(&self.records.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What people did about an incident, and about those that became part of it.
    pub(crate) fn response(&self, incident: &IncidentId, parts: &[IncidentId]) -> Response {
        self.read(|records| {
            let names = std::iter::once(incident).chain(parts);
            let responses = names.filter_map(|name| records.handling(name.as_str())).map(Handling::response);
            responses.reduce(Response::with).unwrap_or_default()
        })
    }

    /// How an incident is handled, or else one that became part of it.
    fn handling(&self, incident: &IncidentId, parts: &[IncidentId]) -> Option<Handling> {
        self.read(|records| {
            std::iter::once(incident).chain(parts).find_map(|name| records.handling(name.as_str()).cloned())
        })
    }

    /// What people left out of a contract.
    pub(crate) fn exclusions_of(&self, contract: &ContractId) -> Vec<Exclusion> {
        self.read(|records| records.exclusions_of(contract.as_str()))
    }
}

/// Who signs a change.
fn author(views: &Views, token: Option<&str>, named: Option<&str>) -> Result<String, NotSigned> {
    let config = views.present().configured.config.clone();
    if config.operators.is_empty() {
        if !config.listen.http.ip().is_loopback() {
            return Err(NotSigned::NotLocal);
        }
        return named.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).ok_or(NotSigned::NoName);
    }
    let token = token.ok_or(NotSigned::NoToken)?;
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    // Every operator's hash is looked at, and every byte of it, so that time tells nothing.
    let found = config.operators.iter().filter(|operator| {
        let differs = operator.token_sha256.iter().zip(hash).fold(0, |sum, (a, b)| sum | (a ^ b));
        differs == 0
    });
    let operator = found.fold(None, |_, operator| Some(operator)).ok_or(NotSigned::UnknownToken)?;
    match named {
        Some(name) if name != operator.name => Err(NotSigned::OtherName),
        _ => Ok(operator.name.clone()),
    }
}

async fn decide(views: &Views, decision: &Decision, author: &str) -> Result<Decided, QueryError> {
    let facts = facts(views, decision).await?;
    let (store, desk, clock) = (views.store.clone(), Arc::clone(&views.desk), Arc::clone(&views.clock));
    let (decision, author) = (decision.clone(), author.to_owned());
    // On a thread of its own: a client that goes away must not leave a decision on disk that the next one does not see.
    let worker = tokio::task::spawn_blocking(move || {
        let _one = desk.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock.now();
        let entry = desk.read(|records| records.decide(&decision, &author, now, &facts))?;
        let revision = write(&store, &entry, &author, now).map_err(|error| QueryError::Internal(error.into()))?;
        let (kind, key, record) = (entry.kind.to_owned(), entry.key.clone(), entry.record.clone());
        desk.records.write().unwrap_or_else(PoisonError::into_inner).take(entry);
        tracing::info!(author, kind, key, revision, "decided");
        Ok(Decided { kind, key, revision, record })
    });
    worker.await.map_err(|error| QueryError::Internal(Box::new(error)))?
}

/// Writes an entry down with its line of the audit trail: both or neither. Blocks.
fn write(store: &Store, entry: &Entry, author: &str, now: CollectorTime) -> Result<u32, WriteError> {
    let line = AuditEntry {
        at: now,
        actor: author.to_owned(),
        action: entry.action.to_owned(),
        subject: format!("{} {}", entry.kind, entry.key),
        body: entry.body.clone(),
    };
    store.put_decision(entry.kind.to_owned(), entry.key.clone(), entry.body.clone(), line).wait()
}

async fn facts(views: &Views, decision: &Decision) -> Result<Facts, QueryError> {
    let configured = views.present().configured;
    let contracts = configured.config.catalogue.contracts().iter().map(|contract| contract.terms().id.to_string());
    let mut facts = Facts { contracts: contracts.collect(), ..Facts::default() };
    match decision {
        Decision::Incident { incident, .. } => {
            facts.incident_exists = match history::incident(views, &IncidentId::new(incident.as_str())).await {
                Ok(_) => true,
                Err(QueryError::UnknownIncident(_)) => false,
                Err(other) => return Err(other),
            };
        }
        Decision::Claim { contract, period, customer, .. } => {
            facts.statement = Some(statement(views, contract, period, customer).await?);
        }
        _ => {}
    }
    Ok(facts)
}

/// What a customer is owed for a window that is over, or why that cannot be said.
async fn statement(
    views: &Views,
    contract: &str,
    period: &str,
    customer: &str,
) -> Result<Result<Statement, String>, QueryError> {
    let Ok(id) = ContractId::new(contract) else { return Ok(Err(format!("no contract has the id {contract}"))) };
    let (sources, period, customer) = (views.sources(), period.to_owned(), customer.to_owned());
    let worker = tokio::task::spawn_blocking(move || {
        let material = material_of_report(&sources, &id, Wanted::Named(&period)).map_err(|error| error.to_string())?;
        if material.window.interval.end() > sources.now {
            return Err(format!("{period} is not over"));
        }
        let report = make(&material, Edition::provisional(sources.now)).map_err(|error| error.to_string())?;
        let found = report.statements.into_iter().find(|statement| statement.customer.as_str() == customer);
        found.ok_or_else(|| format!("{customer} is no customer of {id}"))
    });
    worker.await.map_err(|error| QueryError::Internal(Box::new(error)))
}

/// How an incident is handled, and how the plans that promise support for its check judge that.
async fn handling(views: &Views, incident: &api::Incident) -> Result<Handled, QueryError> {
    let parts = history::parts(views, incident).await?;
    handled(views, incident, &parts).map_err(|error| QueryError::Internal(Box::new(error)))
}

fn handled(views: &Views, incident: &api::Incident, parts: &[IncidentId]) -> Result<Handled, ZoneNameError> {
    let id = IncidentId::new(incident.id.as_str());
    let handling = views.desk.handling(&id, parts);
    let response = views.desk.response(&id, parts);
    let class = IncidentClass::ALL.iter().copied().find(|class| class.word() == incident.class);
    if !class.is_some_and(|class| response.is_a_case(class)) {
        return Ok(Handled { handling, promises: Vec::new() });
    }
    let time = CollectorTime::from_millis;
    let case = response.case(time(incident.start_ms), incident.end_ms.map(time));
    let configured = views.present().configured;
    let catalogue = &configured.config.catalogue;
    let now = views.clock.now();
    let mut promises = Vec::new();
    for plan in catalogue.plans() {
        let Some(contract) = catalogue.contract(&plan.contract) else { continue };
        let concerns = contract.terms().service.checks().iter().any(|check| check.as_str() == incident.check);
        let (Some(promise), true) = (&plan.support, concerns) else { continue };
        let zone = zone(&contract.terms().timezone)?;
        promises.extend(judge_incident(promise, &plan.id, &id, &case, &zone, now).map(|line| verdict(&line)));
    }
    Ok(Handled { handling, promises })
}

fn verdict(line: &IncidentSupport) -> SupportVerdict {
    let result = &line.result;
    SupportVerdict {
        plan: line.plan.to_string(),
        what: line.promise.as_str().to_owned(),
        target_ms: result.target.get(),
        took_ms: result.took.get(),
        deadline_ms: result.deadline.map(CollectorTime::as_millis),
        kept: match result.kept {
            Kept::Met => "met",
            Kept::Missed => "missed",
            Kept::NotMeasured => "open",
        }
        .to_owned(),
    }
}

async fn audit(views: &Views, window: Window) -> Result<Vec<AuditLine>, QueryError> {
    let wanted = quorate_collector_store::Window::new(window.from(), window.to());
    let store = views.store.clone();
    let worker = tokio::task::spawn_blocking(move || store.audit(wanted));
    let entries = worker.await.map_err(|error| QueryError::Internal(Box::new(error)))?.map_err(failed)?;
    let line = |entry: AuditEntry| AuditLine {
        at_ms: entry.at.as_millis(),
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
        detail: entry.body,
    };
    Ok(entries.into_iter().map(line).collect())
}

impl quorate_collector_http::Desk for Views {
    fn author(&self, token: Option<&str>, named: Option<&str>) -> Result<String, NotSigned> {
        author(self, token, named)
    }

    fn decide<'a>(&'a self, decision: &'a Decision, author: &'a str) -> quorate_collector_http::Answer<'a, Decided> {
        Box::pin(decide(self, decision, author))
    }

    fn handling<'a>(&'a self, incident: &'a api::Incident) -> quorate_collector_http::Answer<'a, Handled> {
        Box::pin(handling(self, incident))
    }

    fn exclusions(&self) -> Vec<quorate_collector_desk::ExclusionRecord> {
        self.desk.read(|records| records.exclusions().cloned().collect())
    }

    fn claims(&self) -> Vec<quorate_collector_desk::ClaimRecord> {
        self.desk.read(|records| records.claims().cloned().collect())
    }

    fn audit(&self, window: Window) -> quorate_collector_http::Answer<'_, Vec<AuditLine>> {
        Box::pin(audit(self, window))
    }
}

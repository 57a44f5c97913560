//! What readers are told of contracts.

use quorate_collector_contracts::{Edition, document, revision};
use quorate_collector_http::{LedgerWanted, QueryError, RenderedReport, ReportFormat, ReportWanted, Unavailable};
use quorate_collector_report::Document;
use quorate_collector_sla::ContractId;
use quorate_model::Millis;
use quorate_proto::api;

use super::gather::{Depth, material};
use super::terms::{Wanted, place};
use super::{ContractError, Sources, keep};
use crate::views::Views;

/// How old the figures a reader is told may be.
const FRESH: Millis = Millis::from_secs(5);

pub(crate) async fn slas(views: &Views) -> Result<Vec<api::SlaStatus>, QueryError> {
    is_read(views)?;
    let (sources, standings) = (views.sources(), std::sync::Arc::clone(&views.standings));
    let worker = tokio::task::spawn_blocking(move || standings.refresh(&sources, FRESH));
    let current = worker.await.map_err(|error| QueryError::Internal(Box::new(error)))?;
    Ok((*current).clone())
}

pub(crate) async fn report(views: &Views, wanted: &ReportWanted) -> Result<RenderedReport, QueryError> {
    is_read(views)?;
    let (sources, wanted) = (views.sources(), wanted.clone());
    let worker = tokio::task::spawn_blocking(move || render(&sources, &wanted));
    let body = worker.await.map_err(|error| QueryError::Internal(Box::new(error)))?.map_err(refusal)?;
    Ok(RenderedReport { body })
}

pub(crate) async fn ledger(views: &Views, wanted: &LedgerWanted) -> Result<api::SlaLedger, QueryError> {
    is_read(views)?;
    let (mut sources, wanted) = (views.sources(), wanted.clone());
    // Nobody waits for the rest once the request is gone.
    sources.stop = sources.stop.child_token();
    let _request = sources.stop.clone().drop_guard();
    let worker = tokio::task::spawn_blocking(move || super::ledger::ledger(&sources, &wanted));
    worker.await.map_err(|error| QueryError::Internal(Box::new(error)))?.map_err(refusal)
}

/// Before the past is read in, checks look unknown.
fn is_read(views: &Views) -> Result<(), QueryError> {
    if views.board.loading() > 0 { Err(QueryError::Unavailable(Unavailable::Starting)) } else { Ok(()) }
}

/// The report as it is kept, or as it would be made now. Blocks.
pub(super) fn render(sources: &Sources, wanted: &ReportWanted) -> Result<String, ContractError> {
    let unknown = || ContractError::Unknown(wanted.contract.clone());
    let id = ContractId::new(&wanted.contract).map_err(|_| unknown())?;
    let label = match &wanted.period {
        Some(label) => label.clone(),
        None => place(sources, &id, Wanted::running(sources.now))?.window.label,
    };
    // A report that is kept is there by its name, whatever became of the contract.
    let key = revision::key(&id, &label);
    if let Some(document) = keep::kept(sources, &key, wanted.revision)? {
        return as_kept(&document, wanted);
    }
    if let Some(revision) = wanted.revision {
        let period = place(sources, &id, Wanted::Named(&label))?.window.label;
        let last = keep::kept(sources, &key, None)?.map(|document| document.revision);
        return Err(ContractError::NoRevision { period, revision, last });
    }
    let material = material(sources, &id, Wanted::Named(&label), Depth::Report)?;
    let report = document(&material, Edition::provisional(sources.now))?;
    write(&report, wanted)
}

fn as_kept(document: &quorate_collector_store::Document, wanted: &ReportWanted) -> Result<String, ContractError> {
    match (wanted.format, &wanted.customer) {
        (ReportFormat::Json, None) => Ok(document.body.clone()),
        _ => write(&keep::read(document)?, wanted),
    }
}

/// The report as it is wanted.
fn write(report: &Document, wanted: &ReportWanted) -> Result<String, ContractError> {
    let one = match &wanted.customer {
        Some(customer) => Some(report.for_customer(customer).ok_or_else(|| ContractError::NoCustomer {
            contract: wanted.contract.clone(),
            customer: customer.clone(),
        })?),
        None => None,
    };
    let report = one.as_ref().unwrap_or(report);
    Ok(match wanted.format {
        ReportFormat::Json => report.json(),
        ReportFormat::Csv => report.csv(),
        ReportFormat::Markdown => report.markdown(),
        ReportFormat::Html => report.html(),
    })
}

fn refusal(error: ContractError) -> QueryError {
    match error {
        ContractError::Unknown(id) => QueryError::UnknownContract(id),
        ContractError::NoCustomer { contract, customer } => QueryError::UnknownCustomer { contract, customer },
        ContractError::Period(error) => QueryError::BadPeriod(error.to_string()),
        ContractError::NotBegun(_) | ContractError::Range(_) => QueryError::BadPeriod(error.to_string()),
        ContractError::NoRevision { period, revision, last } => QueryError::UnknownRevision {
            period,
            revision,
            there_is: match last {
                Some(last) => format!("the last is {last}"),
                None => "it is not final yet; leave the revision out".to_owned(),
            },
        },
        ContractError::Stopped => QueryError::Unavailable(Unavailable::Stopping),
        ContractError::Read(error) => crate::views::failed(error),
        other => QueryError::Internal(Box::new(other)),
    }
}

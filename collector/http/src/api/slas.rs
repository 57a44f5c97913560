//! Contracts: how they are doing, and their reports.

use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use quorate_collector_report::tables;
use quorate_proto::api;

use super::error::Refusal;
use super::history::now;
use super::parameters::Parameters;
use super::present::{TableFormat, csv, json};
use super::{App, Request};
use crate::limits;
use crate::reports::{LedgerWanted, ReportFormat, ReportWanted};

/// A report is a page by itself: it loads and runs nothing.
const NOTHING_ELSE: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

pub(super) async fn slas(app: &App) -> Result<Response, Refusal> {
    let _place = app.read_place().await?;
    let slas = app.queries.slas().await?;
    json(&api::Slas { now_ms: now(app).as_millis(), slas })
}

fn contract(request: &Request) -> Result<String, Refusal> {
    let contract = request.id.clone().unwrap_or_default();
    if contract.is_empty() || contract.len() > limits::CONTRACT_ID_BYTES {
        let problem =
            format!("{contract:?} is not a contract's id; allowed are 1 to {} bytes", limits::CONTRACT_ID_BYTES);
        return Err(Refusal::parameter("contract", problem));
    }
    Ok(contract)
}

pub(super) async fn ledger(app: &App, request: &Request, parameters: &Parameters) -> Result<Response, Refusal> {
    let named = |name: &str| parameters.text(name).map(str::to_owned);
    let wanted = LedgerWanted { contract: contract(request)?, from: named("from"), to: named("to") };
    let format = parameters.word("format", &TableFormat::JSON_OR_CSV)?.unwrap_or_default();
    let _place = app.read_place().await?;
    let ledger = app.queries.ledger(&wanted).await?;
    match format {
        TableFormat::Csv => Ok(csv(tables::ledger(&ledger))),
        _ => json(&ledger),
    }
}

pub(super) async fn report(app: &App, request: &Request, parameters: &Parameters) -> Result<Response, Refusal> {
    let contract = contract(request)?;
    let revision = parameters.count("revision", limits::REVISIONS)?;
    let format = parameters.word("format", &ReportFormat::WORDS)?.unwrap_or_default();
    let wanted = ReportWanted {
        contract,
        period: parameters.text("period").map(str::to_owned),
        customer: parameters.text("customer").map(str::to_owned),
        revision: revision.and_then(|revision| u32::try_from(revision).ok()),
        format,
    };
    let _place = app.read_place().await?;
    let report = app.queries.report(&wanted).await?;
    let mut response = report.body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    if format == ReportFormat::Html {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(NOTHING_ELSE));
    }
    Ok(response)
}

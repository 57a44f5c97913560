//! Incidents: the list with its filters and pages, and one by its id.

use axum::response::Response;
use http::HeaderValue;
use http::header::LINK;
use quorate_collector_report::tables;
use quorate_model::{CheckId, CollectorTime, IncidentClass, IncidentId};
use quorate_proto::api;
use serde::Serialize;

use super::error::Refusal;
use super::history::now;
use super::parameters::Parameters;
use super::present::{TableFormat, csv, json};
use super::{App, Request};
use crate::desk::Handled;
use crate::limits;
use crate::queries::{IncidentFilter, IncidentPhase, IncidentPosition};

pub(super) async fn incidents(app: &App, request: &Request, parameters: &Parameters) -> Result<Response, Refusal> {
    let now = now(app);
    let wanted = parameters.count("limit", limits::INCIDENTS)?.unwrap_or(limits::DEFAULT_INCIDENTS);
    let mut filter = filter(parameters, now)?;
    let format = parameters.word("format", &TableFormat::JSON_OR_CSV)?.unwrap_or_default();
    // One more than the page holds tells whether there is a next page.
    filter.limit = wanted + 1;
    let _place = app.read_place().await?;
    let mut incidents = app.queries.incidents(&filter).await?;
    let more = incidents.len() > wanted;
    incidents.truncate(wanted);
    let next = incidents.last().filter(|_| more).map(|last| {
        let start = CollectorTime::from_millis(last.start_ms);
        IncidentPosition { start, id: IncidentId::new(last.id.as_str()) }.to_string()
    });
    if format == TableFormat::Csv {
        let mut response = csv(tables::incidents(&incidents));
        if let Some(link) = next.as_deref().and_then(|next| next_page(request, next)) {
            response.headers_mut().insert(LINK, link);
        }
        return Ok(response);
    }
    json(&api::Incidents { now_ms: now.as_millis(), incidents, next })
}

/// Where the next page is (RFC 8288), for formats that have no place for it.
fn next_page(request: &Request, next: &str) -> Option<HeaderValue> {
    let query = request.uri.query().unwrap_or_default();
    let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
    let query: Vec<&str> = kept.collect();
    let link = format!("<{}?{}&after={next}>; rel=\"next\"", request.uri.path(), query.join("&"));
    HeaderValue::try_from(link).ok()
}

pub(super) async fn incident(app: &App, request: &Request) -> Result<Response, Refusal> {
    let text = request.id.as_deref().unwrap_or_default();
    let id = incident_id(text).ok_or_else(|| Refusal::parameter("incident", bad_id(text)))?;
    let _place = app.read_place().await?;
    let incident = app.queries.incident(&id).await?;
    let handled = app.queries.handling(&incident).await?;
    json(&IncidentInFull { incident, handled })
}

/// An incident, what people did about it, and what was promised.
#[derive(Serialize)]
pub(super) struct IncidentInFull {
    #[serde(flatten)]
    pub(super) incident: api::Incident,
    #[serde(flatten)]
    pub(super) handled: Handled,
}

fn filter(parameters: &Parameters, now: CollectorTime) -> Result<IncidentFilter, Refusal> {
    let check = match parameters.text("check") {
        None => None,
        Some(text) => Some(CheckId::new(text).map_err(|error| Refusal::parameter("check", error.to_string()))?),
    };
    let from = parameters.moment("from_ms", now)?;
    let to = parameters.moment("to_ms", now)?;
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        let (from, to) = (from.as_millis(), to.as_millis());
        return Err(Refusal::parameter("from_ms", format!("{from} is not before to_ms, which is {to}")));
    }
    let phase = parameters.word("open", &[("true", IncidentPhase::Open), ("false", IncidentPhase::Ended)])?;
    let classes: Vec<(&str, IncidentClass)> = IncidentClass::ALL.iter().map(|class| (class.word(), *class)).collect();
    let class = parameters.word("class", &classes)?;
    let after = match parameters.text("after") {
        None => None,
        Some(text) => Some(position(text).ok_or_else(|| {
            Refusal::parameter("after", format!("{text:?} is not what an earlier page gave as its next"))
        })?),
    };
    Ok(IncidentFilter { check, from, to, phase, class, after, limit: limits::DEFAULT_INCIDENTS })
}

fn position(text: &str) -> Option<IncidentPosition> {
    let (start, id) = text.split_once('~')?;
    Some(IncidentPosition { start: CollectorTime::from_millis(start.parse().ok()?), id: incident_id(id)? })
}

fn incident_id(text: &str) -> Option<IncidentId> {
    let fits = !text.is_empty() && text.len() <= limits::INCIDENT_ID_BYTES;
    (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| IncidentId::new(text))
}

fn bad_id(text: &str) -> String {
    format!(
        "{text:?} is not an incident's id; allowed are 1 to {} visible characters of ASCII",
        limits::INCIDENT_ID_BYTES
    )
}

//! What people decide, and what they decided.

use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::response::Response;
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use quorate_collector_desk::{ClaimRecord, Decision, ExclusionRecord};
use serde::{Deserialize, Serialize};

use super::error::Refusal;
use super::history::{now, refuse_other_origins};
use super::parameters::Parameters;
use super::present::json;
use super::{App, Request};
use crate::desk::{AuditLine, NotSigned};
use crate::limits;
use crate::queries::Window;

/// A decision as it comes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    #[serde(default)]
    author: Option<String>,
    decision: Decision,
}

pub(super) async fn decide(app: &App, request: &Request, body: Body) -> Result<Response, Refusal> {
    refuse_other_origins(request)?;
    if !is_json(&request.headers) {
        return Err(Refusal::parameter("Content-Type", "allowed is application/json"));
    }
    let too_long = |_| Refusal::parameter("body", format!("allowed are {} bytes", limits::DECISION_BYTES));
    let bytes = axum::body::to_bytes(body, limits::DECISION_BYTES).await.map_err(too_long)?;
    let sent: Sent = serde_json::from_slice(&bytes).map_err(|error| Refusal::parameter("body", error.to_string()))?;
    let token = token(&request.headers);
    let author = app.queries.author(token.as_deref(), sent.author.as_deref())?;
    // A page whose name was made to lead to this machine has itself as its origin; it is known by that name.
    if token.is_none() && !names_this_machine(&request.headers) {
        return Err(NotSigned::NotLocal.into());
    }
    json(&app.queries.decide(&sent.decision, &author).await?)
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else { return true };
    let host = String::from_utf8_lossy(host.as_bytes()).into_owned();
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().to_canonical().is_loopback();
    }
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    host.split(':').next().is_some_and(|name| name.eq_ignore_ascii_case("localhost"))
}

fn token(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = given.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

#[derive(Serialize)]
struct Exclusions {
    now_ms: i64,
    exclusions: Vec<ExclusionRecord>,
}

pub(super) fn exclusions(app: &App) -> Result<Response, Refusal> {
    json(&Exclusions { now_ms: now(app).as_millis(), exclusions: app.queries.exclusions() })
}

#[derive(Serialize)]
struct Claims {
    now_ms: i64,
    claims: Vec<ClaimRecord>,
}

pub(super) fn claims(app: &App) -> Result<Response, Refusal> {
    json(&Claims { now_ms: now(app).as_millis(), claims: app.queries.claims() })
}

#[derive(Serialize)]
struct Audit {
    now_ms: i64,
    entries: Vec<AuditLine>,
}

pub(super) async fn audit(app: &App, parameters: &Parameters) -> Result<Response, Refusal> {
    let now = now(app);
    let mut window = parameters.window(now, limits::SEGMENTS_WINDOW)?;
    if parameters.text("to_ms").is_none() {
        // The picture's time may be half a second old; what was decided since then belongs to it.
        window = Window::new(window.from(), window.to() + limits::FUTURE).unwrap_or(window);
    }
    let _place = app.read_place().await?;
    json(&Audit { now_ms: now.as_millis(), entries: app.queries.audit(window).await? })
}

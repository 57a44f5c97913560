//! Answers from the picture of the present.

use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use quorate_model::{CheckId, State};
use quorate_proto::api;
use serde::Serialize;

use super::error::Refusal;
use super::parameters::Parameters;
use super::{App, OPENAPI, Request};
use crate::metrics;
use crate::queries::{QueryError, Unavailable};

/// The kinds of probes, as `kind` takes them.
const KINDS: [&str; 6] = ["http", "tcp", "tls", "dns", "icmp", "grpc"];

pub(super) fn status(app: &App) -> Result<Response, Refusal> {
    let snapshot = app.queries.snapshot();
    shared(&snapshot.rendered().status, || snapshot.status())
}

pub(super) fn checks(app: &App, parameters: &Parameters) -> Result<Response, Refusal> {
    let states: Vec<(&str, State)> = State::ALL.iter().map(|state| (state.word(), *state)).collect();
    let wanted = parameters.word("state", &states)?;
    let kind = parameters.word("kind", &KINDS.map(|kind| (kind, kind)))?;
    let snapshot = app.queries.snapshot();
    let present = snapshot.status();
    if wanted.is_none() && kind.is_none() {
        return shared(&snapshot.rendered().checks, || Matching {
            now_ms: present.now_ms,
            checks: present.checks.iter().collect(),
        });
    }
    let state = |check: &&api::CheckStatus| wanted.is_none_or(|state| check.state == state.word());
    let protocol = |check: &&api::CheckStatus| kind.is_none_or(|kind| check.kind == kind);
    let checks = present.checks.iter().filter(state).filter(protocol).collect();
    json(&Matching { now_ms: present.now_ms, checks })
}

/// [`api::Checks`], borrowed from the picture.
#[derive(Serialize)]
struct Matching<'a> {
    now_ms: i64,
    checks: Vec<&'a api::CheckStatus>,
}

pub(super) fn check(app: &App, request: &Request) -> Result<Response, Refusal> {
    let id = check_id(request)?;
    let snapshot = app.queries.snapshot();
    match snapshot.check(&id) {
        Some(check) => json(check),
        None => Err(QueryError::UnknownCheck(id).into()),
    }
}

pub(super) fn agents(app: &App) -> Result<Response, Refusal> {
    let snapshot = app.queries.snapshot();
    shared(&snapshot.rendered().agents, || snapshot.agents())
}

pub(super) fn openapi() -> Response {
    typed("application/json", OPENAPI)
}

pub(super) fn live() -> Response {
    typed("text/plain; charset=utf-8", "ok\n")
}

pub(super) fn ready(app: &App) -> Response {
    let readiness = app.queries.readiness();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(readiness)).into_response()
}

/// The exposition: OpenMetrics for who asks for it, else the older text format. It is made on a thread of its own, as it
/// can take long with many series, and one at a time.
pub(super) async fn metrics(app: &Arc<App>, request: &Request, parameters: &Parameters) -> Result<Response, Refusal> {
    let phases = parameters.word("phases", &metrics::Phases::WORDS)?.unwrap_or_default();
    let format = if request.headers.get_all(ACCEPT).iter().any(asks_for_openmetrics) {
        metrics::Format::OpenMetrics
    } else {
        metrics::Format::Text
    };
    let _place = app.admission.expositions.acquire().await.map_err(|_| Refusal::Unavailable(Unavailable::Stopping))?;
    let snapshot = app.queries.snapshot();
    let worker = Arc::clone(app);
    let text = tokio::task::spawn_blocking(move || metrics::render(&snapshot, &worker.traffic.view(), phases, format))
        .await??;
    Ok(typed(format.content_type(), text))
}

fn asks_for_openmetrics(accept: &HeaderValue) -> bool {
    accept.to_str().is_ok_and(|accept| accept.contains("application/openmetrics-text"))
}

/// The check named in the path.
pub(super) fn check_id(request: &Request) -> Result<CheckId, Refusal> {
    let text = request.id.as_deref().unwrap_or_default();
    CheckId::new(text).map_err(|error| Refusal::parameter("check", error.to_string()))
}

/// An answer that is equal for all readers of one picture. Two first readers at once both make it; one is kept.
fn shared<T: Serialize>(place: &OnceLock<Bytes>, view: impl FnOnce() -> T) -> Result<Response, Refusal> {
    let bytes = if let Some(bytes) = place.get() {
        bytes.clone()
    } else {
        let made = Bytes::from(serde_json::to_vec(&view())?);
        place.get_or_init(|| made).clone()
    };
    Ok(typed("application/json", bytes))
}

/// A JSON answer.
pub(super) fn json<T: Serialize>(value: &T) -> Result<Response, Refusal> {
    Ok(typed("application/json", serde_json::to_vec(value)?))
}

/// How a history is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum TableFormat {
    /// The whole answer.
    #[default]
    Json,
    /// A table for a spreadsheet.
    Csv,
    /// One object a line.
    Lines,
}

impl TableFormat {
    /// The words where an answer is no list of lines.
    pub(super) const JSON_OR_CSV: [(&'static str, Self); 2] = [("json", Self::Json), ("csv", Self::Csv)];

    /// All words.
    pub(super) const WORDS: [(&'static str, Self); 3] =
        [("json", Self::Json), ("csv", Self::Csv), ("jsonl", Self::Lines)];
}

/// A table for a spreadsheet.
pub(super) fn csv(text: String) -> Response {
    typed("text/csv; charset=utf-8", text)
}

/// JSON Lines.
pub(super) fn lines(text: String) -> Response {
    typed("application/jsonl", text)
}

fn typed(content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

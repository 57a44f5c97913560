//! Routes: which operation stands where, what it takes, and how it is admitted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::extract::path::RawPathParams;
use axum::extract::rejection::RawPathParamsRejection;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Method, Uri};
use quorate_model::Millis;
use tokio::sync::Semaphore;

mod desk;
mod error;
mod history;
mod incidents;
mod parameters;
mod present;
mod samples;
mod slas;

use crate::queries::{Queries, Unavailable};
use crate::traffic::Traffic;
use error::Refusal;

/// The document of the API, as it is served.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// What can be asked for. The router is built from this list, and the document is tested against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Status,
    Checks,
    Check,
    Segments,
    Explain,
    Samples,
    Latency,
    ProbeNow,
    Incidents,
    Incident,
    Decide,
    Exclusions,
    Claims,
    Audit,
    Agents,
    Slas,
    SlaReport,
    SlaLedger,
    OpenApi,
    Live,
    Ready,
    Metrics,
}

impl Operation {
    pub(crate) const ALL: [Self; 22] = [
        Self::Status,
        Self::Checks,
        Self::Check,
        Self::Segments,
        Self::Explain,
        Self::Samples,
        Self::Latency,
        Self::ProbeNow,
        Self::Incidents,
        Self::Incident,
        Self::Decide,
        Self::Exclusions,
        Self::Claims,
        Self::Audit,
        Self::Agents,
        Self::Slas,
        Self::SlaReport,
        Self::SlaLedger,
        Self::OpenApi,
        Self::Live,
        Self::Ready,
        Self::Metrics,
    ];

    /// Its path, with its parameters in braces; also the route label of the metrics.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Status => "/api/v1/status",
            Self::Checks => "/api/v1/checks",
            Self::Check => "/api/v1/checks/{check}",
            Self::Segments => "/api/v1/checks/{check}/segments",
            Self::Explain => "/api/v1/checks/{check}/explain",
            Self::Samples => "/api/v1/checks/{check}/samples",
            Self::Latency => "/api/v1/checks/{check}/latency",
            Self::ProbeNow => "/api/v1/checks/{check}/probe-now",
            Self::Incidents => "/api/v1/incidents",
            Self::Incident => "/api/v1/incidents/{incident}",
            Self::Decide => "/api/v1/decisions",
            Self::Exclusions => "/api/v1/exclusions",
            Self::Claims => "/api/v1/claims",
            Self::Audit => "/api/v1/audit",
            Self::Agents => "/api/v1/agents",
            Self::Slas => "/api/v1/slas",
            Self::SlaReport => "/api/v1/slas/{contract}/report",
            Self::SlaLedger => "/api/v1/slas/{contract}/ledger",
            Self::OpenApi => "/api/v1/openapi.json",
            Self::Live => "/healthz",
            Self::Ready => "/readyz",
            Self::Metrics => "/metrics",
        }
    }

    /// The query parameters it takes.
    pub(crate) const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Checks => &["state", "kind"],
            Self::Segments => &["from_ms", "to_ms", "format"],
            Self::Samples | Self::Latency | Self::Audit => &["from_ms", "to_ms"],
            Self::Explain => &["at_ms"],
            Self::Incidents => &["check", "from_ms", "to_ms", "open", "class", "limit", "after", "format"],
            Self::SlaReport => &["period", "customer", "revision", "format"],
            Self::SlaLedger => &["from", "to", "format"],
            Self::Metrics => &["phases"],
            _ => &[],
        }
    }

    const fn allowed(self) -> &'static str {
        match self {
            Self::ProbeNow | Self::Decide => "POST",
            _ => "GET, HEAD",
        }
    }

    const fn filter(self) -> MethodFilter {
        match self {
            Self::ProbeNow | Self::Decide => MethodFilter::POST,
            _ => MethodFilter::GET,
        }
    }

    async fn run(self, app: &Arc<App>, request: &Request, body: Body) -> Result<Response, Refusal> {
        let parameters = parameters::Parameters::read(&request.uri, self.parameters())?;
        match self {
            Self::Status => present::status(app),
            Self::Checks => present::checks(app, &parameters),
            Self::Check => present::check(app, request),
            Self::Agents => present::agents(app),
            Self::OpenApi => Ok(present::openapi()),
            Self::Live => Ok(present::live()),
            Self::Ready => Ok(present::ready(app)),
            Self::Metrics => present::metrics(app, request, &parameters).await,
            Self::Segments => history::segments(app, request, &parameters).await,
            Self::Explain => history::explain(app, request, &parameters).await,
            Self::Latency => history::latency(app, request, &parameters).await,
            Self::ProbeNow => history::probe_now(app, request).await,
            Self::Samples => samples::samples(app, request, &parameters).await,
            Self::Slas => slas::slas(app).await,
            Self::SlaReport => slas::report(app, request, &parameters).await,
            Self::SlaLedger => slas::ledger(app, request, &parameters).await,
            Self::Incidents => incidents::incidents(app, request, &parameters).await,
            Self::Incident => incidents::incident(app, request).await,
            Self::Decide => desk::decide(app, request, body).await,
            Self::Exclusions => desk::exclusions(app),
            Self::Claims => desk::claims(app),
            Self::Audit => desk::audit(app, &parameters).await,
        }
    }
}

/// What every operation works with.
pub(crate) struct App {
    pub(crate) queries: Arc<dyn Queries>,
    pub(crate) traffic: Traffic,
    admission: Admission,
}

/// How much is done at once.
pub(crate) struct Admission {
    pub(crate) deadline: Duration,
    pub(crate) requests: Semaphore,
    pub(crate) reads: Semaphore,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) expositions: Semaphore,
}

impl App {
    pub(crate) fn new(queries: Arc<dyn Queries>, admission: Admission) -> Self {
        Self { queries, traffic: Traffic::default(), admission }
    }

    /// Waits for a place among the reads of the store; the request's deadline bounds the wait.
    async fn read_place(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Refusal> {
        self.admission.reads.acquire().await.map_err(|_| Refusal::Unavailable(Unavailable::Stopping))
    }
}

/// One request, as far as operations read it.
pub(crate) struct Request {
    id: Option<String>,
    uri: Uri,
    headers: HeaderMap,
}

type Ids = Result<RawPathParams, RawPathParamsRejection>;

/// The routes of every operation, with a refusal for everything else.
pub(crate) fn router(app: Arc<App>) -> Router {
    let routes = Operation::ALL.into_iter().fold(Router::new(), |router, operation| {
        let answer = move |State(app): State<Arc<App>>, ids: Ids, uri: Uri, headers: HeaderMap, body: Body| async move {
            // Only an id that is not UTF-8 is rejected here; it reads as an empty one, which no id is.
            let id = ids.ok().as_ref().and_then(|ids| ids.iter().next()).map(|(_, id)| id.to_owned());
            answer(operation, &app, Request { id, uri, headers }, body).await
        };
        let refuse = move |method: Method, uri: Uri| async move {
            Refusal::MethodNotAllowed {
                method: method.as_str().to_owned(),
                path: uri.path().to_owned(),
                allowed: operation.allowed(),
            }
        };
        router.route(operation.path(), on(operation.filter(), answer).fallback(refuse))
    });
    routes.fallback(|uri: Uri| async move { Refusal::UnknownPath { path: uri.path().to_owned() } }).with_state(app)
}

async fn answer(operation: Operation, app: &Arc<App>, request: Request, body: Body) -> Response {
    let started = Instant::now();
    let answered = match app.admission.requests.try_acquire() {
        Err(_) => Err(Refusal::Unavailable(Unavailable::Busy)),
        Ok(_place) => match tokio::time::timeout(app.admission.deadline, operation.run(app, &request, body)).await {
            Ok(answered) => answered,
            Err(_) => Err(Refusal::Deadline { deadline: whole_millis(app.admission.deadline) }),
        },
    };
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    app.traffic.observe(operation, response.status(), started.elapsed());
    response
}

fn whole_millis(duration: Duration) -> Millis {
    Millis::new(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;

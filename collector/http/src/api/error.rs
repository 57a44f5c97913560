//! Refusals: a status, a stable word, and one sentence that names the place and what is allowed.

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use quorate_model::Millis;
use quorate_proto::api;

use crate::desk::NotSigned;
use crate::queries::{QueryError, Unavailable};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{name}: {problem}")]
    BadParameter { name: &'static str, problem: String },
    #[error("{0}")]
    BadQuery(String),
    #[error("there is no {path:?} here; the document of what there is stands at /api/v1/openapi.json")]
    UnknownPath { path: String },
    #[error("{path} is read by {allowed}, not by {method}")]
    MethodNotAllowed { method: String, path: String, allowed: &'static str },
    #[error(
        "a page of another origin ({origin}) may not cause anything here; leave out the Origin header or send it from {host}"
    )]
    CrossOrigin { origin: String, host: String },
    #[error("no answer within {} ms; ask for less, or again later", .deadline.get())]
    Deadline { deadline: Millis },
    #[error("{0}; ask again later")]
    Unavailable(Unavailable),
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("the answer could not be written as JSON")]
    Encode(#[from] serde_json::Error),
    #[error("the answer could not be written")]
    Render(#[from] std::fmt::Error),
    #[error("the thread that made the answer stopped")]
    Worker(#[from] tokio::task::JoinError),
}

impl Refusal {
    pub(crate) fn parameter(name: &'static str, problem: impl Into<String>) -> Self {
        Self::BadParameter { name, problem: problem.into() }
    }

    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadParameter { .. } | Self::BadQuery(_) | Self::Query(QueryError::BadPeriod(_)) => {
                (StatusCode::BAD_REQUEST, "bad_parameter")
            }
            Self::UnknownPath { .. } => (StatusCode::NOT_FOUND, "unknown_path"),
            Self::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::CrossOrigin { .. } => (StatusCode::FORBIDDEN, "cross_origin"),
            Self::NotSigned(NotSigned::NoToken | NotSigned::UnknownToken) => (StatusCode::UNAUTHORIZED, "not_signed"),
            Self::NotSigned(_) => (StatusCode::FORBIDDEN, "not_signed"),
            Self::Query(QueryError::Refused(_)) => (StatusCode::UNPROCESSABLE_ENTITY, "refused"),
            Self::Deadline { .. } => (StatusCode::GATEWAY_TIMEOUT, "deadline"),
            Self::Unavailable(_) | Self::Query(QueryError::Unavailable(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
            Self::Query(QueryError::UnknownCheck(_)) => (StatusCode::NOT_FOUND, "unknown_check"),
            Self::Query(QueryError::UnknownIncident(_)) => (StatusCode::NOT_FOUND, "unknown_incident"),
            Self::Query(QueryError::UnknownContract(_)) => (StatusCode::NOT_FOUND, "unknown_contract"),
            Self::Query(QueryError::UnknownCustomer { .. }) => (StatusCode::NOT_FOUND, "unknown_customer"),
            Self::Query(QueryError::UnknownRevision { .. }) => (StatusCode::NOT_FOUND, "unknown_revision"),
            Self::Query(QueryError::NotRetained { .. }) => (StatusCode::GONE, "not_retained"),
            Self::Query(QueryError::TooSoon { .. }) => (StatusCode::TOO_MANY_REQUESTS, "too_soon"),
            Self::Query(QueryError::TooLarge { .. }) => (StatusCode::BAD_REQUEST, "too_large"),
            Self::Query(QueryError::Internal(_)) | Self::Encode(_) | Self::Render(_) | Self::Worker(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal")
            }
        }
    }

    fn retry_after_s(&self) -> Option<i64> {
        match self {
            Self::Query(QueryError::TooSoon { retry_after }) => {
                Some((*retry_after + Millis::new(999)).over(1000).get().max(1))
            }
            Self::Unavailable(_) | Self::Query(QueryError::Unavailable(_)) => Some(1),
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = &self as &dyn std::error::Error, "an API answer could not be made");
        }
        let body = api::ErrorBody { code: code.to_owned(), message: self.to_string() };
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Self::MethodNotAllowed { allowed, .. } = self {
            headers.insert(ALLOW, HeaderValue::from_static(allowed));
        }
        response
    }
}

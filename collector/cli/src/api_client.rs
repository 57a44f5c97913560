//! A small HTTP/1.1 client of the collector's JSON API: one connection per question, a deadline over all of it, a cap on
//! the answer.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use quorate_proto::api;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use url::Url;

use crate::exit::Exit;

/// The largest answer read, in bytes: a year of segments of one check fits many times.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// Why a collector could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The URL cannot be one of a collector.
    #[error("--collector: {text:?} is not a collector's URL ({reason}); allowed is http://HOST[:PORT][/PATH]")]
    BadUrl { text: String, reason: String },
    /// No connection.
    #[error("no collector answers at {url}; see --collector")]
    Connect { url: Url, source: std::io::Error },
    /// The deadline passed.
    #[error("the collector at {url} did not answer within {deadline_ms} ms; see --deadline")]
    Deadline { url: Url, deadline_ms: u128 },
    /// The connection broke before the answer was whole.
    #[error("the collector at {url} broke off")]
    Broken { url: Url, source: Box<dyn std::error::Error + Send + Sync> },
    /// The collector refused and said why.
    #[error("the collector refuses ({code}): {message}")]
    Refused { code: String, message: String, exit: Exit },
    /// Something answered that is no collector, or one of another age.
    #[error("{url} answered with status {status}, but not as a collector does")]
    Status { url: Url, status: u16 },
    /// The answer is no JSON of the shape promised.
    #[error("{url} answered, but not in the shape of this version's API")]
    Shape { url: Url, source: serde_json::Error },
}

impl ApiError {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::BadUrl { .. } => Exit::Usage,
            Self::Connect { .. } | Self::Deadline { .. } | Self::Broken { .. } => Exit::Unreachable,
            Self::Refused { exit, .. } => *exit,
            Self::Status { .. } | Self::Shape { .. } => Exit::Answer,
        }
    }
}

/// Asks one collector.
#[derive(Clone, Debug)]
pub(crate) struct ApiClient {
    base: Url,
    deadline: Duration,
}

impl ApiClient {
    /// A client of the collector at `base`, whose every question may take `deadline`.
    ///
    /// # Errors
    /// The text is no `http://` URL with a host.
    pub(crate) fn new(base: &str, deadline: Duration) -> Result<Self, ApiError> {
        let bad = |reason: String| ApiError::BadUrl { text: base.to_owned(), reason };
        let mut url = Url::parse(base).map_err(|error| bad(error.to_string()))?;
        if url.scheme() != "http" {
            return Err(bad(format!("the scheme is {:?}", url.scheme())));
        }
        if url.host().is_none() {
            return Err(bad("it has no host".to_owned()));
        }
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self { base: url, deadline })
    }

    /// The answer to `GET {base}/{path}?{query}`; each segment of the path and each value is encoded.
    ///
    /// # Errors
    /// No answer, a refusal, or an answer of another shape.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, ApiError> {
        let (url, body) = self.ask(path, query).await?;
        serde_json::from_slice(&body).map_err(|source| ApiError::Shape { url, source })
    }

    /// The answer to the same question as text, for what is not one JSON document.
    ///
    /// # Errors
    /// As [`ApiClient::get`].
    pub(crate) async fn get_text(&self, path: &[&str], query: &[(&str, String)]) -> Result<String, ApiError> {
        let (_, body) = self.ask(path, query).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    async fn ask(&self, path: &[&str], query: &[(&str, String)]) -> Result<(Url, Bytes), ApiError> {
        self.send(path, query, None).await
    }

    async fn send(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        sent: Option<Sent<'_>>,
    ) -> Result<(Url, Bytes), ApiError> {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("an http URL has a path").pop_if_empty().extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let deadline_ms = self.deadline.as_millis();
        let (status, body) = tokio::time::timeout(self.deadline, fetch(&url, sent))
            .await
            .map_err(|_| ApiError::Deadline { url: url.clone(), deadline_ms })??;
        if status.is_success() {
            return Ok((url, body));
        }
        let exit = if status.is_client_error() { Exit::Usage } else { Exit::Answer };
        Err(match serde_json::from_slice::<api::ErrorBody>(&body) {
            Ok(refusal) => ApiError::Refused { code: refusal.code, message: refusal.message, exit },
            Err(_) => ApiError::Status { url, status: status.as_u16() },
        })
    }

    /// [`ApiClient::get`] from a place that is not asynchronous.
    ///
    /// # Errors
    /// As [`ApiClient::get`].
    pub(crate) fn get_now<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, String)]) -> Result<T, ApiError> {
        self.runtime()?.block_on(self.get(path, query))
    }

    /// [`ApiClient::get_text`] from a place that is not asynchronous.
    ///
    /// # Errors
    /// As [`ApiClient::get`].
    pub(crate) fn get_text_now(&self, path: &[&str], query: &[(&str, String)]) -> Result<String, ApiError> {
        self.runtime()?.block_on(self.get_text(path, query))
    }

    /// The answer to `POST {base}/{path}` with a JSON body, from a place that is not asynchronous.
    ///
    /// # Errors
    /// As [`ApiClient::get`].
    pub(crate) fn post_now<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &impl Serialize,
        token: Option<&str>,
    ) -> Result<T, ApiError> {
        let json = serde_json::to_vec(body).map_err(|source| ApiError::Shape { url: self.base.clone(), source })?;
        let sent = Sent { json: json.into(), token };
        let (url, body) = self.runtime()?.block_on(self.send(path, &[], Some(sent)))?;
        serde_json::from_slice(&body).map_err(|source| ApiError::Shape { url, source })
    }

    fn runtime(&self) -> Result<Runtime, ApiError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|source| ApiError::Connect { url: self.base.clone(), source })
    }
}

/// What is sent with a question.
struct Sent<'a> {
    json: Bytes,
    token: Option<&'a str>,
}

async fn fetch(url: &Url, sent: Option<Sent<'_>>) -> Result<(http::StatusCode, Bytes), ApiError> {
    let broken = |source: Box<dyn std::error::Error + Send + Sync>| ApiError::Broken { url: url.clone(), source };
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().unwrap_or(80);
    let stream =
        TcpStream::connect((host, port)).await.map_err(|source| ApiError::Connect { url: url.clone(), source })?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(error.into()))?;
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let authority = url.port().map_or_else(
        || url.host_str().unwrap_or_default().to_owned(),
        |port| format!("{}:{port}", url.host_str().unwrap_or_default()),
    );
    let mut request = http::Request::builder().uri(target).method(if sent.is_some() { "POST" } else { "GET" });
    let mut content = Bytes::new();
    if let Some(Sent { json, token }) = sent {
        content = json;
        request = request.header(http::header::CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(http::header::AUTHORIZATION, format!("Bearer {token}"));
        }
    }
    let request = request
        .header(http::header::HOST, authority)
        .header(http::header::ACCEPT, "application/json")
        .header(http::header::USER_AGENT, concat!("quorate/", env!("CARGO_PKG_VERSION")))
        .body(Full::new(content))
        .map_err(|error| broken(error.into()))?;
    let ask = async {
        let response = sender.send_request(request).await.map_err(|error| broken(error.into()))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await.map_err(broken)?;
        Ok((status, body.to_bytes()))
    };
    // The connection is driven beside the question and dropped with it, so that no task outlives the call.
    let mut connection = std::pin::pin!(connection);
    let mut ask = std::pin::pin!(ask);
    tokio::select! {
        answer = &mut ask => answer,
        _ = &mut connection => ask.await,
    }
}

#[cfg(test)]
mod tests;

//! The gRPC probe: the standard health check (`grpc.health.v1.Health/Check`) over an HTTP/2 connection of its own.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version};
use http_body_util::Full;
use quorate_model::Failure;
use quorate_model::check::{Family, GrpcSpec};

use crate::attempt::Attempt;
use crate::connect::connect;
use crate::failed::{Failed, excerpt};
use crate::grpc::health::{HealthReply, ServingStatus, frame, unframe};
use crate::http::exchange::{self, BodyUse, Speak};
use crate::http::wire::Wire;
use crate::prepared::Probe;
use crate::secure::{NameUse, Secure};
use crate::spec::SpecError;
use crate::target::Endpoint;

mod health;

const PATH: &str = "/grpc.health.v1.Health/Check";
const MAX_SERVICE_BYTES: usize = 256;
const EXCERPT_CHARACTERS: usize = 100;
/// Status codes of gRPC this probe tells apart.
const OK: u16 = 0;
const NOT_FOUND: u16 = 5;
const UNAVAILABLE: u16 = 14;

/// A gRPC health probe.
#[derive(Debug)]
pub(crate) struct Grpc {
    endpoint: Endpoint,
    family: Family,
    secure: Option<Secure>,
    uri: Uri,
    body: Bytes,
}

impl Grpc {
    pub(crate) fn prepare(spec: &GrpcSpec) -> Result<Self, SpecError> {
        let endpoint = Endpoint::parse("grpc.address", &spec.address)?;
        if spec.service.len() > MAX_SERVICE_BYTES {
            return Err(SpecError::value("grpc.service", &spec.service, "at most 256 bytes"));
        }
        let secure = spec.tls.as_ref().map(|tls| Secure::prepare("grpc.tls", tls, &[b"h2"])).transpose()?;
        let scheme = if secure.is_some() { "https" } else { "http" };
        let uri =
            Uri::builder().scheme(scheme).authority(endpoint.to_string()).path_and_query(PATH).build().map_err(
                |_| SpecError::value("grpc.address", &spec.address, "`HOST:PORT` with a host name in ASCII"),
            )?;
        Ok(Self { endpoint, family: spec.family, secure, uri, body: Bytes::from(frame(&spec.service)) })
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(http::header::TE, HeaderValue::from_static("trailers"));
        headers
            .insert(http::header::USER_AGENT, HeaderValue::from_static(concat!("quorate/", env!("CARGO_PKG_VERSION"))));
        request
    }
}

impl Probe for Grpc {
    async fn attempt(&self, attempt: &mut Attempt<'_>) -> Result<(), Failed> {
        let stream = connect(attempt, &self.endpoint, self.family).await?;
        let wire = match &self.secure {
            None => Wire::plain(stream),
            Some(secure) => {
                let stream = secure.handshake(attempt, stream, &self.endpoint.host, NameUse::Configured).await?;
                if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                    return Err(Failed::new(Failure::Protocol, "the target did not agree on HTTP/2 by ALPN"));
                }
                Wire::secure(stream)
            }
        };
        let mut answer = exchange::ask(attempt, wire, Speak::Http2, self.request()).await?;
        if answer.head.status != http::StatusCode::OK {
            let status = answer.head.status.as_u16();
            return Err(Failed::new(Failure::Protocol, format_args!("not gRPC: HTTP status {status}")));
        }
        let body = answer.body(BodyUse::Bytes).await?;
        let trailers = answer.trailers.as_ref().filter(|trailers| trailers.contains_key("grpc-status"));
        let said = trailers.unwrap_or(&answer.head.headers);
        let Some(status) = grpc_status(said) else {
            return Err(Failed::new(Failure::Protocol, "not gRPC: no grpc-status"));
        };
        attempt.evidence.status = Some(status);
        judge(status, said, &body)
    }
}

fn judge(status: u16, said: &HeaderMap, body: &[u8]) -> Result<(), Failed> {
    if status != OK {
        let message = said.get("grpc-message").map(|message| excerpt(message.as_bytes(), EXCERPT_CHARACTERS));
        let failure = match status {
            NOT_FOUND | UNAVAILABLE => Failure::NotServing,
            _ => Failure::Protocol,
        };
        let detail = format_args!("gRPC status {status}: {}", message.as_deref().unwrap_or("no message"));
        return Err(Failed::new(failure, detail));
    }
    match unframe(body) {
        None => Err(Failed::new(Failure::Protocol, "the answer is not a health check's")),
        Some(HealthReply { status: ServingStatus::SERVING, .. }) => Ok(()),
        Some(reply) => Err(Failed::new(Failure::NotServing, reply.word())),
    }
}

fn grpc_status(headers: &HeaderMap) -> Option<u16> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests;

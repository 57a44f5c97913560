//! The HTTP probe's settings, parsed once.

use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use quorate_model::check::{HttpSpec, HttpVersion};
use url::Url;

use crate::http::expect::Expect;
use crate::http::hop::{Hop, MAX_URL_BYTES};
use crate::http::{Ask, Http, MAX_REDIRECTS};
use crate::secure::Secure;
use crate::spec::{SpecError, shown};

/// The most bytes of a request's body.
const MAX_REQUEST_BODY_BYTES: usize = 256 * 1024;
/// The most request headers of a check's own.
const MAX_REQUEST_HEADERS: usize = 64;
const AGENT_NAME: &str = concat!("quorate/", env!("CARGO_PKG_VERSION"));

impl Http {
    pub(crate) fn prepare(spec: &HttpSpec) -> Result<Self, SpecError> {
        let first = first_hop(&spec.url)?;
        if spec.max_redirects > MAX_REDIRECTS {
            return Err(SpecError::value("http.max_redirects", &spec.max_redirects.to_string(), "0 to 10"));
        }
        let body = spec.body.as_deref().unwrap_or_default();
        if body.len() > MAX_REQUEST_BODY_BYTES {
            return Err(SpecError::Hidden { field: "http.body".to_owned(), allowed: "at most 262144 bytes" });
        }
        let ask = Ask {
            method: method(&spec.method)?,
            headers: headers(&spec.headers)?,
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        let alpn: &[&[u8]] = match spec.version {
            HttpVersion::Auto => &[b"h2", b"http/1.1"],
            HttpVersion::Http1 => &[b"http/1.1"],
            HttpVersion::Http2 => &[b"h2"],
        };
        Ok(Self {
            first,
            ask,
            version: spec.version,
            max_redirects: spec.max_redirects,
            secure: Secure::prepare("http.tls", &spec.tls, alpn)?,
            family: spec.family,
            expect: Expect::prepare(&spec.expect)?,
        })
    }
}

fn first_hop(text: &str) -> Result<Hop, SpecError> {
    let field = "http.url";
    if text.len() > MAX_URL_BYTES {
        return Err(SpecError::value(field, text, "at most 8192 bytes"));
    }
    let url =
        Url::parse(text).map_err(|source| SpecError::Url { field: field.to_owned(), value: shown(text), source })?;
    if !url.username().is_empty() || url.password().is_some() {
        let allowed = "a URL without credentials (send them in an Authorization header)";
        return Err(SpecError::Hidden { field: field.to_owned(), allowed });
    }
    Hop::of_url(url).ok_or_else(|| SpecError::value(field, text, "`http://HOST/PATH` or `https://HOST/PATH`"))
}

fn method(text: &str) -> Result<Method, SpecError> {
    let allowed = "an HTTP method in capitals such as GET, HEAD or POST, but not CONNECT";
    let error = || SpecError::value("http.method", text, allowed);
    let method = Method::from_bytes(text.as_bytes()).map_err(|_| error())?;
    if method == Method::CONNECT || text.chars().any(|c| c.is_ascii_lowercase()) {
        return Err(error());
    }
    Ok(method)
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, SpecError> {
    if given.len() > MAX_REQUEST_HEADERS {
        return Err(SpecError::value("http.headers", &given.len().to_string(), "at most 64 headers"));
    }
    let mut headers = HeaderMap::with_capacity(given.len() + 4);
    for (index, (name, value)) in given.iter().enumerate() {
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| SpecError::value(&format!("http.headers[{index}]"), name, "a header name"))?;
        if [CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE].contains(&parsed) {
            let allowed = "any header but those of the connection itself";
            return Err(SpecError::value(&format!("http.headers[{index}]"), name, allowed));
        }
        // A value may be a credential: it is never shown.
        let mut value = HeaderValue::from_str(value).map_err(|_| SpecError::Hidden {
            field: format!("http.headers[{index}]"),
            allowed: "a value of visible characters",
        })?;
        value.set_sensitive(parsed == http::header::AUTHORIZATION || parsed == http::header::COOKIE);
        headers.append(parsed, value);
    }
    if !headers.contains_key(USER_AGENT) {
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT_NAME));
    }
    if !headers.contains_key(ACCEPT) {
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    }
    Ok(headers)
}

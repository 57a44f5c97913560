//! One place a request goes to, and the next one a redirect names.

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, LOCATION, PROXY_AUTHORIZATION,
};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version, response};
use http_body_util::Full;
use quorate_model::Failure;
use url::Url;

use crate::failed::{Failed, excerpt};
use crate::http::Ask;
use crate::http::exchange::Speak;
use crate::target::{Endpoint, Host};

/// The longest URL that is followed.
pub(super) const MAX_URL_BYTES: usize = 8192;
const EXCERPT_CHARACTERS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Plain,
    Secure,
}

/// One place a request goes to.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    url: Url,
    pub(super) scheme: Scheme,
    pub(super) endpoint: Endpoint,
    path: Uri,
    absolute: Uri,
    host: HeaderValue,
}

impl Hop {
    /// `None` for what is not an `http` or `https` URL with a host, or has credentials in it.
    pub(super) fn of_url(url: Url) -> Option<Self> {
        let (scheme, word) = match url.scheme() {
            "http" => (Scheme::Plain, http::uri::Scheme::HTTP),
            "https" => (Scheme::Secure, http::uri::Scheme::HTTPS),
            _ => return None,
        };
        if !url.username().is_empty() || url.password().is_some() || url.as_str().len() > MAX_URL_BYTES {
            return None;
        }
        let endpoint = Endpoint { host: Host::of_url(&url)?, port: url.port_or_known_default()? };
        let authority = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str()?),
            None => url.host_str()?.to_owned(),
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let path = PathAndQuery::try_from(path).ok()?;
        let host = HeaderValue::from_str(&authority).ok()?;
        let authority = Authority::try_from(authority).ok()?;
        let absolute = Uri::builder().scheme(word).authority(authority).path_and_query(path.clone()).build().ok()?;
        Some(Self { url, scheme, endpoint, path: Uri::from(path), absolute, host })
    }

    /// The request to send here. `headers` may name another host.
    pub(super) fn request(
        &self,
        speak: Speak,
        method: &Method,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = method.clone();
        *request.headers_mut() = headers.clone();
        match speak {
            Speak::Http1 => {
                *request.uri_mut() = self.path.clone();
                if !headers.contains_key(HOST) {
                    request.headers_mut().insert(HOST, self.host.clone());
                }
                request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Speak::Http2 => {
                *request.version_mut() = Version::HTTP_2;
                let host = request.headers_mut().remove(HOST);
                *request.uri_mut() = host.and_then(|host| self.under_host(&host)).unwrap_or(self.absolute.clone());
            }
        }
        request
    }

    fn under_host(&self, host: &HeaderValue) -> Option<Uri> {
        let mut parts = self.absolute.clone().into_parts();
        parts.authority = Some(Authority::try_from(host.as_bytes()).ok()?);
        Uri::from_parts(parts).ok()
    }

    /// Where `location`, found here, leads.
    pub(super) fn follow(&self, location: &HeaderValue) -> Result<Self, Failed> {
        let refused = |why: &str| {
            let shown = excerpt(location.as_bytes(), EXCERPT_CHARACTERS);
            Failed::new(Failure::Redirect, format_args!("redirect to `{shown}`: {why}"))
        };
        let text = std::str::from_utf8(location.as_bytes()).map_err(|_| refused("not UTF-8"))?;
        let url = self.url.join(text).map_err(|error| refused(&error.to_string()))?;
        Self::of_url(url).ok_or_else(|| refused("neither http nor https, or with credentials, or too long"))
    }

    fn same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.endpoint == other.endpoint
    }
}

/// Where a response redirects to, if it does.
pub(super) fn location(head: &response::Parts) -> Option<&HeaderValue> {
    match head.status {
        StatusCode::MOVED_PERMANENTLY
        | StatusCode::FOUND
        | StatusCode::SEE_OTHER
        | StatusCode::TEMPORARY_REDIRECT
        | StatusCode::PERMANENT_REDIRECT => head.headers.get(LOCATION),
        _ => None,
    }
}

impl Ask {
    /// What is asked after a redirect (RFC 9110 section 15.4): after 301, 302 and 303 a GET without a body, and at
    /// another origin no credentials.
    pub(super) fn redirected(&self, status: StatusCode, from: &Hop, to: &Hop) -> Self {
        let mut next = self.clone();
        let keeps_method = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT)
            || matches!(self.method, Method::GET | Method::HEAD);
        if !keeps_method {
            next.method = Method::GET;
            next.body = Bytes::new();
            next.headers.remove(CONTENT_TYPE);
            next.headers.remove(CONTENT_LENGTH);
        }
        if !from.same_origin(to) {
            for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, HOST] {
                next.headers.remove(name);
            }
        }
        next
    }
}

#[cfg(test)]
mod tests;

//! Where a collector is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;
use tonic::transport::Uri;

/// Where no port is given.
const DEFAULT_PORT: u16 = 7470;

/// The address of a collector's gRPC port: `https://host:port`, or `http://host:port` on loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectorUrl {
    host: String,
    port: u16,
    secure: bool,
}

/// Why a text is not a collector's address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Not of the form.
    #[error("{0:?} is not a collector's address; allowed is https://host:port, and http://host:port on loopback")]
    Form(String),
    /// Plain text to somewhere else than loopback.
    #[error(
        "{0:?} would send samples and orders in plain text; http is allowed only to localhost, 127.0.0.0/8 and [::1]"
    )]
    PlainText(String),
}

impl CollectorUrl {
    /// The name or address to connect to and, with TLS, to verify.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// True for TLS.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// What no text gives: plain text to any address.
    #[cfg(test)]
    pub(crate) fn into_plain_text(self) -> Self {
        Self { secure: false, ..self }
    }
}

impl FromStr for CollectorUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let form = || UrlError::Form(text.chars().take(200).collect());
        let uri: Uri = text.parse().map_err(|_| form())?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(form()),
        };
        let authority = uri.authority().ok_or_else(form)?;
        let plain_path = uri.path_and_query().is_none_or(|path| path.as_str() == "/");
        if authority.as_str().contains('@') || !plain_path || authority.host().is_empty() {
            return Err(form());
        }
        let port = match authority.port() {
            Some(port) => Some(port.as_u16()).filter(|port| *port != 0).ok_or_else(form)?,
            None if authority.as_str().ends_with(':') || authority.as_str().len() > authority.host().len() => {
                return Err(form());
            }
            None => DEFAULT_PORT,
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if !secure && !is_loopback_name(&host) {
            return Err(UrlError::PlainText(text.chars().take(200).collect()));
        }
        Ok(Self { host, port, secure })
    }
}

/// `localhost` or an address of this machine alone. What `localhost` resolves to is checked again when connecting.
fn is_loopback_name(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

impl fmt::Display for CollectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

//! Targets as people write them: `host:port`, and URLs for one-shot probes.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use quorate_model::ProbeSpec;
use quorate_model::check::{
    DnsSpec, DnsTransport, Family, GrpcSpec, HttpExpect, HttpSpec, HttpVersion, IcmpSpec, RecordType, TcpSpec,
    TlsSettings, TlsSpec,
};
use thiserror::Error;
use url::Url;

use crate::names;
use crate::spec::{SpecError, shown};

/// A host: an address, or a name to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Address(IpAddr),
    Name(String),
}

impl Host {
    /// Reads a host as URLs do, so that every way to write an IPv4 address (octal, hexadecimal, one number) becomes
    /// the address it means before anything judges it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::Address(address));
        }
        match url::Host::parse(text).ok()? {
            url::Host::Ipv4(address) => Some(Self::Address(address.into())),
            url::Host::Ipv6(address) => Some(Self::Address(address.into())),
            url::Host::Domain(name) => names::is_name(&name).then_some(Self::Name(name)),
        }
    }

    pub(crate) fn of_url(url: &Url) -> Option<Self> {
        match url.host()? {
            url::Host::Ipv4(address) => Some(Self::Address(address.into())),
            url::Host::Ipv6(address) => Some(Self::Address(address.into())),
            url::Host::Domain(name) => names::is_name(name).then(|| Self::Name(name.to_owned())),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name.strip_suffix('.').unwrap_or(name)),
        }
    }
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: Host,
    pub(crate) port: u16,
}

impl Endpoint {
    /// Reads `host:port`; an IPv6 address stands in brackets.
    pub(crate) fn parse(field: &str, text: &str) -> Result<Self, SpecError> {
        let error = || SpecError::value(field, text, "`HOST:PORT`, such as `example.com:443` or `[2001:db8::1]:443`");
        let (host, port) = text.rsplit_once(':').ok_or_else(error)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(error)?;
        if host.contains(':') && !host.starts_with('[') {
            return Err(error());
        }
        let host = Host::parse(host).ok_or_else(error)?;
        Ok(Self { host, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(address) => SocketAddr::new(*address, self.port).fmt(f),
            Host::Name(_) => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// A text that names no target.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` is not a target; allowed: http://..., https://..., tcp://HOST:PORT, tls://HOST:PORT, icmp://HOST, \
     grpc://HOST:PORT/SERVICE, grpcs://HOST:PORT/SERVICE, dns://SERVER[:PORT]/NAME?type=A"
)]
pub struct TargetError {
    text: String,
}

/// Reads a target as one writes it on a command line into a probe with default expectations.
///
/// Schemes: `http`, `https`, `tcp`, `tls`, `icmp`, `grpc`, `grpcs` and `dns` (`dns:///NAME` asks the system's resolver).
/// Up to ten redirects are followed.
///
/// # Errors
/// If the text is none of these. What [`prepare`](crate::prepare) checks is not checked here.
pub fn parse_target(text: &str) -> Result<ProbeSpec, TargetError> {
    let error = || TargetError { text: shown(text) };
    let (scheme, rest) = text.split_once("://").ok_or_else(error)?;
    if rest.is_empty() {
        return Err(error());
    }
    let family = Family::Any;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let spec = match scheme {
        "http" | "https" => ProbeSpec::Http(HttpSpec {
            url: text.to_owned(),
            method: "GET".to_owned(),
            headers: Vec::new(),
            body: None,
            version: HttpVersion::Auto,
            max_redirects: 10,
            tls: TlsSettings::default(),
            family,
            expect: HttpExpect::default(),
        }),
        "tcp" => ProbeSpec::Tcp(TcpSpec { address: authority.to_owned(), family, send: None, expect: None }),
        "tls" => ProbeSpec::Tls(TlsSpec { address: authority.to_owned(), family, tls: TlsSettings::default() }),
        "icmp" => ProbeSpec::Icmp(IcmpSpec { host: authority.to_owned(), family, payload_bytes: 56 }),
        "grpc" | "grpcs" => ProbeSpec::Grpc(GrpcSpec {
            address: authority.to_owned(),
            family,
            service: path.to_owned(),
            tls: (scheme == "grpcs").then(TlsSettings::default),
        }),
        "dns" => ProbeSpec::Dns(dns_target(authority, path).ok_or_else(error)?),
        _ => return Err(error()),
    };
    Ok(spec)
}

fn dns_target(authority: &str, path: &str) -> Option<DnsSpec> {
    let (name, query) = path.split_once('?').unwrap_or((path, "type=A"));
    let record_type = RecordType::from_word(&query.strip_prefix("type=")?.to_ascii_uppercase())?;
    let server = if authority.is_empty() {
        None
    } else if let Ok(server) = SocketAddr::from_str(authority) {
        Some(server)
    } else {
        Some(SocketAddr::new(authority.trim_matches(['[', ']']).parse().ok()?, 53))
    };
    if name.is_empty() {
        return None;
    }
    Some(DnsSpec {
        name: name.to_owned(),
        record_type,
        server,
        transport: DnsTransport::Udp,
        rcodes: Vec::new(),
        answer_regex: None,
    })
}

#[cfg(test)]
mod tests;

//! What to probe and how: the part of a check that agents are told.
//!
//! Texts such as URLs, regular expressions and paths were parsed where they entered; an agent parses them again and
//! refuses, with a reason, what it cannot use.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use crate::id::CheckId;
use crate::policy::Confirm;
use crate::sample::{CheckVersion, closed_words};
use crate::time::{CollectorTime, Millis};

/// A check as agents are told it: the probe, its schedule, its retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckSpec {
    /// Its name.
    pub id: CheckId,
    /// The hash of these settings, stamped into every sample.
    pub version: CheckVersion,
    /// What to send and what to expect.
    pub probe: ProbeSpec,
    /// The time from one slot to the next; over 0.
    pub interval: Millis,
    /// How long an answer may take; over 0.
    pub timeout: Millis,
    /// A right answer that took longer is `slow`.
    pub degraded_over: Option<Millis>,
    /// Fast retries after a change.
    pub confirm: Confirm,
    /// This agent's shift inside the interval, so that all agents together sample the target evenly; 0 up to `interval`.
    pub phase: Millis,
    /// From when on these settings hold.
    pub effective_from: CollectorTime,
}

/// One protocol with its request and its expectations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeSpec {
    /// A request over HTTP/1.1 or HTTP/2, with TLS for `https`.
    Http(HttpSpec),
    /// A connection, with optional dialogue.
    Tcp(TcpSpec),
    /// A TLS handshake and the certificate's facts.
    Tls(TlsSpec),
    /// A DNS question.
    Dns(DnsSpec),
    /// An ICMP echo.
    Icmp(IcmpSpec),
    /// The standard gRPC health check.
    Grpc(GrpcSpec),
}

impl ProbeSpec {
    /// The protocol's word in labels and tables.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Tcp(_) => "tcp",
            Self::Tls(_) => "tls",
            Self::Dns(_) => "dns",
            Self::Icmp(_) => "icmp",
            Self::Grpc(_) => "grpc",
        }
    }

    /// What is probed, for people: a URL, an address, a name.
    pub fn target(&self) -> String {
        use alloc::format;
        match self {
            Self::Http(http) => http.url.clone(),
            Self::Tcp(tcp) => tcp.address.clone(),
            Self::Tls(tls) => tls.address.clone(),
            Self::Dns(dns) => format!("{} {}", dns.name, dns.record_type),
            Self::Icmp(icmp) => icmp.host.clone(),
            Self::Grpc(grpc) => format!("{}/{}", grpc.address, grpc.service),
        }
    }
}

closed_words! {
    /// Which HTTP the probe speaks.
    HttpVersion {
        /// HTTP/2 where the server offers it by ALPN, else HTTP/1.1.
        Auto = 1 "auto",
        /// HTTP/1.1 only.
        Http1 = 2 "http1",
        /// HTTP/2 only; without TLS with prior knowledge.
        Http2 = 3 "http2",
    }
}

closed_words! {
    /// Which address family is used.
    Family {
        /// Whatever the resolver gives first.
        Any = 1 "any",
        /// IPv4 only.
        V4 = 2 "v4",
        /// IPv6 only.
        V6 = 3 "v6",
    }
}

closed_words! {
    /// Whether an invalid certificate fails the probe.
    Verify {
        /// It does.
        Required = 1 "required",
        /// It does not; its facts are recorded all the same.
        Skipped = 2 "skipped",
    }
}

closed_words! {
    /// A DNS record type that can be asked for.
    RecordType {
        /// IPv4 address.
        A = 1 "A",
        /// IPv6 address.
        Aaaa = 2 "AAAA",
        /// Alias.
        Cname = 3 "CNAME",
        /// Mail exchange.
        Mx = 4 "MX",
        /// Name server.
        Ns = 5 "NS",
        /// Pointer.
        Ptr = 6 "PTR",
        /// Start of authority.
        Soa = 7 "SOA",
        /// Service location.
        Srv = 8 "SRV",
        /// Text.
        Txt = 9 "TXT",
        /// Certification authority authorisation.
        Caa = 10 "CAA",
    }
}

closed_words! {
    /// The transport of a DNS question.
    DnsTransport {
        /// UDP, and TCP after a truncated answer.
        Udp = 1 "udp",
        /// TCP.
        Tcp = 2 "tcp",
    }
}

/// An HTTP request and what its answer has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSpec {
    /// `http://` or `https://`.
    pub url: String,
    /// GET, HEAD, POST, ...
    pub method: String,
    /// Extra request headers, in order.
    pub headers: Vec<(String, String)>,
    /// The request's body.
    pub body: Option<String>,
    /// Which HTTP is spoken.
    pub version: HttpVersion,
    /// How many redirects are followed, 0 to 10; with 0 the redirect itself is the answer.
    pub max_redirects: u8,
    /// TLS settings for `https`.
    pub tls: TlsSettings,
    /// Address family.
    pub family: Family,
    /// What the answer has to be.
    pub expect: HttpExpect,
}

/// What an HTTP answer has to be. Everything given has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpExpect {
    /// Allowed statuses; empty = 200 to 299.
    pub status: Vec<u16>,
    /// Headers that must be there, the value matching the regular expression.
    pub headers: Vec<(String, String)>,
    /// The body has to match.
    pub body_regex: Option<String>,
    /// The body must not match.
    pub body_not_regex: Option<String>,
    /// Each path has to select something in the JSON body; with a value, exactly that JSON value first.
    pub json: Vec<JsonExpect>,
}

/// A JSONPath (RFC 9535) with the JSON text its first node has to equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonExpect {
    /// The path, such as `$.status`.
    pub path: String,
    /// The expected value as JSON text; without it the path has to select something.
    pub equals: Option<String>,
}

/// How TLS is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// Whether an invalid certificate fails the probe.
    pub verify: Verify,
    /// The name sent and verified, where it is not the host's.
    pub server_name: Option<String>,
    /// Own roots in PEM, in place of the public ones.
    pub ca_pem: Option<String>,
    /// The probe fails if the certificate ends sooner than this.
    pub min_days_left: Option<u32>,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self { verify: Verify::Required, server_name: None, ca_pem: None, min_days_left: None }
    }
}

/// A TCP connection, with an optional dialogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSpec {
    /// `host:port`.
    pub address: String,
    /// Address family.
    pub family: Family,
    /// Sent first, or after the expected banner where `expect` comes first.
    pub send: Option<String>,
    /// What is read has to match this regular expression.
    pub expect: Option<String>,
}

/// A TLS handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSpec {
    /// `host:port`.
    pub address: String,
    /// Address family.
    pub family: Family,
    /// TLS settings.
    pub tls: TlsSettings,
}

/// A DNS question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsSpec {
    /// The name asked for.
    pub name: String,
    /// The record type asked for.
    pub record_type: RecordType,
    /// The server asked; without it the system's resolver.
    pub server: Option<SocketAddr>,
    /// UDP or TCP.
    pub transport: DnsTransport,
    /// Allowed response codes, such as `NOERROR`; empty = NOERROR.
    pub rcodes: Vec<String>,
    /// At least one record of the answer has to match this regular expression.
    pub answer_regex: Option<String>,
}

/// An ICMP echo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcmpSpec {
    /// A name or an address.
    pub host: String,
    /// Address family.
    pub family: Family,
    /// Bytes of payload, 0 to 1400.
    pub payload_bytes: u16,
}

/// The standard gRPC health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrpcSpec {
    /// `host:port`.
    pub address: String,
    /// Address family.
    pub family: Family,
    /// The service asked for; empty = the server as a whole.
    pub service: String,
    /// TLS settings; without them plain text.
    pub tls: Option<TlsSettings>,
}

/// A reference target: something that is up unless this node's own network is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceSpec {
    /// How it is asked.
    pub probe: ProbeSpec,
}

/// The addresses probes leave from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceAddress {
    /// Bound before connecting, where the families agree.
    pub address: Option<IpAddr>,
}

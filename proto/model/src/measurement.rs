//! What a probe measured and saw besides its outcome: kept for latency and for evidence, never read by the verdict.

use alloc::sync::Arc;
use core::net::IpAddr;

use crate::sample::Sample;
use crate::time::Micros;

/// The phases of a probe, from the monotonic clock. A phase that did not take place is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// Name look-up.
    pub dns: Option<Micros>,
    /// Connection set-up.
    pub connect: Option<Micros>,
    /// TLS handshake.
    pub tls: Option<Micros>,
    /// From the request's last byte to the answer's first.
    pub first_byte: Option<Micros>,
    /// From the answer's first byte to its last.
    pub transfer: Option<Micros>,
    /// From the start to the end of the whole probe, redirects included.
    pub total: Micros,
}

/// What is known of the certificate a target showed, valid or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The end of validity of the leaf, seconds since the epoch.
    pub not_after_s: i64,
    /// The earliest end of validity in the whole chain sent, seconds since the epoch.
    pub chain_not_after_s: i64,
    /// How many certificates were sent.
    pub chain_length: u8,
    /// True if the chain verified for the name asked.
    pub verified: bool,
}

/// What a probe saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The address connected to.
    pub address: Option<IpAddr>,
    /// The HTTP status, or the DNS response code, or the gRPC status.
    pub status: Option<u16>,
    /// The first difference from what was expected or the error's text; at most [`Evidence::MAX_DETAIL`] bytes.
    pub detail: Option<Arc<str>>,
    /// The certificate shown.
    pub certificate: Option<CertificateFacts>,
}

impl Evidence {
    /// The most bytes of `detail` that travel and are kept.
    pub const MAX_DETAIL: usize = 256;
}

/// A sample with what was measured and seen: what agents spool, collectors receive and stores keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the verdict reads.
    pub sample: Sample,
    /// How long each phase took.
    pub phases: Phases,
    /// What was seen.
    pub evidence: Evidence,
}

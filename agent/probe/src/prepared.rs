//! A probe ready to run, whatever its protocol.

use std::future::Future;

use quorate_model::ProbeSpec;
use tokio::time::timeout_at;

use crate::attempt::Attempt;
use crate::clock;
use crate::context::Context;
use crate::dns::Dns;
use crate::failed::Failed;
use crate::finding::Finding;
use crate::grpc::Grpc;
use crate::http::Http;
use crate::icmp::Icmp;
use crate::spec::SpecError;
use crate::tcp::Tcp;
use crate::timing::Timing;
use crate::tls::Tls;

/// What every protocol module offers: one attempt at the target.
pub(crate) trait Probe {
    /// Tries once and notes phases and evidence in `attempt`. The caller enforces the deadline by dropping the future.
    fn attempt(&self, attempt: &mut Attempt<'_>) -> impl Future<Output = Result<(), Failed>> + Send;
}

#[derive(Debug)]
enum Protocol {
    Http(Box<Http>),
    Tcp(Tcp),
    Tls(Tls),
    Dns(Dns),
    Icmp(Icmp),
    Grpc(Grpc),
}

/// A probe whose settings were parsed and checked; cheap to run again and again, also at the same time.
#[derive(Debug)]
pub struct Prepared {
    protocol: Protocol,
    timing: Timing,
}

/// Parses and checks everything in `spec` once.
///
/// # Errors
/// With the first field that cannot be used, and what is allowed there.
pub fn prepare(spec: &ProbeSpec, timing: Timing) -> Result<Prepared, SpecError> {
    let protocol = match spec {
        ProbeSpec::Http(spec) => Protocol::Http(Box::new(Http::prepare(spec)?)),
        ProbeSpec::Tcp(spec) => Protocol::Tcp(Tcp::prepare(spec)?),
        ProbeSpec::Tls(spec) => Protocol::Tls(Tls::prepare(spec)?),
        ProbeSpec::Dns(spec) => Protocol::Dns(Dns::prepare(spec)?),
        ProbeSpec::Icmp(spec) => Protocol::Icmp(Icmp::prepare(spec)?),
        ProbeSpec::Grpc(spec) => Protocol::Grpc(Grpc::prepare(spec)?),
    };
    Ok(Prepared { protocol, timing })
}

impl Prepared {
    /// Probes once, on a new connection. Never takes much longer than [`Timing::longest`]; dropping the future ends the
    /// probe at once. Has to run inside a tokio runtime with I/O and time enabled.
    pub async fn run(&self, context: &Context) -> Finding {
        let mut attempt = Attempt::start(context, self.timing);
        let end = clock::instant(attempt.end());
        let result = match &self.protocol {
            Protocol::Http(probe) => timeout_at(end, probe.attempt(&mut attempt)).await,
            Protocol::Tcp(probe) => timeout_at(end, probe.attempt(&mut attempt)).await,
            Protocol::Tls(probe) => timeout_at(end, probe.attempt(&mut attempt)).await,
            Protocol::Dns(probe) => timeout_at(end, probe.attempt(&mut attempt)).await,
            Protocol::Icmp(probe) => timeout_at(end, probe.attempt(&mut attempt)).await,
            Protocol::Grpc(probe) => timeout_at(end, probe.attempt(&mut attempt)).await,
        };
        attempt.conclude(result.ok())
    }

    /// Its timing.
    pub fn timing(&self) -> Timing {
        self.timing
    }
}

#[cfg(test)]
mod tests;

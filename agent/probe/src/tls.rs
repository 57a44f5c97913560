//! The TLS probe: a connection, a handshake, and what the certificates say.

use quorate_model::check::{Family, TlsSpec};
use tokio::io::AsyncWriteExt;

use crate::attempt::Attempt;
use crate::connect::connect;
use crate::failed::Failed;
use crate::prepared::Probe;
use crate::secure::{NameUse, Secure};
use crate::spec::SpecError;
use crate::target::Endpoint;

/// A TLS probe.
#[derive(Debug)]
pub(crate) struct Tls {
    endpoint: Endpoint,
    family: Family,
    secure: Secure,
}

impl Tls {
    pub(crate) fn prepare(spec: &TlsSpec) -> Result<Self, SpecError> {
        Ok(Self {
            endpoint: Endpoint::parse("tls.address", &spec.address)?,
            family: spec.family,
            secure: Secure::prepare("tls.tls", &spec.tls, &[])?,
        })
    }
}

impl Probe for Tls {
    async fn attempt(&self, attempt: &mut Attempt<'_>) -> Result<(), Failed> {
        let stream = connect(attempt, &self.endpoint, self.family).await?;
        let mut stream = self.secure.handshake(attempt, stream, &self.endpoint.host, NameUse::Configured).await?;
        // The handshake is the answer; saying goodbye is a courtesy whose failure means nothing.
        stream.get_mut().1.send_close_notify();
        stream.flush().await.ok();
        Ok(())
    }
}

#[cfg(test)]
mod tests;

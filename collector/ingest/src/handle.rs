//! How others talk to a running service.

use std::sync::Arc;

use quorate_model::{AgentId, CheckId, CollectorTime};

use crate::counters::{Counters, Counting};
use crate::registry::{AgentView, Registry};
use crate::tls::{Tls, TlsError, TlsMaterial};

/// A cheap clone that talks to a running [`crate::Service`].
#[derive(Clone)]
pub struct Handle {
    pub(crate) registry: Arc<Registry>,
    pub(crate) counting: Arc<Counting>,
    pub(crate) tls: Option<Arc<Tls>>,
}

impl Handle {
    /// Asks every connected agent that has the check to probe it now, but the one given. Gives how many were asked: none if
    /// the last such call for this check was less than 2 s ago.
    pub fn probe_now(&self, check: &CheckId, except: Option<&AgentId>) -> usize {
        self.registry.probe_now(check, except)
    }

    /// Asks every connected agent that has the check to run it at half its interval until then. Gives how many were asked.
    pub fn hasten(&self, check: &CheckId, until: CollectorTime) -> usize {
        self.registry.hasten(check, until)
    }

    /// Every agent ever heard of, by id.
    pub fn agents(&self) -> Vec<AgentView> {
        self.registry.views()
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        self.counting.snapshot()
    }

    /// Takes other certificates, authorities or revocation lists for handshakes from now on; open streams stay. Without TLS
    /// nothing changes.
    ///
    /// # Errors
    /// They cannot be used; those in use stay.
    pub fn replace_tls(&self, material: &TlsMaterial) -> Result<(), TlsError> {
        match &self.tls {
            Some(tls) => tls.replace(material),
            None => Ok(()),
        }
    }
}

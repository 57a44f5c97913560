//! The picture of the present that readers share.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use quorate_model::CheckId;
use quorate_proto::api;

pub mod counters;

pub use counters::{CheckTotals, ConfigState, Counters, HistogramCounts, IngestCounters, StoreSize};

/// Everything that is answered from the present: checks, agents and counters, taken at one moment.
#[derive(Debug)]
pub struct Snapshot {
    status: api::Status,
    agents: api::Agents,
    counters: Counters,
    rendered: Rendered,
}

/// The answers that are equal for every reader of one picture, made when first asked for.
#[derive(Debug, Default)]
pub(crate) struct Rendered {
    pub(crate) status: OnceLock<Bytes>,
    pub(crate) checks: OnceLock<Bytes>,
    pub(crate) agents: OnceLock<Bytes>,
}

impl Snapshot {
    /// A picture of one moment. Sorts the checks and the agents by id, as the look-ups and the answers need it.
    pub fn new(mut status: api::Status, mut agents: api::Agents, counters: Counters) -> Self {
        status.checks.sort_by(|a, b| a.id.cmp(&b.id));
        agents.agents.sort_by(|a, b| a.id.cmp(&b.id));
        Self { status, agents, counters, rendered: Rendered::default() }
    }

    /// Every check's state.
    pub fn status(&self) -> &api::Status {
        &self.status
    }

    /// One check's state.
    pub fn check(&self, id: &CheckId) -> Option<&api::CheckStatus> {
        let place = self.status.checks.binary_search_by(|check| check.id.as_str().cmp(id.as_str())).ok()?;
        self.status.checks.get(place)
    }

    /// Every agent's state.
    pub fn agents(&self) -> &api::Agents {
        &self.agents
    }

    /// What only the exporter tells.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn rendered(&self) -> &Rendered {
        &self.rendered
    }
}

/// The place where the newest [`Snapshot`] is put and read. The lock is held only while a pointer is copied.
#[derive(Debug)]
pub struct Published(RwLock<Arc<Snapshot>>);

impl Published {
    /// Starts with a first picture.
    pub fn new(first: Snapshot) -> Self {
        Self(RwLock::new(Arc::new(first)))
    }

    /// Replaces the picture; readers keep the one they have.
    pub fn publish(&self, next: Snapshot) {
        let next = Arc::new(next);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// The newest picture.
    pub fn current(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

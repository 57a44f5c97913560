//! The agents: what each is to probe, what is asked of them, what is shown of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prost::Message as _;
use quorate_collector_config::{AgentPlace, Assignment, Config};
use quorate_collector_consensus::confirm::Request;
use quorate_collector_http::view::counters::{HistogramCounts, IngestCounters};
use quorate_collector_ingest::{AckLatency, AgentView, AssignmentTable, Handle};
use quorate_model::{AgentId, CheckId, CollectorTime, Millis};
use quorate_proto::{api, v1};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::agents::Agents;
use crate::clock::Clock;
use crate::history::Histories;
use crate::judge::{Asker, Configured};

/// An agent that was not heard of for so long takes no share of the interval any more.
const GONE_AFTER: Millis = Millis::from_secs(86_400);

/// The agents as the collector's other parts see them.
pub(crate) struct Fleet {
    handle: Handle,
    clock: Arc<dyn Clock>,
    table: watch::Sender<Arc<AssignmentTable>>,
    configured: Mutex<Option<Arc<Configured>>>,
}

impl Fleet {
    /// Knows no configuration yet: agents are refused until [`Fleet::configure`].
    pub(crate) fn new(handle: Handle, clock: Arc<dyn Clock>, table: watch::Sender<Arc<AssignmentTable>>) -> Self {
        Self { handle, clock, table, configured: Mutex::new(None) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Configured>>> {
        self.configured.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells every agent what it is to probe by this configuration.
    pub(crate) fn configure(&self, configured: &Arc<Configured>) {
        *self.lock() = Some(Arc::clone(configured));
        self.assign();
    }

    /// Shares the intervals among the agents there are now. Agents whose assignment does not change are told nothing.
    pub(crate) fn assign(&self) {
        let Some(configured) = self.lock().clone() else { return };
        let now = self.clock.now();
        let present =
            self.handle.agents().into_iter().filter(|view| view.connected || now - view.last_seen < GONE_AFTER);
        let places: Vec<AgentPlace> =
            present.map(|view| AgentPlace { agent: view.agent, region: view.region }).collect();
        self.table.send_replace(Arc::new(table(&configured.config, &configured.histories, &places)));
    }
}

/// What every agent is to probe.
fn table(config: &Config, histories: &Histories, places: &[AgentPlace]) -> AssignmentTable {
    let effective_from =
        |check: &CheckId| histories.get(check).map_or(CollectorTime::MIN, |known| known.effective_from);
    let of = |place: &AgentPlace| Arc::new(message(&config.assignment(place, places, effective_from)));
    let mut by_region = BTreeMap::new();
    for region in &config.regions {
        // An agent that connects for the first time: it gets its share once it is known.
        let newcomer = AgentId::new("_").expect("an underscore is an id");
        by_region.insert(region.id.clone(), of(&AgentPlace { agent: newcomer, region: region.id.clone() }));
    }
    AssignmentTable {
        regions: config.regions.iter().map(|region| (region.id.clone(), region.provider.clone())).collect(),
        checks: config.checks.iter().map(|check| check.id.clone()).collect(),
        revoked: BTreeSet::new(),
        by_agent: places.iter().map(|place| (place.agent.clone(), of(place))).collect(),
        by_region,
    }
}

/// An assignment on the wire. Its revision is a hash of its content, so that equal ones are equal after a restart too.
fn message(assignment: &Assignment) -> v1::Assignment {
    let interval = assignment.reference_interval.get().clamp(1, u32::MAX.into());
    let mut message = v1::Assignment {
        revision: 0,
        base_revision: 0,
        upsert: assignment.checks.iter().map(v1::Check::from).collect(),
        remove: Vec::new(),
        references: assignment.references.iter().map(|reference| v1::Probe::from(&reference.probe)).collect(),
        reference_interval_ms: u32::try_from(interval).unwrap_or(u32::MAX),
    };
    let digest: [u8; 32] = Sha256::digest(message.encode_to_vec()).into();
    let (first, _) = digest.split_first_chunk::<8>().expect("a SHA-256 has 32 bytes");
    message.revision = u64::from_be_bytes(*first).max(1);
    message
}

impl Asker for Fleet {
    fn ask(&self, check: &CheckId, request: Request) {
        let asked = match request {
            Request::ProbeNow { ref except } => self.handle.probe_now(check, Some(except)),
            Request::Hasten { until } => self.handle.hasten(check, until),
        };
        tracing::debug!(%check, ?request, asked, "asked agents");
    }
}

impl Agents for Fleet {
    fn agents(&self) -> Vec<api::Agent> {
        let table = Arc::clone(&self.table.borrow());
        self.handle.agents().into_iter().map(|view| agent(view, &table)).collect()
    }

    fn counters(&self) -> IngestCounters {
        let counters = self.handle.counters();
        let rejects = counters.rejects;
        IngestCounters {
            batches: counters.batches,
            samples: counters.samples,
            duplicates: counters.duplicates,
            equivocations: counters.equivocations,
            late: counters.late,
            capped: counters.capped,
            apart: BTreeMap::from([
                ("future", counters.future),
                ("stale", counters.stale),
                ("unknown_check", counters.unknown_check),
            ]),
            rejects: BTreeMap::from([
                ("malformed", rejects.malformed),
                ("out_of_range", rejects.out_of_range),
                ("too_large", rejects.too_large),
            ]),
            ack: histogram(&counters.ack_latency),
        }
    }

    fn probe_now(&self, check: &CheckId) -> u32 {
        u32::try_from(self.handle.probe_now(check, None)).unwrap_or(u32::MAX)
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds for show; sums of microseconds lose precision after 285 years")]
fn histogram(latency: &AckLatency) -> HistogramCounts {
    let seconds = |us: u64| us as f64 / 1e6;
    let bounds = AckLatency::BOUNDS_US.iter().map(|bound| seconds(*bound));
    HistogramCounts {
        buckets: bounds.zip(latency.buckets.iter().copied()).collect(),
        above: latency.buckets.last().copied().unwrap_or(0),
        sum_seconds: seconds(latency.sum_us),
    }
}

fn agent(view: AgentView, table: &AssignmentTable) -> api::Agent {
    let wanted = table.assignment(&view.agent, &view.region).map(|assignment| assignment.revision);
    let last_seen = view.last_seen.as_millis();
    let told = view.status.is_some();
    let status = view.status.unwrap_or_default();
    api::Agent {
        id: view.agent.to_string(),
        region: view.region.to_string(),
        provider: view.provider.to_string(),
        connected: view.connected,
        last_seen_ms: Some(last_seen),
        // The status comes with heartbeats, and so does most of what an agent is heard of.
        status_at_ms: told.then_some(last_seen),
        boot: view.boot.get(),
        durable_seq: view.durable.get(),
        software: view.software,
        health: status.health,
        clock_offset_ms: status.clock_offset.get(),
        clock_error_ms: status.clock_error.get(),
        spool_samples: status.spool_samples,
        samples_dropped: status.samples_dropped,
        probes_started: status.probes_started,
        probes_extra: status.probes_extra,
        probes_skipped: status.probes_skipped,
        resident_bytes: status.resident_bytes,
        assignment_current: told && wanted == Some(status.assignment_revision),
        refused: status
            .refused
            .into_iter()
            .map(|refused| api::RefusedCheck { check: refused.check, reason: refused.reason })
            .collect(),
    }
}

#[cfg(test)]
mod tests;

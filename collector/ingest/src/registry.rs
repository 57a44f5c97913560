//! Which agents there are, which of them have a stream, and what they said of themselves.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use quorate_collector_store::KnownAgent;
use quorate_model::{AgentId, AgentTime, Boot, CheckId, CollectorTime, Millis, ProviderId, RegionId, Seq};
use quorate_proto::batch::Origin;
use quorate_proto::v1;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::counters::Counting;

/// All agents are asked to probe a check at most once in this time (CONSENSUS section 6 b).
const SOLICIT_EVERY: Duration = Duration::from_secs(2);
/// Requests that wait for one stream; more are not sent.
pub(crate) const COMMANDS: usize = 64;

/// Something that does not wait for a commit. Events are hints: when the channel is full they are dropped and counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An agent opened a stream.
    Connected {
        /// Who, and where it stands.
        origin: Origin,
        /// In which life.
        boot: Boot,
    },
    /// An agent's stream ended, and it has no other one.
    Disconnected {
        /// Who, and where it stood.
        origin: Origin,
    },
    /// A probe has waited for four times its typical latency.
    Suspect {
        /// Whose probe.
        origin: Origin,
        /// Of what.
        check: CheckId,
        /// Since when.
        start: AgentTime,
    },
    /// A sample that is newer than what this agent sent before says something else: right answers became wrong ones or the
    /// reverse. Told when it arrives, before it is committed.
    Changed {
        /// Whose sample.
        origin: Origin,
        /// Of what.
        check: CheckId,
        /// What it says now.
        answer: Answer,
        /// The end of the probe.
        at: CollectorTime,
    },
}

/// What a sample says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A right answer in time.
    Right,
    /// A wrong, late or missing one.
    Wrong,
}

/// What an agent says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentStatus {
    /// Health multiplier 0 to 7.
    pub health: u8,
    /// Collector clock minus agent clock.
    pub clock_offset: Millis,
    /// Half width of the interval of the offset.
    pub clock_error: Millis,
    /// Samples that wait in its spool.
    pub spool_samples: u64,
    /// Bytes of its spool.
    pub spool_bytes: u64,
    /// Probes started since its start.
    pub probes_started: u64,
    /// Of those, retries and solicited ones.
    pub probes_extra: u64,
    /// Slots it could not run since its start.
    pub probes_skipped: u64,
    /// Samples it dropped since its start.
    pub samples_dropped: u64,
    /// How late its scheduler is.
    pub scheduler_lag: Millis,
    /// Resident memory in bytes.
    pub resident_bytes: u64,
    /// The assignment it runs; 0 = none.
    pub assignment_revision: u64,
    /// Checks it cannot run; at most [`AgentStatus::MAX_REFUSED`].
    pub refused: Vec<RefusedCheck>,
}

/// A check an agent cannot run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCheck {
    /// The check.
    pub check: String,
    /// Why, cut to 256 bytes.
    pub reason: String,
}

impl AgentStatus {
    /// The most refused checks that are kept.
    pub const MAX_REFUSED: usize = 1_000;

    pub(crate) fn from_message(message: v1::AgentStatus) -> Self {
        let cut = |mut text: String| {
            if text.len() > 256 {
                let end = (0..=256).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
                text.truncate(end);
            }
            text
        };
        Self {
            health: u8::try_from(message.health.min(7)).unwrap_or(7),
            clock_offset: Millis::new(message.clock_offset_ms),
            clock_error: Millis::new(message.clock_error_ms),
            spool_samples: message.spool_samples,
            spool_bytes: message.spool_bytes,
            probes_started: message.probes_started,
            probes_extra: message.probes_extra,
            probes_skipped: message.probes_skipped,
            samples_dropped: message.samples_dropped,
            scheduler_lag: Millis::new(message.scheduler_lag_ms.into()),
            resident_bytes: message.resident_bytes,
            assignment_revision: message.assignment_revision,
            refused: message
                .refused
                .into_iter()
                .take(Self::MAX_REFUSED)
                .map(|r| RefusedCheck { check: cut(r.check), reason: cut(r.reason) })
                .collect(),
        }
    }
}

/// An agent as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentView {
    /// Its id.
    pub agent: AgentId,
    /// Its region.
    pub region: RegionId,
    /// Who runs the network there.
    pub provider: ProviderId,
    /// True while it has a stream open.
    pub connected: bool,
    /// When something was last heard of it.
    pub last_seen: CollectorTime,
    /// The life it is in.
    pub boot: Boot,
    /// Everything of that life up to here is settled.
    pub durable: Seq,
    /// The version of its software.
    pub software: String,
    /// What it said of itself on this stream or the last; `None` if nothing since the collector's start.
    pub status: Option<AgentStatus>,
    /// The assignment it was last sent; 0 = none since the collector's start.
    pub assignment_sent: u64,
}

struct Live {
    generation: u64,
    stop: CancellationToken,
    commands: mpsc::Sender<v1::ProbeNow>,
}

struct Entry {
    view: AgentView,
    sent: Option<Arc<v1::Assignment>>,
    live: Option<Live>,
}

/// What a stream gets when it joins.
pub(crate) struct Membership {
    pub(crate) generation: u64,
    /// Cancelled when another stream of the same agent takes over.
    pub(crate) stop: CancellationToken,
    pub(crate) commands: mpsc::Receiver<v1::ProbeNow>,
}

pub(crate) struct Registry {
    agents: Mutex<BTreeMap<AgentId, Entry>>,
    solicited: Mutex<HashMap<CheckId, Instant>>,
    numbers: AtomicU64,
    events: mpsc::Sender<Event>,
    counting: Arc<Counting>,
}

impl Registry {
    pub(crate) fn new(known: Vec<KnownAgent>, events: mpsc::Sender<Event>, counting: Arc<Counting>) -> Self {
        let agents = known.into_iter().map(|k| {
            let view = AgentView {
                agent: k.agent.clone(),
                region: k.region,
                provider: k.provider,
                connected: false,
                last_seen: k.last_seen,
                boot: k.boot,
                durable: k.durable,
                software: k.software,
                status: None,
                assignment_sent: 0,
            };
            (k.agent, Entry { view, sent: None, live: None })
        });
        Self {
            agents: Mutex::new(agents.collect()),
            solicited: Mutex::new(HashMap::new()),
            numbers: AtomicU64::new(1),
            events,
            counting,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<AgentId, Entry>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn tell(&self, event: Event) {
        if self.events.try_send(event).is_err() {
            Counting::add(&self.counting.events_lost, 1);
        }
    }

    /// A stream said hello. One that the same agent had before is stopped.
    pub(crate) fn join(
        &self,
        origin: &Origin,
        boot: Boot,
        (durable, software): (Seq, &str),
        now: CollectorTime,
    ) -> Membership {
        let (sender, commands) = mpsc::channel(COMMANDS);
        let stop = CancellationToken::new();
        let generation = self.number();
        let live = Live { generation, stop: stop.clone(), commands: sender };
        let replaced = {
            let mut agents = self.lock();
            let entry = agents.entry(origin.agent.clone()).or_insert_with(|| Entry {
                view: AgentView {
                    agent: origin.agent.clone(),
                    region: origin.region.clone(),
                    provider: origin.provider.clone(),
                    connected: false,
                    last_seen: now,
                    boot,
                    durable,
                    software: String::new(),
                    status: None,
                    assignment_sent: 0,
                },
                sent: None,
                live: None,
            });
            entry.view = AgentView {
                agent: origin.agent.clone(),
                region: origin.region.clone(),
                provider: origin.provider.clone(),
                connected: true,
                last_seen: now,
                boot,
                durable,
                software: software.to_owned(),
                status: entry.view.status.take(),
                assignment_sent: entry.view.assignment_sent,
            };
            entry.live.replace(live)
        };
        if let Some(old) = replaced {
            Counting::add(&self.counting.streams_replaced, 1);
            tracing::warn!(agent = %origin.agent, "another stream of the same agent takes over");
            old.stop.cancel();
        }
        self.tell(Event::Connected { origin: origin.clone(), boot });
        Membership { generation, stop, commands }
    }

    /// A stream ended.
    pub(crate) fn leave(&self, origin: &Origin, generation: u64) {
        let was_last = {
            let mut agents = self.lock();
            match agents.get_mut(&origin.agent) {
                Some(entry) if entry.live.as_ref().is_some_and(|live| live.generation == generation) => {
                    entry.live = None;
                    entry.view.connected = false;
                    true
                }
                _ => false,
            }
        };
        if was_last {
            self.tell(Event::Disconnected { origin: origin.clone() });
        }
    }

    pub(crate) fn change(&self, agent: &AgentId, change: impl FnOnce(&mut AgentView)) {
        if let Some(entry) = self.lock().get_mut(agent) {
            change(&mut entry.view);
        }
    }

    /// The assignment the agent was last sent.
    pub(crate) fn sent(&self, agent: &AgentId) -> Option<Arc<v1::Assignment>> {
        self.lock().get(agent).and_then(|entry| entry.sent.clone())
    }

    pub(crate) fn set_sent(&self, agent: &AgentId, assignment: Arc<v1::Assignment>) {
        if let Some(entry) = self.lock().get_mut(agent) {
            entry.view.assignment_sent = assignment.revision;
            entry.sent = Some(assignment);
        }
    }

    pub(crate) fn views(&self) -> Vec<AgentView> {
        self.lock().values().map(|entry| entry.view.clone()).collect()
    }

    /// Asks every connected agent that has the check, but one. Gives how many were asked.
    pub(crate) fn probe_now(&self, check: &CheckId, except: Option<&AgentId>) -> usize {
        let now = Instant::now();
        {
            let mut solicited = self.solicited.lock().unwrap_or_else(PoisonError::into_inner);
            solicited.retain(|_, at| now.duration_since(*at) < SOLICIT_EVERY);
            if solicited.contains_key(check) {
                return 0;
            }
            solicited.insert(check.clone(), now);
        }
        self.ask(check, except, 0)
    }

    /// Asks every connected agent that has the check to run it at half the interval until then.
    pub(crate) fn hasten(&self, check: &CheckId, until: CollectorTime) -> usize {
        self.ask(check, None, until.as_millis())
    }

    fn ask(&self, check: &CheckId, except: Option<&AgentId>, hasten_until_ms: i64) -> usize {
        let request = self.number();
        let mut asked = 0;
        for (agent, entry) in &*self.lock() {
            let has = entry.sent.as_ref().is_some_and(|a| a.upsert.iter().any(|c| c.id == check.as_str()));
            let Some(live) = entry.live.as_ref().filter(|_| has && except != Some(agent)) else { continue };
            let message = v1::ProbeNow { checks: vec![check.to_string()], request, hasten_until_ms };
            // A stream so slow that its requests pile up would probe too late anyway.
            asked += usize::from(live.commands.try_send(message).is_ok());
        }
        Counting::add(&self.counting.probe_requests, asked as u64);
        asked
    }
}

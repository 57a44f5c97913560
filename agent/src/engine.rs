//! The task that owns the core: carries out its commands, applies assignments, fills the spool.

mod assignment;
mod probes;

use std::path::PathBuf;
use std::sync::Arc;

use quorate_agent_core::{AgentCore, Command, Finding, ProbeId, RoundId, Urgency};
use quorate_agent_probe::Context;
use quorate_model::{CheckId, CollectorTime, Millis, MonoTime, Outcome, Record, Seq, Trigger};
use quorate_proto::v1;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, trace, warn};

use crate::clock::Clock;
use crate::status::StatusBoard;
use crate::uplink::{SharedSpool, ToUplink};
use assignment::Assigned;

/// What uplinks tell the engine.
#[derive(Debug)]
pub(crate) enum ToEngine {
    /// A collector's assignment; `uplink` is asked to connect again if it does not fit.
    Assignment { uplink: usize, message: Box<v1::Assignment> },
    /// A collector wants samples now, and perhaps a faster schedule until then (0 = no change).
    ProbeNow { checks: Vec<String>, hasten_until: CollectorTime },
    /// How a collector's clock stands to the agent's.
    ClockOffset { uplink: usize, offset: Millis },
}

/// The last sample in the spool, and the last that cannot wait.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Appended {
    pub(crate) last: Seq,
    pub(crate) urgent: Seq,
}

/// What ended.
pub(super) enum Ended {
    Probe { check: CheckId, probe: ProbeId, started: MonoTime, finding: Finding },
    Round { round: RoundId, bad_mask: u32 },
    Saved { revision: u64, result: std::io::Result<()> },
}

/// The engine with everything it owns.
pub(crate) struct Engine {
    pub(crate) core: AgentCore,
    pub(crate) clock: Clock,
    pub(crate) context: Context,
    pub(crate) spool: SharedSpool,
    pub(crate) appended: watch::Sender<Appended>,
    pub(crate) inbox: mpsc::Receiver<ToEngine>,
    pub(crate) uplinks: Vec<mpsc::Sender<ToUplink>>,
    pub(crate) status: StatusBoard,
    pub(crate) data_dir: PathBuf,
    pub(crate) stop_grace: Millis,
}

/// The running engine.
struct Running {
    engine: Engine,
    assigned: Assigned,
    tasks: JoinSet<Ended>,
    /// True while an assignment is being written.
    saving: bool,
    /// True if it has changed since the writing began.
    save_again: bool,
    /// The uplink whose collector's clock the schedule follows: the first that knew it.
    clock_from: Option<usize>,
}

impl Engine {
    /// Runs until `stop`; then lets what is under way end, within half the grace time.
    pub(crate) async fn run(self, stored: Option<v1::Assignment>, stop: CancellationToken) {
        let mut running = Running {
            engine: self,
            assigned: Assigned::default(),
            tasks: JoinSet::new(),
            saving: false,
            save_again: false,
            clock_from: None,
        };
        if let Some(message) = stored {
            running.apply(message, None);
        }
        while !stop.is_cancelled() {
            running.carry_out();
            running.wait(Some(&stop), None).await;
        }
        running.engine.core.handle_stop();
        let grace = running.engine.stop_grace.over(2);
        let deadline = running.engine.clock.now().plus(grace);
        loop {
            running.carry_out();
            if running.engine.core.is_quiet() && !running.saving || running.engine.clock.now() >= deadline {
                break;
            }
            running.wait(None, Some(deadline)).await;
        }
        running.tasks.shutdown().await;
    }
}

impl Running {
    /// Does everything that is due.
    fn carry_out(&mut self) {
        let mut appended = None;
        loop {
            let now = self.engine.clock.now();
            let Some(command) = self.engine.core.poll_command(now) else { break };
            match command {
                Command::StartProbe(start) => self.start_probe(&start),
                Command::StartReferences(round) => self.start_references(round),
                Command::Suspect { check, start } => {
                    debug!(%check, start_ms = start.as_millis(), "a probe waits suspiciously long");
                    let hint = v1::Suspect { check: check.to_string(), start_ms: start.as_millis() };
                    for uplink in &self.engine.uplinks {
                        // A hint that finds no room is worthless later: it is dropped.
                        drop(uplink.try_send(ToUplink::Suspect(hint.clone())));
                    }
                }
                Command::Record(record) => appended = self.append(*record).or(appended),
            }
        }
        if let Some(urgency) = appended {
            self.publish(urgency);
        }
        let snapshot = self.engine.core.take_snapshot(self.engine.clock.now());
        let mut status = self.engine.status.lock();
        status.counters = snapshot.counters;
        status.health = snapshot.health;
        status.max_lag = status.max_lag.max(snapshot.max_lag);
    }

    /// Waits for the next thing to do.
    async fn wait(&mut self, stop: Option<&CancellationToken>, deadline: Option<MonoTime>) {
        let wake = [self.engine.core.next_wake(), deadline].into_iter().flatten().min();
        let wake = self.engine.clock.instant(wake.unwrap_or(MonoTime::from_micros(u64::MAX)));
        let stopped = async {
            match stop {
                Some(stop) => stop.cancelled().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stopped => {}
            () = tokio::time::sleep_until(wake) => {}
            Some(ended) = self.tasks.join_next() => self.handle_ended(ended),
            Some(message) = self.engine.inbox.recv() => self.handle_message(message),
        }
    }

    fn handle_ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        let now = self.engine.clock.now();
        match ended {
            Ok(Ended::Probe { check, probe, started, finding }) => {
                self.engine.core.handle_probe_finished(&check, probe, started, finding, now);
            }
            Ok(Ended::Round { round, bad_mask }) => {
                self.engine.core.handle_references_finished(round, bad_mask, now);
            }
            Ok(Ended::Saved { revision, result }) => {
                self.saving = false;
                match result {
                    Ok(()) => debug!(revision, "assignment stored"),
                    Err(error) => {
                        warn!(%error, revision, "the assignment is not stored; a restart without a collector would miss it");
                    }
                }
                if std::mem::take(&mut self.save_again) {
                    self.save();
                }
            }
            Err(error) => {
                // A probe that panicked is a mistake of ours; its check stays in flight in the core and is seen as skipped slots.
                error!(%error, "a task broke");
            }
        }
    }

    fn handle_message(&mut self, message: ToEngine) {
        let now = self.engine.clock.now();
        match message {
            ToEngine::Assignment { uplink, message } => self.apply(*message, Some(uplink)),
            ToEngine::ProbeNow { checks, hasten_until } => {
                for id in checks.iter().filter_map(|id| CheckId::new(id).ok()) {
                    let started = self.engine.core.handle_probe_now(&id, now);
                    if hasten_until > CollectorTime::from_millis(0) {
                        self.engine.core.handle_hasten(&id, hasten_until, now);
                    }
                    debug!(check = %id, started, "asked for a sample");
                }
            }
            ToEngine::ClockOffset { uplink, offset } => {
                if *self.clock_from.get_or_insert(uplink) == uplink {
                    self.engine.core.handle_clock_offset(offset, now);
                }
            }
        }
    }

    /// Puts a record into the spool and says whether it can wait.
    fn append(&self, record: Record) -> Option<(Seq, Urgency)> {
        let sample = &record.sample;
        let seq = sample.id.seq;
        trace!(
            seq = seq.get(), check = %sample.check, outcome = %sample.outcome, total_us = record.phases.total.get(),
            lag_ms = sample.lag.get(), health = sample.health.get(), "sample"
        );
        let plain = matches!(sample.outcome, Outcome::Ok | Outcome::Slow) && sample.trigger == Trigger::Scheduled;
        let urgency = if plain { Urgency::Batched } else { Urgency::Now };
        match self.engine.spool.append(record) {
            Ok(()) => Some((seq, urgency)),
            Err(error) => {
                error!(%error, seq = seq.get(), "the spool refuses a sample");
                None
            }
        }
    }

    fn publish(&self, (last, urgency): (Seq, Urgency)) {
        self.engine.appended.send_modify(|appended| {
            appended.last = last;
            if urgency == Urgency::Now {
                appended.urgent = last;
            }
        });
    }

    /// Takes an assignment as a whole or not at all.
    fn apply(&mut self, message: v1::Assignment, uplink: Option<usize>) {
        let now = self.engine.clock.now();
        let revision = message.revision;
        match self.assigned.apply(message) {
            Ok(change) => {
                for id in &change.removed {
                    self.engine.core.remove_check(id);
                }
                for spec in change.set {
                    self.engine.core.set_check(spec, now);
                }
                if let Some(plan) = change.references {
                    self.engine.core.set_references(plan, now);
                }
                info!(
                    revision = format_args!("{revision:016x}"),
                    checks = self.assigned.checks(),
                    removed = change.removed.len(),
                    refused = self.assigned.refused().len(),
                    references = self.assigned.references().len(),
                    stored = uplink.is_none(),
                    "assignment applied"
                );
                for (name, reason) in self.assigned.refused() {
                    warn!(check = name, reason, "check refused");
                }
                {
                    let mut status = self.engine.status.lock();
                    status.assignment_revision = revision;
                    status.refused = self.assigned.refusals();
                }
                if uplink.is_some() {
                    self.save();
                }
            }
            Err(error) => {
                warn!(%error, revision = format_args!("{revision:016x}"), "assignment refused");
                if let Some(uplink) = uplink.and_then(|index| self.engine.uplinks.get(index)) {
                    drop(uplink.try_send(ToUplink::Reconnect("its assignment does not fit")));
                }
            }
        }
    }

    /// Writes the assignment on a thread of its own; one writing at a time, the newest last.
    fn save(&mut self) {
        if self.saving {
            self.save_again = true;
            return;
        }
        self.saving = true;
        let message = self.assigned.to_message();
        let data_dir = self.engine.data_dir.clone();
        self.tasks.spawn_blocking(move || {
            let result = crate::stored::save(&data_dir, &message);
            Ended::Saved { revision: message.revision, result }
        });
    }

    fn start_probe(&mut self, start: &quorate_agent_core::StartProbe) {
        let Some(prepared) = self.assigned.prepared(&start.spec) else {
            // Only checks that were prepared are given to the core.
            error!(check = %start.spec.id, "no probe for a check");
            return;
        };
        let task = probes::probe(start, prepared, self.engine.context.clone(), self.engine.clock);
        self.tasks.spawn(task);
    }

    fn start_references(&mut self, round: RoundId) {
        let references = Arc::clone(self.assigned.prepared_references());
        self.tasks.spawn(probes::references(round, references, self.engine.context.clone()));
    }
}

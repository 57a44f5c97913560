//! The task of one collector: owns the session, reads the spool, and talks over one stream at a time.
//!
//! The session decides; this task carries out. What is read from the network comes from a task of its own, what is written
//! is taken from a bounded channel by the connection's own task: neither ever waits for the other. The channel cannot fill
//! in good order, as the session bounds what is under way; if it does, the connection counts as dead.

mod spool;
mod stream;
mod wire;

use std::time::Duration;

use quorate_agent_core::{CloseReason, Output, SentKind, Session, Urgency};
use quorate_agent_spool::{Read, ReaderId};
use quorate_model::{AgentId, Boot, RegionId, Seq};
use quorate_proto::v1;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::clock::Clock;
use crate::connect::Connector;
use crate::engine::{Appended, ToEngine};
use crate::status::{StatusBoard, resident_bytes};
pub(crate) use spool::SharedSpool;
use stream::{Connection, Event};

/// What the engine tells an uplink.
#[derive(Debug)]
pub(crate) enum ToUplink {
    /// A hint to pass on, if there is a stream.
    Suspect(v1::Suspect),
    /// Connect again, so that the greeting says anew what the agent has; holds the reason.
    Reconnect(&'static str),
}

/// A connection closed in good order may take so long to say goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

/// One collector's uplink with everything it owns.
pub(crate) struct Uplink {
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) agent: AgentId,
    pub(crate) region: RegionId,
    pub(crate) boot: Boot,
    pub(crate) connector: Connector,
    pub(crate) clock: Clock,
    pub(crate) session: Session,
    pub(crate) spool: SharedSpool,
    pub(crate) reader: ReaderId,
    pub(crate) appended: watch::Receiver<Appended>,
    pub(crate) inbox: mpsc::Receiver<ToUplink>,
    pub(crate) engine: mpsc::Sender<ToEngine>,
    pub(crate) status: StatusBoard,
    pub(crate) stop_grace: quorate_model::Millis,
}

/// Why a connection ended, for the log and the next step.
enum Hangup {
    /// The session wanted it.
    Closed(CloseReason),
    /// The stream broke or did not come up.
    Broken(String),
    /// The collector said something that cannot be.
    Protocol(String),
}

struct Running {
    uplink: Uplink,
    connection: Option<Connection>,
    max_message_bytes: usize,
    urgent: Seq,
    /// Failures since the last stream, so that only the first is a warning.
    failures: u32,
}

impl Uplink {
    /// Runs until the session ends, which it does after `stop` once everything is sent or the grace time is over.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        self.appended.mark_changed();
        let max_message_bytes = quorate_proto::batch::MAX_RAW_BYTES;
        let mut running =
            Running { uplink: self, connection: None, max_message_bytes, urgent: Seq::new(0), failures: 0 };
        let mut stopping = false;
        while !running.uplink.session.is_ended() {
            if let Err(hangup) = running.carry_out() {
                running.hang_up(hangup).await;
                continue;
            }
            running.wait(&stop, &mut stopping).await;
        }
    }
}

impl Running {
    /// Does what the session wants done now.
    fn carry_out(&mut self) -> Result<(), Hangup> {
        loop {
            let now = self.uplink.clock.now();
            let Some(output) = self.uplink.session.poll_output(now) else { return Ok(()) };
            match output {
                Output::Connect => {
                    debug!("connecting");
                    self.connection = Some(Connection::open(self.uplink.connector.clone(), self.uplink.clock));
                }
                Output::SendHello => self.send(self.hello())?,
                Output::SendHeartbeat { id, sent } => {
                    self.send(wire::agent(v1::Heartbeat { id, agent_sent_us: sent.as_micros() }))?;
                }
                Output::SendStatus => self.send(self.agent_status())?,
                Output::SendData { from, max_samples } => self.send_data(from, max_samples)?,
                Output::Close(reason) => return Err(Hangup::Closed(reason)),
                Output::Ended => return Ok(()),
            }
        }
    }

    /// Waits for the next thing to do, and does what came.
    async fn wait(&mut self, stop: &CancellationToken, stopping: &mut bool) {
        let uplink = &mut self.uplink;
        let wake = uplink.session.next_wake().unwrap_or(quorate_model::MonoTime::from_micros(u64::MAX));
        let wake = uplink.clock.instant(wake);
        let connection = &mut self.connection;
        let event = async {
            match connection {
                Some(connection) => connection.next_event().await,
                None => std::future::pending().await,
            }
        };
        let outcome = tokio::select! {
            () = stop.cancelled(), if !*stopping => {
                *stopping = true;
                let now = uplink.clock.now();
                // The engine has stopped by now, so this is the last of its samples.
                let last = uplink.appended.borrow_and_update().last;
                uplink.session.handle_appended(last, Urgency::Now, now);
                uplink.session.handle_stop(now.plus(uplink.stop_grace.over(2)), now);
                Ok(())
            }
            () = tokio::time::sleep_until(wake) => Ok(()),
            Ok(()) = uplink.appended.changed(), if !*stopping => {
                let appended = *uplink.appended.borrow_and_update();
                let urgency = if appended.urgent > self.urgent { Urgency::Now } else { Urgency::Batched };
                self.urgent = appended.urgent;
                if appended.last > Seq::new(0) {
                    uplink.session.handle_appended(appended.last, urgency, uplink.clock.now());
                }
                Ok(())
            }
            Some(message) = uplink.inbox.recv() => self.handle_engine(message),
            event = event => self.handle_event(event).await,
        };
        if let Err(hangup) = outcome {
            self.hang_up(hangup).await;
        }
    }

    fn handle_engine(&mut self, message: ToUplink) -> Result<(), Hangup> {
        match message {
            ToUplink::Suspect(hint) if self.uplink.session.is_streaming() => self.send(wire::agent(hint)),
            ToUplink::Reconnect(reason) if self.connection.is_some() => Err(Hangup::Protocol(reason.to_owned())),
            ToUplink::Suspect(_) | ToUplink::Reconnect(_) => Ok(()),
        }
    }

    async fn handle_event(&mut self, event: Event) -> Result<(), Hangup> {
        match event {
            Event::Connected => {
                self.uplink.session.handle_connected(self.uplink.clock.now());
                Ok(())
            }
            Event::Message { message, received } => self.handle_message(message, received).await,
            Event::Ended(reason) => Err(Hangup::Broken(reason)),
        }
    }

    async fn handle_message(
        &mut self,
        message: v1::CollectorMessage,
        received: quorate_model::MonoTime,
    ) -> Result<(), Hangup> {
        use v1::collector_message::Kind;
        let protocol = |error: quorate_agent_core::SessionError| Hangup::Protocol(error.to_string());
        let session = &mut self.uplink.session;
        match message.kind {
            Some(Kind::Resume(resume)) => {
                self.max_message_bytes = wire::max_message_bytes(&resume);
                let durable = Seq::new(resume.durable_seq);
                session.handle_resume(durable, wire::limits(&resume), received).map_err(protocol)?;
                self.uplink.spool.settle(self.uplink.reader, durable);
                debug!(durable = durable.get(), "greeted");
            }
            Some(Kind::Ack(ack)) => {
                session.handle_ack(Boot::new(ack.boot), Seq::new(ack.durable_seq), received).map_err(protocol)?;
                self.uplink.spool.settle(self.uplink.reader, session.settled());
            }
            Some(Kind::Reject(reject)) => {
                let (first, last) = (Seq::new(reject.first_seq), Seq::new(reject.last_seq));
                session.handle_reject(Boot::new(reject.boot), first, last, received).map_err(protocol)?;
                self.uplink.spool.settle(self.uplink.reader, session.settled());
                warn!(
                    first = reject.first_seq,
                    last = reject.last_seq,
                    reason = reject.reason().as_str_name(),
                    detail = reject.detail,
                    "samples rejected"
                );
            }
            Some(Kind::Heartbeat(reply)) => {
                let was_streaming = session.is_streaming();
                let (sent, at, back) = wire::timestamps(&reply);
                session.handle_heartbeat_reply(sent, at, back, received).map_err(protocol)?;
                let reading = session.offset().reading_at(self.uplink.clock.agent().micros(received));
                if !was_streaming && session.is_streaming() {
                    self.failures = 0;
                    info!(settled = session.settled().get(), clock = ?reading, "streaming");
                }
                if let Some(reading) = reading {
                    let offset = ToEngine::ClockOffset { uplink: self.uplink.index, offset: reading.offset };
                    self.tell_engine(offset).await;
                }
            }
            Some(Kind::Assignment(assignment)) => {
                let message = ToEngine::Assignment { uplink: self.uplink.index, message: Box::new(assignment) };
                self.tell_engine(message).await;
            }
            Some(Kind::ProbeNow(now)) => {
                let hasten_until = quorate_model::CollectorTime::from_millis(now.hasten_until_ms);
                self.tell_engine(ToEngine::ProbeNow { checks: now.checks, hasten_until }).await;
            }
            Some(Kind::Drain(drain)) => {
                info!(reason = drain.reason, reconnect_after_ms = drain.reconnect_after_ms, "asked to connect again");
                session.handle_drain(quorate_model::Millis::new(drain.reconnect_after_ms.into()), received);
            }
            // A newer collector may say things this agent does not know.
            None => debug!("a message of an unknown kind"),
        }
        Ok(())
    }

    /// The engine takes messages at once; it is gone only while the agent stops.
    async fn tell_engine(&self, message: ToEngine) {
        drop(self.uplink.engine.send(message).await);
    }

    fn send(&self, message: v1::AgentMessage) -> Result<(), Hangup> {
        let Some(connection) = &self.connection else { return Err(Hangup::Broken("no connection".to_owned())) };
        connection.send(message).map_err(|reason| Hangup::Broken(reason.to_owned()))
    }

    /// Sends the samples or the gap at a number. The session sends nothing else until this is done.
    fn send_data(&mut self, from: Seq, max_samples: u32) -> Result<(), Hangup> {
        let now = self.uplink.clock.now();
        match self.uplink.spool.read(self.uplink.reader, from, usize::try_from(max_samples).unwrap_or(1)) {
            Read::Records(mut records) => {
                let offset = self.uplink.session.offset();
                for record in &mut records {
                    // Nothing is sent before a heartbeat was answered, so a reading is there.
                    let ended = quorate_agent_core::AgentMicros::from(record.sample.end);
                    record.sample.clock = offset.reading_at(ended).unwrap_or_default();
                }
                let batch =
                    wire::batch(&records, self.max_message_bytes).map_err(|e| Hangup::Protocol(e.to_string()))?;
                let last = Seq::new(batch.last_seq);
                self.send(wire::agent(batch))?;
                self.uplink.session.handle_sent(SentKind::Batch, last, now);
                Ok(())
            }
            Read::Gap(gap) => {
                warn!(first = gap.first.get(), last = gap.last.get(), "samples were dropped before they could be sent");
                let message = v1::Gap {
                    boot: self.uplink.boot.get(),
                    first_seq: gap.first.get(),
                    last_seq: gap.last.get(),
                    start_ms: gap.start.as_millis(),
                    end_ms: gap.end.as_millis(),
                };
                self.send(wire::agent(message))?;
                self.uplink.session.handle_sent(SentKind::Gap, gap.last, now);
                Ok(())
            }
            // The session sends only what was announced, and what was announced is in the spool.
            Read::Empty => Err(Hangup::Broken("the spool lacks samples that were announced".to_owned())),
        }
    }

    fn hello(&self) -> v1::AgentMessage {
        let depth = self.uplink.spool.depth();
        wire::agent(v1::Hello {
            agent: self.uplink.agent.to_string(),
            region: self.uplink.region.to_string(),
            boot: self.uplink.boot.get(),
            spool_first_seq: depth.first.get(),
            spool_last_seq: depth.last.get(),
            assignment_revision: self.uplink.status.lock().assignment_revision,
            software: concat!("quorate-agent/", env!("CARGO_PKG_VERSION")).to_owned(),
        })
    }

    fn agent_status(&self) -> v1::AgentMessage {
        let depth = self.uplink.spool.depth();
        let now = self.uplink.clock.agent().micros(self.uplink.clock.now());
        let clock = self.uplink.session.offset().reading_at(now).unwrap_or_default();
        let mut status = self.uplink.status.lock();
        let max_lag = std::mem::take(&mut status.max_lag);
        wire::agent(v1::AgentStatus {
            health: status.health.get().into(),
            clock_offset_ms: clock.offset.get(),
            clock_error_ms: clock.error.get(),
            spool_samples: depth.samples as u64,
            spool_bytes: depth.bytes as u64,
            probes_started: status.counters.started,
            probes_skipped: status.counters.missed + status.counters.overlapped,
            scheduler_lag_ms: u32::try_from(max_lag.get()).unwrap_or(u32::MAX),
            resident_bytes: resident_bytes(),
            assignment_revision: status.assignment_revision,
            refused: status.refused.clone(),
            samples_dropped: depth.dropped,
            probes_extra: status.counters.extra,
        })
    }

    /// Ends the connection and tells the session.
    async fn hang_up(&mut self, hangup: Hangup) {
        let streamed = self.uplink.session.is_streaming() || self.failures == 0;
        match &hangup {
            Hangup::Closed(CloseReason::Drained | CloseReason::Stopped) => {}
            Hangup::Closed(reason) => self.log_failure(streamed, &reason.to_string()),
            Hangup::Broken(reason) => self.log_failure(streamed, reason),
            Hangup::Protocol(reason) => warn!(reason, "connection closed"),
        }
        self.failures = self.failures.saturating_add(1);
        if let Some(connection) = self.connection.take() {
            match hangup {
                Hangup::Closed(reason @ (CloseReason::Drained | CloseReason::Stopped)) => {
                    connection.finish(GOODBYE).await;
                    info!(%reason, "connection closed");
                }
                _ => drop(connection),
            }
        }
        self.uplink.session.handle_disconnected(rand::random(), self.uplink.clock.now());
    }

    /// The first failure after a stream is news, its repetitions are not.
    fn log_failure(&self, news: bool, reason: &str) {
        let collector = &self.uplink.name;
        if news {
            warn!(collector, reason, "no stream to the collector; samples are kept");
        } else {
            debug!(collector, reason, failures = self.failures, "still no stream");
        }
    }
}

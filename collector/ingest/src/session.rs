//! One stream: hello, resume, batches in, acknowledgements out, and its end in good order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use quorate_collector_store::{AgentSeen, Gap, NewBatch, Rejection, Store, WriteError};
use quorate_model::{AgentId, AgentTime, Boot, CheckId, CollectorTime, Outcome, Record, RegionId, Seq};
use quorate_proto::batch::{self, BatchError, MAX_SAMPLES, Origin};
use quorate_proto::v1::{self, agent_message, collector_message};
use rand::Rng;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

use crate::admission::{SkewLimits, admit};
use crate::assignment::{AssignmentTable, messages};
use crate::commit::{Item, Work};
use crate::config::Limits;
use crate::counters::Counting;
use crate::outbox::{News, Outbox, Trouble};
use crate::registry::{AgentStatus, Answer, Event, Membership, Registry};
use crate::wire::Peer;

/// Bytes one decoded sample is counted as, texts included.
const SAMPLE_BYTES: u64 = 512;
/// Admission is counted in these, as a semaphore counts to 2^29 only.
pub(crate) const ADMISSION_UNIT: usize = 1_024;
/// A message to an agent that does not leave within this ends its stream.
const SEND_DEADLINE: Duration = Duration::from_secs(10);
/// A stream is closed after so many heartbeat intervals of silence.
const SILENT_HEARTBEATS: u32 = 4;
/// The longest pause asked for before an agent connects again, in milliseconds.
const MAX_RECONNECT_AFTER_MS: u32 = 2_000;
/// The longest version text kept.
const MAX_SOFTWARE_BYTES: usize = 64;

/// What every stream shares.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) table: watch::Receiver<Arc<AssignmentTable>>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) counting: Arc<Counting>,
    pub(crate) admission: Arc<Semaphore>,
    pub(crate) limits: Limits,
    pub(crate) skew: SkewLimits,
    /// Streams are asked to end.
    pub(crate) shutdown: CancellationToken,
    /// Streams end at once.
    pub(crate) abort: CancellationToken,
}

/// Where the answers of one stream go.
pub(crate) type Answers = mpsc::Sender<Result<v1::CollectorMessage, Status>>;

fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn now() -> CollectorTime {
    CollectorTime::from_millis(now_us() / 1_000)
}

/// Runs one stream to its end.
pub(crate) async fn run(
    shared: Arc<Shared>,
    work: mpsc::Sender<Work>,
    peer: Peer,
    incoming: Streaming<v1::AgentMessage>,
    answers: Answers,
) {
    let open = peer.open_stream();
    let outcome = match greet(&shared, &peer, incoming).await {
        Ok(greeted) => {
            let (origin, generation) = (greeted.origin.clone(), greeted.membership.generation);
            Counting::add(&shared.counting.streams, 1);
            tracing::info!(agent = %origin.agent, region = %origin.region, boot = greeted.boot.get(), "stream open");
            let outcome = Session::new(&shared, work, greeted, &answers).run().await;
            shared.registry.leave(&origin, generation);
            match &outcome {
                Ok(()) => tracing::info!(agent = %origin.agent, "stream ended"),
                Err(status) => {
                    tracing::info!(agent = %origin.agent, code = ?status.code(), reason = status.message(), "stream ended");
                }
            }
            outcome
        }
        Err(status) => {
            Counting::add(&shared.counting.streams_refused, 1);
            tracing::warn!(peer = ?peer.address, code = ?status.code(), reason = status.message(), "stream refused");
            Err(status)
        }
    };
    if let Err(status) = outcome
        && tokio::time::timeout(SEND_DEADLINE, answers.send(Err(status))).await.is_err()
    {
        tracing::debug!(peer = ?peer.address, "the reason of the end could not be told");
    }
    drop(open);
}

/// A stream that was let in.
struct Greeted {
    origin: Origin,
    boot: Boot,
    durable: Seq,
    assignment_revision: u64,
    membership: Membership,
    incoming: Streaming<v1::AgentMessage>,
}

async fn greet(shared: &Shared, peer: &Peer, mut incoming: Streaming<v1::AgentMessage>) -> Result<Greeted, Status> {
    let first = tokio::time::timeout(shared.limits.handshake_deadline, incoming.message())
        .await
        .map_err(|_| Status::deadline_exceeded("no hello came"))??;
    let Some(agent_message::Kind::Hello(hello)) = first.and_then(|message| message.kind) else {
        return Err(Status::invalid_argument("the first message has to be a hello"));
    };
    let agent = AgentId::new(&hello.agent).map_err(|e| Status::invalid_argument(format!("hello: agent {e}")))?;
    let region = RegionId::new(&hello.region).map_err(|e| Status::invalid_argument(format!("hello: region {e}")))?;
    if let Some(identity) = &peer.identity
        && (identity.agent != agent || identity.region != region)
    {
        return Err(Status::permission_denied(format!(
            "hello says agent {agent} in region {region}, the certificate says agent {} in region {}",
            identity.agent, identity.region
        )));
    }
    let origin = place(&shared.table.borrow(), &agent, &region)?;
    if hello.boot == 0 || hello.boot > i64::MAX.cast_unsigned() {
        return Err(Status::invalid_argument(format!("hello: boot is {}; allowed is 1 to 2^63 - 1", hello.boot)));
    }
    let boot = Boot::new(hello.boot);
    let mut software = hello.software;
    software.retain(|c| c.is_ascii_graphic() || c == ' ');
    software.truncate(MAX_SOFTWARE_BYTES);
    let at = now();
    let seen = AgentSeen { origin: origin.clone(), boot, software: software.clone(), at };
    let durable = shared.store.see_agent(seen).await.map_err(|error| store_status(&error))?;
    let membership = shared.registry.join(&origin, boot, (durable, &software), at);
    Ok(Greeted { origin, boot, durable, assignment_revision: hello.assignment_revision, membership, incoming })
}

/// Where the agent stands, if it may speak at all.
fn place(table: &AssignmentTable, agent: &AgentId, region: &RegionId) -> Result<Origin, Status> {
    if table.revoked.contains(agent) {
        return Err(Status::permission_denied(format!("agent {agent} is revoked")));
    }
    let Some(provider) = table.regions.get(region) else {
        return Err(Status::failed_precondition(format!("region {region} is not configured here")));
    };
    Ok(Origin { agent: agent.clone(), region: region.clone(), provider: provider.clone() })
}

fn store_status(error: &WriteError) -> Status {
    match error {
        WriteError::Full(_) | WriteError::Busy(_) => Status::resource_exhausted(error.to_string()),
        WriteError::Refused { .. } => Status::failed_precondition(error.to_string()),
        _ => Status::unavailable(error.to_string()),
    }
}

/// What happens next on a stream.
enum Next {
    Message(Option<v1::AgentMessage>),
    News(News),
    Command(v1::ProbeNow),
    TableChanged,
    TimeToDrain(&'static str),
    DrainOver,
    End(Status),
    Gone,
}

struct Session<'a> {
    shared: &'a Shared,
    work: mpsc::Sender<Work>,
    answers: &'a Answers,
    origin: Origin,
    boot: Boot,
    incoming: Streaming<v1::AgentMessage>,
    membership: Membership,
    table: watch::Receiver<Arc<AssignmentTable>>,
    outbox: Arc<Outbox>,
    durable: Seq,
    agent_revision: u64,
    /// Items given to the committer and not done.
    in_flight: u32,
    /// The agent sends nothing more.
    finished: bool,
    draining: Option<tokio::time::Instant>,
    heard: tokio::time::Instant,
    ends: tokio::time::Instant,
    /// Per check the end of the newest sample, and what it said.
    said: HashMap<CheckId, (CollectorTime, Answer)>,
}

impl<'a> Session<'a> {
    fn new(shared: &'a Shared, work: mpsc::Sender<Work>, greeted: Greeted, answers: &'a Answers) -> Self {
        let now = tokio::time::Instant::now();
        let life = shared.limits.stream_life;
        Self {
            shared,
            work,
            answers,
            origin: greeted.origin,
            boot: greeted.boot,
            incoming: greeted.incoming,
            membership: greeted.membership,
            table: shared.table.clone(),
            outbox: Arc::new(Outbox::default()),
            durable: greeted.durable,
            agent_revision: greeted.assignment_revision,
            in_flight: 0,
            finished: false,
            draining: None,
            heard: now,
            // By chance, so that streams opened together do not end together.
            ends: now + life + life.mul_f64(rand::rng().random_range(0.0..1.0)),
            said: HashMap::new(),
        }
    }

    async fn run(mut self) -> Result<(), Status> {
        let limits = &self.shared.limits;
        self.send(collector_message::Kind::Resume(v1::Resume {
            durable_seq: self.durable.get(),
            max_batch_samples: u32::try_from(MAX_SAMPLES).unwrap_or(u32::MAX),
            max_message_bytes: u32::try_from(limits.message_bytes).unwrap_or(u32::MAX),
            max_unacked_batches: limits.unacked_batches,
            heartbeat_interval_ms: u32::try_from(limits.heartbeat_interval.as_millis()).unwrap_or(u32::MAX),
        }))
        .await?;
        self.table.mark_unchanged();
        self.assign().await?;
        loop {
            match self.next().await {
                Next::Message(Some(message)) => {
                    self.handle(message).await?;
                    // After it was handled: what an agent could not say while it had to wait is no silence.
                    self.heard = tokio::time::Instant::now();
                }
                Next::Message(None) => {
                    self.finished = true;
                    let grace = tokio::time::Instant::now() + self.shared.limits.drain_grace;
                    self.draining.get_or_insert(grace);
                }
                Next::News(news) => self.tell(news).await?,
                Next::Command(request) => self.send(collector_message::Kind::ProbeNow(request)).await?,
                Next::TableChanged => {
                    place(&self.table.borrow_and_update(), &self.origin.agent, &self.origin.region)?;
                    self.assign().await?;
                }
                Next::TimeToDrain(reason) => self.drain(reason).await?,
                Next::DrainOver | Next::Gone => return Ok(()),
                Next::End(status) => return Err(status),
            }
            if self.finished && self.in_flight == 0 {
                return Ok(());
            }
        }
    }

    async fn next(&mut self) -> Next {
        let silent = self.heard + self.shared.limits.heartbeat_interval * SILENT_HEARTBEATS;
        let may_read = !self.finished && self.in_flight < self.shared.limits.unacked_batches;
        let draining = self.draining;
        tokio::select! {
            biased;
            () = self.shared.abort.cancelled() => Next::End(Status::unavailable("the collector ends")),
            () = self.membership.stop.cancelled() => {
                Next::End(Status::aborted("another stream of the same agent takes over"))
            }
            () = self.answers.closed() => Next::Gone,
            news = self.outbox.next() => Next::News(news),
            () = tokio::time::sleep_until(draining.unwrap_or(self.ends)), if draining.is_some() => Next::DrainOver,
            () = self.shared.shutdown.cancelled(), if draining.is_none() => Next::TimeToDrain("shutdown"),
            () = tokio::time::sleep_until(self.ends), if draining.is_none() => Next::TimeToDrain("age"),
            Some(request) = self.membership.commands.recv() => Next::Command(request),
            Ok(()) = self.table.changed() => Next::TableChanged,
            message = self.incoming.message(), if may_read => match message {
                Ok(message) => Next::Message(message),
                Err(status) => Next::End(status),
            },
            // Silence counts only while the agent could be read.
            () = tokio::time::sleep_until(silent), if may_read => {
                Next::End(Status::deadline_exceeded("the stream was silent for four heartbeats"))
            }
        }
    }

    async fn send(&self, kind: collector_message::Kind) -> Result<(), Status> {
        let message = v1::CollectorMessage { kind: Some(kind) };
        match tokio::time::timeout(SEND_DEADLINE, self.answers.send(Ok(message))).await {
            // A closed channel shows in the next round.
            Ok(_) => Ok(()),
            Err(_) => Err(Status::deadline_exceeded("the agent does not read")),
        }
    }

    /// Brings the agent to the assignment it should have.
    async fn assign(&mut self) -> Result<(), Status> {
        let table = Arc::clone(&self.table.borrow());
        let Some(wanted) = table.assignment(&self.origin.agent, &self.origin.region) else { return Ok(()) };
        let known = self.shared.registry.sent(&self.origin.agent);
        for message in messages(wanted, self.agent_revision, known.as_deref()) {
            self.send(collector_message::Kind::Assignment(message)).await?;
        }
        self.agent_revision = wanted.revision;
        self.shared.registry.set_sent(&self.origin.agent, Arc::clone(wanted));
        Ok(())
    }

    async fn drain(&mut self, reason: &'static str) -> Result<(), Status> {
        self.draining = Some(tokio::time::Instant::now() + self.shared.limits.drain_grace);
        let reconnect_after_ms = rand::rng().random_range(0..=MAX_RECONNECT_AFTER_MS);
        self.send(collector_message::Kind::Drain(v1::Drain { reconnect_after_ms, reason: reason.to_owned() })).await
    }

    async fn tell(&mut self, news: News) -> Result<(), Status> {
        self.in_flight = self.in_flight.saturating_sub(news.done);
        self.heard = tokio::time::Instant::now();
        for reject in news.rejects {
            self.send(collector_message::Kind::Reject(reject)).await?;
        }
        for (boot, durable) in news.durable {
            if boot == self.boot {
                self.shared.registry.change(&self.origin.agent, |view| view.durable = view.durable.max(durable));
            }
            self.send(collector_message::Kind::Ack(v1::Ack { boot: boot.get(), durable_seq: durable.get() })).await?;
        }
        match news.trouble {
            None => Ok(()),
            Some(Trouble::Full) => Err(Status::resource_exhausted("nothing can be stored now")),
            Some(Trouble::Broken) => Err(Status::unavailable("nothing can be stored any more")),
            Some(Trouble::Agent(why)) => Err(Status::resource_exhausted(why)),
        }
    }

    async fn handle(&mut self, message: v1::AgentMessage) -> Result<(), Status> {
        let received = now();
        self.shared.registry.change(&self.origin.agent, |view| view.last_seen = received);
        match message.kind {
            Some(agent_message::Kind::Batch(batch)) => self.batch(batch, received).await,
            Some(agent_message::Kind::Heartbeat(heartbeat)) => {
                let reply = v1::HeartbeatReply {
                    id: heartbeat.id,
                    agent_sent_us: heartbeat.agent_sent_us,
                    collector_received_us: now_us(),
                    collector_sent_us: now_us(),
                };
                self.send(collector_message::Kind::Heartbeat(reply)).await
            }
            Some(agent_message::Kind::Gap(gap)) => self.gap(&gap, received).await,
            Some(agent_message::Kind::Suspect(suspect)) => {
                // A hint about something that is no check says nothing.
                if let Ok(check) = CheckId::new(&suspect.check) {
                    let start = AgentTime::from_millis(suspect.start_ms);
                    self.shared.registry.tell(Event::Suspect { origin: self.origin.clone(), check, start });
                }
                Ok(())
            }
            Some(agent_message::Kind::Status(status)) => {
                let status = AgentStatus::from_message(status);
                self.shared.registry.change(&self.origin.agent, |view| view.status = Some(status));
                Ok(())
            }
            Some(agent_message::Kind::Hello(_)) => Err(Status::invalid_argument("a second hello on one stream")),
            // A kind this version does not know: later versions may send more.
            None => Ok(()),
        }
    }

    fn check_range(&self, what: &str, boot: u64, first: u64, last: u64) -> Result<(), Status> {
        let max = i64::MAX.cast_unsigned();
        if boot == 0 || boot > self.boot.get() {
            return Err(Status::invalid_argument(format!(
                "{what}: boot is {boot}; allowed is 1 to the boot in hello, {}",
                self.boot.get()
            )));
        }
        if first == 0 || first > last || last > max {
            return Err(Status::invalid_argument(format!(
                "{what}: samples {first} to {last}; allowed is 1 to {max}, in order"
            )));
        }
        Ok(())
    }

    async fn batch(&mut self, batch: v1::Batch, received: CollectorTime) -> Result<(), Status> {
        let arrived = Instant::now();
        let (boot, first, last) = (batch.boot, batch.first_seq, batch.last_seq);
        self.check_range("batch", boot, first, last)?;
        let samples = last - first + 1;
        Counting::add(&self.shared.counting.batches, 1);
        Counting::add(&self.shared.counting.batch_bytes, batch.columns.len() as u64);
        if samples > MAX_SAMPLES as u64 {
            // No range to reject: it may be anything, and what is rejected is gone.
            return Err(Status::invalid_argument(format!(
                "batch: {samples} samples; at most {MAX_SAMPLES} are allowed"
            )));
        }
        let bytes = samples * SAMPLE_BYTES
            + u64::from(batch.raw_bytes).min(batch::MAX_RAW_BYTES as u64)
            + batch.columns.len() as u64;
        let permit = self.admit_bytes(bytes).await?;
        let item = match batch::decode(&batch, &self.origin) {
            Ok(mut records) => {
                let admission = admit(&mut records, received, self.shared.skew, &self.table.borrow().checks);
                let counting = &self.shared.counting;
                Counting::add(&counting.capped, admission.capped);
                Counting::add(&counting.future, admission.future);
                Counting::add(&counting.stale, admission.stale);
                Counting::add(&counting.unknown_check, admission.unknown_check);
                Counting::add(&counting.late, admission.late);
                self.watch_for_changes(&records);
                Item::Batch(NewBatch { origin: self.origin.clone(), batch, received, records, marks: admission.marks })
            }
            Err(error) => self.rejection(&error, (boot, first, last), received),
        };
        self.pass_on(item, arrived, Some(permit)).await
    }

    async fn gap(&mut self, gap: &v1::Gap, received: CollectorTime) -> Result<(), Status> {
        self.check_range("gap", gap.boot, gap.first_seq, gap.last_seq)?;
        let gap = Gap {
            origin: self.origin.clone(),
            boot: Boot::new(gap.boot),
            first: Seq::new(gap.first_seq),
            last: Seq::new(gap.last_seq),
            start: AgentTime::from_millis(gap.start_ms),
            end: AgentTime::from_millis(gap.end_ms),
            received,
        };
        self.pass_on(Item::Gap(gap), Instant::now(), None).await
    }

    fn rejection(&self, error: &BatchError, (boot, first, last): (u64, u64, u64), received: CollectorTime) -> Item {
        let counting = &self.shared.counting;
        let (reason, counter) = match error {
            BatchError::TooLarge { .. } => (v1::RejectReason::TooLarge, &counting.too_large),
            BatchError::Value { .. } => (v1::RejectReason::OutOfRange, &counting.out_of_range),
            _ => (v1::RejectReason::Malformed, &counting.malformed),
        };
        Counting::add(counter, 1);
        let mut detail = error.to_string();
        if let Some(source) = std::error::Error::source(error) {
            detail = format!("{detail}: {source}");
        }
        let end = (0..=detail.len().min(1_024)).rev().find(|i| detail.is_char_boundary(*i)).unwrap_or(0);
        detail.truncate(end);
        tracing::warn!(agent = %self.origin.agent, first, last, %detail, "a batch is refused for good");
        let rejection = Rejection {
            origin: self.origin.clone(),
            boot: Boot::new(boot),
            first: Seq::new(first),
            last: Seq::new(last),
            reason: reason.into(),
            detail: detail.clone(),
            received,
        };
        let reject = v1::Reject { boot, first_seq: first, last_seq: last, reason: reason.into(), detail };
        Item::Rejection(rejection, reject)
    }

    /// Waits for room for a batch; meanwhile the stream is not read, so that its sender waits too.
    async fn admit_bytes(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Status> {
        let units = u32::try_from(bytes.div_ceil(ADMISSION_UNIT as u64)).unwrap_or(u32::MAX);
        tokio::select! {
            permit = Arc::clone(&self.shared.admission).acquire_many_owned(units) => {
                permit.map_err(|_| Status::unavailable("the collector ends"))
            }
            end = self.stopped() => Err(end),
        }
    }

    async fn pass_on(
        &mut self,
        item: Item,
        arrived: Instant,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<(), Status> {
        let work = Work { item, outbox: Arc::clone(&self.outbox), arrived, permit };
        tokio::select! {
            sent = self.work.send(work) => sent.map_err(|_| Status::unavailable("the collector ends"))?,
            end = self.stopped() => return Err(end),
        }
        self.in_flight += 1;
        Ok(())
    }

    async fn stopped(&self) -> Status {
        tokio::select! {
            () = self.shared.abort.cancelled() => Status::unavailable("the collector ends"),
            () = self.membership.stop.cancelled() => Status::aborted("another stream of the same agent takes over"),
        }
    }

    /// Tells at once when the newest sample of a check says something else than the one before.
    fn watch_for_changes(&mut self, records: &[Record]) {
        for record in records {
            let sample = &record.sample;
            let answer = match sample.outcome {
                Outcome::Ok | Outcome::Slow => Answer::Right,
                Outcome::LateOk | Outcome::Fail => Answer::Wrong,
                Outcome::Local => continue,
            };
            let at = sample.end_corrected();
            match self.said.get_mut(&sample.check) {
                Some((end, _)) if *end >= at => {}
                Some((end, said)) => {
                    *end = at;
                    if *said != answer {
                        *said = answer;
                        let (origin, check) = (self.origin.clone(), sample.check.clone());
                        self.shared.registry.tell(Event::Changed { origin, check, answer, at });
                    }
                }
                // Only checks that are configured are remembered, so an agent cannot make this grow.
                None if self.table.borrow().checks.contains(&sample.check) => {
                    self.said.insert(sample.check.clone(), (at, answer));
                }
                None => {}
            }
        }
    }
}

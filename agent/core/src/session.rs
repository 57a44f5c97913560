//! The stream to one collector, without the stream: what to send when, what is settled, when to hang up and call again.
//!
//! ```text
//! Waiting -> Connecting -> Greeting (Hello sent) -> Syncing (Resume came, first heartbeat sent) -> Streaming
//!    ^                                                                                               |  Drain, stop
//!    +------------------------ connection lost, closed, or drained <--------------------- Draining <-+
//! ```
//!
//! Samples go out in the order of their numbers, because acknowledgements are cumulative: "everything up to here is stored"
//! can only be said of an order without holes. So after a cut the backlog goes before newer samples, but as fast as
//! [`SessionConfig::max_samples_per_s`] allows, far above the rate at which new ones come: a live sample waits only until
//! the backlog is gone. What cannot wait, hints and heartbeats, overtakes samples.
//!
//! Nothing is sent before the first heartbeat was answered, as a sample carries what is known of the clock.
//!
//! Invariants, asserted in the tests: numbers are sent in order and without holes; at most
//! [`ResumeLimits::max_unacked_batches`] batches are unsettled; `settled` never passes what was sent; after a cut sending
//! goes on behind what the collector says it has.

mod words;

use alloc::collections::{BTreeMap, VecDeque};

use quorate_model::{Boot, Millis, MonoTime, Seq};

use crate::backoff::{Backoff, spread};
use crate::clock::{AgentClock, AgentMicros, CollectorMicros};
use crate::offset::{OffsetEstimator, RoundTrip};
pub use words::{CloseReason, Output, ResumeLimits, SentKind, SessionConfig, SessionError, Urgency};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting { until: MonoTime },
    Connecting { deadline: MonoTime },
    Greeting { deadline: MonoTime, hello_sent: bool },
    Syncing { deadline: MonoTime },
    Streaming,
    Closing(CloseReason),
    Ended,
}

/// What ends a stream in good order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// The collector's `Drain`: nothing more is sent, what was sent is waited for.
    Drain { deadline: MonoTime, reconnect_after: Millis },
    /// The agent stops: what is spooled goes out and is waited for.
    Stop { deadline: MonoTime },
}

/// More batches than this are never under way, whatever the collector allows.
pub const MAX_UNACKED: u32 = 32;
/// The longest `reconnect_after` believed.
const MAX_RECONNECT_AFTER: Millis = Millis::from_secs(300);
/// So many heartbeat intervals without an answer end a connection.
const SILENT_HEARTBEATS: i64 = 3;

/// One collector's stream; see the module.
#[derive(Clone, Debug)]
pub struct Session {
    config: SessionConfig,
    boot: Boot,
    clock: AgentClock,
    offset: OffsetEstimator,
    state: State,
    backoff: Backoff,
    limits: ResumeLimits,
    ending: Option<Ending>,
    /// The last sample in the spool.
    last: Seq,
    /// The first sample not sent on this connection.
    next: Seq,
    /// Everything up to here is stored by the collector or rejected for good.
    settled: Seq,
    /// The last number of each batch or gap that was sent and is not settled.
    unsettled: VecDeque<Seq>,
    /// Rejected ranges behind `settled`, first to last.
    rejected: BTreeMap<Seq, Seq>,
    flush_at: Option<MonoTime>,
    paced_until: MonoTime,
    ack_deadline: Option<MonoTime>,
    heartbeat_at: MonoTime,
    heartbeat_id: u64,
    heard_at: MonoTime,
    status_due: bool,
}

impl Session {
    /// A session that connects as soon as it is polled. `clock` is the agent's.
    pub fn new(config: SessionConfig, boot: Boot, clock: AgentClock) -> Self {
        Self {
            config: SessionConfig {
                max_batch_samples: config.max_batch_samples.max(1),
                max_samples_per_s: config.max_samples_per_s.max(1),
                ..config
            },
            boot,
            clock,
            offset: OffsetEstimator::new(),
            state: State::Waiting { until: MonoTime::default() },
            backoff: Backoff::default(),
            limits: ResumeLimits {
                max_batch_samples: 1,
                max_unacked_batches: 1,
                heartbeat_interval: Millis::from_secs(10),
            },
            ending: None,
            last: Seq::new(0),
            next: Seq::new(1),
            settled: Seq::new(0),
            unsettled: VecDeque::new(),
            rejected: BTreeMap::new(),
            flush_at: None,
            paced_until: MonoTime::default(),
            ack_deadline: None,
            heartbeat_at: MonoTime::default(),
            heartbeat_id: 0,
            heard_at: MonoTime::default(),
            status_due: false,
        }
    }

    /// The spool now ends with `last`.
    pub fn handle_appended(&mut self, last: Seq, urgency: Urgency, now: MonoTime) {
        self.last = self.last.max(last);
        let at = match urgency {
            Urgency::Now => now,
            Urgency::Batched => now.plus(self.config.flush_after),
        };
        self.flush_at = Some(self.flush_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// The connection is up.
    pub fn handle_connected(&mut self, now: MonoTime) {
        if let State::Connecting { .. } = self.state {
            self.state = State::Greeting { deadline: now.plus(self.config.answer_within), hello_sent: false };
        }
    }

    /// The connection is gone or did not come up.
    pub fn handle_disconnected(&mut self, random: u64, now: MonoTime) {
        self.unsettled.clear();
        self.rejected.clear();
        self.ack_deadline = None;
        let ending = self.ending.take();
        let wait = match (self.state, ending) {
            (State::Ended | State::Closing(CloseReason::Stopped), _) | (_, Some(Ending::Stop { .. })) => {
                self.state = State::Ended;
                return;
            }
            (_, Some(Ending::Drain { reconnect_after, .. })) => {
                reconnect_after + spread(reconnect_after.max(crate::backoff::BASE), random)
            }
            _ => self.backoff.next_wait(random),
        };
        self.state = State::Waiting { until: now.plus(wait) };
    }

    /// The collector's answer to `Hello`: everything up to `durable` is stored.
    ///
    /// # Errors
    /// It came unasked, or names samples that were never made.
    pub fn handle_resume(&mut self, durable: Seq, limits: ResumeLimits, now: MonoTime) -> Result<(), SessionError> {
        let State::Greeting { hello_sent: true, .. } = self.state else {
            return Err(SessionError::Unexpected("Resume"));
        };
        if durable > self.last {
            return Err(SessionError::AheadOfAgent { durable, last: self.last });
        }
        self.limits = ResumeLimits {
            max_batch_samples: limits.max_batch_samples.clamp(1, self.config.max_batch_samples),
            max_unacked_batches: limits.max_unacked_batches.clamp(1, MAX_UNACKED),
            heartbeat_interval: limits.heartbeat_interval.clamp(Millis::from_secs(1), Millis::from_secs(60)),
        };
        self.settled = durable;
        self.next = durable.next();
        if self.last >= self.next {
            self.flush_at = Some(now);
        }
        self.state = State::Syncing { deadline: now.plus(self.config.answer_within) };
        self.heartbeat_at = now;
        self.heard_at = now;
        Ok(())
    }

    /// Everything up to `durable` is stored.
    ///
    /// # Errors
    /// It came where nothing was sent, names another boot, or samples that were never sent.
    pub fn handle_ack(&mut self, boot: Boot, durable: Seq, now: MonoTime) -> Result<(), SessionError> {
        self.check_streaming("Ack", boot)?;
        if durable >= self.next {
            return Err(SessionError::AheadOfAgent { durable, last: Seq::new(self.next.get().saturating_sub(1)) });
        }
        self.settle(durable, now);
        Ok(())
    }

    /// A range will never be taken; it counts as settled.
    ///
    /// # Errors
    /// It came where nothing was sent, names another boot, or a range that was never sent.
    pub fn handle_reject(&mut self, boot: Boot, first: Seq, last: Seq, now: MonoTime) -> Result<(), SessionError> {
        self.check_streaming("Reject", boot)?;
        if first > last || first.get() == 0 || last >= self.next {
            return Err(SessionError::BadRange);
        }
        // Never more than the unsettled batches, as each range has to lie in what was sent and is not settled.
        if last > self.settled && self.rejected.len() < self.unsettled.len().max(1) {
            let end = self.rejected.entry(first).or_insert(last);
            *end = (*end).max(last);
        }
        self.settle(self.settled, now);
        Ok(())
    }

    /// The answer to a heartbeat. The agent received it at `now`; T1 is what the agent sent.
    ///
    /// # Errors
    /// It came unasked, or its timestamps cannot be.
    pub fn handle_heartbeat_reply(
        &mut self,
        sent: AgentMicros,
        collector_received: CollectorMicros,
        collector_sent: CollectorMicros,
        now: MonoTime,
    ) -> Result<(), SessionError> {
        if !matches!(self.state, State::Syncing { .. } | State::Streaming) {
            return Err(SessionError::Unexpected("HeartbeatReply"));
        }
        let agent_received = self.clock.micros(now);
        self.offset
            .handle_round_trip(RoundTrip { agent_sent: sent, collector_received, collector_sent, agent_received })
            .map_err(SessionError::Clock)?;
        self.heard_at = now;
        if let State::Syncing { .. } = self.state {
            self.state = State::Streaming;
            self.backoff.reset();
        }
        Ok(())
    }

    /// The collector wants the stream to end and to come again after a while.
    pub fn handle_drain(&mut self, reconnect_after: Millis, now: MonoTime) {
        if self.ending.is_none() && matches!(self.state, State::Syncing { .. } | State::Streaming) {
            let reconnect_after = reconnect_after.clamp(Millis::ZERO, MAX_RECONNECT_AFTER);
            let deadline = now.plus(self.config.answer_within);
            self.ending = Some(Ending::Drain { deadline, reconnect_after });
        }
    }

    /// The agent stops: what is spooled goes out, then the session ends; at the latest at `deadline`.
    pub fn handle_stop(&mut self, deadline: MonoTime, now: MonoTime) {
        self.ending = Some(Ending::Stop { deadline });
        self.flush_at = Some(now);
        if let State::Waiting { .. } = self.state {
            self.state = State::Ended;
        }
    }

    /// What [`Output::SendData`] asked for was sent, up to `last`.
    pub fn handle_sent(&mut self, kind: SentKind, last: Seq, now: MonoTime) {
        if last < self.next {
            return;
        }
        if kind == SentKind::Batch {
            let samples = last.get() - self.next.get() + 1;
            let us = samples.saturating_mul(1_000_000) / u64::from(self.config.max_samples_per_s);
            self.paced_until = MonoTime::from_micros(self.paced_until.max(now).as_micros().saturating_add(us));
        }
        self.next = last.next();
        self.last = self.last.max(last);
        self.unsettled.push_back(last);
        if self.ack_deadline.is_none() {
            self.ack_deadline = Some(now.plus(self.config.ack_within));
        }
        self.flush_at = if self.last >= self.next { self.flush_at } else { None };
    }

    /// The next thing to do at `now`; `None` when there is nothing.
    pub fn poll_output(&mut self, now: MonoTime) -> Option<Output> {
        if self.stop_deadline().is_some_and(|at| at <= now)
            && matches!(self.state, State::Connecting { .. } | State::Greeting { .. } | State::Syncing { .. })
        {
            return Some(self.close(CloseReason::Stopped));
        }
        match self.state {
            State::Waiting { until } if until <= now => {
                self.state = State::Connecting { deadline: now.plus(self.config.answer_within) };
                Some(Output::Connect)
            }
            State::Connecting { deadline } if deadline <= now => Some(self.close(CloseReason::ConnectTimeout)),
            State::Greeting { deadline, hello_sent: false } => {
                self.state = State::Greeting { deadline, hello_sent: true };
                Some(Output::SendHello)
            }
            State::Greeting { deadline, .. } if deadline <= now => Some(self.close(CloseReason::NoResume)),
            State::Syncing { deadline } if deadline <= now => Some(self.close(CloseReason::NoHeartbeat)),
            State::Syncing { .. } => self.poll_heartbeat(now),
            State::Streaming => self.poll_stream(now),
            State::Ended => Some(Output::Ended),
            State::Waiting { .. } | State::Connecting { .. } | State::Greeting { .. } | State::Closing(_) => None,
        }
    }

    /// When [`Self::poll_output`] has to be called next; `None` where only a message can change something.
    pub fn next_wake(&self) -> Option<MonoTime> {
        match self.state {
            State::Waiting { until } => Some(until),
            State::Connecting { deadline } | State::Greeting { deadline, hello_sent: true } => {
                Some(self.stop_deadline().map_or(deadline, |stop| stop.min(deadline)))
            }
            State::Greeting { .. } | State::Ended => Some(MonoTime::default()),
            State::Syncing { deadline } => {
                let next = deadline.min(self.heartbeat_at);
                Some(self.stop_deadline().map_or(next, |stop| stop.min(next)))
            }
            State::Closing(_) => None,
            State::Streaming => {
                let ending = match self.ending {
                    Some(_) if self.is_done() => Some(MonoTime::default()),
                    Some(Ending::Drain { deadline, .. } | Ending::Stop { deadline }) => Some(deadline),
                    None => None,
                };
                let status = self.status_due.then(MonoTime::default);
                [ending, status, self.ack_deadline, self.data_at(), Some(self.silent_at()), Some(self.heartbeat_at)]
                    .into_iter()
                    .flatten()
                    .min()
            }
        }
    }

    /// What is known of the collector's clock.
    pub const fn offset(&self) -> &OffsetEstimator {
        &self.offset
    }

    /// Everything up to here is stored or rejected for good: the spool may forget it.
    pub const fn settled(&self) -> Seq {
        self.settled
    }

    /// True while samples flow.
    pub const fn is_streaming(&self) -> bool {
        matches!(self.state, State::Streaming)
    }

    /// True if the session has ended for good.
    pub const fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    fn check_streaming(&self, name: &'static str, boot: Boot) -> Result<(), SessionError> {
        if !self.is_streaming() {
            return Err(SessionError::Unexpected(name));
        }
        if boot != self.boot {
            return Err(SessionError::WrongBoot { named: boot, own: self.boot });
        }
        Ok(())
    }

    fn close(&mut self, reason: CloseReason) -> Output {
        self.state = State::Closing(reason);
        Output::Close(reason)
    }

    /// Moves `settled` up to `durable` and over the rejected ranges that follow it.
    fn settle(&mut self, durable: Seq, now: MonoTime) {
        let before = self.settled;
        self.settled = self.settled.max(durable);
        while let Some(range) = self.rejected.first_entry() {
            if *range.key() > self.settled.next() {
                break;
            }
            self.settled = self.settled.max(range.remove());
        }
        while self.unsettled.front().is_some_and(|last| *last <= self.settled) {
            self.unsettled.pop_front();
        }
        if self.unsettled.is_empty() {
            self.ack_deadline = None;
        } else if self.settled > before {
            self.ack_deadline = Some(now.plus(self.config.ack_within));
        }
    }

    /// True if an ending has nothing to wait for any more.
    fn is_done(&self) -> bool {
        match self.ending {
            None => false,
            Some(Ending::Drain { .. }) => self.unsettled.is_empty(),
            Some(Ending::Stop { .. }) => self.unsettled.is_empty() && self.next > self.last,
        }
    }

    fn stop_deadline(&self) -> Option<MonoTime> {
        match self.ending {
            Some(Ending::Stop { deadline }) => Some(deadline),
            _ => None,
        }
    }

    fn silent_at(&self) -> MonoTime {
        self.heard_at.plus(self.limits.heartbeat_interval.times(SILENT_HEARTBEATS))
    }

    fn poll_heartbeat(&mut self, now: MonoTime) -> Option<Output> {
        if self.heartbeat_at > now {
            return None;
        }
        self.heartbeat_at = now.plus(self.limits.heartbeat_interval);
        self.heartbeat_id += 1;
        self.status_due = true;
        Some(Output::SendHeartbeat { id: self.heartbeat_id, sent: self.clock.micros(now) })
    }

    fn poll_stream(&mut self, now: MonoTime) -> Option<Output> {
        match self.ending {
            Some(Ending::Drain { deadline, .. }) if self.is_done() || deadline <= now => {
                return Some(self.close(CloseReason::Drained));
            }
            Some(Ending::Stop { deadline }) if self.is_done() || deadline <= now => {
                return Some(self.close(CloseReason::Stopped));
            }
            _ => {}
        }
        if self.silent_at() <= now {
            return Some(self.close(CloseReason::NoHeartbeat));
        }
        if self.ack_deadline.is_some_and(|at| at <= now) {
            return Some(self.close(CloseReason::NoAck));
        }
        if let Some(heartbeat) = self.poll_heartbeat(now) {
            return Some(heartbeat);
        }
        if core::mem::take(&mut self.status_due) {
            return Some(Output::SendStatus);
        }
        if self.data_at().is_some_and(|at| at <= now) {
            return Some(Output::SendData { from: self.next, max_samples: self.limits.max_batch_samples });
        }
        None
    }

    /// When the next samples may go; `None` while there are none or the window is full.
    fn data_at(&self) -> Option<MonoTime> {
        let waiting = self.last.get().saturating_add(1).saturating_sub(self.next.get());
        let window = usize::try_from(self.limits.max_unacked_batches).unwrap_or(usize::MAX);
        let draining = matches!(self.ending, Some(Ending::Drain { .. }));
        if waiting == 0 || draining || self.unsettled.len() >= window {
            return None;
        }
        if waiting >= u64::from(self.limits.max_batch_samples) {
            return Some(self.paced_until);
        }
        Some(self.flush_at.unwrap_or_default().max(self.paced_until))
    }
}

#[cfg(test)]
mod tests;

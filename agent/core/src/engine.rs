//! The engine of one agent: from checks to probes, from probes to records.
//!
//! The caller owns the clock and the sockets. It calls [`AgentCore::poll_command`] until `None`, carries the commands out,
//! reports what came of them with `handle_*`, polls again, and otherwise sleeps until [`AgentCore::next_wake`].
//!
//! Invariants, asserted in the tests:
//! 1. the probes of one check never overlap;
//! 2. never more probes are in flight than the limit;
//! 3. a scheduled probe starts less than one interval after its slot;
//! 4. slots are run, or counted as skipped; none is run twice;
//! 5. sequence numbers have no holes, and each finished probe of a known check gives exactly one record;
//! 6. a record waits for references at most [`MAX_HOLD`].

mod check;
mod held;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;

use quorate_model::{
    AgentId, AgentTime, Boot, CheckId, CheckSpec, CollectorTime, Evidence, Failure, Health, Millis, MonoTime, Outcome,
    Phases, ProviderId, Record, RegionId, Sample, SampleId, Seq, Trigger,
};

use crate::clock::AgentClock;
use crate::confirm::Value;
use crate::health::HealthMeter;
use crate::references::{ReferencePlan, ReferenceWindow, RoundId};
use crate::suspect;
use check::{CheckState, InFlight, Pending, TimerKind};
use held::HeldRecords;
pub use held::{MAX_HELD, MAX_HOLD};

/// Half the references failing is trouble of this node (CONSENSUS section 2).
const REFERENCES_BAD_SHARE: u8 = 2;
/// The engine was called so much later than it asked for that the node itself was stuck.
pub const STALL: Millis = Millis::new(250);
/// Each further so long of a stall counts as another misstep.
const STALL_STEP: Millis = Millis::new(500);
/// A solicited probe does not start sooner than this after the check's last start, whatever the collector asks.
pub const MIN_SOLICITED_GAP: Millis = Millis::new(200);
/// The schedule is hastened at most so long by one call.
pub const MAX_HASTEN: Millis = Millis::from_secs(3600);
/// The slots move when the known offset of the clocks has changed by at least this.
pub const REALIGN_OVER: Millis = Millis::new(100);

/// Who this agent is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name.
    pub agent: AgentId,
    /// This life of it.
    pub boot: Boot,
    /// Where it stands.
    pub region: RegionId,
    /// Who runs the network there.
    pub provider: ProviderId,
}

/// What this agent allows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentLimits {
    /// Probes under way at once, references not counted; at least 1.
    pub max_in_flight: usize,
}

impl Default for AgentLimits {
    fn default() -> Self {
        Self { max_in_flight: 256 }
    }
}

/// The number of a probe under way; grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeId(u64);

/// A probe to start now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartProbe {
    /// Names it when it has ended.
    pub probe: ProbeId,
    /// What to probe and how.
    pub spec: Arc<CheckSpec>,
    /// Why.
    pub trigger: Trigger,
    /// The moment it was to start: the slot, or when the retry or the question came.
    pub due: MonoTime,
}

/// What the caller has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Start a probe, and report its end with [`AgentCore::handle_probe_finished`].
    StartProbe(StartProbe),
    /// Probe all references at once, and report with [`AgentCore::handle_references_finished`].
    StartReferences(RoundId),
    /// Tell the collectors that a probe waits suspiciously long.
    Suspect {
        /// The check.
        check: CheckId,
        /// When the waiting probe started.
        start: AgentTime,
    },
    /// Keep and send this record.
    Record(Box<Record>),
}

/// What came of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed, where it did.
    pub failure: Option<Failure>,
    /// How long each phase took.
    pub phases: Phases,
    /// What was seen.
    pub evidence: Evidence,
}

/// What happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Probes started.
    pub started: u64,
    /// Of those, retries, solicited ones, and those in the middle of an interval while hastened.
    pub extra: u64,
    /// Slots that were not run because they came too late to be run: the node was overloaded or the limit of probes in flight
    /// reached.
    pub missed: u64,
    /// Slots that were not run because a probe of the same check was still under way.
    pub overlapped: u64,
    /// Hints sent.
    pub suspects: u64,
    /// Rounds of references started.
    pub reference_rounds: u64,
}

/// The engine's state for people and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// What happened since the start.
    pub counters: Counters,
    /// The health multiplier now.
    pub health: Health,
    /// Probes under way.
    pub in_flight: usize,
    /// Checks known.
    pub checks: usize,
    /// The longest a scheduled probe started after its slot since the last snapshot.
    pub max_lag: Millis,
    /// The last sequence number given.
    pub last_seq: Seq,
}

/// The agent without sockets; see the module.
#[derive(Clone, Debug)]
pub struct AgentCore {
    identity: Identity,
    clock: AgentClock,
    limits: AgentLimits,
    checks: BTreeMap<CheckId, CheckState>,
    timers: BTreeSet<(MonoTime, TimerKind, CheckId)>,
    ready: BTreeSet<(MonoTime, CheckId)>,
    in_flight: usize,
    references: ReferenceWindow,
    held: HeldRecords,
    health: HealthMeter,
    stalled_at: Option<MonoTime>,
    offset: Millis,
    seq: Seq,
    counters: Counters,
    max_lag: Millis,
    stopping: bool,
}

impl AgentCore {
    /// An agent without checks. `clock` gives its samples their times.
    pub fn new(identity: Identity, clock: AgentClock, limits: AgentLimits) -> Self {
        Self {
            identity,
            clock,
            limits: AgentLimits { max_in_flight: limits.max_in_flight.max(1) },
            checks: BTreeMap::new(),
            timers: BTreeSet::new(),
            ready: BTreeSet::new(),
            in_flight: 0,
            references: ReferenceWindow::new(),
            held: HeldRecords::new(),
            health: HealthMeter::default(),
            stalled_at: None,
            offset: Millis::ZERO,
            seq: Seq::new(0),
            counters: Counters::default(),
            max_lag: Millis::ZERO,
            stopping: false,
        }
    }

    /// From now on nothing starts; what is under way still gives its records.
    pub fn handle_stop(&mut self) {
        self.stopping = true;
        self.timers.clear();
        self.ready.clear();
    }

    /// Adds a check or replaces its settings. Equal settings change nothing; others lay out its slots anew and forget what
    /// was typical. A probe under way ends under the settings it began with.
    pub fn set_check(&mut self, spec: Arc<CheckSpec>, now: MonoTime) {
        if self.checks.get(&spec.id).is_some_and(|state| state.spec == spec) {
            return;
        }
        let id = spec.id.clone();
        let in_flight = self.forget(&id);
        let state = CheckState::new(spec, in_flight, now, self.collector_time(now));
        self.timers.insert((state.slots.next(), TimerKind::Slot, id.clone()));
        self.checks.insert(id, state);
    }

    /// Removes a check. A probe of it that is under way gives no record.
    pub fn remove_check(&mut self, id: &CheckId) {
        if self.forget(id).is_some() {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
    }

    /// Replaces the references.
    pub fn set_references(&mut self, plan: ReferencePlan, now: MonoTime) {
        self.references.set_plan(plan, now);
    }

    /// Tells how the collector's clock stands to the agent's (collector minus agent), so that slots fall where the collector
    /// staggers them.
    pub fn handle_clock_offset(&mut self, offset: Millis, now: MonoTime) {
        let moved = (offset - self.offset).get().saturating_abs();
        if moved < REALIGN_OVER.get() {
            return;
        }
        self.offset = offset;
        let collector_now = self.collector_time(now);
        for (id, state) in &mut self.checks {
            self.timers.remove(&(state.slots.next(), TimerKind::Slot, id.clone()));
            state.slots.realign(state.spec.phase, now, collector_now);
            self.timers.insert((state.slots.next(), TimerKind::Slot, id.clone()));
        }
    }

    /// The collector wants a sample now. False if the check is unknown, a probe of it is under way or about to start, or one
    /// started only just before.
    pub fn handle_probe_now(&mut self, id: &CheckId, now: MonoTime) -> bool {
        let Some(state) = self.checks.get_mut(id) else { return false };
        let fresh = state.last_start.is_some_and(|start| start.plus(MIN_SOLICITED_GAP) > now);
        if fresh || !state.is_idle() {
            return false;
        }
        state.pending = Some(Pending { trigger: Trigger::Solicited, due: now });
        self.ready.insert((now, id.clone()));
        true
    }

    /// The schedule of a check runs at half the interval until then (collector clock), at most [`MAX_HASTEN`] ahead.
    pub fn handle_hasten(&mut self, id: &CheckId, until: CollectorTime, now: MonoTime) {
        let until = self.clock.mono_of_collector(until, self.offset).min(now.plus(MAX_HASTEN));
        if let Some(state) = self.checks.get_mut(id) {
            self.timers.remove(&(state.slots.next(), TimerKind::Slot, id.clone()));
            state.slots.hasten(until, now);
            self.timers.insert((state.slots.next(), TimerKind::Slot, id.clone()));
        }
    }

    /// Takes the end of a probe that began at `started`. The record comes by [`Self::poll_command`]; a failing one may wait
    /// for references first. A probe whose check was removed meanwhile is passed over.
    pub fn handle_probe_finished(
        &mut self,
        id: &CheckId,
        probe: ProbeId,
        started: MonoTime,
        finding: Finding,
        now: MonoTime,
    ) {
        self.notice_stall(now);
        let Some(state) = self.checks.get_mut(id) else { return };
        let Some(flight) = state.in_flight.take_if(|flight| flight.probe == probe) else { return };
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(at) = flight.suspect_at {
            self.timers.remove(&(at, TimerKind::Suspect, id.clone()));
        }
        let value = Value::of(finding.outcome);
        let typical = state.typical.p99();
        let ended = started.plus(finding.phases.total.as_millis());
        if state.spec.version == flight.spec.version {
            if value == Some(Value::Good) {
                state.typical.push(finding.phases.total);
            }
            let before = state.retry.next();
            state.retry.handle_result(value, flight.trigger, &flight.spec.confirm, now);
            if let (None, Some(at)) = (before, state.retry.next()) {
                self.timers.insert((at, TimerKind::Retry, id.clone()));
            }
        }
        let lag = match flight.trigger {
            Trigger::Scheduled => started.since(flight.due).as_millis(),
            Trigger::Retry | Trigger::Solicited => Millis::ZERO,
        };
        match (value, finding.failure) {
            (Some(Value::Good), _) if lag <= lag_limit(&flight.spec) => self.health.better(now),
            (_, Some(Failure::LocalResources)) => self.health.worse(1, now),
            _ => {}
        }
        let start = self.clock.time(started);
        let sample = Sample {
            id: SampleId { agent: self.identity.agent.clone(), boot: self.identity.boot, seq: Seq::new(0) },
            check: flight.spec.id.clone(),
            region: self.identity.region.clone(),
            provider: self.identity.provider.clone(),
            start,
            end: start + finding.phases.total.as_millis(),
            outcome: finding.outcome,
            failure: finding.failure,
            interval: flight.spec.interval,
            timeout: flight.spec.timeout,
            typical,
            clock: quorate_model::ClockReading::default(),
            references: quorate_model::References::default(),
            health: self.health.at(now),
            lag,
            trigger: flight.trigger,
            check_version: flight.spec.version,
        };
        let record = Record { sample, phases: finding.phases, evidence: finding.evidence };
        let since = (value != Some(Value::Good)).then_some(started);
        if let Some(since) = since {
            self.references.want(since);
        }
        self.held.push(record, started, ended.max(started), since, now);
    }

    /// Takes the result of a round of references: bit i is set where the i-th failed.
    pub fn handle_references_finished(&mut self, round: RoundId, bad_mask: u32, now: MonoTime) {
        self.notice_stall(now);
        if let Some(result) = self.references.handle_finished(round, bad_mask, now) {
            let bad = result.total() - result.ok();
            if bad == 0 {
                self.health.better(now);
            } else if bad * REFERENCES_BAD_SHARE >= result.total() {
                self.health.worse(1, now);
            }
        }
    }

    /// The next thing to do at `now`; `None` when everything due is done.
    pub fn poll_command(&mut self, now: MonoTime) -> Option<Command> {
        self.notice_stall(now);
        if let Some(command) = self.poll_timers(now) {
            return Some(command);
        }
        if let Some(round) = self.references.poll_start(now) {
            self.counters.reference_rounds += 1;
            return Some(Command::StartReferences(round));
        }
        if let Some(mut ready) = self.held.poll(&self.references, now) {
            self.seq = self.seq.next();
            ready.record.sample.id.seq = self.seq;
            ready.record.sample.references = self.references.judge(ready.start, ready.end);
            return Some(Command::Record(Box::new(ready.record)));
        }
        self.poll_start(now)
    }

    /// When [`Self::poll_command`] has to be called next; `None` while there is nothing to wait for.
    pub fn next_wake(&self) -> Option<MonoTime> {
        let ready =
            if self.in_flight < self.limits.max_in_flight { self.ready.first().map(|(at, _)| *at) } else { None };
        let timer = self.timers.first().map(|(at, _, _)| *at);
        let held = self.held.next_wake(&self.references);
        [ready, timer, held, self.references.next_wake()].into_iter().flatten().min()
    }

    /// The state for people and metrics; `max_lag` starts anew.
    pub fn take_snapshot(&mut self, now: MonoTime) -> Snapshot {
        Snapshot {
            counters: self.counters,
            health: self.health.at(now),
            in_flight: self.in_flight,
            checks: self.checks.len(),
            max_lag: core::mem::take(&mut self.max_lag),
            last_seq: self.seq,
        }
    }

    /// The p99 of a check's recent good samples.
    pub fn typical(&self, id: &CheckId) -> Option<Millis> {
        self.checks.get(id)?.typical.p99()
    }

    /// The agent's clock.
    pub const fn clock(&self) -> AgentClock {
        self.clock
    }

    /// True if nothing is under way and no record waits.
    pub fn is_quiet(&self) -> bool {
        self.in_flight == 0 && self.held.is_empty()
    }

    fn collector_time(&self, now: MonoTime) -> CollectorTime {
        self.clock.time(now).corrected(self.offset)
    }

    /// Drops a check's state and timers; returns its probe under way.
    fn forget(&mut self, id: &CheckId) -> Option<InFlight> {
        let state = self.checks.remove(id)?;
        self.timers.remove(&(state.slots.next(), TimerKind::Slot, id.clone()));
        if let Some(at) = state.retry.next() {
            self.timers.remove(&(at, TimerKind::Retry, id.clone()));
        }
        if let Some(at) = state.in_flight.as_ref().and_then(|flight| flight.suspect_at) {
            self.timers.remove(&(at, TimerKind::Suspect, id.clone()));
        }
        if let Some(pending) = state.pending {
            self.ready.remove(&(pending.due, id.clone()));
        }
        state.in_flight
    }

    fn poll_timers(&mut self, now: MonoTime) -> Option<Command> {
        if self.stopping {
            self.timers.clear();
        }
        while self.timers.first().is_some_and(|(at, _, _)| *at <= now) {
            let (_, kind, id) = self.timers.pop_first()?;
            let Some(state) = self.checks.get_mut(&id) else { continue };
            match kind {
                TimerKind::Suspect => {
                    let Some(flight) = &mut state.in_flight else { continue };
                    flight.suspect_at = None;
                    self.references.want(flight.start);
                    self.counters.suspects += 1;
                    let start = self.clock.time(flight.start);
                    return Some(Command::Suspect { check: id, start });
                }
                TimerKind::Retry => {
                    // A probe that is under way or about to start looks again as well: the retry is used up.
                    if let Some(due) = state.retry.take_due(now)
                        && state.is_idle()
                    {
                        state.pending = Some(Pending { trigger: Trigger::Retry, due });
                        self.ready.insert((due, id));
                    }
                }
                TimerKind::Slot => {
                    if let Some(due) = state.slots.take_due(now) {
                        self.counters.missed += due.missed;
                        if due.missed > 0 {
                            self.health.worse(1, now);
                        }
                        if state.is_idle() {
                            state.pending = Some(Pending { trigger: Trigger::Scheduled, due: due.slot });
                            self.ready.insert((due.slot, id.clone()));
                        } else {
                            self.counters.overlapped += 1;
                        }
                    }
                    self.timers.insert((state.slots.next(), TimerKind::Slot, id));
                }
            }
        }
        None
    }

    fn poll_start(&mut self, now: MonoTime) -> Option<Command> {
        if self.stopping {
            self.ready.clear();
        }
        while self.in_flight < self.limits.max_in_flight {
            let (_, id) = self.ready.pop_first()?;
            let Some(state) = self.checks.get_mut(&id) else { continue };
            let Some(pending) = state.pending.take() else { continue };
            let late = now.since(pending.due).as_millis();
            if pending.trigger == Trigger::Scheduled {
                if late >= state.spec.interval {
                    self.counters.missed += 1;
                    self.health.worse(1, now);
                    continue;
                }
                if late > lag_limit(&state.spec) {
                    self.health.worse(1, now);
                }
                self.max_lag = self.max_lag.max(late);
                self.counters.extra += u64::from(state.slots.is_between(pending.due));
            } else {
                self.counters.extra += 1;
            }
            self.counters.started += 1;
            self.in_flight += 1;
            state.last_start = Some(now);
            let suspect_at = (state.retry.value() == Some(Value::Good))
                .then(|| suspect::wait(state.typical.p99(), state.spec.timeout))
                .flatten()
                .map(|wait| now.plus(wait));
            if let Some(at) = suspect_at {
                self.timers.insert((at, TimerKind::Suspect, id));
            }
            let probe = ProbeId(self.counters.started);
            state.in_flight = Some(InFlight {
                probe,
                spec: state.spec.clone(),
                trigger: pending.trigger,
                due: pending.due,
                start: now,
                suspect_at,
            });
            let spec = state.spec.clone();
            return Some(Command::StartProbe(StartProbe { probe, spec, trigger: pending.trigger, due: pending.due }));
        }
        None
    }

    /// A call long after the moment asked for means that the whole process stood still: what failed meanwhile may be its own
    /// fault. Each overslept moment counts once.
    fn notice_stall(&mut self, now: MonoTime) {
        let Some(wake) = self.timers.first().map(|(at, _, _)| *at) else { return };
        let over = now.since(wake).as_millis();
        if over < STALL || self.stalled_at == Some(wake) {
            return;
        }
        self.stalled_at = Some(wake);
        let steps = 1 + over.get() / STALL_STEP.get();
        self.health.worse(u8::try_from(steps).unwrap_or(Health::MAX), now);
    }
}

/// A bad sample that started later than this after its slot abstains (CONSENSUS section 2).
fn lag_limit(spec: &CheckSpec) -> Millis {
    spec.timeout.over(4)
}

#[cfg(test)]
mod tests;

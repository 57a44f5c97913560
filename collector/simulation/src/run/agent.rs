//! One agent of the world: its own engine, and the clocks the world gives it.

use std::sync::Arc;

use quorate_agent_core::{
    AgentClock, AgentCore, AgentLimits, AgentMicros, Command, Finding, Identity, ProbeId, ReferencePlan, RoundId,
};
use quorate_model::check::{Family, TcpSpec};
use quorate_model::{
    Boot, CheckId, CheckSpec, CheckVersion, ClockReading, Evidence, Micros, Millis, MonoTime, Phases, ProbeSpec, Sample,
};

use super::{Asked, Flight};
use crate::world::{Answer, REFERENCES, World};

/// What a heartbeat over a network of 40 ms one way leaves open, with the margin agents add.
const CLOCK_ERROR: Millis = Millis::new(51);
/// From one scheduled round of references to the next.
const REFERENCE_INTERVAL: Millis = Millis::new(10_000);

/// What the agent's engine wants done.
pub(super) enum Todo {
    Probe { life: u64, probe: ProbeId },
    References { life: u64, round: RoundId },
    Suspect,
    Send(Sample),
}

pub(super) struct Agent {
    identity: Identity,
    spec: Arc<CheckSpec>,
    core: Option<AgentCore>,
    /// How far the wall clock stands from the truth in a way that heartbeats show.
    known_ahead_ms: i64,
    hidden_ahead_ms: i64,
    wake_us: Option<u64>,
    probes: u64,
    extra: u64,
}

impl Agent {
    pub(super) fn new(world: &World<'_>, number: usize) -> Self {
        let plan = world.scenario.agents.get(number).expect("as many agents as the scenario has");
        let spec = CheckSpec {
            id: world.scenario.policy().check().clone(),
            version: CheckVersion::new(1),
            probe: ProbeSpec::Tcp(TcpSpec {
                address: "target:80".to_owned(),
                family: Family::Any,
                send: None,
                expect: None,
            }),
            interval: Millis::new(plan.interval_ms),
            timeout: Millis::new(world.scenario.timeout_ms),
            degraded_over: None,
            confirm: world.scenario.confirm,
            phase: Millis::new(world.phase_ms(number)),
            effective_from: world.scenario.begins,
        };
        let identity = Identity {
            agent: plan.agent.clone(),
            boot: Boot::new(0),
            region: plan.region.clone(),
            provider: plan.provider.clone(),
        };
        Self {
            identity,
            spec: Arc::new(spec),
            core: None,
            known_ahead_ms: 0,
            hidden_ahead_ms: world.hidden_skew_ms(number),
            wake_us: None,
            probes: 0,
            extra: 0,
        }
    }

    /// A new boot, with the wall clock set by `step_ms`.
    pub(super) fn start(&mut self, world: &World<'_>, number: usize, now: MonoTime, step_ms: i64) {
        self.stop();
        self.known_ahead_ms += step_ms;
        self.identity.boot = Boot::new(self.identity.boot.get() + 1);
        let ahead = Millis::new(self.known_ahead_ms + self.hidden_ahead_ms);
        let wall = (world.scenario.begins + ahead).as_millis().saturating_mul(1_000);
        let clock = AgentClock::anchored(AgentMicros::from_micros(wall), MonoTime::from_micros(0));
        let mut core = AgentCore::new(self.identity.clone(), clock, AgentLimits::default());
        core.handle_clock_offset(Millis::new(-self.known_ahead_ms), now);
        core.set_references(ReferencePlan { total: REFERENCES, interval: REFERENCE_INTERVAL }, now);
        // Phases count from the world's begin, as the collector's clock does not show in it.
        let mut spec = (*self.spec).clone();
        let interval = spec.interval.get();
        let phase = (world.scenario.begins.as_millis() + world.phase_ms(number)).rem_euclid(interval);
        spec.phase = Millis::new(phase);
        self.spec = Arc::new(spec);
        core.set_check(self.spec.clone(), now);
        self.core = Some(core);
        self.wake_us = None;
    }

    pub(super) fn stop(&mut self) {
        if let Some(mut core) = self.core.take() {
            let counters = core.take_snapshot(MonoTime::from_micros(0)).counters;
            self.probes += counters.started;
            self.extra += counters.extra;
        }
    }

    pub(super) fn poll(&mut self, now: MonoTime) -> Option<Todo> {
        let life = self.identity.boot.get();
        let core = self.core.as_mut()?;
        Some(match core.poll_command(now)? {
            Command::StartProbe(probe) => Todo::Probe { life, probe: probe.probe },
            Command::StartReferences(round) => Todo::References { life, round },
            Command::Suspect { .. } => Todo::Suspect,
            Command::Record(record) => {
                let mut sample = record.sample;
                sample.clock = ClockReading { offset: Millis::new(-self.known_ahead_ms), error: CLOCK_ERROR };
                Todo::Send(sample)
            }
        })
    }

    /// When the engine wants to be called, if that is news.
    pub(super) fn wake_wanted(&mut self, now_us: u64) -> Option<u64> {
        let wake = self.core.as_ref()?.next_wake()?.as_micros().max(now_us + 1);
        if self.wake_us.is_some_and(|known| known > now_us && known <= wake) {
            return None;
        }
        self.wake_us = Some(wake);
        Some(wake)
    }

    /// A probe of an earlier life gives nothing.
    pub(super) fn probe_finished(&mut self, flight: Flight, now: MonoTime) {
        let check: CheckId = self.spec.id.clone();
        if let Some(core) = self.core.as_mut().filter(|_| flight.life == self.identity.boot.get()) {
            core.handle_probe_finished(&check, flight.probe, flight.started, flight.finding, now);
        }
    }

    pub(super) fn references_finished(&mut self, life: u64, round: RoundId, mask: u32, now: MonoTime) {
        if let Some(core) = self.core.as_mut().filter(|_| life == self.identity.boot.get()) {
            core.handle_references_finished(round, mask, now);
        }
    }

    pub(super) fn asked(&mut self, asked: Asked, now: MonoTime) {
        let Some(core) = self.core.as_mut() else { return };
        match asked {
            Asked::ProbeNow => {
                core.handle_probe_now(&self.spec.id, now);
            }
            Asked::Hasten(until) => core.handle_hasten(&self.spec.id, until, now),
        }
    }

    /// Probes started, and of those the extra ones.
    pub(super) fn probes(&self) -> (u64, u64) {
        let counters = self.core.clone().map(|mut core| core.take_snapshot(MonoTime::from_micros(0)).counters);
        let (started, extra) = counters.map_or((0, 0), |c| (c.started, c.extra));
        (self.probes + started, self.extra + extra)
    }
}

/// An answer of the world as a probe would report it.
pub(super) fn finding(answer: Answer, timeout_ms: i64) -> Finding {
    let total = Micros::new(answer.length_us.min(us_of(2 * timeout_ms)));
    Finding {
        outcome: answer.outcome,
        failure: answer.failure,
        phases: Phases { connect: Some(total), total, ..Phases::default() },
        evidence: Evidence::default(),
    }
}

fn us_of(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).saturating_mul(1_000)
}

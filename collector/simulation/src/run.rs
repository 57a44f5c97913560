//! Plays a world: the agents' own engine probes it on virtual time, the collector's own engine judges what arrives.
//!
//! Between them lies a network that takes time, and that is cut where the scenario says so. What an agent could not deliver
//! it delivers afterwards, in order.

mod agent;
mod collector;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use quorate_agent_core::{Finding, ProbeId, RoundId};
use quorate_collector_consensus::confirm::Request;
use quorate_model::{CollectorTime, Millis, MonoTime, Sample, State};

use crate::world::World;
use agent::Agent;
use collector::Collector;

/// One way between an agent and the collector.
const NETWORK_US: u64 = 40_000;
/// Agents send what they have so often.
const FLUSH_US: u64 = 200_000;
/// After a cut the stream comes back so much later: the middle of the first back-off.
const RECONNECT_US: u64 = 1_000_000;
/// A round of references takes as long as their round trip, or their timeout where they fail.
const REFERENCES_US: u64 = 50_000;
const REFERENCES_TIMEOUT_US: u64 = 2_000_000;

/// Everything that came of a world.
#[derive(Clone, Debug)]
pub struct Run {
    /// Every sample that reached the collector, in the order of arrival.
    pub samples: Vec<Sample>,
    /// The live state whenever it changed, milliseconds since the world began.
    pub live: Vec<(i64, State)>,
    /// Probes started.
    pub probes: u64,
    /// Of those, retries and solicited ones.
    pub extra: u64,
    /// Incidents amended after they were first written with an end.
    pub revisions: u64,
    /// True if the incremental engine's verdict equals the batch function's.
    pub engines_agree: bool,
    /// The verdict over the whole world.
    pub verdict: quorate_collector_consensus::Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Wake(usize),
    Stop(usize),
    Start(usize, i64),
    ProbeEnds(usize, u64),
    ReferencesEnd(usize, u64),
    Arrives(usize),
    SuspectArrives(usize),
    Asked(usize, Asked),
    CollectorWakes,
}

/// What the collector asks one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    ProbeNow,
    Hasten(CollectorTime),
}

/// A probe under way in the world.
struct Flight {
    life: u64,
    probe: ProbeId,
    started: MonoTime,
    finding: Finding,
}

struct Play<'w> {
    world: &'w World<'w>,
    agents: Vec<Agent>,
    collector: Collector,
    queue: BinaryHeap<Reverse<(u64, u64, Happening)>>,
    order: u64,
    flights: Vec<Option<Flight>>,
    /// With the agent's life that began them.
    rounds: Vec<Option<(u64, RoundId, u32)>>,
    arriving: Vec<Option<Sample>>,
    samples: Vec<Sample>,
}

/// Plays a world to its end.
pub fn play(world: &World<'_>) -> Run {
    let count = world.scenario.agents.len();
    let mut play = Play {
        world,
        agents: (0..count).map(|i| Agent::new(world, i)).collect(),
        collector: Collector::new(world.scenario),
        queue: BinaryHeap::new(),
        order: 0,
        flights: Vec::new(),
        rounds: Vec::new(),
        arriving: Vec::new(),
        samples: Vec::new(),
    };
    play.schedule_lives();
    play.run();
    play.finish()
}

fn us(ms: i64) -> u64 {
    u64::try_from(ms.max(0)).unwrap_or(0).saturating_mul(1_000)
}

fn ms(at_us: u64) -> i64 {
    i64::try_from(at_us / 1_000).unwrap_or(i64::MAX)
}

impl Play<'_> {
    fn at(&mut self, at_us: u64, happening: Happening) {
        self.order += 1;
        self.queue.push(Reverse((at_us, self.order, happening)));
    }

    /// Each agent's boots: from the start, after crashes, and with a clock that was set.
    fn schedule_lives(&mut self) {
        for agent in 0..self.agents.len() {
            self.at(0, Happening::Start(agent, 0));
            for (start, end) in self.world.crashes(agent).to_vec() {
                self.at(us(start), Happening::Stop(agent));
                self.at(us(end), Happening::Start(agent, 0));
            }
            for (at, by_ms) in self.world.clock_steps(agent).to_vec() {
                self.at(us(at), Happening::Stop(agent));
                self.at(us(at), Happening::Start(agent, by_ms));
            }
        }
        self.at(1_000_000, Happening::CollectorWakes);
    }

    fn run(&mut self) {
        let end_us = us(self.world.scenario.length_ms);
        // What is under way at the end still arrives, but nothing new is asked.
        while let Some(Reverse((at_us, _, happening))) = self.queue.pop() {
            let over = at_us > end_us;
            match happening {
                Happening::Arrives(_) => {}
                _ if over => continue,
                _ => {}
            }
            self.happen(at_us, happening);
        }
    }

    fn happen(&mut self, at_us: u64, happening: Happening) {
        let now = MonoTime::from_micros(at_us);
        match happening {
            Happening::Wake(agent) => self.poll(agent, at_us),
            Happening::Stop(agent) => self.stop(agent),
            Happening::Start(agent, step_ms) => {
                if self.world.is_running(agent, ms(at_us))
                    && let Some(own) = self.agents.get_mut(agent)
                {
                    own.start(self.world, agent, now, step_ms);
                    self.poll(agent, at_us);
                }
            }
            Happening::ProbeEnds(agent, flight) => {
                let ended = usize::try_from(flight).ok().and_then(|i| self.flights.get_mut(i)).and_then(Option::take);
                if let (Some(flight), Some(own)) = (ended, self.agents.get_mut(agent)) {
                    own.probe_finished(flight, now);
                    self.poll(agent, at_us);
                }
            }
            Happening::ReferencesEnd(agent, round) => {
                let ended = usize::try_from(round).ok().and_then(|i| self.rounds.get_mut(i)).and_then(Option::take);
                if let (Some((life, round, mask)), Some(own)) = (ended, self.agents.get_mut(agent)) {
                    own.references_finished(life, round, mask, now);
                    self.poll(agent, at_us);
                }
            }
            Happening::Arrives(number) => {
                if let Some(sample) = self.arriving.get_mut(number).and_then(Option::take) {
                    let requests = self.collector.handle_sample(&sample, self.collector_time(at_us));
                    self.samples.push(sample);
                    self.ask(requests, at_us);
                }
            }
            Happening::SuspectArrives(agent) => {
                let requests = self.collector.handle_suspect(agent, self.collector_time(at_us));
                self.ask(requests, at_us);
            }
            Happening::Asked(agent, asked) => {
                if let Some(own) = self.agents.get_mut(agent) {
                    own.asked(asked, now);
                    self.poll(agent, at_us);
                }
            }
            Happening::CollectorWakes => {
                let requests = self.collector.handle_time(self.collector_time(at_us));
                self.ask(requests, at_us);
                self.at(at_us + 1_000_000, Happening::CollectorWakes);
            }
        }
    }

    /// What was under way in the agent is gone with it.
    fn stop(&mut self, agent: usize) {
        if let Some(own) = self.agents.get_mut(agent) {
            own.stop();
        }
    }

    /// Carries out what the agent's engine wants done now, and wakes it when it asks to be.
    fn poll(&mut self, agent: usize, at_us: u64) {
        let now = MonoTime::from_micros(at_us);
        loop {
            let Some(own) = self.agents.get_mut(agent) else { return };
            let Some(todo) = own.poll(now) else { break };
            match todo {
                agent::Todo::Probe { life, probe } => {
                    let answer = self.world.probe(agent, ms(at_us));
                    let finding = agent::finding(answer, self.world.scenario.timeout_ms);
                    let end_us = at_us + answer.length_us;
                    self.flights.push(Some(Flight { life, probe, started: now, finding }));
                    self.at(end_us, Happening::ProbeEnds(agent, self.flights.len() as u64 - 1));
                }
                agent::Todo::References { life, round } => {
                    let mask = self.world.bad_references(agent, ms(at_us));
                    let length = if mask == 0 { REFERENCES_US } else { REFERENCES_TIMEOUT_US };
                    self.rounds.push(Some((life, round, mask)));
                    self.at(at_us + length, Happening::ReferencesEnd(agent, self.rounds.len() as u64 - 1));
                }
                agent::Todo::Suspect => {
                    if self.world.away_until(agent, ms(at_us)).is_none() {
                        self.at(at_us + NETWORK_US, Happening::SuspectArrives(agent));
                    }
                }
                agent::Todo::Send(sample) => {
                    let sent_us = at_us + FLUSH_US / 2;
                    let arrives_us = match self.world.away_until(agent, ms(sent_us)) {
                        Some(until) => us(until) + RECONNECT_US,
                        None => sent_us + NETWORK_US,
                    };
                    self.arriving.push(Some(sample));
                    self.at(arrives_us, Happening::Arrives(self.arriving.len() - 1));
                }
            }
        }
        if let Some(own) = self.agents.get_mut(agent)
            && let Some(wake) = own.wake_wanted(at_us)
        {
            self.at(wake, Happening::Wake(agent));
        }
    }

    fn ask(&mut self, requests: Vec<Request>, at_us: u64) {
        for request in requests {
            for agent in 0..self.agents.len() {
                if self.world.away_until(agent, ms(at_us)).is_some() {
                    continue;
                }
                let asked = match &request {
                    Request::ProbeNow { except }
                        if self.world.scenario.agents.get(agent).is_some_and(|a| a.agent == *except) =>
                    {
                        continue;
                    }
                    Request::ProbeNow { .. } => Asked::ProbeNow,
                    Request::Hasten { until } => Asked::Hasten(*until),
                };
                self.at(at_us + NETWORK_US, Happening::Asked(agent, asked));
            }
        }
    }

    fn collector_time(&self, at_us: u64) -> CollectorTime {
        self.world.scenario.begins + Millis::new(ms(at_us))
    }

    fn finish(self) -> Run {
        let begins = self.world.scenario.begins;
        let end = begins + Millis::new(self.world.scenario.length_ms);
        let (probes, extra) =
            self.agents.iter().map(Agent::probes).fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
        self.collector.finish(self.samples, begins, end, probes, extra)
    }
}

#[cfg(test)]
mod tests;

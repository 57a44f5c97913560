//! The collector of the world, as far as the verdict goes: its engine, and the rule that asks for more samples.

use std::collections::BTreeSet;

use quorate_collector_consensus::confirm::{Confirmation, Request, is_reason_to_ask};
use quorate_collector_consensus::{Engine, Event, Window, judge};
use quorate_model::{AgentId, CollectorTime, Confirm, IncidentId, Millis, Sample, State};

use super::Run;
use crate::scenario::Scenario;

pub(super) struct Collector {
    engine: Engine,
    confirm: Confirm,
    confirmation: Confirmation,
    interval: Millis,
    agents: Vec<AgentId>,
    live: Vec<(i64, State)>,
    closed: BTreeSet<IncidentId>,
    revisions: u64,
    begins: CollectorTime,
}

impl Collector {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            engine: Engine::new(scenario.policy.clone()),
            confirm: scenario.confirm,
            confirmation: Confirmation::new(),
            interval: Millis::new(scenario.agents.iter().map(|a| a.interval_ms).min().unwrap_or(1)),
            agents: scenario.agents.iter().map(|a| a.agent.clone()).collect(),
            live: vec![(0, State::Unknown)],
            closed: BTreeSet::new(),
            revisions: 0,
            begins: scenario.begins,
        }
    }

    pub(super) fn handle_sample(&mut self, sample: &Sample, now: CollectorTime) -> Vec<Request> {
        self.engine.handle_sample(sample, now);
        self.follow(now)
    }

    pub(super) fn handle_suspect(&mut self, agent: usize, now: CollectorTime) -> Vec<Request> {
        let confirm = self.confirm;
        let agent = self.agents.get(agent);
        agent.and_then(|agent| self.confirmation.handle_change(&confirm, agent, now)).into_iter().collect()
    }

    pub(super) fn handle_time(&mut self, now: CollectorTime) -> Vec<Request> {
        self.engine.handle_timeout(now);
        self.follow(now)
    }

    /// Takes the engine's events; what they call for is asked.
    fn follow(&mut self, now: CollectorTime) -> Vec<Request> {
        let mut requests = Vec::new();
        while let Some(event) = self.engine.poll_event() {
            match event {
                Event::StateChanged { to, .. } => self.live.push(((now - self.begins).get(), to)),
                Event::AgentChanged { agent, from, to } if is_reason_to_ask(from, to) => {
                    requests.extend(self.confirmation.handle_change(&self.confirm, &agent, now));
                }
                Event::IncidentClosed { incident, .. } => {
                    self.closed.insert(incident.id);
                }
                Event::IncidentAmended { incident, .. } if self.closed.contains(&incident.id) => self.revisions += 1,
                Event::IncidentWithdrawn { .. } => self.revisions += 1,
                _ => {}
            }
        }
        let live = self.engine.live();
        requests.extend(self.confirmation.handle_state(&self.confirm, &live, self.interval, now));
        requests
    }

    pub(super) fn finish(
        mut self,
        samples: Vec<Sample>,
        begins: CollectorTime,
        end: CollectorTime,
        probes: u64,
        extra: u64,
    ) -> Run {
        let window = Window { from: begins, to: end };
        let verdict = judge(&samples, self.engine.history(), window, end);
        let engines_agree = self.engine.verdict(window, end).is_ok_and(|own| own == verdict);
        Run { samples, live: self.live, probes, extra, revisions: self.revisions, engines_agree, verdict }
    }
}

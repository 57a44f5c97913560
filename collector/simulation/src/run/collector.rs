//! The collector of the world, as far as the verdict goes: the rules that ask for more samples, and the live state.

use std::collections::{BTreeMap, VecDeque};

use quorate_collector_consensus::confirm::{Confirmation, Request};
use quorate_collector_consensus::{Window, judge};
use quorate_model::{AgentId, CollectorTime, Confirm, Millis, Outcome, PolicyHistory, Sample, State};

use super::Run;
use crate::scenario::Scenario;

pub(super) struct Collector {
    history: PolicyHistory,
    confirm: Confirm,
    confirmation: Confirmation,
    interval: Millis,
    agents: Vec<AgentId>,
    values: BTreeMap<AgentId, bool>,
    recent: VecDeque<Sample>,
    live: Vec<(i64, State)>,
    begins: CollectorTime,
}

impl Collector {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            history: scenario.policy.clone(),
            confirm: scenario.confirm,
            confirmation: Confirmation::new(),
            interval: Millis::new(scenario.agents.iter().map(|a| a.interval_ms).min().unwrap_or(1)),
            agents: scenario.agents.iter().map(|a| a.agent.clone()).collect(),
            values: BTreeMap::new(),
            recent: VecDeque::new(),
            live: Vec::new(),
            begins: scenario.begins,
        }
    }

    pub(super) fn handle_sample(&mut self, sample: &Sample, now: CollectorTime) -> Vec<Request> {
        let mut requests = Vec::new();
        let bad = !matches!(sample.outcome, Outcome::Ok | Outcome::Slow);
        if self.values.insert(sample.id.agent.clone(), bad).is_some_and(|old| old != bad) {
            requests.extend(self.confirmation.handle_change(&self.confirm, &sample.id.agent, now));
        }
        self.recent.push_back(sample.clone());
        requests.extend(self.handle_time(now));
        requests
    }

    pub(super) fn handle_suspect(&mut self, agent: usize, now: CollectorTime) -> Vec<Request> {
        let confirm = self.confirm;
        let agent = self.agents.get(agent);
        agent.and_then(|agent| self.confirmation.handle_change(&confirm, agent, now)).into_iter().collect()
    }

    pub(super) fn handle_time(&mut self, now: CollectorTime) -> Vec<Request> {
        while self.recent.front().is_some_and(|s| now - s.end_corrected() > Millis::from_secs(300)) {
            self.recent.pop_front();
        }
        let window = Window { from: now - Millis::new(1), to: now };
        let state = judge(self.recent.make_contiguous(), &self.history, window, now).live.state;
        if self.live.last().is_none_or(|(_, last)| *last != state) {
            self.live.push(((now - self.begins).get(), state));
        }
        self.confirmation.handle_state(&self.confirm, state, self.interval, now).into_iter().collect()
    }

    pub(super) fn finish(
        self,
        samples: Vec<Sample>,
        begins: CollectorTime,
        end: CollectorTime,
        probes: u64,
        extra: u64,
    ) -> Run {
        let verdict = judge(&samples, &self.history, Window { from: begins, to: end }, end);
        Run { samples, live: self.live, probes, extra, revisions: 0, engines_agree: true, verdict }
    }
}

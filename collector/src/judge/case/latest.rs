//! The latest samples of each agent of a check: what it says now, and when it last said anything.

use std::collections::{BTreeMap, VecDeque};

use quorate_model::{AgentId, CollectorTime, Micros, Millis, Outcome, Sample};

/// The most samples kept of one agent: enough to tell what it votes now, and why.
const KEPT: usize = 16;

#[derive(Clone, Debug)]
struct Agent {
    samples: VecDeque<Sample>,
    last_end: CollectorTime,
    last_good: Option<(CollectorTime, Micros)>,
}

/// The agents that ever sent a sample of the check.
#[derive(Clone, Debug)]
pub(crate) struct Latest {
    by_agent: BTreeMap<AgentId, Agent>,
    reach: Millis,
}

impl Latest {
    pub(crate) fn new(reach: Millis) -> Self {
        Self { by_agent: BTreeMap::new(), reach }
    }

    /// The longest a sample's value was held: two intervals, a timeout and the clock's error (CONSENSUS section 3).
    pub(crate) fn reach(&self) -> Millis {
        self.reach
    }

    /// Notes a sample, and its total if that is known.
    pub(crate) fn note(&mut self, sample: &Sample, total: Option<Micros>) {
        let reach = sample.interval.times(2) + sample.timeout + sample.clock.error.max(Millis::ZERO);
        self.reach = self.reach.max(reach);
        let (start, end) = (sample.start_corrected(), sample.end_corrected());
        let agent = self.by_agent.entry(sample.id.agent.clone()).or_insert_with(|| Agent {
            samples: VecDeque::new(),
            last_end: CollectorTime::MIN,
            last_good: None,
        });
        agent.last_end = agent.last_end.max(end);
        let is_right = matches!(sample.outcome, Outcome::Ok | Outcome::Slow);
        if let (true, Some(total)) = (is_right, total)
            && agent.last_good.is_none_or(|(at, _)| at <= end)
        {
            agent.last_good = Some((end, total));
        }
        if agent.samples.len() < KEPT || agent.samples.front().is_some_and(|oldest| oldest.start_corrected() < start) {
            let at = agent.samples.partition_point(|known| known.start_corrected() <= start);
            agent.samples.insert(at, sample.clone());
            if agent.samples.len() > KEPT {
                agent.samples.pop_front();
            }
        }
    }

    /// The samples kept, agent by agent.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.by_agent.values().flat_map(|agent| &agent.samples).cloned().collect()
    }

    /// The end of an agent's last sample, and the total of its last right answer.
    pub(crate) fn last_of(&self, agent: &AgentId) -> Option<(CollectorTime, Option<Micros>)> {
        self.by_agent.get(agent).map(|agent| (agent.last_end, agent.last_good.map(|(_, total)| total)))
    }

    /// Forgets agents whose last sample ended before `oldest`.
    pub(crate) fn forget_before(&mut self, oldest: CollectorTime) {
        self.by_agent.retain(|_, agent| agent.last_end >= oldest);
    }
}

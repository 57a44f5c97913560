//! What each agent of a check said last.

use std::collections::BTreeMap;

use quorate_model::{AgentId, CollectorTime, LateOk, Micros, Millis, Sample};

use crate::judge::value::{Value, reach, value_of};

#[derive(Clone, Debug)]
struct Life {
    /// The earliest moment its last sample can have begun: a later sample may change what was from there on.
    earliest: CollectorTime,
    /// From here on it counts as silent.
    silent_from: CollectorTime,
    last_end: CollectorTime,
    /// What it last said of the target.
    value: Option<Value>,
    last_good: Option<(CollectorTime, Micros)>,
}

/// The agents that ever sent a sample of the check.
#[derive(Clone, Debug)]
pub(crate) struct Lives {
    by_agent: BTreeMap<AgentId, Life>,
    reach: Millis,
}

impl Lives {
    pub(crate) fn new(reach: Millis) -> Self {
        Self { by_agent: BTreeMap::new(), reach }
    }

    /// The longest time a sample's value was held.
    pub(crate) fn reach(&self) -> Millis {
        self.reach
    }

    /// Notes a sample. True if it changes what its agent says.
    pub(crate) fn note(&mut self, sample: &Sample, total: Option<Micros>, late_ok: LateOk) -> bool {
        let start = sample.start_corrected();
        let reach = reach(sample);
        self.reach = self.reach.max(reach);
        let value = value_of(sample, late_ok);
        let earliest = start - sample.clock.error;
        let end = sample.end_corrected();
        let life = self.by_agent.entry(sample.id.agent.clone()).or_insert(Life {
            earliest: CollectorTime::MIN,
            silent_from: CollectorTime::MIN,
            last_end: CollectorTime::MIN,
            value: None,
            last_good: None,
        });
        if let (Some(Value::Good), Some(total)) = (value, total)
            && life.last_good.is_none_or(|(at, _)| at <= end)
        {
            life.last_good = Some((end, total));
        }
        if earliest < life.earliest {
            return false;
        }
        let changed = match (life.value, value) {
            (Some(old), Some(new)) => old != new,
            (None, Some(new)) => new == Value::Bad,
            (_, None) => false,
        };
        life.earliest = earliest;
        life.silent_from = start + reach;
        life.last_end = end;
        life.value = value.or(life.value);
        changed
    }

    /// The end of an agent's last sample, and the total of its last right answer.
    pub(crate) fn last_of(&self, agent: &AgentId) -> Option<(CollectorTime, Option<Micros>)> {
        self.by_agent.get(agent).map(|life| (life.last_end, life.last_good.map(|(_, total)| total)))
    }

    /// The least of the live agents' last samples; `now` where none is live.
    pub(crate) fn watermark(&self, now: CollectorTime) -> CollectorTime {
        let live = self.by_agent.values().filter(|life| life.silent_from > now);
        live.map(|life| life.earliest).fold(now, CollectorTime::min)
    }

    /// Forgets agents whose last sample ended before `oldest`.
    pub(crate) fn forget_before(&mut self, oldest: CollectorTime) {
        self.by_agent.retain(|_, life| life.last_end >= oldest);
    }
}

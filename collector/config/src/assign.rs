//! Who probes what, and when inside the interval.

use quorate_model::check::ReferenceSpec;
use quorate_model::{AgentId, CheckId, CheckSpec, CollectorTime, Millis, RegionId};

use crate::settings::{Check, Config};

/// An agent and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgentPlace {
    /// The agent.
    pub agent: AgentId,
    /// Its region.
    pub region: RegionId,
}

/// What one agent is to probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The checks its region votes on, sorted by id.
    pub checks: Vec<CheckSpec>,
    /// Its references.
    pub references: Vec<ReferenceSpec>,
    /// How often each reference is asked.
    pub reference_interval: Millis,
}

impl Config {
    /// What `agent` is to probe, given every agent that takes part (in any order, `agent` among them or not).
    ///
    /// The agents of a check are shifted by i x interval / agents against each other, so that together they sample the
    /// target evenly (CONSENSUS section 6e), and all of them by a share of the interval that depends on the check, so that
    /// an agent does not start all its checks at once. `effective_from` says since when a check's settings hold.
    pub fn assignment(
        &self,
        agent: &AgentPlace,
        all: &[AgentPlace],
        effective_from: impl Fn(&CheckId) -> CollectorTime,
    ) -> Assignment {
        let mut places: Vec<&AgentPlace> = all.iter().chain([agent]).collect();
        places.sort();
        places.dedup();
        let checks = self
            .checks
            .iter()
            .filter(|check| votes(check, &agent.region))
            .map(|check| CheckSpec {
                id: check.id.clone(),
                version: check.version,
                probe: check.probe.clone(),
                interval: check.interval,
                timeout: check.timeout,
                degraded_over: check.degraded_over,
                confirm: check.policy.confirm,
                phase: phase(check, agent, &places),
                effective_from: effective_from(&check.id),
            })
            .collect();
        Assignment { checks, references: self.references.clone(), reference_interval: self.defaults.interval }
    }
}

fn votes(check: &Check, region: &RegionId) -> bool {
    check.policy.regions().binary_search_by(|voter| voter.region.cmp(region)).is_ok()
}

fn phase(check: &Check, agent: &AgentPlace, places: &[&AgentPlace]) -> Millis {
    let voters = places.iter().filter(|place| votes(check, &place.region));
    let (mut index, mut count) = (0_i64, 0_i64);
    for place in voters {
        if **place == *agent {
            index = count;
        }
        count += 1;
    }
    let interval = check.interval.get();
    let shift = interval.saturating_mul(index) / count.max(1);
    Millis::new((spread(check.id.as_str(), interval) + shift) % interval.max(1))
}

/// A stable share of the interval by the check's name (FNV-1a, 64 bit).
fn spread(name: &str, interval: i64) -> i64 {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let interval = interval.unsigned_abs().max(1);
    i64::try_from(hash % interval).unwrap_or(0)
}

#[cfg(test)]
mod tests;

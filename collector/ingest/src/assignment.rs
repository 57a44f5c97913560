//! What each agent is to probe, and how it is told: in full or as a change, in messages that stay small.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use prost::Message;
use quorate_model::{AgentId, CheckId, ProviderId, RegionId};
use quorate_proto::v1;

/// The most bytes of checks in one message; an agent's limit is 512 KiB.
const MAX_PART_BYTES: usize = 256 * 1024;

/// What the configuration says of agents, made whole again with each change of it.
#[derive(Clone, Debug, Default)]
pub struct AssignmentTable {
    /// Every region, and who runs the network there. Agents of other regions are refused.
    pub regions: BTreeMap<RegionId, ProviderId>,
    /// Every check there is. Samples of others are kept apart.
    pub checks: BTreeSet<CheckId>,
    /// Agents that are refused, whatever certificate they have.
    pub revoked: BTreeSet<AgentId>,
    /// What each known agent is to probe: full assignments, base revision 0, phases as they should be.
    pub by_agent: BTreeMap<AgentId, Arc<v1::Assignment>>,
    /// What an agent that is not among these is to probe.
    pub by_region: BTreeMap<RegionId, Arc<v1::Assignment>>,
}

impl AssignmentTable {
    /// What an agent is to probe; nothing if nothing was assigned to it or its region.
    pub fn assignment(&self, agent: &AgentId, region: &RegionId) -> Option<&Arc<v1::Assignment>> {
        self.by_agent.get(agent).or_else(|| self.by_region.get(region))
    }
}

/// The messages that lead an agent from what it has to what it should have; none if it has that.
///
/// `known` is the assignment the agent has, where its content is known here too.
pub(crate) fn messages(
    wanted: &v1::Assignment,
    agent_revision: u64,
    known: Option<&v1::Assignment>,
) -> Vec<v1::Assignment> {
    if wanted.revision == agent_revision {
        return Vec::new();
    }
    let known = known.filter(|known| known.revision == agent_revision && agent_revision != 0);
    let (base, upsert, remove) = match known {
        None => (0, wanted.upsert.clone(), Vec::new()),
        Some(known) => {
            let before: HashMap<&str, &v1::Check> = known.upsert.iter().map(|c| (c.id.as_str(), c)).collect();
            let after: BTreeSet<&str> = wanted.upsert.iter().map(|c| c.id.as_str()).collect();
            let upsert =
                wanted.upsert.iter().filter(|c| before.get(c.id.as_str()) != Some(c)).cloned().collect::<Vec<_>>();
            let remove = known.upsert.iter().filter(|c| !after.contains(c.id.as_str())).map(|c| c.id.clone()).collect();
            (known.revision, upsert, remove)
        }
    };
    in_parts(wanted, base, upsert, remove)
}

/// Cuts a large change into a chain of changes, each based on the one before; the last has the wanted revision.
fn in_parts(wanted: &v1::Assignment, base: u64, upsert: Vec<v1::Check>, remove: Vec<String>) -> Vec<v1::Assignment> {
    let mut parts: Vec<Vec<v1::Check>> = vec![Vec::new()];
    let mut bytes = 0;
    for check in upsert {
        let len = check.encoded_len();
        if bytes + len > MAX_PART_BYTES && bytes > 0 {
            parts.push(Vec::new());
            bytes = 0;
        }
        bytes += len;
        if let Some(part) = parts.last_mut() {
            part.push(check);
        }
    }
    let last = parts.len() - 1;
    let mut base = base;
    let mut remove = Some(remove);
    parts
        .into_iter()
        .enumerate()
        .map(|(i, upsert)| {
            // Names of states on the way: never one that means something elsewhere, as they are tied to the wanted one.
            let revision = if i == last { wanted.revision } else { between(wanted.revision, i as u64) };

            v1::Assignment {
                revision,
                base_revision: std::mem::replace(&mut base, revision),
                upsert,
                remove: remove.take().unwrap_or_default(),
                references: wanted.references.clone(),
                reference_interval_ms: wanted.reference_interval_ms,
            }
        })
        .collect()
}

fn between(revision: u64, part: u64) -> u64 {
    // The finalizer of SplitMix64, so that neither near revisions nor parts collide by habit.
    let mut x = revision ^ (part + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)).max(1)
}

#[cfg(test)]
mod tests;

//! What was configured when: the policies of every check by the time each came into effect.
//!
//! A verdict over the past is judged by the rules of the past, so every configuration that was ever in force is kept, and
//! this is the reading of them all.

use std::collections::BTreeMap;

use quorate_collector_config::{Check, Config, policy_version};
use quorate_model::{CheckId, CheckVersion, CollectorTime, PolicyHistory};

/// What is known of one check through all configurations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckHistory {
    /// How it is judged, by time.
    pub(crate) policies: PolicyHistory,
    /// Since when it is there: nothing before is judged.
    pub(crate) since: CollectorTime,
    /// Since when its present probing settings hold.
    pub(crate) effective_from: CollectorTime,
    /// Its present probing settings.
    pub(crate) version: CheckVersion,
    /// Since when it is no longer configured; nothing after is judged.
    pub(crate) removed: Option<CollectorTime>,
}

/// Every check that was ever configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Histories(BTreeMap<CheckId, CheckHistory>);

impl Histories {
    /// Puts a configuration into effect from `at` on. Times have to ascend from call to call.
    pub(crate) fn apply(&mut self, at: CollectorTime, config: &Config) {
        for check in &config.checks {
            match self.0.get_mut(&check.id) {
                Some(known) => known.change(at, check),
                None => {
                    self.0.insert(check.id.clone(), CheckHistory::new(at, check));
                }
            }
        }
        for (id, known) in &mut self.0 {
            if known.removed.is_none() && config.check(id).is_none() {
                known.removed = Some(at);
            }
        }
    }

    /// One check.
    pub(crate) fn get(&self, check: &CheckId) -> Option<&CheckHistory> {
        self.0.get(check)
    }

    /// Every check, sorted by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&CheckId, &CheckHistory)> {
        self.0.iter()
    }
}

impl CheckHistory {
    fn new(at: CollectorTime, check: &Check) -> Self {
        Self {
            policies: PolicyHistory::new(check.policy.clone()),
            since: at,
            effective_from: at,
            version: check.version,
            removed: None,
        }
    }

    fn change(&mut self, at: CollectorTime, check: &Check) {
        self.removed = None;
        if self.version != check.version {
            self.version = check.version;
            self.effective_from = at;
        }
        if policy_version(self.policies.latest()) != policy_version(&check.policy) {
            self.policies.change(at, check.policy.clone());
        }
    }
}

#[cfg(test)]
mod tests;

//! What was configured when: the policies of every check by the time each came into effect.
//!
//! A verdict over the past is judged by the rules of the past, and a contract by its terms of then, so every configuration
//! that was ever in force is kept, and this is the reading of them all.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_collector_config::contract::Catalogue;
use quorate_collector_config::{Check, Config, policy_version};
use quorate_model::{CheckId, CheckVersion, CollectorTime, Millis, PolicyHistory};

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
    /// Its probing settings by the time each came into effect, oldest first; never empty.
    pub(crate) settings: Vec<Settings>,
}

/// How a check is probed from a moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// From when on.
    pub(crate) from: CollectorTime,
    /// The hash of all of them.
    pub(crate) version: CheckVersion,
    /// From one slot to the next.
    pub(crate) interval: Millis,
    /// How long an answer may take.
    pub(crate) timeout: Millis,
}

impl Settings {
    const fn of(from: CollectorTime, check: &Check) -> Self {
        Self { from, version: check.version, interval: check.interval, timeout: check.timeout }
    }
}

/// Every check that was ever configured, and every catalogue of contracts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Histories {
    checks: BTreeMap<CheckId, CheckHistory>,
    catalogues: Vec<(CollectorTime, Arc<Catalogue>)>,
}

impl Histories {
    /// Puts a configuration into effect from `at` on. Times have to ascend from call to call.
    pub(crate) fn apply(&mut self, at: CollectorTime, config: &Config) {
        for check in &config.checks {
            match self.checks.get_mut(&check.id) {
                Some(known) => known.change(at, check),
                None => {
                    self.checks.insert(check.id.clone(), CheckHistory::new(at, check));
                }
            }
        }
        for (id, known) in &mut self.checks {
            if known.removed.is_none() && config.check(id).is_none() {
                known.removed = Some(at);
            }
        }
        if self.catalogues.last().is_none_or(|(_, last)| **last != config.catalogue) {
            self.catalogues.push((at, Arc::new(config.catalogue.clone())));
        }
    }

    /// Every catalogue of contracts by the time it came into effect, oldest first.
    pub(crate) fn catalogues(&self) -> &[(CollectorTime, Arc<Catalogue>)] {
        &self.catalogues
    }

    /// One check.
    pub(crate) fn get(&self, check: &CheckId) -> Option<&CheckHistory> {
        self.checks.get(check)
    }

    /// Every check, sorted by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&CheckId, &CheckHistory)> {
        self.checks.iter()
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
            settings: vec![Settings::of(at, check)],
        }
    }

    fn change(&mut self, at: CollectorTime, check: &Check) {
        self.removed = None;
        if self.version != check.version {
            self.version = check.version;
            self.effective_from = at;
            self.settings.push(Settings::of(at, check));
        }
        if policy_version(self.policies.latest()) != policy_version(&check.policy) {
            self.policies.change(at, check.policy.clone());
        }
    }
}

#[cfg(test)]
mod tests;

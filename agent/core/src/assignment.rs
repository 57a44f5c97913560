//! What the collector wants probed, in full or as a change of what the agent has.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use quorate_model::check::ReferenceSpec;
use quorate_model::{CheckId, CheckSpec, Millis};

/// The most checks one agent takes.
pub const MAX_CHECKS: usize = 20_000;
/// The default of `reference_interval`.
pub const DEFAULT_REFERENCE_INTERVAL: Millis = Millis::from_secs(10);

/// Everything an agent is to probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Names this state; 0 = none was ever received.
    pub revision: u64,
    /// The checks.
    pub checks: BTreeMap<CheckId, Arc<CheckSpec>>,
    /// The reference targets, in the order of the mask's bits.
    pub references: Vec<ReferenceSpec>,
    /// How often they are probed.
    pub reference_interval: Millis,
}

impl Default for Assignment {
    fn default() -> Self {
        Self {
            revision: 0,
            checks: BTreeMap::new(),
            references: Vec::new(),
            reference_interval: DEFAULT_REFERENCE_INTERVAL,
        }
    }
}

/// A new assignment, in full or as a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignmentChange {
    /// Names the state after the change.
    pub revision: u64,
    /// The revision that is changed; `None` = this is the full state.
    pub base: Option<u64>,
    /// Checks to add or replace.
    pub upsert: Vec<CheckSpec>,
    /// Checks to remove; unknown ones are passed over.
    pub remove: Vec<CheckId>,
    /// All references.
    pub references: Vec<ReferenceSpec>,
    /// How often they are probed.
    pub reference_interval: Millis,
}

/// What a change did, each list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Checks that are new or whose settings differ. Those that stayed as they were are not here and keep their schedule.
    pub set: Vec<Arc<CheckSpec>>,
    /// Checks that are gone.
    pub removed: Vec<CheckId>,
    /// True if the references or their interval differ.
    pub references_changed: bool,
}

/// Why a change cannot be applied; the assignment stays as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssignmentError {
    /// It changes another revision than the one at hand.
    WrongBase {
        /// The revision at hand.
        have: u64,
        /// The revision it changes.
        base: u64,
    },
    /// There would be too many checks; holds how many.
    TooManyChecks(usize),
}

impl fmt::Display for AssignmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongBase { have, base } => {
                write!(f, "the assignment changes revision {base:016x}, but this agent has {have:016x}")
            }
            Self::TooManyChecks(count) => {
                write!(f, "the assignment has {count} checks; an agent takes at most {MAX_CHECKS}")
            }
        }
    }
}

impl core::error::Error for AssignmentError {}

impl Assignment {
    /// Applies a change as a whole or not at all.
    ///
    /// # Errors
    /// The change is of another revision, or there would be too many checks.
    pub fn apply(&mut self, change: AssignmentChange) -> Result<Diff, AssignmentError> {
        let mut checks = match change.base {
            None => BTreeMap::new(),
            Some(base) if base == self.revision => self.checks.clone(),
            Some(base) => return Err(AssignmentError::WrongBase { have: self.revision, base }),
        };
        for id in &change.remove {
            checks.remove(id);
        }
        for spec in change.upsert {
            checks.insert(spec.id.clone(), Arc::new(spec));
        }
        if checks.len() > MAX_CHECKS {
            return Err(AssignmentError::TooManyChecks(checks.len()));
        }
        let set = checks.values().filter(|spec| self.checks.get(&spec.id) != Some(spec)).cloned().collect();
        let removed = self.checks.keys().filter(|id| !checks.contains_key(*id)).cloned().collect();
        let references_changed =
            self.references != change.references || self.reference_interval != change.reference_interval;
        self.revision = change.revision;
        self.checks = checks;
        self.references = change.references;
        self.reference_interval = change.reference_interval;
        Ok(Diff { set, removed, references_changed })
    }
}

#[cfg(test)]
mod tests;

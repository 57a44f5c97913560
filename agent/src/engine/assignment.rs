//! The assignment with the probes made of it.
//!
//! A check that cannot be read or prepared is refused by itself, with the reason; the others run.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_agent_core::{Assignment, AssignmentChange, AssignmentError, ReferencePlan, late, references};
use quorate_agent_probe::{Prepared, Timing, prepare};
use quorate_model::check::ReferenceSpec;
use quorate_model::sample::References;
use quorate_model::{CheckId, CheckSpec, Millis};
use quorate_proto::{convert, v1};

/// What the core has to be told.
pub(super) struct Change {
    pub(super) removed: Vec<CheckId>,
    pub(super) set: Vec<Arc<CheckSpec>>,
    pub(super) references: Option<ReferencePlan>,
}

/// The assignment, the probes, and the refusals.
pub(super) struct Assigned {
    assignment: Assignment,
    ready: BTreeMap<CheckId, Arc<Prepared>>,
    /// Names (of checks, or `references`) and the reasons why they are not probed.
    unreadable: BTreeMap<String, String>,
    unusable: BTreeMap<String, String>,
    refused: Vec<(String, String)>,
    references: Arc<[Prepared]>,
}

impl Default for Assigned {
    fn default() -> Self {
        Self {
            assignment: Assignment::default(),
            ready: BTreeMap::new(),
            unreadable: BTreeMap::new(),
            unusable: BTreeMap::new(),
            refused: Vec::new(),
            references: Arc::new([]),
        }
    }
}

/// The name refusals of references go by.
const REFERENCES: &str = "references";

impl Assigned {
    /// Applies a message as a whole or not at all.
    pub(super) fn apply(&mut self, message: v1::Assignment) -> Result<Change, AssignmentError> {
        let full = message.base_revision == 0;
        let mut unreadable = if full { BTreeMap::new() } else { self.unreadable.clone() };
        let mut remove: Vec<CheckId> = Vec::new();
        for name in message.remove {
            unreadable.remove(&name);
            remove.extend(CheckId::new(&name).ok());
        }
        let mut upsert = Vec::new();
        for check in message.upsert {
            let name = check.id.clone();
            match CheckSpec::try_from(check) {
                Ok(spec) => {
                    unreadable.remove(&name);
                    upsert.push(spec);
                }
                Err(error) => {
                    // Its old settings hold no longer, so it is not probed at all.
                    remove.extend(CheckId::new(&name).ok());
                    unreadable.insert(name, error.to_string());
                }
            }
        }
        unreadable.remove(REFERENCES);
        let specs = read_references(message.references).unwrap_or_else(|reason| {
            unreadable.insert(REFERENCES.to_owned(), reason);
            Vec::new()
        });
        let interval = match message.reference_interval_ms {
            0 => quorate_agent_core::assignment::DEFAULT_REFERENCE_INTERVAL,
            ms => Millis::new(ms.into()),
        };
        let diff = self.assignment.apply(AssignmentChange {
            revision: message.revision,
            base: (!full).then_some(message.base_revision),
            upsert,
            remove,
            references: specs,
            reference_interval: interval,
        })?;
        self.unreadable = unreadable;
        let mut removed = diff.removed;
        for id in &removed {
            self.ready.remove(id);
            self.unusable.remove(id.as_str());
        }
        let mut set = Vec::new();
        for spec in diff.set {
            match prepare_check(&spec) {
                Ok(prepared) => {
                    self.unusable.remove(spec.id.as_str());
                    self.ready.insert(spec.id.clone(), Arc::new(prepared));
                    set.push(spec);
                }
                Err(reason) => {
                    self.unusable.insert(spec.id.to_string(), reason);
                    if self.ready.remove(&spec.id).is_some() {
                        removed.push(spec.id.clone());
                    }
                }
            }
        }
        let references = diff.references_changed.then(|| self.prepare_references());
        self.refused =
            self.unreadable.iter().chain(&self.unusable).map(|(name, reason)| (name.clone(), reason.clone())).collect();
        Ok(Change { removed, set, references })
    }

    /// The probe of a check in these settings. A start that was decided just before a change finds the new ones.
    pub(super) fn prepared(&self, spec: &CheckSpec) -> Option<Arc<Prepared>> {
        self.ready.get(&spec.id).cloned()
    }

    pub(super) fn prepared_references(&self) -> &Arc<[Prepared]> {
        &self.references
    }

    pub(super) fn references(&self) -> &[Prepared] {
        &self.references
    }

    /// How many checks are probed.
    pub(super) fn checks(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn refused(&self) -> &[(String, String)] {
        &self.refused
    }

    pub(super) fn refusals(&self) -> Vec<v1::CheckRefusal> {
        self.refused
            .iter()
            .map(|(check, reason)| v1::CheckRefusal { check: check.clone(), reason: reason.clone() })
            .collect()
    }

    /// The full assignment for the disk. What could not be read is not in it; so that it is sent again after a restart, the
    /// stored revision then is one no collector knows.
    pub(super) fn to_message(&self) -> v1::Assignment {
        v1::Assignment {
            revision: if self.unreadable.is_empty() { self.assignment.revision } else { 0 },
            base_revision: 0,
            upsert: self.assignment.checks.values().map(|spec| v1::Check::from(&**spec)).collect(),
            remove: Vec::new(),
            references: self.assignment.references.iter().map(|reference| (&reference.probe).into()).collect(),
            reference_interval_ms: u32::try_from(self.assignment.reference_interval.get()).unwrap_or(u32::MAX),
        }
    }

    /// A reference that cannot be used would look like one that always fails: then there are none.
    fn prepare_references(&mut self) -> ReferencePlan {
        self.unusable.remove(REFERENCES);
        let prepared: Result<Vec<Prepared>, String> =
            self.assignment.references.iter().enumerate().map(|(i, spec)| prepare_reference(i, spec)).collect();
        let prepared = prepared.unwrap_or_else(|reason| {
            self.unusable.insert(REFERENCES.to_owned(), reason);
            Vec::new()
        });
        self.references = prepared.into();
        ReferencePlan {
            total: u8::try_from(self.references.len()).unwrap_or(References::MAX),
            interval: self.assignment.reference_interval,
        }
    }
}

fn read_references(messages: Vec<v1::Probe>) -> Result<Vec<ReferenceSpec>, String> {
    if messages.len() > usize::from(References::MAX) {
        return Err(format!("{} references; allowed are at most {}", messages.len(), References::MAX));
    }
    let read = messages.into_iter().enumerate().map(|(i, probe)| convert::reference(i, probe));
    read.collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn prepare_check(spec: &CheckSpec) -> Result<Prepared, String> {
    let timing = Timing::of(spec).map_err(|error| error.to_string())?.late(late::wait(spec));
    prepare(&spec.probe, timing).map_err(|error| error.to_string())
}

fn prepare_reference(index: usize, spec: &ReferenceSpec) -> Result<Prepared, String> {
    let timing = Timing::new(references::TIMEOUT).map_err(|error| error.to_string())?.late(Millis::ZERO);
    prepare(&spec.probe, timing).map_err(|error| format!("references[{index}]: {error}"))
}

#[cfg(test)]
mod tests;

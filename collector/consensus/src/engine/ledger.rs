//! The incidents that were told, and what to tell when they change.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::format;
use alloc::vec::Vec;

use quorate_model::{CollectorTime, Incident, IncidentId};

use crate::engine::event::{Difference, Event, differences};

/// An incident as it was last told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The incident.
    pub incident: Incident,
    /// The number of its version, from 1.
    pub revision: u32,
}

/// Gives the names of known incidents to the incidents of a new verdict that are the same: those that overlap them in
/// time. A known name is given once, in order of time. Returns for each incident the place of the known one it took its
/// name from.
pub fn adopt_ids(incidents: &mut [Incident], known: &[Told]) -> Vec<Option<usize>> {
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let matches: Vec<Option<usize>> = incidents
        .iter()
        .map(|incident| {
            let free = |at: &usize| !taken.contains(at);
            let same = |told: &Told| told.incident.id == incident.id || overlaps(&told.incident, incident);
            let found = known.iter().enumerate().filter(|(at, told)| free(at) && same(told)).map(|(at, _)| at).next();
            taken.extend(found);
            found
        })
        .collect();
    let mut names: BTreeSet<IncidentId> =
        matches.iter().flatten().filter_map(|at| known.get(*at)).map(|told| told.incident.id.clone()).collect();
    for (incident, found) in incidents.iter_mut().zip(&matches) {
        if let Some(told) = found.and_then(|at| known.get(at)) {
            incident.id = told.incident.id.clone();
            continue;
        }
        // A new incident must not take a name that is in use.
        let mut number = 2u32;
        let base = incident.id.clone();
        while !names.insert(incident.id.clone()) {
            incident.id = IncidentId::new(format!("{base}.{number}"));
            number = number.saturating_add(1);
        }
    }
    matches
}

/// Two versions of one incident overlap, from the earliest to the latest moment either may have been down.
fn overlaps(a: &Incident, b: &Incident) -> bool {
    let end = |incident: &Incident| {
        if incident.end.is_none() { CollectorTime::MAX } else { incident.end_bounds.latest }
    };
    let start = |incident: &Incident| incident.start_bounds.earliest.min(incident.start);
    start(a) <= end(b) && start(b) <= end(a)
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    told: Vec<Told>,
}

impl Ledger {
    pub(crate) fn told(&self) -> &[Told] {
        &self.told
    }

    pub(crate) fn has_open(&self) -> bool {
        self.told.iter().any(|told| told.incident.end.is_none())
    }

    /// Takes incidents told before, in another life of the engine.
    pub(crate) fn recall(&mut self, told: Vec<Told>) {
        self.told = told;
        self.told.sort_by_key(|told| told.incident.start);
    }

    /// Forgets incidents that ended before a moment.
    pub(crate) fn forget_before(&mut self, at: CollectorTime) {
        self.told.retain(|told| told.incident.end.is_none_or(|_| told.incident.end_bounds.latest >= at));
    }

    /// Tells what changed, given all incidents that touch the time from `from` on, worked out at `now`.
    pub(crate) fn update(
        &mut self,
        mut incidents: Vec<Incident>,
        from: CollectorTime,
        now: CollectorTime,
        events: &mut VecDeque<Event>,
    ) {
        let names_from = adopt_ids(&mut incidents, &self.told);
        let matched: BTreeSet<usize> = names_from.iter().flatten().copied().collect();
        let mut current: Vec<Told> = Vec::with_capacity(incidents.len());
        for (incident, found) in incidents.into_iter().zip(names_from) {
            let Some(old) = found.and_then(|at| self.told.get(at)) else {
                let closed = incident.end.is_some();
                events.push_back(Event::IncidentOpened(incident.clone()));
                if closed {
                    events.push_back(Event::IncidentClosed { incident: incident.clone(), revision: 1 });
                }
                current.push(Told { incident, revision: 1 });
                continue;
            };
            let changes = differences(&old.incident, &incident);
            let is_open = incident.end.is_none();
            let worth_telling = changes.iter().any(|change| !(waits(change, now) || is_open && grows(change)));
            if !worth_telling {
                // An open incident grows all the time; what was told stays until something else changes.
                let incident = if is_open { incident } else { old.incident.clone() };
                current.push(Told { incident, revision: old.revision });
                continue;
            }
            let revision = old.revision.saturating_add(1);
            let closes = old.incident.end.is_none() && !is_open;
            events.push_back(if closes {
                Event::IncidentClosed { incident: incident.clone(), revision }
            } else {
                Event::IncidentAmended { incident: incident.clone(), revision, changes }
            });
            current.push(Told { incident, revision });
        }
        for (at, old) in self.told.iter().enumerate().filter(|(at, _)| !matched.contains(at)) {
            if old.incident.end.is_some() && old.incident.end_bounds.latest < from {
                current.push(self.told.get(at).cloned().unwrap_or_else(|| old.clone()));
                continue;
            }
            let part_of = current.iter().find(|new| overlaps(&new.incident, &old.incident));
            events.push_back(Event::IncidentWithdrawn {
                id: old.incident.id.clone(),
                revision: old.revision.saturating_add(1),
                part_of: part_of.map(|new| new.incident.id.clone()),
            });
        }
        current.sort_by_key(|told| told.incident.start);
        self.told = current;
    }
}

/// An end that is not bounded yet, as nothing is known since, moves with time.
fn waits(change: &Difference, now: CollectorTime) -> bool {
    matches!(change, Difference::EndBounds { old, new } if old.earliest == new.earliest && new.latest == now)
}

/// Changes that come by themselves while an incident lasts.
fn grows(change: &Difference) -> bool {
    match change {
        Difference::EndBounds { .. } | Difference::Billed { .. } | Difference::Support { .. } => true,
        // Only its last end moved.
        Difference::Runs { old, new } => {
            old.len() == new.len()
                && old.split_last().map(|(last, rest)| (last.0, rest))
                    == new.split_last().map(|(last, rest)| (last.0, rest))
        }
        _ => false,
    }
}

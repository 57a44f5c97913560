//! Which incidents are written when, and which found incident is which written one.
//!
//! Nothing that was written changes silently: the store makes every difference a revision, but for the growth of an open
//! incident. What is decided here is when a difference is worth a revision, so that the first seconds of an outage, in
//! which every sample refines its start, do not make one each.

use std::collections::{BTreeMap, BTreeSet};

use quorate_collector_store::Finality;
use quorate_model::{CollectorTime, Incident, IncidentId, Millis};

/// While an incident lasts its details are collected for so long before they make a revision.
pub(crate) const COLLECT: Millis = Millis::from_secs(5);

/// The growth of an open incident, which is no revision, is written so often.
const GROWTH: Millis = Millis::from_secs(60);

/// An incident as it was last written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) incident: Incident,
    /// 1 = as first written.
    pub(crate) revision: u32,
    /// When it was last written.
    pub(crate) at: CollectorTime,
    pub(crate) finality: Finality,
    /// True if later samples showed that there was none.
    pub(crate) withdrawn: bool,
}

/// True if an incident found now is to be written, given what was written of it.
pub(crate) fn is_due(before: Option<&Written>, found: &Incident, finality: Finality, now: CollectorTime) -> bool {
    let Some(before) = before else { return true };
    if before.withdrawn || before.finality != finality {
        return true;
    }
    let old = &before.incident;
    if old == found {
        return false;
    }
    let turns = old.end.is_some() != found.end.is_some() || old.class != found.class;
    let rest = if only_grew(old, found) { GROWTH } else { COLLECT };
    turns || finality == Finality::Settled || now < before.at || now - before.at >= rest
}

/// True if an open incident only went on: its length, its support and the bounds of its end say nothing final.
pub(crate) fn only_grew(old: &Incident, new: &Incident) -> bool {
    old.end.is_none()
        && new.end.is_none()
        && (old.start, old.start_bounds, old.class, &old.regions)
            == (new.start, new.start_bounds, new.class, &new.regions)
}

/// Gives what was found the names it was written under.
///
/// A name is made from an incident's start, so late data could change it. A found incident takes the name of the written
/// one it overlaps most; one that overlaps none keeps its own unless that is taken.
pub(crate) fn adopt_names(written: &BTreeMap<IncidentId, Written>, found: &mut [Incident], now: CollectorTime) {
    let mut pairs: Vec<(Millis, IncidentId, usize)> = Vec::new();
    for (index, incident) in found.iter().enumerate() {
        for (id, known) in written {
            let shared = overlap(&known.incident, incident, now);
            if shared > Millis::ZERO {
                pairs.push((shared, id.clone(), index));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| (a.2, &a.1).cmp(&(b.2, &b.1))));
    let mut given: BTreeMap<usize, IncidentId> = BTreeMap::new();
    let mut taken: BTreeSet<IncidentId> = BTreeSet::new();
    for (_, id, index) in pairs {
        if !given.contains_key(&index) && !taken.contains(&id) {
            taken.insert(id.clone());
            given.insert(index, id);
        }
    }
    for (index, incident) in found.iter_mut().enumerate() {
        if let Some(id) = given.remove(&index) {
            incident.id = id;
            continue;
        }
        let base = incident.id.clone();
        let mut number = 2_u32;
        while taken.contains(&incident.id) || written.contains_key(&incident.id) {
            incident.id = IncidentId::new(format!("{base}.{number}"));
            number += 1;
        }
        taken.insert(incident.id.clone());
    }
}

/// How long both lasted, at least a millisecond where one touches the other.
fn overlap(a: &Incident, b: &Incident, now: CollectorTime) -> Millis {
    let end = |incident: &Incident| incident.end.unwrap_or(now.max(incident.start)) + Millis::new(1);
    end(a).min(end(b)) - a.start.max(b.start)
}

#[cfg(test)]
mod tests;

//! Which terms hold for which window.
//!
//! A window is judged by the contract as it was at the window's end, so that terms changed today do not rewrite last month.
//! What is left out of it may grow afterwards: by entries of the present configuration that say that they reclassify the
//! past, with a reason and an approver.

use std::sync::Arc;

use quorate_collector_config::contract::{Catalogue, zone};
use quorate_collector_sla::{Contract, ContractId, Exclusion, Window, Zone};
use quorate_model::{CollectorTime, Millis};

use super::{ContractError, Sources};

/// A contract, its window, and the catalogue both are of.
pub(super) struct Terms {
    pub(super) contract: Contract,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) zone: Zone,
    pub(super) window: Window,
}

/// Which window is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted<'a> {
    /// The one of this name.
    Named(&'a str),
    /// The one that holds this moment.
    At(CollectorTime),
}

impl Wanted<'_> {
    /// The window that runs. In its first moment nothing is known of it yet; the one before counts as running then.
    pub(crate) fn running(now: CollectorTime) -> Self {
        Self::At(now - Millis::new(1))
    }
}

/// The terms of a window. `excluded` is what people entered for the contract.
pub(super) fn terms(
    sources: &Sources,
    id: &ContractId,
    wanted: Wanted<'_>,
    excluded: Vec<Exclusion>,
) -> Result<Terms, ContractError> {
    let catalogues = sources.configured.histories.catalogues();
    let (then, zone, window) = match wanted {
        Wanted::Named(_) => named(sources, catalogues, id, wanted)?,
        Wanted::At(_) => {
            let latest = at(catalogues, id, sources.now).ok_or_else(|| ContractError::Unknown(id.to_string()))?;
            of_its_time(sources, catalogues, &latest, id, wanted)?
        }
    };
    let contract = then.contract(id).ok_or_else(|| ContractError::Unknown(id.to_string()))?.clone();
    let present = catalogues.last().and_then(|(_, catalogue)| catalogue.contract(id));
    let contract = with(contract, present, excluded)?;
    Ok(Terms { contract, catalogue: then, zone, window })
}

/// The window as a catalogue has it, and then as the one has it that held in its last moment: the kind of window may have
/// been another then.
fn of_its_time(
    sources: &Sources,
    catalogues: &[(CollectorTime, Arc<Catalogue>)],
    catalogue: &Arc<Catalogue>,
    id: &ContractId,
    wanted: Wanted<'_>,
) -> Result<(Arc<Catalogue>, Zone, Window), ContractError> {
    let (_, window) = find(catalogue, id, wanted)?;
    let last = window.interval.end() - Millis::new(1);
    let then = at(catalogues, id, last.min(sources.now)).unwrap_or_else(|| Arc::clone(catalogue));
    let (zone, window) = find(&then, id, wanted)?;
    Ok((then, zone, window))
}

/// The window of a name: by the latest terms that have such a window and held at its end, as a name of a former kind of
/// window stays one.
fn named(
    sources: &Sources,
    catalogues: &[(CollectorTime, Arc<Catalogue>)],
    id: &ContractId,
    wanted: Wanted<'_>,
) -> Result<(Arc<Catalogue>, Zone, Window), ContractError> {
    let mut first = None;
    for (_, catalogue) in catalogues.iter().rev().filter(|(_, catalogue)| catalogue.contract(id).is_some()) {
        match of_its_time(sources, catalogues, catalogue, id, wanted) {
            Err(ContractError::Period(error)) => first = first.or(Some(error)),
            other => return other,
        }
    }
    Err(first.map_or_else(|| ContractError::Unknown(id.to_string()), ContractError::Period))
}

/// The window that holds a moment with its zone, and whether it is one: where the contract's windows change their kind inside
/// it, it is none by the terms at its end.
pub(super) fn window_at(
    sources: &Sources,
    id: &ContractId,
    time: CollectorTime,
) -> Result<(Window, Zone, bool), ContractError> {
    let Terms { window, zone, .. } = terms(sources, id, Wanted::At(time), Vec::new())?;
    let whole = match terms(sources, id, Wanted::Named(&window.label), Vec::new()) {
        Ok(found) => found.window == window,
        Err(ContractError::Period(_)) => false,
        Err(other) => return Err(other),
    };
    Ok((window, zone, whole))
}

/// The catalogue with the contract that held at `time`: the last before, or else the first after.
fn at(catalogues: &[(CollectorTime, Arc<Catalogue>)], id: &ContractId, time: CollectorTime) -> Option<Arc<Catalogue>> {
    let has = |entry: &&(CollectorTime, Arc<Catalogue>)| entry.1.contract(id).is_some();
    let before = catalogues.iter().rev().filter(|(from, _)| *from <= time).find(has);
    let found = before.or_else(|| catalogues.iter().find(has))?;
    Some(Arc::clone(&found.1))
}

/// Whether the contract had ever come into force by `time`, and whether it was in force then.
pub(super) fn in_force(sources: &Sources, id: &ContractId, time: CollectorTime) -> (bool, bool) {
    let mut before = sources.configured.histories.catalogues().iter().filter(|(from, _)| *from < time);
    let has = |entry: &(CollectorTime, Arc<Catalogue>)| entry.1.contract(id).is_some();
    (before.clone().any(has), before.next_back().is_some_and(has))
}

/// The last moment before `time` up to which the contract was in force, exclusive.
pub(super) fn last_in_force(sources: &Sources, id: &ContractId, time: CollectorTime) -> Option<CollectorTime> {
    let catalogues = sources.configured.histories.catalogues();
    let ends = catalogues.iter().skip(1).map(|(from, _)| *from).chain([CollectorTime::MAX]);
    let held =
        catalogues.iter().zip(ends).filter(|((from, catalogue), _)| *from < time && catalogue.contract(id).is_some());
    held.last().map(|(_, end)| end.min(time))
}

fn find(catalogue: &Catalogue, id: &ContractId, wanted: Wanted<'_>) -> Result<(Zone, Window), ContractError> {
    let contract = catalogue.contract(id).ok_or_else(|| ContractError::Unknown(id.to_string()))?;
    let terms = contract.terms();
    let zone = zone(&terms.timezone)?;
    let window = match wanted {
        Wanted::Named(period) => terms.window.window(period, &zone)?,
        Wanted::At(time) => terms.window.at(time, &zone),
    };
    Ok((zone, window))
}

/// The contract with what came to be left out after its time.
fn with(contract: Contract, present: Option<&Contract>, excluded: Vec<Exclusion>) -> Result<Contract, ContractError> {
    let added: Vec<Exclusion> = present
        .into_iter()
        .flat_map(|present| &present.terms().exclusions)
        .filter(|entry| entry.reclassifies_the_past() && !contract.terms().exclusions.contains(entry))
        .cloned()
        .chain(excluded)
        .collect();
    if added.is_empty() {
        return Ok(contract);
    }
    let mut draft = contract.into_draft();
    draft.exclusions.extend(added);
    Contract::new(draft).map_err(|faults| {
        let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
        ContractError::Contract(texts.join("; "))
    })
}

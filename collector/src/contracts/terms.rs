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
    let Place { catalogue, zone, window } = place(sources, id, wanted)?;
    let contract = catalogue.contract(id).ok_or_else(|| ContractError::Unknown(id.to_string()))?.clone();
    let present = sources.configured.histories.catalogues().last().and_then(|(_, catalogue)| catalogue.contract(id));
    let contract = with(contract, present, excluded)?;
    Ok(Terms { contract, catalogue, zone, window })
}

/// A window with its zone and the catalogue that held in its last moment.
pub(super) struct Place {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) zone: Zone,
    pub(super) window: Window,
}

/// Finds a window. A name is looked for in the latest terms that have such a window, as a name of a former kind of window stays
/// one.
pub(super) fn place(sources: &Sources, id: &ContractId, wanted: Wanted<'_>) -> Result<Place, ContractError> {
    let unknown = || ContractError::Unknown(id.to_string());
    let catalogues = sources.configured.histories.catalogues();
    if let Wanted::At(_) = wanted {
        let latest = at(catalogues, id, sources.now).ok_or_else(unknown)?;
        return of_its_time(sources, latest, id, wanted);
    }
    let mut first = None;
    for (_, catalogue) in catalogues.iter().rev().filter(|(_, catalogue)| catalogue.contract(id).is_some()) {
        match of_its_time(sources, Arc::clone(catalogue), id, wanted) {
            Err(ContractError::Period(error)) => first = first.or(Some(error)),
            other => return other,
        }
    }
    Err(first.map_or_else(unknown, ContractError::Period))
}

/// The window as a catalogue has it, and then as the one has it that held in its last moment: the kind of window may have
/// been another then.
fn of_its_time(
    sources: &Sources,
    catalogue: Arc<Catalogue>,
    id: &ContractId,
    wanted: Wanted<'_>,
) -> Result<Place, ContractError> {
    let (_, window) = find(&catalogue, id, wanted)?;
    let last = window.interval.end() - Millis::new(1);
    let catalogue = at(sources.configured.histories.catalogues(), id, last.min(sources.now)).unwrap_or(catalogue);
    let (zone, window) = find(&catalogue, id, wanted)?;
    Ok(Place { catalogue, zone, window })
}

/// True unless the kind of the contract's windows changed inside this one, so that by the terms at its end there is no such
/// window.
pub(super) fn is_whole(sources: &Sources, id: &ContractId, window: &Window) -> Result<bool, ContractError> {
    match place(sources, id, Wanted::Named(&window.label)) {
        Ok(found) => Ok(found.window == *window),
        Err(ContractError::Period(_)) => Ok(false),
        Err(other) => Err(other),
    }
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

//! One window of a contract behind the other: where its time went, and what came of it.

use quorate_collector_contracts::{Edition, document, revision};
use quorate_collector_http::{LedgerWanted, limits};
use quorate_collector_report::Document;
use quorate_collector_sla::{ContractId, Window};
use quorate_model::Millis;
use quorate_proto::api;

use super::gather::{Depth, material, needs_attempts};
use super::terms::{Place, Wanted, in_force, is_whole, last_in_force, place};
use super::{ContractError, Sources, keep};

/// The most time of which one answer reads every sample: contracts that count attempts do.
const ATTEMPTS_TIME: Millis = Millis::from_secs(400 * 86_400);

/// The windows asked for, oldest first. Blocks.
///
/// Of a window whose report is final it is what that says, of another how it stands now. Windows in which the contract was not
/// in force are left out.
pub(super) fn ledger(sources: &Sources, wanted: &LedgerWanted) -> Result<api::SlaLedger, ContractError> {
    let id = ContractId::new(&wanted.contract).map_err(|_| ContractError::Unknown(wanted.contract.clone()))?;
    let mut windows = Vec::new();
    for window in chosen(sources, &id, wanted)?.iter().rev() {
        if sources.stop.is_cancelled() {
            return Err(ContractError::Stopped);
        }
        windows.push(line(report(sources, &id, window)?));
    }
    Ok(api::SlaLedger { now_ms: sources.now.as_millis(), contract: id.to_string(), windows })
}

/// The report on a window: as it is kept, or as it stands now.
fn report(sources: &Sources, id: &ContractId, window: &Window) -> Result<Document, ContractError> {
    if let Some(kept) = keep::kept(sources, &revision::key(id, &window.label), None)? {
        let kept = keep::read(&kept)?;
        if keep::is_on(&kept, window) {
            return Ok(kept);
        }
    }
    let material = material(sources, id, Wanted::Named(&window.label), Depth::Figures)?;
    Ok(document(&material, Edition::provisional(sources.now))?)
}

/// Which windows are told, newest first. Nothing is made yet: what is too much is refused before.
fn chosen(sources: &Sources, id: &ContractId, wanted: &LedgerWanted) -> Result<Vec<Window>, ContractError> {
    let find = |which: Wanted<'_>| place(sources, id, which).map(|place| place.window);
    let first = wanted.from.as_deref().map(|label| find(Wanted::Named(label))).transpose()?;
    let last = find(wanted.to.as_deref().map_or(Wanted::running(sources.now), Wanted::Named))?;
    if sources.now <= last.interval.start() {
        return Err(ContractError::NotBegun(last.label));
    }
    let asked = format!("{} to {}", first.as_ref().map_or("", |first| &first.label), last.label);
    let too_early = |window: &Window| first.as_ref().is_some_and(|first| window.interval.end() < first.interval.end());
    if too_early(&last) {
        return Err(ContractError::Range(format!("{asked}: the first is after the last")));
    }
    let most = if first.is_some() { limits::LEDGER_WINDOWS } else { limits::LEDGER_DEFAULT };
    let kept = keep::keys_of(sources, id)?;
    let mut windows: Vec<Window> = Vec::new();
    let mut attempts = Millis::ZERO;
    let mut time = last.interval.end() - Millis::new(1);
    // Windows that changed their kind take a step and are not told.
    for _ in 0..2 * most {
        let Place { catalogue, zone, window } = place(sources, id, Wanted::At(time))?;
        let (begun, held) = in_force(sources, id, window.interval.end());
        if !begun || too_early(&window) {
            return Ok(windows);
        }
        time = keep::before(&window, &zone);
        if keep::is_among(&kept, &revision::key(id, &window.label)) {
            windows.push(window);
        } else if !held {
            // All that lies between is no window of the contract.
            let Some(end) = last_in_force(sources, id, window.interval.start()) else { return Ok(windows) };
            time = time.min(end - Millis::new(1));
        } else if is_whole(sources, id, &window)? {
            if catalogue.contract(id).is_some_and(needs_attempts) {
                attempts += window.interval.length();
            }
            windows.push(window);
        }
        if windows.len() > most || (attempts > ATTEMPTS_TIME && windows.len() > 1) {
            windows.pop();
            return if first.is_none() { Ok(windows) } else { Err(too_many(&asked, most)) };
        }
    }
    if first.is_none() { Ok(windows) } else { Err(too_many(&asked, most)) }
}

fn too_many(asked: &str, most: usize) -> ContractError {
    let days = ATTEMPTS_TIME.get() / 86_400_000;
    ContractError::Range(format!(
        "{asked} are too many; allowed are {most} windows, and {days} days where attempts are counted"
    ))
}

fn line(report: Document) -> api::SlaWindow {
    let ledger = report.ledger;
    api::SlaWindow {
        period: report.period.label,
        from_ms: report.period.start_ms,
        to_ms: report.period.end_ms,
        timezone: report.timezone,
        state: report.state,
        revision: report.revision,
        total_ms: ledger.total_ms,
        up_ms: ledger.up_ms,
        down_ms: report.down_ms,
        unknown_ms: ledger.unknown_ms,
        excluded_ms: ledger.excluded_ms,
        uptime_percent: report.uptime_percent,
        coverage_percent: report.coverage_percent,
        objective_percent: report.objective_percent,
        breach: report.breach,
        credit_percent: report.credit_percent,
    }
}

#[cfg(test)]
mod tests;

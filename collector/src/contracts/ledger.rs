//! One window of a contract behind the other: where its time went, and what came of it.

use quorate_collector_contracts::{Edition, document, revision};
use quorate_collector_http::{LedgerWanted, limits};
use quorate_collector_report::Document;
use quorate_collector_sla::ContractId;
use quorate_model::Millis;
use quorate_proto::api;

use super::gather::{Depth, material, needs_attempts};
use super::terms::{Wanted, in_force, last_in_force, terms, window_at};
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
    for entry in chosen(sources, &id, wanted)?.into_iter().rev() {
        if sources.stop.is_cancelled() {
            return Err(ContractError::Stopped);
        }
        windows.push(line(match entry {
            Entry::Kept(key) => {
                let kept = keep::kept(sources, &key, None)?;
                keep::read(&kept.ok_or(ContractError::Stopped)?)?
            }
            Entry::Running(label) => {
                let material = material(sources, &id, Wanted::Named(&label), Depth::Figures)?;
                document(&material, Edition::provisional(sources.now))?
            }
        }));
    }
    Ok(api::SlaLedger { now_ms: sources.now.as_millis(), contract: id.to_string(), windows })
}

/// A window of the answer.
enum Entry {
    /// Its report is kept under this name.
    Kept(String),
    /// It has to be made.
    Running(String),
}

/// Which windows are told, newest first. Nothing is made yet: what is too much is refused before.
fn chosen(sources: &Sources, id: &ContractId, wanted: &LedgerWanted) -> Result<Vec<Entry>, ContractError> {
    let named = |label: &str| terms(sources, id, Wanted::Named(label), Vec::new()).map(|terms| terms.window);
    let first = wanted.from.as_deref().map(named).transpose()?;
    let last = match &wanted.to {
        Some(label) => named(label)?,
        None => terms(sources, id, Wanted::running(sources.now), Vec::new())?.window,
    };
    if sources.now <= last.interval.start() {
        return Err(ContractError::NotBegun(last.label));
    }
    let asked = format!("{} to {}", first.as_ref().map_or("", |first| &first.label), last.label);
    if first.as_ref().is_some_and(|first| last.interval.end() < first.interval.end()) {
        return Err(ContractError::Range(format!("{asked}: the first is after the last")));
    }
    let most = if first.is_some() { limits::LEDGER_WINDOWS } else { limits::LEDGER_DEFAULT };
    let mut entries = Vec::new();
    let mut time = last.interval.end() - Millis::new(1);
    let mut attempts = Millis::ZERO;
    // Windows that changed their kind take a step and give no entry.
    for _ in 0..2 * most {
        let (window, zone, whole) = window_at(sources, id, time)?;
        let (begun, held) = in_force(sources, id, window.interval.end());
        if !begun || first.as_ref().is_some_and(|first| window.interval.end() < first.interval.end()) {
            return Ok(entries);
        }
        let key = revision::key(id, &window);
        let kept = keep::is_kept(sources, &key)?;
        if kept {
            entries.push(Entry::Kept(key));
        } else if held && whole {
            if needs_attempts(&terms(sources, id, Wanted::Named(&window.label), Vec::new())?.contract) {
                attempts += window.interval.length();
            }
            if attempts > ATTEMPTS_TIME && first.is_none() && !entries.is_empty() {
                return Ok(entries);
            }
            entries.push(Entry::Running(window.label.clone()));
        }
        let full = entries.len() >= most + usize::from(first.is_some());
        if full || (attempts > ATTEMPTS_TIME && entries.len() > 1) {
            break;
        }
        time = keep::before(&window, &zone);
        if !kept && !held {
            // All that lies between is no window of the contract.
            let Some(end) = last_in_force(sources, id, window.interval.start()) else { return Ok(entries) };
            time = time.min(end - Millis::new(1));
        }
    }
    if first.is_none() {
        return Ok(entries);
    }
    let days = ATTEMPTS_TIME.get() / 86_400_000;
    Err(ContractError::Range(format!(
        "{asked} are too many; allowed are {most} windows, and {days} days where attempts are counted"
    )))
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

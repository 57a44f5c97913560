//! One window of a contract behind the other: where its time went, and what came of it.

use quorate_collector_contracts::{Edition, document, revision};
use quorate_collector_http::{LedgerWanted, limits};
use quorate_collector_report::Document;
use quorate_collector_sla::{ContractId, Window};
use quorate_proto::api;

use super::gather::{Depth, material};
use super::terms::{Wanted, in_force, terms};
use super::{ContractError, Sources, keep};

/// The windows asked for, oldest first. Blocks.
///
/// Of a window whose report is final it is what that says, of another how it stands now. Windows in which the contract was not
/// in force are left out.
pub(super) fn ledger(sources: &Sources, wanted: &LedgerWanted) -> Result<api::SlaLedger, ContractError> {
    let id = ContractId::new(&wanted.contract).map_err(|_| ContractError::Unknown(wanted.contract.clone()))?;
    let find = |which: Wanted<'_>| terms(sources, &id, which, Vec::new()).map(|terms| (terms.window, terms.zone));
    let first = wanted.from.as_deref().map(|label| find(Wanted::Named(label))).transpose()?.map(|(first, _)| first);
    let (last, mut zone) = find(wanted.to.as_deref().map_or(Wanted::running(sources.now), Wanted::Named))?;
    if sources.now <= last.interval.start() {
        return Err(ContractError::NotBegun(last.label));
    }
    let names = format!("{} to {}", first.as_ref().map_or("", |first| &first.label), last.label);
    let too_early = |window: &Window| first.as_ref().is_some_and(|first| window.interval.end() < first.interval.end());
    if too_early(&last) {
        return Err(ContractError::Range(format!("{names}: the first is after the last")));
    }
    let most = if first.is_some() { limits::LEDGER_WINDOWS } else { limits::LEDGER_DEFAULT };
    let mut windows = Vec::new();
    let mut window = last;
    loop {
        let (begun, held) = in_force(sources, &id, window.interval.end());
        if !begun || too_early(&window) || sources.stop.is_cancelled() {
            break;
        }
        if windows.len() == most {
            if first.is_some() {
                return Err(ContractError::Range(format!("{names} are more than {most} windows; ask for fewer")));
            }
            break;
        }
        if let Some(kept) = keep::kept(sources, &revision::key(&id, &window), None)? {
            windows.push(line(keep::read(&kept)?));
        } else if held {
            let material = material(sources, &id, Wanted::Named(&window.label), Depth::Figures)?;
            windows.push(line(document(&material, Edition::provisional(sources.now))?));
        }
        let before = find(Wanted::At(keep::before(&window, &zone)))?;
        if before.0.interval.end() >= window.interval.end() {
            break;
        }
        (window, zone) = before;
    }
    windows.reverse();
    Ok(api::SlaLedger { now_ms: sources.now.as_millis(), contract: id.to_string(), windows })
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

//! Final reports: made 72 hours after their window, kept as documents, and looked at again when later data may change them.
//!
//! A report is the document `CONTRACT/PERIOD` of kind `report`; the document's revision is the report's. Nothing is ever
//! written over: what changed is the next revision, which says what changed.

use std::sync::Arc;
use std::time::Duration;

use quorate_collector_contracts::{document, revision};
use quorate_collector_report::Document as Report;
use quorate_collector_sla::{ContractId, Interval, Window, WindowKind, Zone};
use quorate_collector_store::{AuditEntry, Document, DocumentKey, Revisions};
use quorate_model::{CollectorTime, Millis};
use tokio_util::sync::CancellationToken;

use super::gather::{Depth, around, material, oldest_samples};
use super::terms::{Place, Wanted, in_force, is_whole, place, terms};
use super::{ContractError, Sources};
use crate::views::Views;

/// The kind of document a report is kept as.
const KIND: &str = "report";

/// Reports are made and looked at this often.
const EVERY: Duration = Duration::from_mins(1);

/// While the past is read, it is looked this often whether it was.
const WHILE_LOADING: Duration = Duration::from_millis(500);

/// The most reports made final in one round.
const MAX_MADE: usize = 16;

/// The most kept reports looked at again in one round.
const MAX_LOOKED_AT: usize = 8;

/// The most windows of one contract looked back for reports that were not made.
const MAX_BACK: usize = 800;

/// After so many windows whose reports are kept, those before are taken to be kept too.
const KEPT_IN_A_ROW: usize = 24;

/// What one round did, for the log and tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// The report's name.
    pub(crate) key: String,
    /// The revision that was written.
    pub(crate) revision: u32,
}

/// Makes reports final and keeps the figures of contracts fresh, until `stop`.
pub(crate) async fn watch(views: Arc<Views>, stop: CancellationToken) {
    let mut after = String::new();
    loop {
        // Before the past is read in, checks look unknown.
        while views.board.loading() > 0 {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(WHILE_LOADING) => {}
            }
        }
        let sources = views.sources();
        let (standing, from) = (Arc::clone(&views), after.clone());
        let worker = tokio::task::spawn_blocking(move || {
            standing.standings.refresh(&sources, Millis::ZERO);
            let mut after = from;
            round(&sources, &mut after);
            after
        });
        match worker.await {
            Ok(next) => after = next,
            Err(error) => tracing::error!(%error, "the thread that keeps reports stopped"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// One round: makes what is due, then looks at some kept reports again, those behind `after` by name. Blocks.
pub(crate) fn round(sources: &Sources, after: &mut String) -> Vec<Kept> {
    let mut kept = Vec::new();
    for id in every_contract(sources) {
        let due = match due(sources, &id) {
            Ok(due) => due,
            Err(error) => {
                warn(id.as_str(), &error);
                continue;
            }
        };
        for label in due {
            if kept.len() >= MAX_MADE || sources.stop.is_cancelled() {
                return kept;
            }
            match make_final(sources, &id, &label) {
                Ok(made) => kept.extend(made),
                Err(error) => warn(&format!("{id}/{label}"), &error),
            }
        }
    }
    match look_again(sources, after) {
        Ok(more) => kept.extend(more),
        Err(error) => warn("every contract", &error),
    }
    kept
}

fn warn(what: &str, error: &ContractError) {
    tracing::warn!(what, error = error as &dyn std::error::Error, "a report was not made");
}

/// Every contract that ever was in force.
fn every_contract(sources: &Sources) -> Vec<ContractId> {
    let catalogues = sources.configured.histories.catalogues().iter();
    let contracts = catalogues.flat_map(|(_, catalogue)| catalogue.contracts());
    let mut ids: Vec<ContractId> = contracts.map(|contract| contract.terms().id.clone()).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// The names of the windows whose reports are to be final and are not kept yet, oldest first.
fn due(sources: &Sources, id: &ContractId) -> Result<Vec<String>, ContractError> {
    let known = keys_of(sources, id)?;
    let mut due = Vec::new();
    let mut in_a_row = 0;
    let mut at = sources.now - revision::FREEZE_AFTER;
    for _ in 0..MAX_BACK {
        let Place { window, zone, .. } = place(sources, id, Wanted::At(at))?;
        let (begun, held) = in_force(sources, id, window.interval.end());
        if !begun {
            break;
        }
        if is_among(&known, &revision::key(id, &window.label)) {
            in_a_row += 1;
        } else if revision::is_due(&window, sources.now) && held && is_whole(sources, id, &window)? {
            in_a_row = 0;
            due.push(window.label.clone());
        }
        if in_a_row >= KEPT_IN_A_ROW {
            break;
        }
        at = before(&window, &zone);
    }
    due.reverse();
    Ok(due)
}

/// A moment of the window before; rolling windows come by local days, which may have 25 hours.
pub(super) fn before(window: &Window, zone: &Zone) -> CollectorTime {
    let moment = Millis::new(1);
    match window.kind {
        WindowKind::RollingDays(_) => {
            WindowKind::CalendarDay.at(window.interval.end() - moment, zone).interval.start() - moment
        }
        _ => window.interval.start() - moment,
    }
}

/// Nothing where the judge has not come to the window's end yet.
fn make_final(sources: &Sources, id: &ContractId, label: &str) -> Result<Option<Kept>, ContractError> {
    let material = material(sources, id, Wanted::Named(label), Depth::Report)?;
    if material.still_runs() {
        return Ok(None);
    }
    let report = document(&material, revision::first(sources.now))?;
    write(sources, revision::key(id, &material.window.label), &report).map(Some)
}

/// Keeps a report as the next revision of its document.
fn write(sources: &Sources, key: String, report: &Report) -> Result<Kept, ContractError> {
    let revision = sources.store.put_document(KIND.to_owned(), key.clone(), sources.now, report.json()).wait()?;
    let uptime = report.uptime_percent.as_ref().map_or("not measured", |uptime| uptime.point.as_str());
    let entry = AuditEntry {
        at: sources.now,
        actor: "collector".to_owned(),
        action: "report final".to_owned(),
        subject: key.clone(),
        body: format!("revision {revision}, uptime {uptime}, breach {}", report.breach),
    };
    sources.store.put_audit(entry).wait()?;
    tracing::info!(key, revision, uptime, "report is final");
    Ok(Kept { key, revision })
}

/// Makes some kept reports again, and keeps those that came out otherwise as their next revision.
///
/// Only as long as all samples it was made from are kept: a report made without them would say less, not something else.
fn look_again(sources: &Sources, after: &mut String) -> Result<Vec<Kept>, ContractError> {
    let keys = sources.store.document_keys(KIND, "")?;
    let behind = keys.partition_point(|known| known.key <= *after);
    let order = keys.iter().skip(behind).chain(keys.iter().take(behind));
    let mut kept = Vec::new();
    for known in order.take(MAX_LOOKED_AT).take_while(|_| !sources.stop.is_cancelled()) {
        after.clone_from(&known.key);
        match look_at(sources, &known.key) {
            Ok(changed) => kept.extend(changed),
            // A contract that is gone from every configuration cannot be judged again.
            Err(ContractError::Unknown(_)) => {}
            Err(error) => warn(&known.key, &error),
        }
    }
    Ok(kept)
}

fn look_at(sources: &Sources, key: &str) -> Result<Option<Kept>, ContractError> {
    let Some((id, label)) = key.split_once('/').and_then(|(id, label)| Some((ContractId::new(id).ok()?, label))) else {
        return Ok(None);
    };
    let Some(stored) = kept(sources, key, None)? else { return Ok(None) };
    let last = read(&stored)?;
    // What reaches furthest back of all that it is made from: minutes and intervals around, incidents that had begun before.
    let contract = terms(sources, &id, Wanted::Named(label), Vec::new())?.contract;
    let incidents = last.incidents.iter().map(|line| line.start_bounds_ms[0]);
    let from = incidents.fold(last.period.start_ms, i64::min);
    if CollectorTime::from_millis(from) - around(&contract) < oldest_samples(sources) {
        return Ok(None);
    }
    let material = material(sources, &id, Wanted::Named(label), Depth::Report)?;
    // Another kind of window may have windows of the same names.
    if material.still_runs() || !is_on(&last, &material.window) {
        return Ok(None);
    }
    let made = document(&material, revision::after(last.revision, sources.now))?;
    let Some(next) = revision::next(made, &last) else { return Ok(None) };
    write(sources, key.to_owned(), &next).map(Some)
}

/// A kept report's document: of the revision, or the last.
pub(super) fn kept(sources: &Sources, key: &str, revision: Option<u32>) -> Result<Option<Document>, ContractError> {
    let revisions = if revision.is_some() { Revisions::All } else { Revisions::Latest };
    let documents = sources.store.documents(KIND, Some(key), revisions)?;
    Ok(documents.into_iter().rev().find(|document| revision.is_none_or(|revision| document.revision == revision)))
}

/// True if a final report is on this window, and not on another of its name.
pub(super) fn is_on(report: &Report, window: &Window) -> bool {
    Interval::from_millis(report.period.start_ms, report.period.end_ms) == Some(window.interval)
}

/// The names of all kept reports of a contract, in order.
pub(super) fn keys_of(sources: &Sources, id: &ContractId) -> Result<Vec<DocumentKey>, ContractError> {
    Ok(sources.store.document_keys(KIND, &revision::key(id, ""))?)
}

/// True if a name is among those of kept reports.
pub(super) fn is_among(keys: &[DocumentKey], key: &str) -> bool {
    keys.binary_search_by(|known| known.key.as_str().cmp(key)).is_ok()
}

/// The report a document holds.
pub(super) fn read(document: &Document) -> Result<Report, ContractError> {
    let Document { key, revision, .. } = document;
    let damaged = |source| ContractError::Damaged { key: key.clone(), revision: *revision, source };
    Report::parse(&document.body).map_err(damaged)
}

/// The last revision of every kept report of a contract.
pub(super) fn latest_of(sources: &Sources, id: &ContractId) -> Result<Vec<Report>, ContractError> {
    let keys = keys_of(sources, id)?;
    let reports = keys.iter().filter_map(|known| kept(sources, &known.key, None).transpose());
    reports.map(|document| read(&document?)).collect()
}

/// The names of a contract's kept reports with their last revisions and when they were made.
pub(super) fn names_of(sources: &Sources, id: &ContractId) -> Result<Vec<(String, u32, CollectorTime)>, ContractError> {
    let named = keys_of(sources, id)?.into_iter().filter_map(|known| {
        let (_, label) = known.key.split_once('/')?;
        Some((label.to_owned(), known.revision, known.at))
    });
    Ok(named.collect())
}

#[cfg(test)]
mod tests;

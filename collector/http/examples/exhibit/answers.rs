//! The questions of the HTTP side, answered from the world in memory.

use std::sync::{Arc, Mutex, PoisonError};

use hdrhistogram::Histogram;
use quorate_collector_desk::{ClaimRecord, Decision, ExclusionRecord};
use quorate_collector_http::{
    Answer, AuditLine, Decided, Desk, Handled, IncidentFilter, IncidentPhase, LedgerWanted, NotSigned, Published,
    Queries, QueryError, RegionHistogram, RenderedReport, ReportWanted, Reports, Snapshot, Unavailable, Window,
};
use quorate_model::{CheckId, CollectorTime, Incident, IncidentId, Sample};
use quorate_proto::api;

use crate::picture;
use crate::world::Check;

pub(crate) struct Exhibit {
    pub(crate) checks: Arc<Vec<Mutex<Check>>>,
    pub(crate) present: Published,
}

impl Exhibit {
    /// Answers on a thread of its own, as judging takes a while.
    fn ask<'a, T: Send + 'static>(
        &'a self,
        check: &'a CheckId,
        question: impl FnOnce(&Check, CollectorTime) -> Result<T, QueryError> + Send + 'static,
    ) -> Answer<'a, T> {
        let (checks, id) = (Arc::clone(&self.checks), check.clone());
        let now = CollectorTime::from_millis(self.present.current().status().now_ms);
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || {
                for check in checks.iter() {
                    let check = check.lock().unwrap_or_else(PoisonError::into_inner);
                    if check.id == id {
                        return question(&check, now);
                    }
                }
                Err(QueryError::UnknownCheck(id))
            });
            asked.await.map_err(|error| QueryError::Internal(Box::new(error)))?
        })
    }

    fn incidents_of(&self) -> Vec<Incident> {
        let locked = self.checks.iter().map(|check| check.lock().unwrap_or_else(PoisonError::into_inner));
        locked.flat_map(|check| check.verdict.incidents.clone()).collect()
    }
}

/// This world has no contracts.
impl Reports for Exhibit {
    fn slas(&self) -> Answer<'_, Vec<api::SlaStatus>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn report<'a>(&'a self, wanted: &'a ReportWanted) -> Answer<'a, RenderedReport> {
        Box::pin(std::future::ready(Err(QueryError::UnknownContract(wanted.contract.clone()))))
    }

    fn ledger<'a>(&'a self, wanted: &'a LedgerWanted) -> Answer<'a, api::SlaLedger> {
        Box::pin(std::future::ready(Err(QueryError::UnknownContract(wanted.contract.clone()))))
    }
}

/// Nobody decides anything here.
impl Desk for Exhibit {
    fn author(&self, _: Option<&str>, _: Option<&str>) -> Result<String, NotSigned> {
        Err(NotSigned::NotLocal)
    }

    fn decide<'a>(&'a self, _: &'a Decision, _: &'a str) -> Answer<'a, Decided> {
        Box::pin(std::future::ready(Err(QueryError::Unavailable(Unavailable::Stopping))))
    }

    fn handling<'a>(&'a self, _: &'a api::Incident) -> Answer<'a, Handled> {
        Box::pin(std::future::ready(Ok(Handled { handling: None, promises: Vec::new() })))
    }

    fn exclusions(&self) -> Vec<ExclusionRecord> {
        Vec::new()
    }

    fn claims(&self) -> Vec<ClaimRecord> {
        Vec::new()
    }

    fn audit(&self, _: Window) -> Answer<'_, Vec<AuditLine>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

impl Queries for Exhibit {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.present.current()
    }

    fn readiness(&self) -> api::Readiness {
        api::Readiness { ready: true, reasons: Vec::new() }
    }

    fn segments<'a>(&'a self, check: &'a CheckId, window: Window) -> Answer<'a, api::Segments> {
        let asked = quorate_collector_consensus::Window { from: window.from(), to: window.to() };
        self.ask(check, move |check, now| Ok(picture::segments(check, asked, now)))
    }

    fn explain<'a>(&'a self, check: &'a CheckId, at: CollectorTime) -> Answer<'a, api::Explanation> {
        self.ask(check, move |check, _| Ok(picture::explanation(check, at)))
    }

    fn samples<'a>(&'a self, check: &'a CheckId, window: Window) -> Answer<'a, Vec<Sample>> {
        self.ask(check, move |check, _| {
            let wanted = window.from()..window.to();
            let mut samples: Vec<Sample> =
                check.samples.iter().filter(|sample| wanted.contains(&sample.start_corrected())).cloned().collect();
            samples.sort_by_key(|sample| (sample.start_corrected(), sample.id.clone()));
            Ok(samples)
        })
    }

    fn latency<'a>(&'a self, check: &'a CheckId, _window: Window) -> Answer<'a, Vec<RegionHistogram>> {
        self.ask(check, |check, _| {
            let mut regions = Vec::new();
            for (region, totals) in &check.totals {
                let mut histogram = Histogram::new(3).map_err(|error| QueryError::Internal(Box::new(error)))?;
                for total in totals {
                    histogram.record(*total).map_err(|error| QueryError::Internal(Box::new(error)))?;
                }
                regions.push(RegionHistogram { region: region.clone(), histogram });
            }
            Ok(regions)
        })
    }

    fn incidents<'a>(&'a self, filter: &'a IncidentFilter) -> Answer<'a, Vec<api::Incident>> {
        let mut found: Vec<Incident> = self
            .incidents_of()
            .into_iter()
            .filter(|incident| filter.check.as_ref().is_none_or(|check| *check == incident.check))
            .filter(|incident| filter.class.is_none_or(|class| class == incident.class))
            .filter(|incident| {
                filter.phase.is_none_or(|phase| (phase == IncidentPhase::Open) == incident.end.is_none())
            })
            .filter(|incident| filter.from.is_none_or(|from| incident.end.is_none_or(|end| end > from)))
            .filter(|incident| filter.to.is_none_or(|to| incident.start < to))
            .filter(|incident| {
                let after = filter.after.as_ref();
                after.is_none_or(|after| (incident.start, &incident.id) < (after.start, &after.id))
            })
            .collect();
        found.sort_by(|a, b| (b.start, &b.id).cmp(&(a.start, &a.id)));
        let answer = found.iter().take(filter.limit).map(picture::incident).collect();
        Box::pin(std::future::ready(Ok(answer)))
    }

    fn incident<'a>(&'a self, id: &'a IncidentId) -> Answer<'a, api::Incident> {
        let found = self.incidents_of().into_iter().find(|incident| incident.id == *id);
        let answer = found.map(|incident| picture::incident(&incident));
        Box::pin(std::future::ready(answer.ok_or_else(|| QueryError::UnknownIncident(id.clone()))))
    }

    fn probe_now<'a>(&'a self, check: &'a CheckId) -> Answer<'a, api::ProbeNow> {
        // The agents of this world are drawn; nobody is there to be asked.
        self.ask(check, |check, _| Ok(api::ProbeNow { check: check.id.as_str().to_owned(), agents_asked: 0 }))
    }
}

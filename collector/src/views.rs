//! What readers are answered: from the board, the store and the past configurations.

pub(crate) mod explain;
pub(crate) mod history;
mod present;
pub(crate) mod words;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use quorate_collector_consensus::confirm::ASK_EVERY;
use quorate_collector_http::view::{ConfigState, Snapshot};
use quorate_collector_http::{
    Answer, IncidentFilter, LedgerWanted, ProbeTally, Published, Queries, QueryError, RegionHistogram, RenderedReport,
    ReportWanted, Reports, Unavailable, Window,
};
use quorate_collector_store::Store;
use quorate_model::{CheckId, CollectorTime, IncidentId, Millis, Sample};
use quorate_proto::api;
use tokio_util::sync::CancellationToken;

use crate::agents::Agents;
use crate::clock::Clock;
use crate::contracts::{self, Sources, Standings};
use crate::desk::Desk;
use crate::judge::{Board, Configured};

/// Everything an answer is made of.
pub(crate) struct Views {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) board: Arc<Board>,
    pub(crate) agents: Arc<dyn Agents>,
    pub(crate) published: Published,
    pub(crate) tally: Arc<Mutex<ProbeTally>>,
    pub(crate) present: RwLock<Present>,
    pub(crate) started: CollectorTime,
    pub(crate) stop: CancellationToken,
    pub(crate) asked: Mutex<BTreeMap<CheckId, CollectorTime>>,
    pub(crate) standings: Arc<Standings>,
    pub(crate) desk: Arc<Desk>,
}

/// The configuration in force.
#[derive(Clone)]
pub(crate) struct Present {
    pub(crate) configured: Arc<Configured>,
    pub(crate) revision: u64,
    pub(crate) load: ConfigState,
}

impl Views {
    /// The configuration in force.
    pub(crate) fn present(&self) -> Present {
        self.present.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes a changed configuration, or notes that one was refused.
    pub(crate) fn set_present(&self, change: impl FnOnce(&mut Present)) {
        change(&mut self.present.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// What reports on contracts are made from now.
    pub(crate) fn sources(&self) -> Sources {
        Sources {
            store: self.store.clone(),
            board: Arc::clone(&self.board),
            configured: self.present().configured,
            desk: Arc::clone(&self.desk),
            now: self.clock.now(),
            stop: self.stop.clone(),
        }
    }

    fn is_known(&self, check: &CheckId) -> Result<(), QueryError> {
        if self.present().configured.histories.get(check).is_some() {
            Ok(())
        } else {
            Err(QueryError::UnknownCheck(check.clone()))
        }
    }

    /// Runs a read of the store on a thread where it may block.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Store) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, QueryError> {
        if self.stop.is_cancelled() {
            return Err(QueryError::Unavailable(Unavailable::Stopping));
        }
        let store = self.store.clone();
        let worker = tokio::task::spawn_blocking(move || read(&store));
        worker.await.map_err(|error| QueryError::Internal(Box::new(error)))?
    }
}

/// A failed read, as it is told.
pub(crate) fn failed(error: quorate_collector_store::ReadError) -> QueryError {
    match error {
        quorate_collector_store::ReadError::TooMuch { max, .. } => QueryError::TooLarge { limit: max },
        other => QueryError::Internal(Box::new(other)),
    }
}

impl Reports for Views {
    fn slas(&self) -> Answer<'_, Vec<api::SlaStatus>> {
        Box::pin(contracts::slas(self))
    }

    fn report<'a>(&'a self, wanted: &'a ReportWanted) -> Answer<'a, RenderedReport> {
        Box::pin(contracts::report(self, wanted))
    }

    fn ledger<'a>(&'a self, wanted: &'a LedgerWanted) -> Answer<'a, api::SlaLedger> {
        Box::pin(contracts::ledger(self, wanted))
    }
}

impl Queries for Views {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.published.current()
    }

    fn readiness(&self) -> api::Readiness {
        let mut reasons = Vec::new();
        let loading = self.board.loading();
        if loading > 0 {
            reasons.push(format!("the past of {loading} checks is still being read"));
        }
        if let Err(error) = self.store.health() {
            reasons.push(error.to_string());
        }
        if self.stop.is_cancelled() {
            reasons.push("the collector is shutting down".to_owned());
        }
        api::Readiness { ready: reasons.is_empty(), reasons }
    }

    fn segments<'a>(&'a self, check: &'a CheckId, window: Window) -> Answer<'a, api::Segments> {
        Box::pin(history::segments(self, check, window))
    }

    fn explain<'a>(&'a self, check: &'a CheckId, at: CollectorTime) -> Answer<'a, api::Explanation> {
        Box::pin(explain::explain(self, check, at))
    }

    fn samples<'a>(&'a self, check: &'a CheckId, window: Window) -> Answer<'a, Vec<Sample>> {
        Box::pin(history::samples(self, check, window))
    }

    fn latency<'a>(&'a self, check: &'a CheckId, window: Window) -> Answer<'a, Vec<RegionHistogram>> {
        Box::pin(history::latency(self, check, window))
    }

    fn incidents<'a>(&'a self, filter: &'a IncidentFilter) -> Answer<'a, Vec<api::Incident>> {
        Box::pin(history::incidents(self, filter))
    }

    fn incident<'a>(&'a self, id: &'a IncidentId) -> Answer<'a, api::Incident> {
        Box::pin(history::incident(self, id))
    }

    fn probe_now<'a>(&'a self, check: &'a CheckId) -> Answer<'a, api::ProbeNow> {
        Box::pin(async move {
            let now = self.clock.now();
            if self.present().configured.config.check(check).is_none() {
                return Err(QueryError::UnknownCheck(check.clone()));
            }
            {
                let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
                asked.retain(|_, at| *at <= now && now - *at < ASK_EVERY);
                if let Some(at) = asked.get(check) {
                    return Err(QueryError::TooSoon { retry_after: (ASK_EVERY - (now - *at)).max(Millis::new(1)) });
                }
                asked.insert(check.clone(), now);
            }
            let agents_asked = self.agents.probe_now(check);
            Ok(api::ProbeNow { check: check.to_string(), agents_asked })
        })
    }
}

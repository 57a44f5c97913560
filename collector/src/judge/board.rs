//! What the judge's threads see now, for everyone to read.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use quorate_collector_http::view::CheckTotals;
use quorate_collector_store::Finality;
use quorate_model::{CheckId, CollectorTime, Incident, IncidentId, Segment, State};
use quorate_proto::api;
use tokio::sync::Notify;

/// What is known of one check now.
#[derive(Clone, Debug)]
pub(crate) struct CaseView {
    /// The state, every agent's last value held as far as it reaches.
    pub(crate) state: State,
    /// Since when.
    pub(crate) since: CollectorTime,
    /// Bad regions needed now.
    pub(crate) need: u16,
    /// Each region's vote, sorted by region.
    pub(crate) regions: Vec<api::RegionVote>,
    /// The open incident.
    pub(crate) open: Option<IncidentId>,
    /// The last 24 hours.
    pub(crate) last_day: api::Uptime,
    /// Settled time since the process started.
    pub(crate) totals: CheckTotals,
    /// Up to here nothing changes any more, unless a silent agent's backlog comes.
    pub(crate) settled: CollectorTime,
    /// What was concluded and is not in the store yet, up to the last judgement.
    pub(crate) unstored: Vec<Segment>,
    /// Incidents as found last; the store may hold an older reading of them.
    pub(crate) incidents: Vec<(Incident, Finality)>,
}

impl CaseView {
    /// Up to here everything was judged when this was put up.
    pub(crate) fn judged_to(&self) -> CollectorTime {
        self.unstored.last().map_or(self.settled, |last| last.end.max(self.settled))
    }
}

/// The views of all checks.
#[derive(Debug, Default)]
pub(crate) struct Board {
    views: RwLock<BTreeMap<CheckId, Arc<CaseView>>>,
    loading: RwLock<BTreeMap<usize, usize>>,
    changed: Notify,
}

impl Board {
    /// Puts up what is known of a check.
    pub(crate) fn put(&self, check: &CheckId, view: CaseView) {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        let before = views.insert(check.clone(), Arc::new(view));
        let state = |view: &CaseView| (view.state, view.open.clone());
        let changed = before.as_deref().map(state) != views.get(check).map(|view| state(view));
        drop(views);
        if changed {
            self.changed.notify_one();
        }
    }

    /// Takes down a check that is no longer configured.
    pub(crate) fn remove(&self, check: &CheckId) {
        self.views.write().unwrap_or_else(PoisonError::into_inner).remove(check);
    }

    /// What is known of a check.
    pub(crate) fn get(&self, check: &CheckId) -> Option<Arc<CaseView>> {
        self.views.read().unwrap_or_else(PoisonError::into_inner).get(check).cloned()
    }

    /// What is known of every check.
    pub(crate) fn all(&self) -> BTreeMap<CheckId, Arc<CaseView>> {
        self.views.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says how many checks of a thread still wait for their past.
    pub(crate) fn set_loading(&self, shard: usize, checks: usize) {
        self.loading.write().unwrap_or_else(PoisonError::into_inner).insert(shard, checks);
    }

    /// How many checks still wait for their past.
    pub(crate) fn loading(&self) -> usize {
        self.loading.read().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// Returns after a check changed its state or its open incident; at once if one did since the last call.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}

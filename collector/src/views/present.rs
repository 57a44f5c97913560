//! The picture of the present, drawn again and again.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use quorate_collector_config::Check;
use quorate_collector_http::Window;
use quorate_collector_http::view::{Counters, IngestCounters, Snapshot, StoreSize};
use quorate_model::{CollectorTime, Millis, State};
use quorate_proto::api;

use super::{Views, words};
use crate::judge::CaseView;
use crate::uptime::{Sums, uptime};

impl Views {
    /// Draws the present. `store` is what the store takes on disk, if it was measured.
    pub(crate) fn draw(&self, store: Option<StoreSize>) -> Snapshot {
        let now = self.clock.now();
        let present = self.present();
        let config = &present.configured.config;
        let board = self.board.all();
        let agents = self.agents.agents();
        let connected = agents.iter().filter(|agent| agent.connected).count();
        let checks = config.checks.iter().map(|check| status(check, board.get(&check.id).map(|view| &**view), now));
        let status = api::Status {
            now_ms: now.as_millis(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config_revision: present.revision,
            checks: checks.collect(),
            agents_connected: u32::try_from(connected).unwrap_or(u32::MAX),
            agents_known: u32::try_from(agents.len()).unwrap_or(u32::MAX),
        };
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let totals: BTreeMap<_, _> = board.iter().map(|(check, view)| (check.clone(), view.totals)).collect();
        let ingest = self.agents.counters();
        let samples = samples(&ingest);
        let counters = Counters {
            started_at: self.started,
            config: present.load,
            totals,
            probes: tally,
            ingest,
            slas: self.standings.current(),
            store,
        };
        Snapshot::new(status, api::Agents { now_ms: now.as_millis(), agents, samples }, counters)
    }
}

fn samples(ingest: &IngestCounters) -> api::SampleCounts {
    let apart = |reason: &str| ingest.apart.get(reason).copied().unwrap_or(0);
    api::SampleCounts {
        stored: ingest.samples,
        duplicates: ingest.duplicates,
        equivocations: ingest.equivocations,
        late: ingest.late,
        capped: ingest.capped,
        future: apart("future"),
        stale: apart("stale"),
        unknown_check: apart("unknown_check"),
    }
}

fn status(check: &Check, view: Option<&CaseView>, now: CollectorTime) -> api::CheckStatus {
    let policy = &check.policy;
    let voting = view.map_or(0, |view| view.regions.iter().filter(|region| region.vote != "none").count());
    let voting = u16::try_from(voting).unwrap_or(u16::MAX);
    let need = view.map_or(0, |view| view.need);
    api::CheckStatus {
        id: check.id.to_string(),
        name: check.name.clone(),
        kind: check.probe.kind().to_owned(),
        target: check.probe.target(),
        state: view.map_or(State::Unknown, |view| view.state).word().to_owned(),
        since_ms: view.map_or(now, |view| view.since).as_millis(),
        quorum: words::quorum(policy, need, voting),
        single_vantage: policy.is_single_vantage(),
        need: need.into(),
        regions: view.map_or_else(|| nobody(check), |view| view.regions.clone()),
        incident: view.and_then(|view| view.open.as_ref()).map(ToString::to_string),
        last_day: view.map_or_else(|| nothing(now), |view| view.last_day.clone()),
        labels: check.labels.clone(),
    }
}

fn nobody(check: &Check) -> Vec<api::RegionVote> {
    let regions = check.policy.regions().iter().map(|voter| api::RegionVote {
        region: voter.region.to_string(),
        provider: voter.provider.to_string(),
        vote: "none".to_owned(),
        reason: "the past of this check is still being read".to_owned(),
        last_sample_ms: None,
        last_total_us: None,
    });
    regions.collect()
}

fn nothing(now: CollectorTime) -> api::Uptime {
    let window = Window::new(now - Millis::new(1), now).expect("a millisecond is not empty");
    uptime(&Sums::default(), window)
}

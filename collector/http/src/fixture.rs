//! One small picture and archive that the tests of this crate read.

use std::collections::BTreeMap;
use std::sync::Arc;

use hdrhistogram::Histogram;
use quorate_model::{
    AgentId, AgentTime, Boot, CertificateFacts, CheckId, CheckVersion, ClockReading, CollectorTime, Evidence, Failure,
    Health, IncidentId, Micros, Millis, Outcome, Phases, ProviderId, Record, References, RegionId, Sample, SampleId,
    Seq, Trigger,
};
use quorate_proto::api;

use crate::queries::{
    Answer, IncidentFilter, IncidentPhase, Queries, QueryError, RegionHistogram, Unavailable, Window,
};
use crate::view::counters::LoadResult;
use crate::view::{CheckTotals, ConfigState, Counters, HistogramCounts, IngestCounters, Snapshot, StoreSize};
use crate::{ProbeTally, Published};

mod contracts;

pub(crate) use contracts::{handled, sla, sla_ledger};

/// The picture's own time.
pub(crate) const NOW_MS: i64 = 1_790_000_000_000;

pub(crate) fn check_id(text: &str) -> CheckId {
    CheckId::new(text).expect("the test's text is an id")
}

fn region_vote(region: &str, provider: &str, vote: &str) -> api::RegionVote {
    api::RegionVote {
        region: region.to_owned(),
        provider: provider.to_owned(),
        vote: vote.to_owned(),
        reason: if vote == "bad" { "connect_timeout".to_owned() } else { String::new() },
        last_sample_ms: (vote != "none").then_some(NOW_MS - 1_500),
        last_total_us: (vote == "good").then_some(42_000),
    }
}

pub(crate) fn uptime() -> api::Uptime {
    api::Uptime {
        from_ms: NOW_MS - 86_400_000,
        to_ms: NOW_MS,
        down_ms: api::Spread { low: 40_000, point: 45_000, high: 52_000 },
        unknown_ms: 0,
        percent: Some(api::SpreadText {
            low: "99.9398".to_owned(),
            point: "99.9479".to_owned(),
            high: "99.9537".to_owned(),
        }),
        coverage_percent: "100.00".to_owned(),
    }
}

fn check(id: &str, state: &str, votes: [&str; 3]) -> api::CheckStatus {
    let [fra, iad, sin] = votes;
    api::CheckStatus {
        id: id.to_owned(),
        name: format!("The \"{id}\""),
        kind: if id == "mail" { "tcp" } else { "http" }.to_owned(),
        target: format!("https://{id}.example.com/health"),
        state: state.to_owned(),
        since_ms: NOW_MS - 30_000,
        quorum: "majority: 2 of 3, of at least 2 providers".to_owned(),
        single_vantage: false,
        need: 2,
        regions: vec![
            region_vote("fra", "hetzner", fra),
            region_vote("iad", "aws", iad),
            region_vote("sin", "ovh", sin),
        ],
        incident: (state == "down").then(|| format!("{id}-1")),
        last_day: uptime(),
        labels: BTreeMap::from([("team-name".to_owned(), "web".to_owned()), ("team.name".to_owned(), "x".to_owned())]),
    }
}

fn agent(id: &str, region: &str, connected: bool) -> api::Agent {
    api::Agent {
        id: id.to_owned(),
        region: region.to_owned(),
        provider: "hetzner".to_owned(),
        connected,
        last_seen_ms: Some(NOW_MS - 700),
        status_at_ms: Some(NOW_MS - 700),
        boot: 3,
        durable_seq: 1_234,
        software: "quorate-agent 0.1.0".to_owned(),
        health: 1,
        clock_offset_ms: -12,
        clock_error_ms: 17,
        spool_samples: 2,
        samples_dropped: 0,
        probes_started: 1_300,
        probes_extra: 13,
        probes_skipped: 1,
        resident_bytes: 9_000_000,
        assignment_current: true,
        refused: vec![api::RefusedCheck { check: "ping".to_owned(), reason: "no permission".to_owned() }],
    }
}

/// A record of an HTTPS probe that took `total_ms`; a failed one where `failure` is given.
pub(crate) fn record(seq: u64, region: &str, start_ms: i64, total_ms: u64, failure: Option<Failure>) -> Record {
    let total = Micros::new(total_ms * 1_000);
    let part = |share: u64| failure.is_none().then(|| Micros::new(total_ms * 1_000 / share));
    Record {
        sample: Sample {
            id: SampleId {
                agent: AgentId::new(&format!("{region}-1")).expect("a region's name and a digit are an id"),
                boot: Boot::new(1),
                seq: Seq::new(seq),
            },
            check: check_id("shop"),
            region: RegionId::new(region).expect("the test's text is an id"),
            provider: ProviderId::new("hetzner").expect("the test's text is an id"),
            start: AgentTime::from_millis(start_ms),
            end: AgentTime::from_millis(start_ms) + total.as_millis(),
            outcome: if failure.is_some() { Outcome::Fail } else { Outcome::Ok },
            failure,
            interval: Millis::new(10_000),
            timeout: Millis::new(3_000),
            typical: None,
            clock: ClockReading { offset: Millis::ZERO, error: Millis::new(5) },
            references: References::default(),
            health: Health::WELL,
            lag: Millis::ZERO,
            trigger: if failure.is_some() { Trigger::Retry } else { Trigger::Scheduled },
            check_version: CheckVersion::default(),
        },
        phases: Phases { dns: part(20), connect: part(4), tls: part(2), first_byte: part(5), transfer: None, total },
        evidence: Evidence {
            certificate: failure.is_none().then_some(CertificateFacts {
                not_after_s: NOW_MS / 1_000 + 86_400 * 30,
                chain_not_after_s: NOW_MS / 1_000 + 86_400 * 20,
                chain_length: 2,
                verified: true,
            }),
            ..Evidence::default()
        },
    }
}

/// Samples of two regions over the last 24 h, one each hour and region, one of them failed.
pub(crate) fn records() -> Vec<Record> {
    let hours = 1..=24;
    let mut records: Vec<Record> = hours
        .flat_map(|hour| {
            let start_ms = NOW_MS - hour * 3_600_000;
            let failure = (hour == 1).then_some(Failure::ConnectTimeout);
            let seq = u64::try_from(25 - hour).expect("1 to 24");
            [record(seq, "fra", start_ms, 40, None), record(seq, "iad", start_ms + 5, 120, failure)]
        })
        .collect();
    records.sort_by_key(|record| (record.sample.start, record.sample.id.clone()));
    records
}

pub(crate) fn snapshot() -> Snapshot {
    let status = api::Status {
        now_ms: NOW_MS,
        version: "0.1.0".to_owned(),
        config_revision: 7,
        checks: vec![
            check("shop", "down", ["bad", "bad", "good"]),
            check("mail", "up", ["good", "good", "none"]),
            check("api", "partial", ["slow", "bad", "good"]),
        ],
        agents_connected: 1,
        agents_known: 2,
    };
    let agents = api::Agents {
        now_ms: NOW_MS,
        agents: vec![agent("fra-1", "fra", true), agent("iad-1", "iad", false)],
        samples: api::SampleCounts {
            stored: 48,
            duplicates: 2,
            equivocations: 1,
            unknown_check: 6,
            ..api::SampleCounts::default()
        },
    };
    let mut probes = ProbeTally::default();
    for record in &records() {
        probes.observe(record);
    }
    let totals = CheckTotals {
        judged: Millis::from_secs(86_400),
        down_low: Millis::new(40_000),
        down_point: Millis::new(45_000),
        down_high: Millis::new(52_000),
        unknown: Millis::ZERO,
        degraded: Millis::new(1_500),
        partial: Millis::new(10_000),
        breaches: 0,
    };
    let counters = Counters {
        started_at: CollectorTime::from_millis(NOW_MS - 86_400_000),
        config: ConfigState {
            last_load: LoadResult::Applied,
            last_load_at: CollectorTime::from_millis(NOW_MS - 86_400_000),
        },
        totals: BTreeMap::from([(check_id("shop"), totals)]),
        probes,
        ingest: IngestCounters {
            batches: 4,
            samples: 48,
            duplicates: 2,
            equivocations: 1,
            late: 3,
            capped: 4,
            apart: BTreeMap::from([("future", 5), ("stale", 0), ("unknown_check", 6)]),
            rejects: BTreeMap::from([("malformed", 1)]),
            ack: HistogramCounts { buckets: vec![(0.01, 3), (0.1, 1)], above: 0, sum_seconds: 0.04 },
        },
        slas: Arc::new(vec![sla()]),
        store: Some(StoreSize { database_bytes: 1_000_000, wal_bytes: 4_096 }),
    };
    Snapshot::new(status, agents, counters)
}

/// A whole past in memory, which answers as the collector has to.
pub(crate) struct Archive {
    pub(crate) present: Published,
    pub(crate) records: Vec<Record>,
    pub(crate) incidents: Vec<api::Incident>,
    pub(crate) ready: bool,
    /// Questions that never get an answer, as of a store that hangs.
    pub(crate) stuck: bool,
}

impl Archive {
    pub(crate) fn new() -> Self {
        let incidents = (0..250).map(incident).collect();
        Self { present: Published::new(snapshot()), records: records(), incidents, ready: true, stuck: false }
    }

    fn known(&self, check: &CheckId) -> Result<(), QueryError> {
        match self.present.current().check(check) {
            Some(_) => Ok(()),
            None => Err(QueryError::UnknownCheck(check.clone())),
        }
    }

    fn answer<'a, T: Send + 'a>(&'a self, answer: Result<T, QueryError>) -> Answer<'a, T> {
        let stuck = self.stuck;
        Box::pin(async move {
            if stuck {
                std::future::pending::<()>().await;
            }
            answer
        })
    }
}

fn incident(number: i64) -> api::Incident {
    // Pairs share their start, so that a page can end between two of one moment.
    let start_ms = NOW_MS - (number / 2) * 3_600_000;
    let open = number == 0;
    api::Incident {
        id: format!("shop-{number:03}"),
        check: if number % 5 == 4 { "api" } else { "shop" }.to_owned(),
        start_ms,
        end_ms: (!open).then_some(start_ms + 45_000),
        start_bounds_ms: [start_ms - 500, start_ms + 500],
        end_bounds_ms: [start_ms + 44_000, start_ms + 46_000],
        class: if number % 10 == 3 { "blip" } else { "outage" }.to_owned(),
        billed_ms: 45_000,
        regions: vec!["fra".to_owned(), "iad".to_owned()],
        support: 9,
        revision: 2,
        settled: !open,
        changes: vec![api::IncidentChange {
            revision: 2,
            at_ms: start_ms + 600_000,
            fields: vec![api::FieldChange { field: "support".to_owned(), old: "8".to_owned(), new: "9".to_owned() }],
        }],
    }
}

pub(crate) fn summary() -> api::SampleSummary {
    api::SampleSummary {
        id: "1/42".to_owned(),
        start_ms: NOW_MS - 10_000,
        end_ms: NOW_MS - 7_000,
        outcome: "fail".to_owned(),
        failure: Some("connect_timeout".to_owned()),
        total_us: Some(3_000_000),
        detail: Some("no answer".to_owned()),
        trigger: "scheduled".to_owned(),
    }
}

pub(crate) fn explanation(check: &CheckId, at_ms: i64) -> api::Explanation {
    api::Explanation {
        check: check.as_str().to_owned(),
        at_ms,
        state: "down".to_owned(),
        state_low: "partial".to_owned(),
        state_high: "down".to_owned(),
        settled: true,
        sentence: "2 of 3 voting regions are bad and 2 are needed".to_owned(),
        quorum: "majority: 2 of 3, of at least 2 providers".to_owned(),
        regions_configured: 3,
        regions_voting: 3,
        regions_bad: vec!["fra".to_owned(), "iad".to_owned()],
        min_regions: 2,
        need: 2,
        providers_bad: vec!["aws".to_owned(), "hetzner".to_owned()],
        min_providers: 2,
        agents: vec![api::AgentEvidence {
            agent: "fra-1".to_owned(),
            region: "fra".to_owned(),
            provider: "hetzner".to_owned(),
            vote: "bad".to_owned(),
            reason: String::new(),
            last_good: Some(summary()),
            last_bad: Some(summary()),
            next: Some(summary()),
        }],
        incident: Some("shop-000".to_owned()),
    }
}

pub(crate) fn segments(check: &CheckId, window: Window) -> api::Segments {
    api::Segments {
        check: check.as_str().to_owned(),
        uptime: api::Uptime { from_ms: window.from().as_millis(), to_ms: window.to().as_millis(), ..uptime() },
        segments: vec![api::Segment {
            start_ms: window.from().as_millis(),
            end_ms: window.to().as_millis(),
            state: "down".to_owned(),
            regions_bad: vec!["fra".to_owned(), "iad".to_owned()],
            settled: false,
        }],
    }
}

impl Queries for Archive {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.present.current()
    }

    fn readiness(&self) -> api::Readiness {
        let reasons = if self.ready { Vec::new() } else { vec!["the past is being read in".to_owned()] };
        api::Readiness { ready: self.ready, reasons }
    }

    fn segments<'a>(&'a self, check: &'a CheckId, window: Window) -> Answer<'a, api::Segments> {
        self.answer(self.known(check).map(|()| segments(check, window)))
    }

    fn explain<'a>(&'a self, check: &'a CheckId, at: CollectorTime) -> Answer<'a, api::Explanation> {
        let oldest = CollectorTime::from_millis(NOW_MS - 86_400_000 * 30);
        let answer = self.known(check).and_then(|()| {
            if at < oldest {
                return Err(QueryError::NotRetained { oldest });
            }
            Ok(explanation(check, at.as_millis()))
        });
        self.answer(answer)
    }

    fn samples<'a>(&'a self, check: &'a CheckId, window: Window) -> Answer<'a, Vec<Sample>> {
        let samples = self.records.iter().map(|record| &record.sample).filter(|sample| {
            sample.check == *check && (window.from()..window.to()).contains(&sample.start_corrected())
        });
        let samples = samples.cloned().collect();
        self.answer(self.known(check).map(|()| samples))
    }

    fn latency<'a>(&'a self, check: &'a CheckId, _window: Window) -> Answer<'a, Vec<RegionHistogram>> {
        let mut regions: BTreeMap<RegionId, Histogram<u64>> = BTreeMap::new();
        for record in self.records.iter().filter(|record| record.sample.failure.is_none()) {
            let empty = || Histogram::new(3).expect("3 digits are allowed");
            let histogram = regions.entry(record.sample.region.clone()).or_insert_with(empty);
            histogram.record(record.phases.total.get()).expect("the histogram grows");
        }
        let regions = regions.into_iter().map(|(region, histogram)| RegionHistogram { region, histogram }).collect();
        self.answer(self.known(check).map(|()| regions))
    }

    fn incidents<'a>(&'a self, filter: &'a IncidentFilter) -> Answer<'a, Vec<api::Incident>> {
        let mut matching: Vec<api::Incident> = self
            .incidents
            .iter()
            .filter(|incident| filter.check.as_ref().is_none_or(|check| check.as_str() == incident.check))
            .filter(|incident| filter.class.is_none_or(|class| class.word() == incident.class))
            .filter(|incident| {
                filter.phase.is_none_or(|phase| (phase == IncidentPhase::Open) == incident.end_ms.is_none())
            })
            .filter(|incident| filter.from.is_none_or(|from| incident.end_ms.is_none_or(|end| end > from.as_millis())))
            .filter(|incident| filter.to.is_none_or(|to| incident.start_ms < to.as_millis()))
            .filter(|incident| {
                let after = filter.after.as_ref();
                after.is_none_or(|after| {
                    (incident.start_ms, incident.id.as_str()) < (after.start.as_millis(), after.id.as_str())
                })
            })
            .cloned()
            .collect();
        matching.sort_by(|a, b| (b.start_ms, &b.id).cmp(&(a.start_ms, &a.id)));
        matching.truncate(filter.limit);
        self.answer(Ok(matching))
    }

    fn incident<'a>(&'a self, id: &'a IncidentId) -> Answer<'a, api::Incident> {
        let found = self.incidents.iter().find(|incident| incident.id == id.as_str()).cloned();
        self.answer(found.ok_or_else(|| QueryError::UnknownIncident(id.clone())))
    }

    fn probe_now<'a>(&'a self, check: &'a CheckId) -> Answer<'a, api::ProbeNow> {
        let answer = self.known(check).and_then(|()| match check.as_str() {
            "mail" => Err(QueryError::TooSoon { retry_after: Millis::new(1_200) }),
            "api" => Err(QueryError::Unavailable(Unavailable::Starting)),
            _ => Ok(api::ProbeNow { check: check.as_str().to_owned(), agents_asked: 1 }),
        });
        self.answer(answer)
    }
}

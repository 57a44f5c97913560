//! From verdicts to the picture that is published.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use quorate_collector_consensus::{AgentVote, Down, Value, Verdict, Window, explain};
use quorate_collector_http::Snapshot;
use quorate_collector_http::view::counters::LoadResult;
use quorate_collector_http::view::{CheckTotals, ConfigState, Counters, HistogramCounts, IngestCounters, StoreSize};
use quorate_model::{CollectorTime, Incident, Millis, Sample, State};
use quorate_proto::api;

use crate::world::{Check, World, agent, provider, region};

pub(crate) fn of(world: &World, now: CollectorTime) -> Snapshot {
    let mut checks = Vec::new();
    let mut all_totals = BTreeMap::new();
    for check in world.checks.iter() {
        let check = check.lock().unwrap_or_else(PoisonError::into_inner);
        checks.push(status(&check, now));
        all_totals.insert(check.id.clone(), totals(&check.verdict));
    }
    let agents: Vec<api::Agent> = (0..world.plan.regions).map(|place| agent_status(world, place, now)).collect();
    let known = u32::try_from(agents.len()).unwrap_or(u32::MAX);
    let counters = Counters {
        started_at: world.started,
        config: ConfigState { last_load: LoadResult::Applied, last_load_at: world.started },
        totals: all_totals,
        probes: world.tally.clone(),
        ingest: IngestCounters {
            batches: world.samples / 10,
            samples: world.samples,
            duplicates: 0,
            equivocations: 0,
            late: 0,
            capped: 0,
            apart: BTreeMap::from([("future", 0), ("stale", 0), ("unknown_check", 0)]),
            rejects: BTreeMap::from([("malformed", 0)]),
            ack: HistogramCounts {
                buckets: vec![(0.01, world.samples / 12), (0.05, world.samples / 60)],
                above: 0,
                sum_seconds: 0.0,
            },
        },
        slas: std::sync::Arc::default(),
        store: Some(StoreSize { database_bytes: world.samples * 6, wal_bytes: 0 }),
    };
    let status = api::Status {
        now_ms: now.as_millis(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config_revision: 1,
        checks,
        agents_connected: known,
        agents_known: known,
    };
    Snapshot::new(
        status,
        api::Agents { now_ms: now.as_millis(), agents, samples: api::SampleCounts::default() },
        counters,
    )
}

fn status(check: &Check, now: CollectorTime) -> api::CheckStatus {
    let verdict = &check.verdict;
    let policy = check.history.latest();
    let open = verdict.incidents.iter().find(|incident| incident.end.is_none());
    api::CheckStatus {
        id: check.id.as_str().to_owned(),
        name: format!("Check {}", check.id),
        kind: "http".to_owned(),
        target: format!("https://{}.example.com/health", check.id),
        state: verdict.live.state.word().to_owned(),
        since_ms: verdict.segments.last().map_or(now, |segment| segment.start).as_millis(),
        quorum: format!("majority: {} of {}", verdict.live.need, policy.regions().len()),
        single_vantage: policy.is_single_vantage(),
        need: u32::from(verdict.live.need),
        regions: policy
            .regions()
            .iter()
            .map(|seat| {
                let last = check.samples.iter().rev().find(|sample| sample.region == seat.region);
                api::RegionVote {
                    region: seat.region.as_str().to_owned(),
                    provider: seat.provider.as_str().to_owned(),
                    vote: vote(verdict, last).to_owned(),
                    reason: last.and_then(|last| last.failure).map_or("", |failure| failure.word()).to_owned(),
                    last_sample_ms: last.map(|last| last.end_corrected().as_millis()),
                    last_total_us: check.totals.get(&seat.region).and_then(|totals| totals.last()).copied(),
                }
            })
            .collect(),
        incident: open.map(|incident| incident.id.as_str().to_owned()),
        last_day: uptime(verdict),
        labels: BTreeMap::from([("team".to_owned(), "web".to_owned())]),
    }
}

fn vote(verdict: &Verdict, last: Option<&Sample>) -> &'static str {
    use quorate_model::Outcome;
    match last.map(|last| (last.outcome, verdict.live.regions_bad.contains(&last.region))) {
        None | Some((Outcome::Local, _)) => "none",
        Some((_, true)) => "bad",
        Some((Outcome::Slow, false)) => "slow",
        Some(_) => "good",
    }
}

fn agent_status(world: &World, place: usize, now: CollectorTime) -> api::Agent {
    let each = world.samples / world.plan.regions as u64;
    api::Agent {
        id: agent(place).as_str().to_owned(),
        region: region(place).as_str().to_owned(),
        provider: provider(place).as_str().to_owned(),
        connected: true,
        last_seen_ms: Some(now.as_millis()),
        status_at_ms: Some(now.as_millis()),
        boot: 1,
        durable_seq: each,
        software: "exhibit".to_owned(),
        health: 0,
        clock_offset_ms: 3,
        clock_error_ms: 12,
        spool_samples: 0,
        samples_dropped: 0,
        probes_started: each,
        probes_extra: each / 50,
        probes_skipped: 0,
        resident_bytes: 10_000_000,
        assignment_current: true,
        refused: Vec::new(),
    }
}

fn totals(verdict: &Verdict) -> CheckTotals {
    let in_state = |state: State| {
        let segments = verdict.segments.iter().filter(|segment| segment.state == state);
        segments.fold(Millis::ZERO, |sum, segment| sum + segment.length())
    };
    CheckTotals {
        judged: verdict.window.length(),
        down_low: verdict.down.low,
        down_point: verdict.down.point,
        down_high: verdict.down.high,
        unknown: verdict.unknown,
        degraded: in_state(State::Degraded),
        partial: in_state(State::Partial),
        breaches: 0,
    }
}

pub(crate) fn uptime(verdict: &Verdict) -> api::Uptime {
    let total = verdict.window.length().get();
    let known = total - verdict.unknown.get();
    // Truncated, never rounded up, in units of 1e-4 percent.
    let percent = |down: Millis| {
        let part = (known - down.get()).max(0) * 1_000_000 / known.max(1);
        format!("{}.{:04}", part / 10_000, part % 10_000)
    };
    let Down { low, point, high } = verdict.down;
    let coverage = known * 10_000 / total.max(1);
    api::Uptime {
        from_ms: verdict.window.from.as_millis(),
        to_ms: verdict.window.to.as_millis(),
        down_ms: api::Spread { low: low.get(), point: point.get(), high: high.get() },
        unknown_ms: verdict.unknown.get(),
        percent: (known > 0).then(|| api::SpreadText { low: percent(high), point: percent(point), high: percent(low) }),
        coverage_percent: format!("{}.{:02}", coverage / 100, coverage % 100),
    }
}

pub(crate) fn incident(incident: &Incident) -> api::Incident {
    api::Incident {
        id: incident.id.as_str().to_owned(),
        check: incident.check.as_str().to_owned(),
        start_ms: incident.start.as_millis(),
        end_ms: incident.end.map(CollectorTime::as_millis),
        start_bounds_ms: [incident.start_bounds.earliest.as_millis(), incident.start_bounds.latest.as_millis()],
        end_bounds_ms: [incident.end_bounds.earliest.as_millis(), incident.end_bounds.latest.as_millis()],
        class: incident.class.word().to_owned(),
        billed_ms: incident.billed.get(),
        regions: incident.regions.iter().map(|region| region.as_str().to_owned()).collect(),
        support: incident.support,
        revision: 1,
        settled: incident.end.is_some(),
        changes: Vec::new(),
    }
}

pub(crate) fn segments(check: &Check, window: Window, now: CollectorTime) -> api::Segments {
    let verdict = check.judge(window, now);
    api::Segments {
        check: check.id.as_str().to_owned(),
        uptime: uptime(&verdict),
        segments: quorate_collector_consensus::plain_segments(&verdict.segments)
            .into_iter()
            .map(|segment| api::Segment {
                start_ms: segment.start.as_millis(),
                end_ms: segment.end.as_millis(),
                state: segment.state.word().to_owned(),
                regions_bad: segment.regions_bad.iter().map(|region| region.as_str().to_owned()).collect(),
                settled: false,
            })
            .collect(),
    }
}

pub(crate) fn explanation(check: &Check, at: CollectorTime) -> api::Explanation {
    let samples: Vec<Sample> = check.samples.iter().cloned().collect();
    let explained = explain(&samples, &check.history, at);
    let sums = &explained.arithmetic;
    let regions_bad: Vec<String> = explained
        .regions
        .iter()
        .filter(|region| region.bad.mid)
        .map(|region| region.region.as_str().to_owned())
        .collect();
    let mut providers_bad: Vec<String> = explained
        .regions
        .iter()
        .filter(|region| region.bad.mid)
        .map(|region| region.provider.as_str().to_owned())
        .collect();
    providers_bad.sort();
    providers_bad.dedup();
    api::Explanation {
        check: check.id.as_str().to_owned(),
        at_ms: at.as_millis(),
        state: explained.state.word().to_owned(),
        state_low: sums.sums.low.state.word().to_owned(),
        state_high: sums.sums.high.state.word().to_owned(),
        settled: false,
        sentence: format!("{} of {} voting regions are bad; {} are needed", regions_bad.len(), sums.voting, sums.need),
        quorum: "majority".to_owned(),
        regions_configured: u32::from(sums.configured),
        regions_voting: u32::from(sums.voting),
        regions_bad,
        min_regions: u32::from(sums.min_regions),
        need: u32::from(sums.need),
        providers_bad,
        min_providers: u32::from(sums.min_providers),
        agents: explained
            .agents
            .iter()
            .map(|part| api::AgentEvidence {
                agent: part.agent.as_str().to_owned(),
                region: part.region.as_str().to_owned(),
                provider: part.provider.as_str().to_owned(),
                vote: match part.vote {
                    AgentVote::None(_) => "none",
                    AgentVote::Votes(passes) if passes.low != passes.high => "ambiguous",
                    AgentVote::Votes(passes) if passes.mid == Value::Bad => "bad",
                    AgentVote::Votes(_) => "good",
                }
                .to_owned(),
                reason: String::new(),
                last_good: part.last_good.as_ref().map(summary),
                last_bad: part.last_bad.as_ref().map(summary),
                next: part.next.as_ref().map(summary),
            })
            .collect(),
        incident: check
            .verdict
            .incidents
            .iter()
            .find(|incident| incident.start <= at && incident.end.is_none_or(|end| end > at))
            .map(|incident| incident.id.as_str().to_owned()),
    }
}

fn summary(sample: &Sample) -> api::SampleSummary {
    api::SampleSummary {
        id: format!("{}/{}", sample.id.boot.get(), sample.id.seq.get()),
        start_ms: sample.start_corrected().as_millis(),
        end_ms: sample.end_corrected().as_millis(),
        outcome: sample.outcome.word().to_owned(),
        failure: sample.failure.map(|failure| failure.word().to_owned()),
        total_us: None,
        detail: None,
        trigger: sample.trigger.word().to_owned(),
    }
}

//! What agents send becomes what readers are told.

use std::sync::Arc;

use quorate_collector::{Collector, ReloadError, SystemClock};
use quorate_proto::api;

use crate::lab::{Agent, Place, get, now_ms, record, request, slots, state, until, within};

const CHECK: &str = "{id: shop, name: Shop, icmp: {host: h}, timeout: 1s}";

async fn start(place: &Place) -> Collector {
    let path = place.path();
    let starting = Collector::start(&path, Arc::new(SystemClock));
    within("the start", starting).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn stop(collector: Collector) {
    within("the stop", collector.stop()).await.unwrap_or_else(|error| panic!("{error}"));
}

async fn connect_all(collector: &Collector) -> Vec<Agent> {
    let mut agents = Vec::new();
    for index in 0..5 {
        agents.push(Agent::connect(collector.grpc_address(), index).await);
    }
    agents
}

async fn send_all(agents: &mut [Agent], (from, to): (i64, i64), bad: impl Fn(i64) -> bool) {
    for (index, agent) in agents.iter_mut().enumerate() {
        agent.send(slots(index, from, to), &bad).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_told_everywhere() {
    let place = Place::new(CHECK);
    let collector = start(&place).await;
    let http = collector.http_address();
    let mut agents = connect_all(&collector).await;
    for agent in &mut agents {
        agent.until(|agent| agent.assigned == ["shop"]).await;
    }
    let now = now_ms();
    let broke = now - 60_000;
    send_all(&mut agents, (now - 300_000, now - 10_000), |start| start >= broke).await;

    let down = state(http, "down").await;
    assert_eq!((down.name.as_str(), down.quorum.as_str()), ("Shop", "majority: 3 of 5, of at least 2 providers"));
    assert!(down.regions.iter().all(|region| region.vote == "bad" && region.reason == "connect_timeout"), "{down:?}");
    let open = down.incident.expect("an incident is open");
    // The check is down, so the collector asks for more.
    agents[4].until(|agent| agent.probe_now.contains(&"shop".to_owned())).await;

    let told: api::Incidents =
        until(http, "/api/v1/incidents?open=true", |told: &api::Incidents| !told.incidents.is_empty()).await;
    let incident = &told.incidents[0];
    assert_eq!((incident.id.as_str(), incident.class.as_str(), incident.end_ms), (open.as_str(), "outage", None));
    let [earliest, latest] = incident.start_bounds_ms;
    assert!(earliest <= broke + 10_000 && broke - 10_000 <= latest, "{incident:?}");

    let explained: api::Explanation = get(http, &format!("/api/v1/checks/shop/explain?at_ms={}", broke + 20_000)).await;
    assert_eq!((explained.state.as_str(), explained.agents.len(), explained.incident), ("down", 5, Some(open)));

    let (status, metrics) = request(http, "GET", "/metrics").await;
    assert_eq!(status, 200);
    let down_line = metrics.lines().find(|line| line.starts_with("quorate_check_state{check=\"shop\",state=\"down\"}"));
    assert!(down_line.is_some_and(|line| line.ends_with(" 1") || line.ends_with(" 1.0")), "{metrics}");

    let agents_told: api::Agents = get(http, "/api/v1/agents").await;
    assert_eq!(agents_told.agents.iter().filter(|agent| agent.connected).count(), 5);
    let segments: api::Segments =
        get(http, &format!("/api/v1/checks/shop/segments?from_ms={}&to_ms={}", now - 200_000, now - 20_000)).await;
    assert!(segments.segments.windows(2).all(|pair| pair[0].end_ms == pair[1].start_ms), "{segments:?}");
    assert!(segments.uptime.down_ms.low <= segments.uptime.down_ms.point);
    assert!(segments.uptime.down_ms.point > 25_000 && segments.uptime.down_ms.point < 55_000, "{segments:?}");
    let latency: api::Latency = get(http, "/api/v1/checks/shop/latency").await;
    assert!(latency.overall.is_some_and(|overall| overall.count > 50), "nothing measured");
    drop(agents);
    stop(collector).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_inside_an_outage_keeps_the_incident_and_late_data_amend_it() {
    let place = Place::new(CHECK);
    let collector = start(&place).await;
    let mut agents = connect_all(&collector).await;
    let now = now_ms();
    let broke = now - 100_000;
    send_all(&mut agents[..3], (now - 300_000, now - 2_000), |start| start >= broke).await;
    let open = state(collector.http_address(), "down").await.incident.expect("an incident is open");
    let path = format!("/api/v1/incidents/{open}");
    let first: api::Incident =
        until(collector.http_address(), "/api/v1/incidents", |told: &api::Incidents| !told.incidents.is_empty())
            .await
            .incidents
            .remove(0);
    assert_eq!(first.regions, ["fra", "iad", "sin"]);
    drop(agents);
    stop(collector).await;

    let collector = start(&place).await;
    let http = collector.http_address();
    let again = state(http, "down").await;
    assert_eq!(again.incident.as_deref(), Some(open.as_str()));
    // Two agents were cut off and send what they have now: two more regions saw the outage.
    let mut agents = connect_all(&collector).await;
    for index in [3, 4] {
        agents[index].send(slots(index, now - 300_000, now - 10_000), |start| start >= broke).await;
    }
    let amended: api::Incident = until(http, &path, |incident: &api::Incident| incident.regions.len() == 5).await;
    assert!(amended.revision > first.revision, "{amended:?}");
    assert_eq!(amended.changes.len(), usize::try_from(amended.revision).expect("few") - 1);
    let change = amended.changes.last().expect("it was amended");
    assert!(change.fields.iter().any(|field| field.field == "regions"), "{change:?}");
    drop(agents);
    stop(collector).await;
}

/// What cannot count is kept apart, what contradicts itself is noticed, and both are shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_samples_are_counted_kept_apart_and_shown() {
    let place = Place::new(CHECK);
    let collector = start(&place).await;
    let http = collector.http_address();
    let mut agent = Agent::connect(collector.grpc_address(), 0).await;
    let now = now_ms();
    agent.send(slots(0, now - 100_000, now - 10_000), |_| false).await;
    let seq = agent.next_seq();
    let mut unknown = record(0, seq, now - 9_000, true);
    unknown.sample.check = quorate_model::CheckId::new("elsewhere").expect("is an id");
    let future = record(0, seq + 1, now + 3_600_000, true);
    let stale = record(0, seq + 2, now - 400 * 86_400_000, true);
    let ahead = record(0, seq + 3, now + 60_000, false);
    agent.send_records(&[unknown, future, stale, ahead]).await;
    // Another payload under the first identity, and the same one again.
    let first = slots(0, now - 100_000, now - 10_000).next().expect("there is one");
    agent.send_records(&[record(0, 1, first, true)]).await;
    agent.send_records(&[record(0, 1, first, false)]).await;

    let told: api::Agents = until(http, "/api/v1/agents", |told: &api::Agents| told.samples.duplicates > 0).await;
    let odd = api::SampleCounts { stored: 0, late: 0, ..told.samples };
    let expected = api::SampleCounts {
        duplicates: 1,
        equivocations: 1,
        capped: 1,
        future: 1,
        stale: 1,
        unknown_check: 1,
        ..api::SampleCounts::default()
    };
    assert_eq!(odd, expected);
    let (_, metrics) = request(http, "GET", "/metrics").await;
    for line in [
        "quorate_ingest_equivocations_total 1",
        "quorate_ingest_capped_samples_total 1",
        "quorate_ingest_apart_samples_total{reason=\"future\"} 1",
        "quorate_ingest_apart_samples_total{reason=\"stale\"} 1",
        "quorate_ingest_apart_samples_total{reason=\"unknown_check\"} 1",
        "quorate_check_invariant_breaches_total{check=\"shop\"} 0",
    ] {
        let is_there = |found: &str| found == line || found == format!("{line}.0");
        assert!(metrics.lines().any(is_there), "{line} is not in\n{metrics}");
    }
    drop(agent);
    stop(collector).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_that_vanish_leave_the_unknown() {
    let place = Place::new(CHECK);
    let collector = start(&place).await;
    let mut agents = connect_all(&collector).await;
    let now = now_ms();
    // The last samples are about to be held no longer.
    send_all(&mut agents, (now - 300_000, now - 18_000), |_| false).await;
    drop(agents);
    let unknown = state(collector.http_address(), "unknown").await;
    assert!(unknown.regions.iter().all(|region| region.vote == "none"), "{unknown:?}");
    assert_eq!(unknown.incident, None);
    stop(collector).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_is_whole_or_not_at_all() {
    let place = Place::new(CHECK);
    let collector = start(&place).await;
    let http = collector.http_address();
    let mut agent = Agent::connect(collector.grpc_address(), 0).await;
    agent.until(|agent| agent.assigned == ["shop"]).await;

    place.write("{id: shop, icmp: {host: h}}, {id: api, icmp: {host: h}, quorum: most}");
    assert!(matches!(collector.reload().await, Err(ReloadError::Config(_))));
    let status: api::Status = get(http, "/api/v1/status").await;
    assert_eq!((status.config_revision, status.checks.len()), (1, 1));

    let text = std::fs::read_to_string(place.path()).expect("is there").replace("quorum: most", "quorum: all");
    std::fs::write(place.path(), text.replace("/data", "/elsewhere")).expect("there is space");
    assert!(matches!(collector.reload().await, Err(ReloadError::NeedsRestart { what: "data_dir" })));

    std::fs::write(place.path(), text).expect("there is space");
    assert_eq!(collector.reload().await.expect("is taken"), 2);
    agent.until(|agent| agent.assigned.contains(&"api".to_owned())).await;
    let status: api::Status = until(http, "/api/v1/status", |status: &api::Status| status.config_revision == 2).await;
    assert_eq!(status.checks.iter().map(|check| check.id.as_str()).collect::<Vec<_>>(), ["api", "shop"]);
    drop(agent);
    stop(collector).await;
}

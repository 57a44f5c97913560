//! Budget: the 12-month report of one check in 50 ms, from a reader's request to the whole JSON, with the store in it.
//!
//! `cargo bench -p quorate-collector` fills a store with a year of one check (five agents, a probe a minute, ten outages a
//! day), starts a collector on it and asks for reports over HTTP; it prints the best of several answers, and what reading the
//! parts from the store takes by itself.
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use quorate_collector::{Clock, Collector, Loaded};
use quorate_collector_report::Document;
use quorate_collector_store::{Config as StoreConfig, Finality, Maintenance, NewBatch, Received, Span, Store, Window};
use quorate_model::sample::{ClockReading, Health, References};
use quorate_model::{
    AgentId, AgentTime, Boot, Bounds, CheckId, CheckVersion, CollectorTime, Evidence, Failure, Incident, IncidentClass,
    IncidentId, Micros, Millis, Outcome, Phases, ProviderId, Record, RegionId, Sample, SampleId, Segment, Seq, State,
    Trigger,
};
use quorate_proto::batch::{self, Origin};

/// 2026-01-01T00:00:00Z.
const START_MS: i64 = 1_767_225_600_000;
const DAY_MS: i64 = 86_400_000;
const DAYS: i64 = 365;
const END_MS: i64 = START_MS + DAYS * DAY_MS;
const MINUTE_MS: i64 = 60_000;
/// Ten outages a day make 18,250 segments and 3,650 incidents.
const OUTAGES_A_DAY: i64 = 10;
const GAP_MS: i64 = DAY_MS / OUTAGES_A_DAY;
const OUTAGE_MS: i64 = 90_000;
const REGIONS: [(&str, &str); 5] = [("fra", "a"), ("iad", "b"), ("sin", "c"), ("gru", "d"), ("syd", "a")];

const BUDGET: Duration = Duration::from_millis(50);

/// The year is over and its reports are not yet final, so that each is made when it is asked for.
struct NewYear;

impl Clock for NewYear {
    fn now(&self) -> CollectorTime {
        CollectorTime::from_millis(END_MS + 5 * MINUTE_MS)
    }
}

fn main() {
    let directory = tempfile::tempdir().expect("there is space");
    let file = configure(directory.path());
    fill(&directory.path().join("data"), &Loaded::read(&file).expect("the configuration is right"));

    let runtime = tokio::runtime::Runtime::new().expect("threads start");
    let collector = runtime.block_on(Collector::start(&file, Arc::new(NewYear))).expect("it starts");
    let http = collector.http_address();
    let deadline = Instant::now() + Duration::from_mins(1);
    while get(http, "/readyz").is_none() {
        assert!(Instant::now() < deadline, "the past is not read within a minute");
        std::thread::yield_now();
    }
    let year = || get(http, "/api/v1/slas/gold/report?period=2026").expect("a report");
    let body = year();
    let report = Document::parse(&body).expect("a report");
    assert_eq!(report.state, "provisional", "it is made when it is asked for");
    assert_eq!(report.incidents.len(), usize::try_from(DAYS * OUTAGES_A_DAY).expect("few"));
    assert_eq!(report.days.len(), usize::try_from(DAYS).expect("few"));
    assert!(!report.latency.is_empty(), "the histograms are found");
    let evidence = report.incidents.iter().filter(|incident| !incident.evidence.is_empty()).count();
    println!("report: {} bytes of JSON, {evidence} incidents with their samples", body.len());
    say("12-month report of one check, over HTTP", best(year), Some(BUDGET));
    let helped = || get(http, "/api/v1/slas/helped/report?period=2026").expect("a report");
    let promises = Document::parse(&helped()).expect("a report").support.len();
    say(&format!("the same with {promises} promises of support to judge, no outage answered"), best(helped), None);
    runtime.block_on(collector.stop()).expect("it ends");
}

/// The best of several runs.
fn best<T>(mut work: impl FnMut() -> T) -> Duration {
    let timed = |_| {
        let start = Instant::now();
        let made = work();
        let took = start.elapsed();
        drop(made);
        took
    };
    (0..7).map(timed).min().unwrap_or_default()
}

fn say(what: &str, took: Duration, budget: Option<Duration>) {
    let of = budget.map_or_else(String::new, |budget| {
        format!(" of {} ms ({} %)", budget.as_millis(), took.as_micros() * 100 / budget.as_micros())
    });
    println!("{what}: {:.2} ms{of}", took.as_secs_f64() * 1000.0);
}

/// The body of an answer; `None` where it is not 200.
fn get(http: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(http).expect("the collector listens");
    let head = format!("GET {path} HTTP/1.0\r\nHost: {http}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("the collector reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the collector answers in text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    head.contains(" 200 ").then(|| body.to_owned())
}

fn configure(directory: &Path) -> PathBuf {
    let file = directory.join("collector.yaml");
    let regions: Vec<String> = REGIONS.iter().map(|(id, p)| format!("{{id: {id}, provider: {p}}}")).collect();
    let text = format!(
        "listen: {{grpc: 127.0.0.1:0, http: 127.0.0.1:0}}\n\
         data_dir: {}\n\
         regions: [{}]\n\
         checks: [{{id: shop, name: Shop, icmp: {{host: h}}, interval: 60s, timeout: 1s}}]\n\
         slas:\n\
         \x20 - id: gold\n\
         \x20   service: shop\n\
         \x20   window: calendar_year\n\
         \x20   min_outage: 60s\n\
         \x20   objectives: {{availability: 99.95%, latency: [{{percentile: 95, under: 300ms}}]}}\n\
         \x20   credit: {{tiers: [{{below: 99.95%, percent: 10}}]}}\n\
         \x20 - {{id: helped, service: shop, window: calendar_year, min_outage: 60s, objectives: {{availability: 99.95%}}}}\n\
         plans:\n\
         \x20 - {{id: pro, contract: gold}}\n\
         \x20 - id: aided\n\
         \x20   contract: helped\n\
         \x20   support:\n\
         \x20     hours: [{{days: [mon, tue, wed, thu, fri], from: \"09:00\", to: \"17:00\"}}]\n\
         \x20     targets: {{high: {{acknowledge: 30s, resolve: 4h}}}}\n\
         customers: [{{id: acme, plan: pro, fee: 499.99 EUR}}]\n",
        directory.join("data").display(),
        regions.join(", ")
    );
    std::fs::write(&file, text).expect("there is space");
    file
}

/// Writes the year as a collector writes it: samples, compacted into chunks and histograms; each incident as it began and as
/// it ended; segments up to where they are settled.
fn fill(data_dir: &Path, loaded: &Loaded) {
    std::fs::create_dir_all(data_dir).expect("there is space");
    let path = data_dir.join("quorate.db");
    let config = StoreConfig { maintenance: Maintenance::Manual, ..StoreConfig::new(path) };
    let store = Store::open(config).expect("opens");
    let from = CollectorTime::from_millis(START_MS);
    let until = CollectorTime::from_millis(END_MS);
    store.put_config(from, loaded.hash, loaded.text.clone()).wait().expect("is written");
    let version = loaded.config.checks.first().expect("one check").version;
    let mut random = Random(0x9e37_79b9);
    for day in 0..DAYS {
        let batches = (0..REGIONS.len()).map(|agent| {
            let records = samples(agent, day, version, &mut random);
            let batch = batch::encode(&records).expect("a batch");
            NewBatch { origin: origin(agent), batch, received: until, records, marks: Vec::new() }
        });
        let received = Received { batches: batches.collect(), ..Received::default() };
        store.append(received).wait().expect("is written");
    }
    store.compact_all(until).expect("compacts");
    let numbers: Vec<i64> = (0..DAYS * OUTAGES_A_DAY).collect();
    for part in numbers.chunks(256) {
        for end in [false, true] {
            let written: Vec<_> = part
                .iter()
                .map(|number| {
                    let incident = incident(*number, end);
                    let at = incident.end.unwrap_or(incident.start);
                    store.put_incident(incident, Finality::Settled, at)
                })
                .collect();
            for pending in written {
                pending.wait().expect("is written");
            }
        }
    }
    let year = Window::new(from, until);
    store.put_segments(check(), year, segments(), Some(until)).wait().expect("is written");
    say("reading the segments", best(|| store.segments(&check(), year).expect("reads")), None);
    say("reading the incidents", best(|| store.incidents_as_they_are(Some(&check()), year).expect("reads")), None);
    say(
        "reading the latency of days by region",
        best(|| store.latency_by_region(&check(), Span::Day, year).expect("reads")),
        None,
    );
}

fn check() -> CheckId {
    CheckId::new("shop").expect("an id")
}

fn origin(agent: usize) -> Origin {
    let (region, provider) = REGIONS[agent];
    Origin {
        agent: AgentId::new(&format!("{region}-1")).expect("an id"),
        region: RegionId::new(region).expect("an id"),
        provider: ProviderId::new(provider).expect("an id"),
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// When an outage begins.
fn outage(number: i64) -> i64 {
    START_MS + number * GAP_MS + GAP_MS / 2
}

/// A day of one agent, a probe a minute.
fn samples(agent: usize, day: i64, version: CheckVersion, random: &mut Random) -> Vec<Record> {
    let place = i64::try_from(agent).expect("few");
    let minutes = DAY_MS / MINUTE_MS;
    let sample = |minute: i64| {
        let number = day * minutes + minute;
        let start_ms = START_MS + number * MINUTE_MS + place * MINUTE_MS / 5;
        let broke = outage((start_ms - START_MS) / GAP_MS);
        let fails = (broke..broke + OUTAGE_MS).contains(&start_ms);
        let usual_us = 20_000 * (u64::try_from(place).expect("few") + 1);
        let total = if fails { 1_000_000 } else { usual_us + random.below(usual_us / 4) };
        let Origin { agent, region, provider } = origin(agent);
        let sample = Sample {
            id: SampleId { agent, boot: Boot::new(1), seq: Seq::new(u64::try_from(number).expect("not negative") + 1) },
            check: check(),
            region,
            provider,
            start: AgentTime::from_millis(start_ms),
            end: AgentTime::from_millis(start_ms) + Micros::new(total).as_millis(),
            outcome: if fails { Outcome::Fail } else { Outcome::Ok },
            failure: fails.then_some(Failure::ConnectTimeout),
            interval: Millis::new(MINUTE_MS),
            timeout: Millis::from_secs(1),
            typical: Some(Micros::new(usual_us).as_millis()),
            clock: ClockReading { offset: Millis::ZERO, error: Millis::new(5) },
            references: References::mask(0, 3).expect("allowed"),
            health: Health::WELL,
            lag: Millis::ZERO,
            trigger: Trigger::Scheduled,
            check_version: version,
        };
        Record {
            sample,
            phases: Phases { total: Micros::new(total), ..Phases::default() },
            evidence: Evidence::default(),
        }
    };
    (0..minutes).map(sample).collect()
}

/// An incident as it is written while it lasts, and once it is over.
fn incident(number: i64, over: bool) -> Incident {
    let at = CollectorTime::from_millis;
    let down = outage(number);
    let bounds = |from: i64| Bounds { earliest: at(from), latest: at(from + 2_000) };
    let end = at(down + 1_000 + OUTAGE_MS);
    Incident {
        id: IncidentId::new(format!("shop-{}-{number:08x}", down / 1_000)),
        check: check(),
        start: at(down + 1_000),
        end: over.then_some(end),
        start_bounds: bounds(down),
        end_bounds: bounds(down + OUTAGE_MS),
        class: IncidentClass::Outage,
        billed: Millis::new(OUTAGE_MS),
        runs: vec![(at(down + 1_000), end)],
        regions: REGIONS.iter().map(|(region, _)| RegionId::new(region).expect("an id")).collect(),
        support: 5,
    }
}

/// What was concluded of the year: each outage with a doubt of 2 s at its edges.
fn segments() -> Vec<Segment> {
    let at = CollectorTime::from_millis;
    let mut segments = Vec::new();
    let mut cursor = START_MS;
    let mut push = |until: i64, [state_low, state, state_high]: [State; 3]| {
        segments.push(Segment { start: at(cursor), end: at(until), state, state_low, state_high, regions_bad: vec![] });
        cursor = until;
    };
    for number in 0..DAYS * OUTAGES_A_DAY {
        let down = outage(number);
        push(down, [State::Up; 3]);
        push(down + 2_000, [State::Up, State::Down, State::Down]);
        push(down + OUTAGE_MS, [State::Down; 3]);
        push(down + OUTAGE_MS + 2_000, [State::Up, State::Down, State::Down]);
        push(START_MS + (number + 1) * GAP_MS, [State::Up; 3]);
    }
    segments
}

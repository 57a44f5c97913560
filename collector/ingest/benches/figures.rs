//! What taking a sample costs the collector, and how long agents wait for an acknowledgement.
//!
//! `cargo bench -p quorate-collector-ingest --bench figures`. The collector runs on a runtime of its own with named threads, so
//! that its CPU time, the store's writer and the kernel's part of both included, is told apart from that of the agents in the
//! same process. Budgets of the project: 0.5 us a sample with the verdict, an acknowledgement within 60 ms for 99 of 100.
//! Times are printed, not judged: machines differ. In plain text on loopback; TLS costs agents and collector more.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use quorate_collector_ingest::{AssignmentTable, Config, Limits, Security, Service, Sink, SkewLimits};
use quorate_collector_store::{self as store, Store};
use quorate_model::{
    AgentId, AgentTime, Boot, CheckId, CheckVersion, ClockReading, Evidence, Health, Micros, Millis, Outcome, Phases,
    ProviderId, Record, References, RegionId, Sample, SampleId, Seq, Trigger,
};
use quorate_proto::batch;
use quorate_proto::v1::uplink_client::UplinkClient;
use quorate_proto::v1::{self, agent_message, collector_message};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

const AGENTS: usize = 5;
const CHECKS: usize = 1_000;
const BATCH: usize = 100;
/// Batches an agent has under way.
const WINDOW: usize = 8;

fn check(place: usize) -> CheckId {
    CheckId::new(&format!("check-{place}")).expect("an id")
}

fn wall_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("small")
}

fn record(agent: &str, checks: &[CheckId], seq: u64, base_ms: i64) -> Record {
    let place = usize::try_from(seq).expect("small") % checks.len();
    let start = AgentTime::from_millis(base_ms + i64::try_from(seq / 100).expect("small"));
    let jitter = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54;
    let us = |value: u64| Some(Micros::new(value));
    let total = Micros::new(50_000 + 5 * jitter);
    Record {
        sample: Sample {
            id: SampleId { agent: AgentId::new(agent).expect("an id"), boot: Boot::new(1), seq: Seq::new(seq) },
            check: checks[place].clone(),
            region: RegionId::new("fra").expect("an id"),
            provider: ProviderId::new("hetzner").expect("an id"),
            start,
            end: start + total.as_millis(),
            outcome: Outcome::Ok,
            failure: None,
            interval: Millis::new(10_000),
            timeout: Millis::new(3_000),
            typical: Some(Millis::new(80)),
            clock: ClockReading { offset: Millis::new(3), error: Millis::new(14) },
            references: References::mask(0, 3).expect("allowed"),
            health: Health::WELL,
            lag: Millis::ZERO,
            trigger: Trigger::Scheduled,
            check_version: CheckVersion::new(0x1234_5678_9abc_def0),
        },
        phases: Phases {
            dns: us(300 + jitter),
            connect: us(11_000 + jitter),
            tls: us(23_000 + jitter),
            first_byte: us(15_000 + jitter),
            transfer: us(200 + jitter),
            total,
        },
        evidence: Evidence { status: Some(200), ..Evidence::default() },
    }
}

/// CPU time of the threads whose name begins so, from the scheduler's own count.
fn cpu(names: &[&str]) -> Duration {
    let mut ns = 0;
    for task in std::fs::read_dir("/proc/self/task").expect("Linux") {
        let path = task.expect("a task").path();
        let name = std::fs::read_to_string(path.join("comm")).unwrap_or_default();
        if names.iter().any(|n| name.starts_with(n)) {
            let text = std::fs::read_to_string(path.join("schedstat")).unwrap_or_default();
            ns += text.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        }
    }
    Duration::from_nanos(ns)
}

fn runtime(name: &str) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name(name)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Sends the batches with a window, or one each `pace`; gives how long each acknowledgement took.
async fn agent(
    address: std::net::SocketAddr,
    name: String,
    batches: Vec<v1::Batch>,
    pace: Option<Duration>,
) -> Vec<Duration> {
    let mut client = UplinkClient::connect(format!("http://{address}")).await.expect("connects");
    let (sender, receiver) = mpsc::channel(WINDOW);
    let say = async |kind| sender.send(v1::AgentMessage { kind: Some(kind) }).await.expect("open");
    let hello = v1::Hello { agent: name, region: "fra".to_owned(), boot: 1, ..Default::default() };
    let open = async {
        say(agent_message::Kind::Hello(hello)).await;
        client.stream(ReceiverStream::new(receiver)).await.expect("a stream").into_inner()
    };
    let mut incoming = open.await;
    let mut under_way: BTreeMap<u64, Instant> = BTreeMap::new();
    let mut latencies = Vec::with_capacity(batches.len());
    let mut rest = batches.into_iter();
    let mut tick = tokio::time::interval(pace.unwrap_or(Duration::from_hours(1)));
    let mut more = true;
    while more || !under_way.is_empty() {
        let may_send = more && pace.is_none() && under_way.len() < WINDOW;
        if may_send {
            match rest.next() {
                Some(batch) => {
                    under_way.insert(batch.last_seq, Instant::now());
                    say(agent_message::Kind::Batch(batch)).await;
                }
                None => more = false,
            }
            continue;
        }
        tokio::select! {
            message = incoming.message() => {
                if let Some(collector_message::Kind::Ack(ack)) = message.expect("no error").and_then(|m| m.kind) {
                    let waiting = under_way.split_off(&(ack.durable_seq + 1));
                    latencies.extend(under_way.values().map(Instant::elapsed));
                    under_way = waiting;
                }
            }
            _ = tick.tick(), if pace.is_some() && more => match rest.next() {
                Some(batch) => {
                    under_way.insert(batch.last_seq, Instant::now());
                    say(agent_message::Kind::Batch(batch)).await;
                }
                None => more = false,
            },
        }
    }
    latencies
}

struct Run {
    samples: usize,
    cpu: Duration,
    wall: Duration,
    latencies: Vec<Duration>,
}

fn run(batches_each: usize, pace: Option<Duration>) -> Run {
    let directory = tempfile::tempdir().expect("a directory");
    let store = Store::open(store::Config {
        maintenance: store::Maintenance::Manual,
        ..store::Config::new(directory.path().join("bench.db"))
    })
    .expect("opens");
    let checks: Vec<_> = (0..CHECKS).map(check).collect();
    let table = AssignmentTable {
        regions: [(RegionId::new("fra").expect("an id"), ProviderId::new("hetzner").expect("an id"))].into(),
        checks: checks.iter().cloned().collect::<BTreeSet<_>>(),
        ..AssignmentTable::default()
    };
    let base_ms = wall_ms() - 3_600_000;
    let worlds: Vec<_> = (0..AGENTS)
        .map(|place| {
            let name = format!("agent-{place}");
            let last = u64::try_from(batches_each * BATCH).expect("small");
            let seqs: Vec<u64> = (1..=last).collect();
            let batches: Vec<_> = seqs
                .chunks(BATCH)
                .map(|seqs| {
                    let records: Vec<_> = seqs.iter().map(|seq| record(&name, &checks, *seq, base_ms)).collect();
                    batch::encode(&records).expect("a batch")
                })
                .collect();
            (name, batches)
        })
        .collect();

    let collector = runtime("q-collector");
    let agents = runtime("q-agents");
    let (_table, assignments) = watch::channel(Arc::new(table));
    let (committed, mut taken) = mpsc::channel(256);
    let (events, _events) = mpsc::channel(16);
    let config = Config {
        listen: "127.0.0.1:0".parse().expect("an address"),
        security: Security::PlainTextOnLoopback,
        limits: Limits::default(),
        skew: SkewLimits::default(),
    };
    let service = Service::new(config, store, assignments, Sink { committed, events }).expect("a service");
    let address = service.address();
    let shutdown = CancellationToken::new();
    let running = collector.spawn(service.run(shutdown.clone()));
    let counting = collector.spawn(async move {
        let mut samples = 0;
        while let Some(one) = taken.recv().await {
            samples += one.records.len();
        }
        samples
    });

    let names = ["q-collector", "store-writer"];
    let (before, begin) = (cpu(&names), Instant::now());
    let latencies = agents.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for (name, batches) in worlds {
            tasks.spawn(agent(address, name, batches, pace));
        }
        tasks.join_all().await.concat()
    });
    let (used, wall) = (cpu(&names).saturating_sub(before), begin.elapsed());
    shutdown.cancel();
    collector.block_on(running).expect("no panic").expect("ends well");
    let samples = collector.block_on(counting).expect("no panic");
    assert_eq!(samples, AGENTS * batches_each * BATCH, "each sample once");
    Run { samples, cpu: used, wall, latencies }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn report(title: &str, outcome: &mut Run) {
    outcome.latencies.sort();
    let at = |share: usize| {
        let place = (outcome.latencies.len() * share / 100).min(outcome.latencies.len() - 1);
        outcome.latencies[place].as_secs_f64() * 1e3
    };
    println!("{title}");
    println!("  collector CPU per sample  {:>9.3} us", outcome.cpu.as_secs_f64() * 1e6 / outcome.samples as f64);
    println!("  samples a second          {:>9.0}", outcome.samples as f64 / outcome.wall.as_secs_f64());
    println!("  acknowledged p50, p99     {:>9.2} ms, {:.2} ms", at(50), at(99));
}

fn main() {
    let mut full = run(1_000, None);
    report("5 agents, batches of 100, 8 under way each, as fast as they go", &mut full);
    let mut paced = run(100, Some(Duration::from_millis(100)));
    report("5 agents, a batch of 100 every 100 ms each: ten times 1,000 checks in 5 regions every 10 s", &mut paced);
}

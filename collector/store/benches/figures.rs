//! What storing costs: CPU per sample to append, decode and compact; bytes per sample; the time to read a month.
//!
//! `cargo bench -p quorate-collector-store --bench figures`. Budgets (stated by the project, printed beside what is measured): all phases stored in
//! at most 6 bytes a sample, outcome and total alone in 2. Times are printed, not judged: machines differ.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::time::{Duration, Instant};

use quorate_collector_store::{Config, Maintenance, NewBatch, Received, Span, Store, Wanted, Window};
use quorate_model::{
    AgentId, AgentTime, Boot, CertificateFacts, CheckId, CheckVersion, ClockReading, CollectorTime, Evidence, Failure,
    Health, Micros, Millis, Outcome, Phases, ProviderId, Record, References, RegionId, Sample, SampleId, Seq, Trigger,
};
use quorate_proto::batch::{self, Origin};

const AGENTS: usize = 5;
const BATCH: usize = 100;
const INTERVAL_MS: i64 = 10_000;
const START_MS: i64 = 1_790_000_000_000;
const RECEIVED: CollectorTime = CollectorTime::from_millis(1_796_000_000_000);

/// Which columns a world fills.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Every phase of an HTTPS probe, clock, references, certificate, evidence of failures.
    AllPhases,
    /// Outcome and total.
    TotalOnly,
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// Bell-shaped around 0, three standard deviations wide at most: the sum of twelve uniforms.
    fn bell(&mut self, deviation: i64) -> i64 {
        let sum: i64 = (0..12).map(|_| i64::try_from(self.below(2_001)).expect("small") - 1_000).sum();
        sum * deviation / 2_000
    }

    /// A latency: a floor, a bell, and now and then a long tail.
    fn latency(&mut self, floor_us: i64, deviation_us: i64) -> u64 {
        let tail = if self.below(50) == 0 { i64::try_from(self.below(8)).expect("small") * deviation_us } else { 0 };
        u64::try_from((floor_us + 3 * deviation_us + self.bell(deviation_us) + tail).max(1)).expect("positive")
    }
}

fn origin(agent: usize) -> Origin {
    Origin {
        agent: AgentId::new(&format!("agent-{agent}")).expect("an id"),
        region: RegionId::new(["fra", "iad", "sin", "gru", "syd"][agent % 5]).expect("an id"),
        provider: ProviderId::new(["hetzner", "aws", "ovh", "vultr"][agent % 4]).expect("an id"),
    }
}

/// One agent's samples in order of time, `rounds` of each check.
fn world(agent: usize, checks: &[CheckId], rounds: i64, detail: Detail) -> Vec<Record> {
    let mut random = Random(0x9e37_79b9 + agent as u64);
    let origin = origin(agent);
    let mut records = Vec::with_capacity(checks.len() * usize::try_from(rounds).expect("small"));
    let mut offset = 3i64;
    for round in 0..rounds {
        for (place, check) in checks.iter().enumerate() {
            let place = i64::try_from(place).expect("small");
            let slot =
                START_MS + round * INTERVAL_MS + place * INTERVAL_MS / i64::try_from(checks.len()).expect("small");
            let start = AgentTime::from_millis(slot + i64::from(random.below(10) == 0));
            let fails = random.below(500) == 0;
            let rtt = 8_000 + 20_000 * i64::try_from(agent).expect("small");
            let phases = match detail {
                Detail::TotalOnly => Phases { total: Micros::new(random.latency(rtt, rtt / 40)), ..Phases::default() },
                Detail::AllPhases => {
                    let [dns, connect, tls, first, transfer] = [
                        random.latency(300, 40),
                        random.latency(rtt, rtt / 60),
                        random.latency(rtt + 1_500, rtt / 40),
                        random.latency(rtt + 4_000, rtt / 25),
                        random.latency(150, 30),
                    ];
                    let total = dns + connect + tls + first + transfer + 40 + random.below(30);
                    let us = |value| Some(Micros::new(value));
                    Phases {
                        dns: us(dns),
                        connect: us(connect),
                        tls: us(tls),
                        first_byte: us(first),
                        transfer: us(transfer),
                        total: Micros::new(total),
                    }
                }
            };
            if random.below(20) == 0 {
                offset += i64::try_from(random.below(3)).expect("small") - 1;
            }
            let rich = detail == Detail::AllPhases;
            let certificate = CertificateFacts {
                not_after_s: 1_800_000_000,
                chain_not_after_s: 1_800_000_000,
                chain_length: 3,
                verified: true,
            };
            records.push(Record {
                sample: Sample {
                    id: SampleId {
                        agent: origin.agent.clone(),
                        boot: Boot::new(1_790_000_000),
                        seq: Seq::new(records.len() as u64 + 1),
                    },
                    check: check.clone(),
                    region: origin.region.clone(),
                    provider: origin.provider.clone(),
                    start,
                    end: start + phases.total.as_millis(),
                    outcome: if fails { Outcome::Fail } else { Outcome::Ok },
                    failure: fails.then_some(Failure::HttpStatus),
                    interval: Millis::new(INTERVAL_MS),
                    timeout: Millis::new(3_000),
                    typical: rich.then(|| Millis::new(rtt * 4 / 1_000 + round / 500)),
                    clock: ClockReading {
                        offset: Millis::new(if rich { offset } else { 0 }),
                        error: Millis::new(if rich { 14 + rtt / 2_000 } else { 0 }),
                    },
                    references: if rich { References::mask(0, 3).expect("allowed") } else { References::default() },
                    health: Health::WELL,
                    lag: Millis::ZERO,
                    trigger: Trigger::Scheduled,
                    check_version: CheckVersion::new(0x1234_5678_9abc_def0),
                },
                phases,
                evidence: Evidence {
                    address: rich.then(|| "192.0.2.10".parse().expect("an address")),
                    status: rich.then_some(if fails { 503 } else { 200 }),
                    detail: (rich && fails).then(|| "status 503, expected 200".into()),
                    certificate: rich.then_some(certificate),
                },
            });
        }
    }
    records
}

/// CPU time of all threads alive, from the scheduler's own count.
fn cpu() -> Duration {
    let mut ns = 0;
    for task in std::fs::read_dir("/proc/self/task").expect("Linux") {
        let path = task.expect("a task").path().join("schedstat");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        ns += text.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    }
    Duration::from_nanos(ns)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn per(total: f64, samples: usize) -> f64 {
    total / samples as f64
}

fn open(directory: &tempfile::TempDir) -> Store {
    Store::open(Config { maintenance: Maintenance::Manual, ..Config::new(directory.path().join("bench.db")) })
        .expect("opens")
}

fn say(what: &str, value: f64, unit: &str) {
    println!("{what:<66} {value:>10.3} {unit}");
}

/// Appends a world in groups as the committer makes them; gives the samples.
fn append(store: &Store, checks: &[CheckId], rounds: i64, detail: Detail) -> usize {
    let worlds: Vec<_> = (0..AGENTS).map(|agent| world(agent, checks, rounds, detail)).collect();
    let samples = worlds.iter().map(Vec::len).sum();
    let messages: Vec<(Origin, _)> = worlds
        .iter()
        .enumerate()
        .flat_map(|(agent, records)| {
            records.chunks(BATCH).map(move |r| (origin(agent), batch::encode(r).expect("a batch")))
        })
        .collect();
    let wire: usize = messages.iter().map(|(_, m)| m.columns.len()).sum();
    say("  bytes per sample on the wire, batches of 100", per(wire_bytes(wire), samples), "B");
    // All agents' batches interleaved, as they arrive.
    let each = messages.len() / AGENTS;
    let order: Vec<usize> = (0..each).flat_map(|i| (0..AGENTS).map(move |agent| agent * each + i)).collect();
    let (mut decoding, mut storing) = (Duration::ZERO, Duration::ZERO);
    for group in order.chunks(20) {
        let before = cpu();
        let mut received = Received::default();
        for place in group {
            let (origin, message) = &messages[*place];
            let records = batch::decode(message, origin).expect("decodes");
            let (origin, batch) = (origin.clone(), message.clone());
            received.batches.push(NewBatch { origin, batch, received: RECEIVED, records, marks: Vec::new() });
        }
        let decoded = cpu();
        store.append(received).wait().expect("written");
        decoding += decoded.saturating_sub(before);
        storing += cpu().saturating_sub(decoded);
    }
    say("  CPU per sample to decode", per(decoding.as_secs_f64() * 1e6, samples), "us");
    say(
        "  CPU per sample to dedup, append, fsync (20 batches a commit)",
        per(storing.as_secs_f64() * 1e6, samples),
        "us",
    );
    samples
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn wire_bytes(bytes: usize) -> f64 {
    bytes as f64
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn stored(store: &Store, samples: usize) -> f64 {
    per(store.statistics().expect("reads").chunk_bytes as f64, samples)
}

fn many_checks(detail: Detail, title: &str) -> f64 {
    println!("{title}: {AGENTS} agents, 20 checks, 1,000 rounds");
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(&directory);
    let checks: Vec<_> = (0..20).map(|i| CheckId::new(&format!("check-{i}")).expect("an id")).collect();
    let samples = append(&store, &checks, 1_000, detail);
    let before = cpu();
    store.compact_all(RECEIVED).expect("compacts");
    say(
        "  CPU per sample to compact and seal, in the background",
        per(cpu().saturating_sub(before).as_secs_f64() * 1e6, samples),
        "us",
    );
    let bytes = stored(&store, samples);
    say("  bytes per sample stored, sealed", bytes, "B");
    bytes
}

fn month() {
    println!("a month of one check: {AGENTS} agents, every 10 s");
    let directory = tempfile::tempdir().expect("a directory");
    let store = open(&directory);
    let check = CheckId::new("shop").expect("an id");
    let samples = append(&store, std::slice::from_ref(&check), 30 * 8_640, Detail::AllPhases);
    store.compact_all(RECEIVED).expect("compacts");
    say("  bytes per sample stored, sealed", stored(&store, samples), "B");
    let mut best = [Duration::MAX; 3];
    for _ in 0..5 {
        let timed = |best: &mut Duration, read: &dyn Fn() -> usize| {
            let begin = Instant::now();
            let count = read();
            *best = (*best).min(begin.elapsed());
            count
        };
        let read =
            timed(&mut best[0], &|| store.samples(&check, Window::ALWAYS, Wanted::Counted).expect("reads").len());
        assert_eq!(read, samples);
        let day = Window::new(CollectorTime::from_millis(START_MS), CollectorTime::from_millis(START_MS + 86_400_000));
        timed(&mut best[1], &|| store.records(&check, day, Wanted::Counted).expect("reads").len());
        timed(&mut best[2], &|| store.latency(&check, Span::Hour, Window::ALWAYS).expect("reads").len());
    }
    say("  samples of the month, as the verdict reads them", best[0].as_secs_f64() * 1e3, "ms");
    say("  records of a day, with phases and evidence", best[1].as_secs_f64() * 1e3, "ms");
    say("  latency by hour and region of the month", best[2].as_secs_f64() * 1e3, "ms");
}

fn main() {
    let all = many_checks(Detail::AllPhases, "all phases");
    let least = many_checks(Detail::TotalOnly, "outcome and total alone");
    month();
    say("budget: bytes a sample with all phases, 6; here", all, "B");
    say("budget: bytes a sample with outcome and total, 2; here", least, "B");
}

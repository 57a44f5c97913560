//! What is acknowledged survives: a process killed at any moment, a full disk, a device that fails.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use quorate_collector_store::{
    Config, Latency, Maintenance, NewBatch, Received, Span, Store, Wanted, Window, WriteError,
};
use quorate_model::{
    AgentId, AgentTime, Boot, CheckId, CheckVersion, ClockReading, CollectorTime, Evidence, Health, Micros, Millis,
    Outcome, Phases, ProviderId, Record, References, RegionId, Sample, SampleId, Seq, Trigger,
};
use quorate_proto::batch::{self, Origin};

/// Tells a process that it is the one to be killed, and which file it writes.
const CHILD: &str = "QUORATE_STORE_CHILD";
const AGENTS: [&str; 2] = ["fra-1", "iad-1"];
const CHECKS: [&str; 3] = ["shop", "api", "mail"];
const BOOT: Boot = Boot::new(7);
const RECEIVED: CollectorTime = CollectorTime::from_millis(1_795_000_000_000);

fn agent_id(text: &str) -> AgentId {
    AgentId::new(text).expect("an id")
}

fn check_id(text: &str) -> CheckId {
    CheckId::new(text).expect("an id")
}

fn open(path: &Path) -> Store {
    let config = Config { gather: Duration::ZERO, maintenance: Maintenance::Manual, ..Config::new(path) };
    Store::open(config).expect("opens")
}

/// A sample that follows from its identity.
fn record(agent: &str, seq: u64) -> Record {
    let start = AgentTime::from_millis(1_790_000_000_000 + 1_000 * i64::try_from(seq).expect("small"));
    let check = CHECKS[usize::try_from(seq % 3).expect("small")];
    Record {
        sample: Sample {
            id: SampleId { agent: agent_id(agent), boot: BOOT, seq: Seq::new(seq) },
            check: check_id(check),
            region: RegionId::new("fra").expect("an id"),
            provider: ProviderId::new("hetzner").expect("an id"),
            start,
            end: start + Millis::new(12),
            outcome: Outcome::Ok,
            failure: None,
            interval: Millis::new(10_000),
            timeout: Millis::new(3_000),
            typical: None,
            clock: ClockReading::default(),
            references: References::default(),
            health: Health::WELL,
            lag: Millis::ZERO,
            trigger: Trigger::Scheduled,
            check_version: CheckVersion::new(1),
        },
        phases: Phases { total: Micros::new(12_000 + seq % 900), ..Phases::default() },
        evidence: Evidence::default(),
    }
}

fn received(agent: &str, seqs: std::ops::RangeInclusive<u64>) -> Received {
    let records: Vec<_> = seqs.map(|seq| record(agent, seq)).collect();
    let origin = Origin {
        agent: agent_id(agent),
        region: RegionId::new("fra").expect("an id"),
        provider: ProviderId::new("hetzner").expect("an id"),
    };
    let batch = batch::encode(&records).expect("a batch");
    let new = NewBatch { origin, batch, received: RECEIVED, records, marks: Vec::new() };
    Received { batches: vec![new], ..Received::default() }
}

/// Appends for all agents at once, compacting meanwhile, and prints each acknowledgement after it came.
fn append_until_killed(path: &Path) {
    let store = open(path);
    std::thread::scope(|scope| {
        for agent in AGENTS {
            let store = store.clone();
            scope.spawn(move || {
                let mut durable = store.durable(&agent_id(agent), BOOT).expect("reads").get();
                for round in 0u64.. {
                    // Every third batch repeats some of what is stored, as after a lost acknowledgement.
                    let first = if round.is_multiple_of(3) { durable.saturating_sub(5).max(1) } else { durable + 1 };
                    let appended =
                        store.append(received(agent, first..=durable + 1 + round % 40)).wait().expect("written");
                    durable = appended.durable[&(agent_id(agent), BOOT)].get();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "ack {agent} {durable}").expect("the parent reads");
                    out.flush().expect("the parent reads");
                }
            });
        }
        scope.spawn(|| {
            loop {
                store.compact_all(RECEIVED).expect("compacts");
            }
        });
    });
}

fn spawn(path: &Path, test: &str, wrapper: &[&str]) -> Child {
    let own = std::env::current_exe().expect("a path");
    let mut words = wrapper.iter().map(std::ffi::OsString::from).collect::<Vec<_>>();
    words.push(own.into_os_string());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).args(["--exact", test, "--nocapture"]).env(CHILD, path);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("starts")
}

/// Small, seeded, good enough to choose moments.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Everything up to `acked` is there exactly once, and nothing else but whole batches behind it.
fn check_store(path: &Path, acked: [u64; 2]) -> usize {
    let store = open(path);
    let mut by_agent = [Vec::new(), Vec::new()];
    let mut all = Latency::new();
    let mut in_histograms = Latency::new();
    for check in CHECKS {
        for stored in store.records(&check_id(check), Window::ALWAYS, Wanted::All).expect("reads") {
            let sample = &stored.record.sample;
            let place = AGENTS.iter().position(|a| *a == sample.id.agent.as_str()).expect("one of ours");
            assert_eq!(stored.record, record(AGENTS[place], sample.id.seq.get()));
            by_agent[place].push(sample.id.seq.get());
            all.add_record(&stored.record);
        }
        in_histograms.merge(&store.latency_merged(&check_id(check), Span::Day, Window::ALWAYS).expect("reads"));
    }
    assert_eq!(in_histograms, all, "histograms count each sample once");
    for ((agent, mut seqs), acked) in AGENTS.iter().zip(by_agent).zip(acked) {
        seqs.sort_unstable();
        let durable = store.durable(&agent_id(agent), BOOT).expect("reads").get();
        assert!(durable >= acked, "{agent}: acknowledged up to {acked}, but stored only up to {durable}");
        assert_eq!(seqs, (1..=durable).collect::<Vec<_>>(), "{agent}: each number once, none missing");
    }
    usize::try_from(all.count()).expect("small")
}

#[test]
fn a_store_killed_at_any_moment_has_all_that_was_acknowledged() {
    if let Some(path) = std::env::var_os(CHILD) {
        return append_until_killed(Path::new(&path));
    }
    let cycles: u64 = std::env::var("QUORATE_LONG").ok().map_or(30, |text| text.parse().expect("a number of cycles"));
    let seed = std::env::var("QUORATE_SEED").ok().map_or(0x5eed_1234_5678, |text| text.parse().expect("a seed"));
    println!("{cycles} cycles, QUORATE_SEED={seed}");
    let mut random = Random(seed);
    let directory = tempfile::tempdir().expect("a directory");
    let mut path = directory.path().join("quorate.db");
    let mut acked = [0; 2];
    for cycle in 0..cycles {
        // A fresh file now and then, so that its first moments are hit too, and none grows for ever.
        if cycle % 10 == 0 {
            path = directory.path().join(format!("quorate-{cycle}.db"));
            acked = [0; 2];
        }
        let mut child = spawn(&path, "a_store_killed_at_any_moment_has_all_that_was_acknowledged", &[]);
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let note = |line: &str, acked: &mut [u64; 2]| {
            let mut words = line.split(' ');
            // The test harness prints lines of its own, one of them right before the first acknowledgement.
            if let (Some(word), Some(agent), Some(durable)) = (words.next(), words.next(), words.next())
                && word.ends_with("ack")
                && let Some(place) = AGENTS.iter().position(|a| *a == agent)
            {
                acked[place] = durable.parse().expect("a number");
            }
        };
        for _ in 0..random.below(60) {
            note(&lines.next().expect("not ended").expect("reads"), &mut acked);
        }
        for _ in 0..random.below(200_000) {
            std::hint::spin_loop();
        }
        child.kill().expect("kills");
        child.wait().expect("ended");
        // What it said before it was killed is still in the pipe; the last line may be cut.
        let mut rest: Vec<String> = lines.map_while(Result::ok).collect();
        rest.pop();
        for line in &rest {
            note(line, &mut acked);
        }
        check_store(&path, acked);
    }
}

/// Says why a test cannot run here; where everything is required, that is a failure.
fn skip(why: &str) {
    assert!(std::env::var("QUORATE_TEST_REQUIRE").as_deref() != Ok("all"), "required, but cannot run here: {why}");
    println!("skipped: {why}");
}

/// A small file system of its own; unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Result<Self, String> {
        let directory = tempfile::tempdir().map_err(|e| e.to_string())?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(directory.path())
            .output()
            .map_err(|e| format!("mount: {e}"))?;
        if mounted.status.success() {
            Ok(Self(directory))
        } else {
            Err(format!("mount needs root: {}", String::from_utf8_lossy(&mounted.stderr).trim()))
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0.path()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            println!("{} stays mounted", self.0.path().display());
        }
    }
}

#[test]
fn a_full_disk_acknowledges_nothing_reads_on_and_recovers() {
    let disk = match SmallDisk::mount("4m") {
        Ok(disk) => disk,
        Err(why) => return skip(&why),
    };
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![1; 2 << 20]).expect("fits");
    let path = disk.0.path().join("quorate.db");
    let store = open(&path);
    let mut durable = 0;
    let error = loop {
        match store.append(received(AGENTS[0], durable + 1..=durable + 100)).wait() {
            Ok(appended) => durable = appended.durable[&(agent_id(AGENTS[0]), BOOT)].get(),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, WriteError::Full(_)), "{error:?}");
    assert!(durable > 1_000, "{durable}");
    // It goes on answering, both ways.
    for _ in 0..3 {
        let again = store.append(received(AGENTS[0], durable + 1..=durable + 100)).wait();
        assert!(matches!(again, Err(WriteError::Full(_))), "{again:?}");
        assert_eq!(store.durable(&agent_id(AGENTS[0]), BOOT).expect("reads").get(), durable);
        store.health().expect("not broken");
    }
    let found: usize = CHECKS
        .iter()
        .map(|check| store.samples(&check_id(check), Window::ALWAYS, Wanted::All).expect("reads").len())
        .sum();
    assert_eq!(found as u64, durable);
    std::fs::remove_file(&ballast).expect("removes");
    let appended = store.append(received(AGENTS[0], durable + 1..=durable + 100)).wait().expect("there is space again");
    durable = appended.durable[&(agent_id(AGENTS[0]), BOOT)].get();
    store.compact_all(RECEIVED).expect("compacts");
    drop(store);
    assert_eq!(check_store(&path, [durable, 0]) as u64, durable);
}

/// Appends until the store says that it is broken, and then tries what is possible still.
fn append_until_broken(path: &Path) {
    let store = open(path);
    let mut durable = 0;
    let mut out = std::io::stdout().lock();
    // Bounded, so that a device that never fails ends the test too, without the words it looks for.
    for _ in 0..2_000 {
        match store.append(received(AGENTS[0], durable + 1..=durable + 10)).wait() {
            Ok(appended) => durable = appended.durable[&(agent_id(AGENTS[0]), BOOT)].get(),
            Err(error) => {
                writeln!(out, "\nfirst {error:?}").expect("the parent reads");
                break;
            }
        }
    }
    for _ in 0..3 {
        let again = store.append(received(AGENTS[0], durable + 1..=durable + 10)).wait();
        writeln!(out, "again {}", matches!(again, Err(WriteError::Broken(_)))).expect("the parent reads");
    }
    writeln!(out, "health {}", store.health().is_err()).expect("the parent reads");
    let found: usize = CHECKS
        .iter()
        .map(|check| store.samples(&check_id(check), Window::ALWAYS, Wanted::All).expect("reads").len())
        .sum();
    writeln!(out, "acked {durable} read {found}").expect("the parent reads");
}

#[test]
fn a_device_that_fails_a_sync_is_never_trusted_again() {
    if let Some(path) = std::env::var_os(CHILD) {
        return append_until_broken(Path::new(&path));
    }
    // Every sync from the sixtieth on fails, as seen by the store; the tracer plays the device.
    let strace = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=fsync,fdatasync",
        "-e",
        "inject=fsync,fdatasync:error=EIO:when=60+",
    ];
    let works = Command::new(strace[0]).args(["-o", "/dev/null", "true"]).status();
    if !works.is_ok_and(|status| status.success()) {
        return skip("strace cannot trace a process");
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("quorate.db");
    let child = spawn(&path, "a_device_that_fails_a_sync_is_never_trusted_again", &strace);
    let output = child.wait_with_output().expect("ended");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("first Broken("), "{text}");
    assert_eq!(text.matches("again true").count(), 3, "{text}");
    assert!(text.contains("health true"), "{text}");
    let numbers = text.lines().find_map(|line| line.strip_prefix("acked ")?.split_once(" read "));
    let (acked, read) = numbers.expect("the last line");
    let acked: u64 = acked.parse().expect("a number");
    assert!(acked >= 100, "{text}");
    assert_eq!(read, acked.to_string(), "what was not acknowledged is not shown");
    check_store(&path, [acked, 0]);
}

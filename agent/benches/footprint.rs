//! Memory and CPU of the agent's own process: so many HTTP checks of a local nginx every 10 s, streamed to a collector on
//! loopback, plain text.
//!
//! Budget: resident memory at most 12 MiB with 100 checks and at most 24 MiB with 2,000.
//! `cargo bench -p quorate-agent --bench footprint` prints one line for each.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "../tests/it/collector.rs"]
#[expect(dead_code, reason = "the bench needs less of it than the tests")]
mod collector;

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use quorate_proto::v1;

use collector::TestCollector;

const INTERVAL_MS: u32 = 10_000;
const MEASURED: Duration = Duration::from_mins(1);

/// A process that ends with the bench.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn main() {
    let Some(nginx) = ["/usr/sbin/nginx", "/usr/bin/nginx"].iter().find(|path| Path::new(path).exists()) else {
        println!("skipped: nginx is not installed");
        return;
    };
    let dir = tempfile::tempdir().expect("a directory");
    let target = free_address();
    let config = format!(
        "worker_processes 1; error_log stderr; pid {0}/nginx.pid; daemon off;\nevents {{}}\n\
         http {{ access_log off; client_body_temp_path {0}; proxy_temp_path {0}; fastcgi_temp_path {0}; \
         uwsgi_temp_path {0}; scgi_temp_path {0}; server {{ listen {target}; return 200 ok; }} }}\n",
        dir.path().display()
    );
    let file = dir.path().join("nginx.conf");
    fs::write(&file, config).expect("writable");
    let _nginx = Process(Command::new(nginx).arg("-c").arg(&file).stderr(Stdio::null()).spawn().expect("nginx starts"));
    while TcpStream::connect(target).is_err() {
        std::thread::yield_now();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for checks in [100, 2000] {
        runtime.block_on(measure(checks, target));
    }
}

async fn measure(checks: u32, target: SocketAddr) {
    let dir = tempfile::tempdir().expect("a directory");
    let collector = TestCollector::start().await;
    let file = dir.path().join("agent.yaml");
    let config = format!(
        "{{agent: fra-1, region: fra, collectors: [\"http://{}\"], data_dir: \"{}\", networks: {{allow: [127.0.0.0/8]}}}}",
        collector.address(),
        dir.path().display()
    );
    fs::write(&file, config).expect("writable");
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate-agent"));
    command.arg("--config").arg(&file).stderr(Stdio::null());
    let agent = Process(command.spawn().expect("the agent starts"));
    let upsert = (0..checks).map(|i| check(i, checks, target)).collect();
    let assignment = v1::Assignment { revision: 1, upsert, ..v1::Assignment::default() };
    collector.say(v1::collector_message::Kind::Assignment(assignment)).await;

    // Every check's latencies fill their windows before anything is measured.
    tokio::time::sleep(Duration::from_secs(30)).await;
    let (before, probes_before, started) = (cpu_ms(agent.0.id()), samples(&collector), Instant::now());
    tokio::time::sleep(MEASURED).await;
    let seconds = started.elapsed().as_secs_f64();
    let cpu_ms = cpu_ms(agent.0.id()) - before;
    let probes = samples(&collector) - probes_before;
    println!(
        "{checks} checks every 10 s: resident {:.1} MiB, peak {:.1} MiB, {:.2}% of a core, {probes} probes, {:.0} us of CPU a probe",
        kib(agent.0.id(), "VmRSS:") / 1024.0,
        kib(agent.0.id(), "VmHWM:") / 1024.0,
        cpu_ms / seconds / 10.0,
        cpu_ms * 1000.0 / f64::from(u32::try_from(probes).expect("few")),
    );
}

fn check(number: u32, of: u32, target: SocketAddr) -> v1::Check {
    v1::Check {
        id: format!("check-{number}"),
        version: 1,
        interval_ms: INTERVAL_MS,
        timeout_ms: 3000,
        phase_ms: INTERVAL_MS * number / of,
        confirm_retries: 2,
        confirm_after_ms: 1000,
        confirm_solicit: true,
        probe: Some(v1::Probe {
            kind: Some(v1::probe::Kind::Http(v1::HttpProbe {
                url: format!("http://{target}/"),
                method: "GET".to_owned(),
                version: v1::HttpVersion::Auto.into(),
                tls: Some(v1::TlsSettings::default()),
                family: v1::Family::Any.into(),
                expect_body_regex: Some("ok".to_owned()),
                ..v1::HttpProbe::default()
            })),
        }),
        ..v1::Check::default()
    }
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("loopback can be bound")
}

fn samples(collector: &TestCollector) -> usize {
    collector.with(|state| state.records.len())
}

/// User and system time of a process.
fn cpu_ms(process: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).expect("the agent runs");
    let behind_name = text.rsplit(')').next().expect("a name in brackets");
    let ticks: f64 = behind_name.split_whitespace().skip(11).take(2).map(|n| n.parse::<f64>().expect("ticks")).sum();
    // Linux counts in hundredths of a second here on every common system.
    ticks * 10.0
}

fn kib(process: u32, name: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).expect("the agent runs");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("the kernel says it");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

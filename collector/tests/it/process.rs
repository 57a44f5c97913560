//! The program: its arguments, its signals, and what a kill leaves behind.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use quorate_proto::api;

use crate::lab::{Agent, DEADLINE, Place, get, now_ms, slots, state, until};

const CHECK: &str = "{id: shop, name: Shop, icmp: {host: h}, timeout: 1s}";

pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
}

impl Program {
    pub(crate) fn start(place: &Place) -> Self {
        let mut child =
            command(place).args(["--log-format", "json"]).stderr(Stdio::piped()).spawn().expect("it starts");
        let stderr = child.stderr.take().expect("it is piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let started = await_line(&lines, "collector started");
        let line: serde_json::Value = serde_json::from_str(&started).expect("a log line is JSON");
        let address = |name: &str| {
            line["fields"][name].as_str().and_then(|text| text.parse().ok()).expect("the line tells the address")
        };
        Self { grpc: address("grpc"), http: address("http"), child, lines }
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().expect("kill is there");
        assert!(sent.success());
    }

    pub(crate) fn ended(mut self) -> i32 {
        let began = std::time::Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                let code = status.code().unwrap_or(-1);
                assert!(code <= 0, "{}", self.lines.iter().collect::<Vec<_>>().join("\n"));
                return code;
            }
            assert!(began.elapsed() < DEADLINE, "it did not end");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind; a program that ended is past both.
        if self.child.kill().is_ok() {
            self.child.wait().expect("it was killed");
        }
    }
}

fn command(place: &Place) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quorate-collector"));
    command.arg("--config").arg(place.path());
    command
}

fn await_line(lines: &Receiver<String>, wanted: &str) -> String {
    let mut seen = Vec::new();
    let began = std::time::Instant::now();
    while let Ok(line) = lines.recv_timeout(DEADLINE.saturating_sub(began.elapsed())) {
        if line.contains(wanted) {
            return line;
        }
        seen.push(line);
    }
    panic!("no line with {wanted:?} in\n{}", seen.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_inside_an_outage_keeps_the_incident() {
    let place = Place::new(CHECK);
    let program = Program::start(&place);
    let now = now_ms();
    let broke = now - 60_000;
    for index in 0..5 {
        let mut agent = Agent::connect(program.grpc, index).await;
        agent.send(slots(index, now - 200_000, now - 10_000), |start| start >= broke).await;
    }
    let open = state(program.http, "down").await.incident.expect("an incident is open");
    until(program.http, "/api/v1/incidents", |told: &api::Incidents| !told.incidents.is_empty()).await;
    program.signal("-KILL");
    assert_eq!(program.ended(), -1);

    let program = Program::start(&place);
    assert_eq!(state(program.http, "down").await.incident.as_deref(), Some(open.as_str()));
    let told: api::Incidents = get(program.http, "/api/v1/incidents").await;
    assert_eq!(told.incidents.iter().map(|incident| incident.id.as_str()).collect::<Vec<_>>(), [open.as_str()]);
    program.signal("-TERM");
    assert_eq!(program.ended(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hangup_reloads_or_keeps_what_was() {
    let place = Place::new(CHECK);
    let program = Program::start(&place);
    place.write("{id: shop, icmp: {host: h}, intervall: 3s}");
    program.signal("-HUP");
    await_line(&program.lines, "the one before stays in force");
    await_line(&program.lines, "did you mean `interval`?");
    let status: api::Status = get(program.http, "/api/v1/status").await;
    assert_eq!(status.checks[0].name, "Shop");
    place.write("{id: shop, name: Store, icmp: {host: h}, interval: 3s}");
    program.signal("-HUP");
    until(program.http, "/api/v1/status", |status: &api::Status| status.checks[0].name == "Store").await;
    program.signal("-INT");
    assert_eq!(program.ended(), 0);
}

#[test]
fn the_configuration_can_be_checked() {
    let place = Place::new(CHECK);
    let good = command(&place).arg("--check-config").output().expect("it runs");
    assert!(good.status.success());
    assert!(String::from_utf8_lossy(&good.stdout).ends_with("good; 1 checks, 5 regions\n"));
    place.write("{id: shop, icmp: {host: h}, intervall: 3s}, {id: shop, tcp: {}}");
    let bad = command(&place).arg("--check-config").output().expect("it runs");
    assert_eq!(bad.status.code(), Some(1));
    let told = String::from_utf8_lossy(&bad.stderr);
    assert_eq!(told.matches("error: ").count(), 3, "{told}");
    assert!(told.contains("collector.yaml:4:"), "{told}");
}

#[test]
fn a_start_with_a_wrong_configuration_tells_every_mistake() {
    let place = Place::new("{id: shop, icmp: {}}, {id: a b, icmp: {host: h}}");
    let run = command(&place).output().expect("it runs");
    assert_eq!(run.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&run.stderr).matches("error: ").count(), 2);
}

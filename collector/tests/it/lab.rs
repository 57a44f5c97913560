//! Agents and readers made of raw clients.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quorate_model::sample::{ClockReading, Health, References};
use quorate_model::{
    AgentId, AgentTime, Boot, CheckId, CheckVersion, Evidence, Failure, Micros, Millis, Outcome, Phases, ProviderId,
    Record, RegionId, Sample, SampleId, Seq, Trigger,
};
use quorate_proto::v1::uplink_client::UplinkClient;
use quorate_proto::v1::{self, agent_message, collector_message};
use quorate_proto::{api, batch};
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Longer than anything here takes on a loaded machine.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

pub(crate) const REGIONS: [(&str, &str); 5] = [("fra", "a"), ("iad", "b"), ("sin", "c"), ("gru", "d"), ("syd", "a")];

/// The wall clock in milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is behind 1970");
    i64::try_from(since.as_millis()).expect("the clock is before the year 200 million")
}

/// A configuration file in a directory of its own, with a store beside it.
pub(crate) struct Place {
    pub(crate) dir: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new(checks: &str) -> Self {
        let place = Self { dir: tempfile::tempdir().expect("there is space") };
        place.write(checks);
        place
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("collector.yaml")
    }

    pub(crate) fn write(&self, checks: &str) {
        let regions: Vec<String> = REGIONS.iter().map(|(id, p)| format!("{{id: {id}, provider: {p}}}")).collect();
        let text = format!(
            "listen: {{grpc: 127.0.0.1:0, http: 127.0.0.1:0}}\ndata_dir: {}\nregions: [{}]\nchecks: [{checks}]\n",
            self.dir.path().join("data").display(),
            regions.join(", ")
        );
        std::fs::write(self.path(), text).expect("there is space");
    }
}

/// An agent with its stream open.
pub(crate) struct Agent {
    index: usize,
    next_seq: u64,
    out: mpsc::Sender<v1::AgentMessage>,
    incoming: tonic::Streaming<v1::CollectorMessage>,
    /// Checks it was told to probe at once.
    pub(crate) probe_now: Vec<String>,
    /// The checks of its assignment.
    pub(crate) assigned: Vec<String>,
}

impl Agent {
    pub(crate) async fn connect(grpc: SocketAddr, index: usize) -> Self {
        let (region, _) = REGIONS[index];
        let connecting = UplinkClient::connect(format!("http://{grpc}"));
        let mut client = within("the connection", connecting).await.expect("agents can connect");
        let (out, messages) = mpsc::channel(64);
        let hello = v1::Hello {
            agent: format!("{region}-1"),
            region: region.to_owned(),
            boot: 1,
            spool_first_seq: 0,
            spool_last_seq: 0,
            assignment_revision: 0,
            software: "lab".to_owned(),
        };
        out.send(v1::AgentMessage { kind: Some(agent_message::Kind::Hello(hello)) }).await.expect("it is read");
        let opening = client.stream(ReceiverStream::new(messages));
        let incoming = within("the stream", opening).await.expect("the stream opens").into_inner();
        let mut agent = Self { index, next_seq: 1, out, incoming, probe_now: Vec::new(), assigned: Vec::new() };
        let resume = loop {
            if let collector_message::Kind::Resume(resume) = agent.next().await {
                break resume;
            }
        };
        agent.next_seq = resume.durable_seq + 1;
        agent
    }

    async fn next(&mut self) -> collector_message::Kind {
        let message = within("a message", self.incoming.message()).await.expect("the stream is whole");
        let kind = message.expect("the stream goes on").kind.expect("a message has a kind");
        match &kind {
            collector_message::Kind::ProbeNow(ask) => self.probe_now.extend(ask.checks.iter().cloned()),
            collector_message::Kind::Assignment(told) => {
                if told.base_revision == 0 {
                    self.assigned.clear();
                }
                self.assigned.retain(|check| !told.remove.contains(check));
                for check in &told.upsert {
                    if !self.assigned.contains(&check.id) {
                        self.assigned.push(check.id.clone());
                    }
                }
            }
            _ => {}
        }
        kind
    }

    /// Reads messages until the condition holds.
    pub(crate) async fn until(&mut self, holds: impl Fn(&Self) -> bool) {
        while !holds(self) {
            self.next().await;
        }
    }

    /// Sends samples of `shop` that began at these times, and waits until they are acknowledged.
    pub(crate) async fn send(&mut self, starts_ms: impl IntoIterator<Item = i64>, bad: impl Fn(i64) -> bool) {
        let mut records = Vec::new();
        for start in starts_ms {
            records.push(record(self.index, self.next_seq, start, bad(start)));
            self.next_seq += 1;
        }
        self.send_records(&records).await;
    }

    /// The number of the next sample it sends.
    pub(crate) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Sends records as they are, and waits until all are acknowledged.
    pub(crate) async fn send_records(&mut self, records: &[Record]) {
        for part in records.chunks(500) {
            let packed = batch::encode(part).expect("can be packed");
            let message = v1::AgentMessage { kind: Some(agent_message::Kind::Batch(packed)) };
            self.out.send(message).await.expect("it is read");
        }
        let last = records.iter().map(|record| record.sample.id.seq.get()).max().unwrap_or(0);
        self.next_seq = self.next_seq.max(last + 1);
        loop {
            match self.next().await {
                collector_message::Kind::Ack(ack) if ack.durable_seq >= last => return,
                collector_message::Kind::Reject(reject) => panic!("refused: {reject:?}"),
                _ => {}
            }
        }
    }
}

pub(crate) fn record(index: usize, seq: u64, start_ms: i64, bad: bool) -> Record {
    let (region, provider) = REGIONS[index];
    let took = if bad { 1_000 } else { 20 };
    Record {
        sample: Sample {
            id: SampleId {
                agent: AgentId::new(&format!("{region}-1")).expect("is an id"),
                boot: Boot::new(1),
                seq: Seq::new(seq),
            },
            check: CheckId::new("shop").expect("is an id"),
            region: RegionId::new(region).expect("is an id"),
            provider: ProviderId::new(provider).expect("is an id"),
            start: AgentTime::from_millis(start_ms),
            end: AgentTime::from_millis(start_ms + took),
            outcome: if bad { Outcome::Fail } else { Outcome::Ok },
            failure: bad.then_some(Failure::ConnectTimeout),
            interval: Millis::from_secs(10),
            timeout: Millis::from_secs(1),
            typical: Some(Millis::new(20)),
            clock: ClockReading { offset: Millis::ZERO, error: Millis::new(5) },
            references: References::default(),
            health: Health::WELL,
            lag: Millis::ZERO,
            trigger: Trigger::Scheduled,
            check_version: CheckVersion::new(1),
        },
        phases: Phases { total: Micros::new(u64::try_from(took).expect("positive") * 1_000), ..Phases::default() },
        evidence: Evidence::default(),
    }
}

/// Times 10 s apart in `[from, to)`, shifted by the agent's share of the interval.
pub(crate) fn slots(index: usize, from: i64, to: i64) -> impl Iterator<Item = i64> {
    let phase = i64::try_from(index).expect("few") * 2_000;
    (0..).map(move |n| from + n * 10_000 + phase).take_while(move |start| *start < to)
}

/// Waits for something that is bounded by a deadline.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let came = tokio::time::timeout(DEADLINE, future).await;
    came.unwrap_or_else(|_| panic!("{what} did not come in {DEADLINE:?}"))
}

/// Status and body of a request.
pub(crate) async fn request(http: SocketAddr, method: &str, path: &str) -> (u16, String) {
    exchange(http, method, path, "", "").await
}

/// Status and body of a decision that is sent, with more lines of its head.
pub(crate) async fn decide(http: SocketAddr, more: &str, body: &str) -> (u16, String) {
    exchange(http, "POST", "/api/v1/decisions", &format!("Content-Type: application/json\r\n{more}"), body).await
}

async fn exchange(http: SocketAddr, method: &str, path: &str, more: &str, body: &str) -> (u16, String) {
    let length = body.len();
    // A test may call the collector by another name.
    let host = if more.contains("Host: ") { String::new() } else { format!("Host: {http}\r\n") };
    let exchange = async {
        let mut stream = tokio::net::TcpStream::connect(http).await?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\n{host}Connection: close\r\n{more}Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = within(path, exchange).await.expect("the collector answers");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("an answer has a status");
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    (status, if chunked { unchunked(body) } else { body.to_owned() })
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length.trim(), 16).expect("a chunk has a length");
        whole.push_str(&rest[..length]);
        body = rest[length..].trim_start_matches("\r\n");
        if length == 0 {
            break;
        }
    }
    whole
}

pub(crate) async fn get<T: DeserializeOwned>(http: SocketAddr, path: &str) -> T {
    let (status, body) = request(http, "GET", path).await;
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
}

/// Asks again and again until the answer is as wanted.
pub(crate) async fn until<T: DeserializeOwned + std::fmt::Debug>(
    http: SocketAddr,
    path: &str,
    holds: impl Fn(&T) -> bool,
) -> T {
    let began = std::time::Instant::now();
    loop {
        let answer: T = get(http, path).await;
        if holds(&answer) {
            return answer;
        }
        assert!(began.elapsed() < DEADLINE, "{path}: not as wanted in {DEADLINE:?}: {answer:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Returns once the collector has read its past.
pub(crate) async fn ready(http: SocketAddr) {
    let ready = async {
        while request(http, "GET", "/readyz").await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    within("readiness", ready).await;
}

/// The status of `shop` once it is in this state.
pub(crate) async fn state(http: SocketAddr, wanted: &str) -> api::CheckStatus {
    until::<api::CheckStatus>(http, "/api/v1/checks/shop", |check| check.state == wanted).await
}

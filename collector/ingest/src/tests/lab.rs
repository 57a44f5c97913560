//! A service with a store of its own, and an agent's side of a stream.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quorate_collector_store::{self as store, Store, Wanted, Window};
use quorate_model::{
    AgentId, AgentTime, Boot, CheckId, CheckVersion, ClockReading, Evidence, Health, Micros, Millis, Outcome, Phases,
    ProviderId, Record, References, RegionId, Sample, SampleId, Seq, Trigger,
};
use quorate_proto::batch;
use quorate_proto::v1::uplink_client::UplinkClient;
use quorate_proto::v1::{self, agent_message, collector_message};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};
use tonic::{Status, Streaming};

use crate::{AssignmentTable, Committed, Config, Error, Event, Handle, Limits, Security, Service, Sink, SkewLimits};

/// No step of a test takes this long; it only ends a test that would hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("comes before the patience ends")
}

pub(crate) fn agent_id(text: &str) -> AgentId {
    AgentId::new(text).expect("an id")
}

pub(crate) fn check_id(text: &str) -> CheckId {
    CheckId::new(text).expect("an id")
}

pub(crate) fn region_id(text: &str) -> RegionId {
    RegionId::new(text).expect("an id")
}

pub(crate) fn v1_check(id: &str, interval_ms: u32) -> v1::Check {
    v1::Check {
        id: id.to_owned(),
        version: u64::from(interval_ms),
        interval_ms,
        timeout_ms: 1_000,
        ..Default::default()
    }
}

pub(crate) fn assignment(revision: u64, checks: &[(&str, u32)]) -> Arc<v1::Assignment> {
    Arc::new(v1::Assignment {
        revision,
        upsert: checks.iter().map(|(id, interval)| v1_check(id, *interval)).collect(),
        ..Default::default()
    })
}

pub(crate) fn table() -> AssignmentTable {
    let place = |region: &str, provider: &str| (region_id(region), ProviderId::new(provider).expect("an id"));
    AssignmentTable {
        regions: [place("fra", "hetzner"), place("iad", "aws")].into(),
        checks: BTreeSet::from([check_id("shop"), check_id("api")]),
        by_region: [
            (region_id("fra"), assignment(11, &[("shop", 10_000)])),
            (region_id("iad"), assignment(11, &[("shop", 10_000)])),
        ]
        .into(),
        ..AssignmentTable::default()
    }
}

pub(crate) fn config() -> Config {
    Config {
        listen: "127.0.0.1:0".parse().expect("an address"),
        security: Security::PlainTextOnLoopback,
        // Short, as most of these agents do not answer a drain.
        limits: Limits { drain_grace: Duration::from_millis(200), ..Limits::default() },
        skew: SkewLimits::default(),
    }
}

pub(crate) struct Lab {
    pub(crate) directory: TempDir,
    pub(crate) store: Store,
    pub(crate) handle: Handle,
    pub(crate) address: std::net::SocketAddr,
    pub(crate) committed: mpsc::Receiver<Committed>,
    pub(crate) events: mpsc::Receiver<Event>,
    pub(crate) table: watch::Sender<Arc<AssignmentTable>>,
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
}

impl Lab {
    pub(crate) fn start() -> Self {
        Self::with(config(), 1_024)
    }

    pub(crate) fn limited(change: impl FnOnce(&mut Limits)) -> Self {
        let mut config = config();
        change(&mut config.limits);
        Self::with(config, 1_024)
    }

    pub(crate) fn with(config: Config, sink: usize) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let store = Store::open(store::Config {
            gather: Duration::ZERO,
            maintenance: store::Maintenance::Manual,
            ..store::Config::new(directory.path().join("quorate.db"))
        })
        .expect("opens");
        let (table, assignments) = watch::channel(Arc::new(table()));
        let (committed_sender, committed) = mpsc::channel(sink);
        let (events_sender, events) = mpsc::channel(1_024);
        let sink = Sink { committed: committed_sender, events: events_sender };
        let service = Service::new(config, store.clone(), assignments, sink).expect("a service");
        let (address, handle) = (service.address(), service.handle());
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(service.run(shutdown.clone()));
        Self { directory, store, handle, address, committed, events, table, shutdown, running }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("quorate.db")
    }

    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).expect("an endpoint");
        soon(endpoint.connect()).await.expect("connects")
    }

    pub(crate) async fn agent(&self, agent: &str) -> Agent {
        Agent::open(self.channel().await, agent, "fra", 7).await
    }

    /// The numbers of the samples of a check that another reader finds on disk.
    pub(crate) fn on_disk(&self, check: &str) -> Vec<u64> {
        let found = self.store.samples(&check_id(check), Window::ALWAYS, Wanted::Counted).expect("reads");
        found.iter().map(|s| s.id.seq.get()).collect()
    }

    pub(crate) async fn next_committed(&mut self) -> Vec<u64> {
        let one = soon(self.committed.recv()).await.expect("committed");
        one.records.iter().map(|r| r.sample.id.seq.get()).collect()
    }

    /// The next event that is not about connections.
    pub(crate) async fn next_hint(&mut self) -> Event {
        loop {
            match soon(self.events.recv()).await.expect("an event") {
                Event::Connected { .. } | Event::Disconnected { .. } => {}
                hint => return hint,
            }
        }
    }

    pub(crate) fn begin_shutdown(&self) {
        self.shutdown.cancel();
    }

    pub(crate) async fn ended(self) -> Result<(), Error> {
        soon(self.running).await.expect("no panic")
    }

    pub(crate) async fn stop(self) {
        self.begin_shutdown();
        self.ended().await.expect("ends well");
    }
}

/// An agent's side of a stream.
pub(crate) struct Agent {
    pub(crate) name: String,
    pub(crate) boot: u64,
    sender: Option<mpsc::Sender<v1::AgentMessage>>,
    incoming: Streaming<v1::CollectorMessage>,
}

pub(crate) fn message(kind: agent_message::Kind) -> v1::AgentMessage {
    v1::AgentMessage { kind: Some(kind) }
}

pub(crate) fn hello(agent: &str, region: &str, boot: u64) -> v1::Hello {
    v1::Hello {
        agent: agent.to_owned(),
        region: region.to_owned(),
        boot,
        software: "0.1.0-test".to_owned(),
        ..Default::default()
    }
}

impl Agent {
    /// Opens a stream without saying anything.
    pub(crate) async fn silent(channel: Channel, name: &str, boot: u64) -> Result<Self, Status> {
        let (sender, receiver) = mpsc::channel(64);
        let mut client = UplinkClient::new(channel);
        let response = soon(client.stream(ReceiverStream::new(receiver))).await?;
        Ok(Self { name: name.to_owned(), boot, sender: Some(sender), incoming: response.into_inner() })
    }

    pub(crate) async fn open(channel: Channel, name: &str, region: &str, boot: u64) -> Self {
        let mut agent = Self::silent(channel, name, boot).await.expect("a stream");
        agent.send(agent_message::Kind::Hello(hello(name, region, boot))).await;
        agent
    }

    pub(crate) async fn send(&mut self, kind: agent_message::Kind) {
        let sender = self.sender.as_ref().expect("not finished");
        soon(sender.send(message(kind))).await.expect("the stream is open");
    }

    pub(crate) fn finish(&mut self) {
        self.sender = None;
    }

    pub(crate) async fn receive(&mut self) -> Result<Option<collector_message::Kind>, Status> {
        Ok(soon(self.incoming.message()).await?.and_then(|m| m.kind))
    }

    /// The first message that `pick` takes; others are passed over.
    pub(crate) async fn expect<T>(&mut self, mut pick: impl FnMut(collector_message::Kind) -> Option<T>) -> T {
        loop {
            let kind = self.receive().await.expect("no error").expect("not ended");
            if let Some(found) = pick(kind) {
                return found;
            }
        }
    }

    pub(crate) async fn resume(&mut self) -> v1::Resume {
        self.expect(|kind| match kind {
            collector_message::Kind::Resume(resume) => Some(resume),
            _ => None,
        })
        .await
    }

    /// Waits until everything up to here is acknowledged.
    pub(crate) async fn acked(&mut self, durable: u64) {
        let boot = self.boot;
        self.expect(|kind| match kind {
            collector_message::Kind::Ack(ack) if ack.boot == boot && ack.durable_seq == durable => Some(()),
            _ => None,
        })
        .await;
    }

    pub(crate) async fn assignment(&mut self) -> v1::Assignment {
        self.expect(|kind| match kind {
            collector_message::Kind::Assignment(assignment) => Some(assignment),
            _ => None,
        })
        .await
    }

    /// The error the stream ends with; what comes before is passed over.
    pub(crate) async fn failure(&mut self) -> Status {
        loop {
            match self.receive().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ended well"),
                Err(status) => return status,
            }
        }
    }

    /// Passes over everything to the good end of the stream.
    pub(crate) async fn end(&mut self) {
        while soon(self.incoming.message()).await.expect("no error").is_some() {}
    }

    pub(crate) fn batch(&self, seqs: impl IntoIterator<Item = u64>) -> v1::Batch {
        let records: Vec<_> = seqs.into_iter().map(|seq| sample(&self.name, self.boot, seq)).collect();
        batch::encode(&records).expect("a batch")
    }

    pub(crate) async fn send_batch(&mut self, seqs: impl IntoIterator<Item = u64>) {
        let batch = self.batch(seqs);
        self.send(agent_message::Kind::Batch(batch)).await;
    }

    /// A heartbeat there and back: everything sent before was read.
    pub(crate) async fn heartbeat(&mut self, id: u64) -> Vec<collector_message::Kind> {
        self.send(agent_message::Kind::Heartbeat(v1::Heartbeat { id, agent_sent_us: 5 })).await;
        let mut before = Vec::new();
        loop {
            match self.receive().await.expect("no error").expect("not ended") {
                collector_message::Kind::Heartbeat(reply) if reply.id == id => {
                    assert_eq!(reply.agent_sent_us, 5);
                    assert!(reply.collector_received_us > 1_700_000_000_000_000);
                    assert!(reply.collector_sent_us >= reply.collector_received_us);
                    return before;
                }
                other => before.push(other),
            }
        }
    }
}

pub(crate) fn wall_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("small")
}

/// A sample of the last hour, the same for the same identity within a run.
pub(crate) fn sample(agent: &str, boot: u64, seq: u64) -> Record {
    static EPOCH: std::sync::OnceLock<i64> = std::sync::OnceLock::new();
    let base = *EPOCH.get_or_init(wall_ms) - 30_000;
    let start = AgentTime::from_millis(base + i64::try_from(seq).expect("small") % 10_000);
    Record {
        sample: Sample {
            id: SampleId { agent: agent_id(agent), boot: Boot::new(boot), seq: Seq::new(seq) },
            check: check_id("shop"),
            region: region_id("fra"),
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
        phases: Phases { total: Micros::new(12_345), ..Phases::default() },
        evidence: Evidence::default(),
    }
}

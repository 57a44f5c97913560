//! A collector for tests: answers the protocol, stores in memory, asserts what has to hold of every stream.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::Stream;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use quorate_model::{AgentId, ProviderId, Record, RegionId};
use quorate_proto::batch::{Origin, decode};
use quorate_proto::v1;
use quorate_proto::v1::uplink_server::{Uplink, UplinkServer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use v1::agent_message::Kind as From;
use v1::collector_message::Kind as To;

/// A condition that does not come true within this time fails the test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How the collector treats what comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Stores and acknowledges.
    #[default]
    Well,
    /// Refuses streams.
    Away,
    /// Takes batches, stores and acknowledges none.
    Slow,
    /// Stores, but its acknowledgements are lost.
    Mute,
    /// Rejects the next batch, then is well.
    RejectsOne,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) mood: Mood,
    pub(crate) hellos: Vec<v1::Hello>,
    pub(crate) refused_streams: u32,
    pub(crate) failed_handshakes: u32,
    /// Up to where everything is stored, rejected or reported as a gap, of each boot.
    pub(crate) durable: BTreeMap<u64, u64>,
    pub(crate) records: Vec<Record>,
    pub(crate) batches: u32,
    pub(crate) gaps: Vec<v1::Gap>,
    pub(crate) rejected: Vec<(u64, u64)>,
    pub(crate) suspects: Vec<v1::Suspect>,
    pub(crate) statuses: Vec<v1::AgentStatus>,
    /// What may never happen, in words.
    pub(crate) violations: Vec<String>,
    /// Streams open now.
    pub(crate) open: u32,
    out: Option<mpsc::Sender<Result<v1::CollectorMessage, Status>>>,
    cut: CancellationToken,
}

impl State {
    /// Records of one check.
    pub(crate) fn of<'a>(&'a self, check: &'a str) -> impl Iterator<Item = &'a Record> {
        self.records.iter().filter(move |record| record.sample.check.as_str() == check)
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let result = act(&mut self.state.lock().expect("no test panics while it holds the state"));
        self.changed.notify_waiters();
        result
    }
}

/// A collector that listens on loopback until it is dropped.
pub(crate) struct TestCollector {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: CancellationToken,
}

impl TestCollector {
    pub(crate) async fn start() -> Self {
        Self::listen(None).await
    }

    pub(crate) async fn start_tls(config: rustls::ServerConfig) -> Self {
        Self::listen(Some(Arc::new(config))).await
    }

    async fn listen(tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared::default());
        let stop = CancellationToken::new();
        let service = UplinkServer::new(Service { shared: Arc::clone(&shared), stop: stop.clone() });
        tokio::spawn(accept(listener, tls, service, Arc::clone(&shared), stop.clone()));
        Self { shared, address, stop }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        self.shared.with(act)
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        self.with(|state| state.mood = mood);
    }

    /// Breaks the open stream.
    pub(crate) fn cut(&self) {
        self.with(|state| state.cut.cancel());
    }

    /// Waits until something holds, and gives what the test wants to know of it.
    pub(crate) async fn until<T>(&self, what: &str, mut condition: impl FnMut(&State) -> Option<T>) -> T {
        let wait = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                {
                    let state = self.shared.state.lock().expect("no test panics while it holds the state");
                    assert_eq!(state.violations, Vec::<String>::new());
                    if let Some(result) = condition(&state) {
                        return result;
                    }
                }
                changed.await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, wait).await;
        seen.unwrap_or_else(|late| panic!("not seen: {what}; {late} ({PATIENCE:?}); {}", self.summary()))
    }

    /// Waits until a handshake has failed.
    pub(crate) async fn until_refused(&self) {
        self.until("a failed handshake", |state| (state.failed_handshakes > 0).then_some(())).await;
    }

    /// Waits until a stream is open and says something on it.
    pub(crate) async fn say(&self, message: To) {
        let out = self.until("an open stream", |state| state.out.clone()).await;
        let message = v1::CollectorMessage { kind: Some(message) };
        out.send(Ok(message)).await.expect("the stream is open");
    }

    fn summary(&self) -> String {
        self.with(|s| {
            format!(
                "{:?}, {} hellos, {} records, {} batches, durable {:?}, gaps {:?}, statuses {}, refused {}",
                s.mood,
                s.hellos.len(),
                s.records.len(),
                s.batches,
                s.durable,
                s.gaps,
                s.statuses.len(),
                s.refused_streams
            )
        })
    }
}

impl Drop for TestCollector {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Serves every connection until `stop`.
async fn accept(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    service: UplinkServer<Service>,
    shared: Arc<Shared>,
    stop: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((tcp, _)) = accepted else { return };
        let (service, shared) = (service.clone(), Arc::clone(&shared));
        match tls.clone().map(tokio_rustls::TlsAcceptor::from) {
            None => drop(connections.spawn(serve(tcp, service))),
            Some(acceptor) => drop(connections.spawn(async move {
                match acceptor.accept(tcp).await {
                    Ok(stream) => serve(stream, service).await,
                    Err(_) => shared.with(|state| state.failed_handshakes += 1),
                }
            })),
        }
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, service: UplinkServer<Service>) {
    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new()).http2_only();
    // How a connection ends is what the tests look at from the other side.
    drop(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).await);
}

struct Service {
    shared: Arc<Shared>,
    stop: CancellationToken,
}

#[tonic::async_trait]
impl Uplink for Service {
    type StreamStream = Pin<Box<dyn Stream<Item = Result<v1::CollectorMessage, Status>> + Send>>;

    async fn stream(
        &self,
        request: Request<Streaming<v1::AgentMessage>>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        let (out, outgoing) = mpsc::channel(64);
        let cut = self.stop.child_token();
        let away = self.shared.with(|state| {
            if state.mood == Mood::Away {
                state.refused_streams += 1;
                return true;
            }
            state.open += 1;
            state.cut = cut.clone();
            false
        });
        if away {
            return Err(Status::unavailable("away"));
        }
        let shared = Arc::clone(&self.shared);
        let mut incoming = request.into_inner();
        tokio::spawn(async move {
            let mut stream = OpenStream { shared: &shared, out: out.clone(), boot: 0, next: 0 };
            loop {
                let message = tokio::select! {
                    () = cut.cancelled() => break,
                    message = incoming.message() => message,
                };
                let Ok(Some(v1::AgentMessage { kind: Some(kind) })) = message else { break };
                stream.handle(kind).await;
            }
            if cut.is_cancelled() {
                // The agent may be gone already.
                drop(out.send(Err(Status::aborted("cut"))).await);
            }
            shared.with(|state| {
                state.open -= 1;
                state.out = None;
            });
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(outgoing))))
    }
}

struct OpenStream<'a> {
    shared: &'a Shared,
    out: mpsc::Sender<Result<v1::CollectorMessage, Status>>,
    boot: u64,
    /// The number that has to come next on this stream.
    next: u64,
}

impl OpenStream<'_> {
    async fn handle(&mut self, kind: From) {
        let reply = match kind {
            From::Hello(hello) => Some(self.hello(hello)),
            From::Heartbeat(beat) => {
                let now_us = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros();
                let now_us = i64::try_from(now_us).expect("before the year 200000");
                Some(To::Heartbeat(v1::HeartbeatReply {
                    id: beat.id,
                    agent_sent_us: beat.agent_sent_us,
                    collector_received_us: now_us,
                    collector_sent_us: now_us,
                }))
            }
            From::Batch(batch) => self.batch(&batch),
            From::Gap(gap) => {
                self.follows(gap.first_seq, gap.last_seq);
                self.shared.with(|state| {
                    state.durable.insert(gap.boot, gap.last_seq);
                    state.gaps.push(gap);
                });
                Some(ack(gap.boot, gap.last_seq))
            }
            From::Suspect(suspect) => {
                self.shared.with(|state| state.suspects.push(suspect));
                None
            }
            From::Status(status) => {
                self.shared.with(|state| state.statuses.push(status));
                None
            }
        };
        if let Some(reply) = reply {
            // The agent may have gone meanwhile; the loop sees it.
            drop(self.out.send(Ok(v1::CollectorMessage { kind: Some(reply) })).await);
        }
    }

    fn hello(&mut self, hello: v1::Hello) -> To {
        self.boot = hello.boot;
        let durable_seq = self.shared.with(|state| {
            let durable = state.durable.get(&hello.boot).copied().unwrap_or(0);
            state.out = Some(self.out.clone());
            state.hellos.push(hello);
            durable
        });
        self.next = durable_seq + 1;
        To::Resume(v1::Resume {
            durable_seq,
            max_batch_samples: 50,
            max_message_bytes: 512 * 1024,
            max_unacked_batches: 4,
            heartbeat_interval_ms: 1000,
        })
    }

    fn batch(&mut self, batch: &v1::Batch) -> Option<To> {
        self.follows(batch.first_seq, batch.last_seq);
        let origin = Origin {
            agent: AgentId::new("fra-1").expect("an id"),
            region: RegionId::new("fra").expect("an id"),
            provider: ProviderId::new("example").expect("an id"),
        };
        let records = match decode(batch, &origin) {
            Ok(records) => records,
            Err(error) => {
                self.shared.with(|state| state.violations.push(format!("a batch cannot be read: {error}")));
                return None;
            }
        };
        let mood = self.shared.with(|state| {
            state.batches += 1;
            let mood = state.mood;
            match mood {
                Mood::Slow | Mood::Away => return mood,
                Mood::RejectsOne => {
                    state.mood = Mood::Well;
                    state.rejected.push((batch.first_seq, batch.last_seq));
                }
                Mood::Well | Mood::Mute => state.records.extend(records),
            }
            let durable = state.durable.insert(batch.boot, batch.last_seq).unwrap_or(0);
            if batch.first_seq <= durable {
                state.violations.push(format!("{} comes again after {durable} was stored", batch.first_seq));
            }
            mood
        });
        match mood {
            Mood::Well => Some(ack(batch.boot, batch.last_seq)),
            Mood::RejectsOne => Some(To::Reject(v1::Reject {
                boot: batch.boot,
                first_seq: batch.first_seq,
                last_seq: batch.last_seq,
                reason: v1::RejectReason::OutOfRange.into(),
                detail: "a test".to_owned(),
            })),
            Mood::Slow | Mood::Mute | Mood::Away => None,
        }
    }

    /// Numbers come in order and without holes.
    fn follows(&mut self, first: u64, last: u64) {
        if first != self.next || last < first {
            let text = format!("{first} to {last} where {} follows", self.next);
            self.shared.with(|state| state.violations.push(text));
        }
        self.next = last + 1;
    }
}

fn ack(boot: u64, durable_seq: u64) -> To {
    To::Ack(v1::Ack { boot, durable_seq })
}

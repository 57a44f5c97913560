//! The service: its socket, its streams, its committer, and their end.

use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use quorate_collector_store::{ReadError, Store, WriteError};
use quorate_proto::v1;
use quorate_proto::v1::uplink_server::{Uplink, UplinkServer};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

use crate::assignment::AssignmentTable;
use crate::commit::{CommitEnd, Committed, Committer, QUEUE, Work};
use crate::config::{Config, ConfigError, Security};
use crate::counters::Counting;
use crate::handle::Handle;
use crate::registry::{Event, Registry};
use crate::session::{self, ADMISSION_UNIT, Shared};
use crate::tls::Tls;
use crate::wire::{Door, Peer};

/// Messages that wait for one stream to send them.
const ANSWERS: usize = 64;
/// Connections whose handshake is done and that wait for the server.
const READY: usize = 64;
/// The largest list of headers of one request.
const MAX_HEADER_BYTES: u32 = 8 * 1_024;
/// Resets by the client that may wait to be accepted before the connection is closed.
const MAX_PENDING_RESETS: usize = 20;
/// The last wait for things that were told to end.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Where what came in goes. Both channels are bounded by whoever makes them.
#[derive(Clone, Debug)]
pub struct Sink {
    /// Committed samples, in the order of the commits. When it is full nothing more is committed, streams are no longer read,
    /// and agents spool.
    pub committed: mpsc::Sender<Committed>,
    /// Hints. When it is full they are dropped and counted.
    pub events: mpsc::Sender<Event>,
}

/// Why a service does not start, or ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is not allowed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The known agents cannot be read.
    #[error("the known agents cannot be read")]
    Store(#[source] ReadError),
    /// The server failed.
    #[error("the gRPC server failed")]
    Server(#[source] tonic::transport::Error),
    /// The store takes nothing any more, so nothing may be acknowledged.
    #[error("the store takes nothing any more")]
    StoreBroken(#[source] WriteError),
    /// Nobody takes what is committed.
    #[error("the receiver of committed samples is gone")]
    SinkClosed,
    /// A task panicked.
    #[error("a task of the service panicked")]
    Panicked(#[source] tokio::task::JoinError),
}

/// Agents' streams to committed samples; made by [`Service::new`], run by [`Service::run`].
pub struct Service {
    config: Config,
    store: Store,
    table: watch::Receiver<Arc<AssignmentTable>>,
    sink: Sink,
    listener: TcpListener,
    address: SocketAddr,
    handle: Handle,
}

impl Service {
    /// Checks the settings, reads the certificates and the known agents, and takes the socket. This blocks shortly.
    ///
    /// # Errors
    /// A setting that is not allowed, certificates that cannot be used, an address that is taken, a store that does not read.
    pub fn new(
        config: Config,
        store: Store,
        assignments: watch::Receiver<Arc<AssignmentTable>>,
        sink: Sink,
    ) -> Result<Self, Error> {
        config.check()?;
        let tls = match &config.security {
            Security::MutualTls(material) => Some(Arc::new(Tls::new(material).map_err(ConfigError::Tls)?)),
            Security::PlainTextOnLoopback => None,
        };
        let unreachable_address = |source| Error::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).map_err(unreachable_address)?;
        listener.set_nonblocking(true).map_err(unreachable_address)?;
        let address = listener.local_addr().map_err(unreachable_address)?;
        let counting = Arc::new(Counting::default());
        let known = store.agents().map_err(Error::Store)?;
        let registry = Arc::new(Registry::new(known, sink.events.clone(), Arc::clone(&counting)));
        let handle = Handle { registry, counting, tls };
        Ok(Self { config, store, table: assignments, sink, listener, address, handle })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How others talk to it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs until cancelled: then no more connections are taken, streams are asked to end and are given their grace, and what
    /// was admitted is committed and handed on.
    ///
    /// # Errors
    /// It ended by itself: the store is broken, the sink's receiver is gone, or the server failed.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), Error> {
        let limits = self.config.limits;
        let (work, queue) = mpsc::channel(QUEUE);
        let counting = Arc::clone(&self.handle.counting);
        let tracker = TaskTracker::new();
        let abort = CancellationToken::new();
        // Streams are asked to end by the caller, or by us where something failed.
        let ending = shutdown.child_token();
        let shared = Arc::new(Shared {
            store: self.store.clone(),
            table: self.table,
            registry: Arc::clone(&self.handle.registry),
            counting: Arc::clone(&counting),
            admission: Arc::new(Semaphore::new(limits.admission_bytes / ADMISSION_UNIT)),
            limits,
            skew: self.config.skew,
            shutdown: ending.clone(),
            abort: abort.clone(),
        });
        let committer = Committer {
            store: self.store,
            queue,
            sink: self.sink.committed,
            counting: Arc::clone(&counting),
            gather: limits.gather,
        };
        let mut committer = tokio::spawn(committer.run());

        let listener = tokio::net::TcpListener::from_std(self.listener)
            .map_err(|source| Error::Listen { address: self.address, source })?;
        let door = Door { listener, tls: self.handle.tls.clone(), limits, counting };
        let (ready, connections) = mpsc::channel(READY);
        tracker.spawn(door.run(ready, tracker.clone(), ending.clone()));

        let uplink = UplinkServer::new(Streams { shared, work, tracker: tracker.clone() })
            .max_decoding_message_size(limits.message_bytes)
            .max_encoding_message_size(4 * 1_024 * 1_024);
        let server = Server::builder()
            .initial_stream_window_size(limits.stream_window_bytes)
            .initial_connection_window_size(limits.stream_window_bytes.saturating_mul(limits.streams_per_connection))
            .max_concurrent_streams(limits.streams_per_connection)
            .http2_keepalive_interval(Some(limits.keepalive_interval))
            .http2_keepalive_timeout(Some(limits.keepalive_timeout))
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .http2_max_pending_accept_reset_streams(Some(MAX_PENDING_RESETS))
            // The one service answers every path; what it does not know is unimplemented.
            .serve_with_incoming_shutdown(uplink, ReceiverStream::new(connections), ending.clone().cancelled_owned());
        let mut server = std::pin::pin!(server);

        let mut failure = None;
        let mut committer_ended = false;
        // The same cancellation ends the server, so it may be the one seen to end first.
        let mut server_ended = false;
        tokio::select! {
            () = ending.cancelled() => {}
            outcome = &mut server => {
                server_ended = true;
                failure = outcome.err().map(Error::Server);
            }
            outcome = &mut committer => {
                committer_ended = true;
                failure = commit_failure(outcome);
            }
        }
        ending.cancel();
        tracker.close();
        if failure.is_some() {
            abort.cancel();
        }
        // The server goes on being driven: it carries the last acknowledgements.
        let ended = async {
            tokio::join!(tracker.wait(), async {
                if !server_ended && let Err(error) = server.as_mut().await {
                    tracing::debug!(%error, "the server ended");
                }
            });
        };
        let mut ended = std::pin::pin!(ended);
        if tokio::time::timeout(limits.drain_grace + LAST_WAIT, ended.as_mut()).await.is_err() {
            abort.cancel();
            if tokio::time::timeout(LAST_WAIT, ended).await.is_err() {
                tracing::warn!("connections that did not end were cut");
            }
        }
        if !committer_ended {
            // With the last stream the last sender of its queue is gone; what is in the queue is committed still.
            let end = tokio::time::timeout(limits.drain_grace + LAST_WAIT, &mut committer).await;
            if let Ok(outcome) = end {
                failure = failure.or_else(|| commit_failure(outcome));
            } else {
                tracing::warn!("what was admitted last could not be handed on in time; it was not acknowledged");
                committer.abort();
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

fn commit_failure(outcome: Result<CommitEnd, tokio::task::JoinError>) -> Option<Error> {
    match outcome {
        Ok(CommitEnd::Done) => None,
        Ok(CommitEnd::Broken(error)) => Some(Error::StoreBroken(error)),
        Ok(CommitEnd::SinkClosed) => Some(Error::SinkClosed),
        Err(error) => Some(Error::Panicked(error)),
    }
}

/// The gRPC side.
struct Streams {
    shared: Arc<Shared>,
    work: mpsc::Sender<Work>,
    tracker: TaskTracker,
}

type Outgoing = Pin<Box<dyn tokio_stream::Stream<Item = Result<v1::CollectorMessage, Status>> + Send>>;

#[tonic::async_trait]
impl Uplink for Streams {
    type StreamStream = Outgoing;

    async fn stream(&self, request: Request<Streaming<v1::AgentMessage>>) -> Result<Response<Outgoing>, Status> {
        let Some(peer) = request.extensions().get::<Peer>().cloned() else {
            return Err(Status::internal("the connection is not known"));
        };
        if self.shared.shutdown.is_cancelled() {
            return Err(Status::unavailable("the collector ends"));
        }
        let (answers, outgoing) = mpsc::channel(ANSWERS);
        let session = session::run(Arc::clone(&self.shared), self.work.clone(), peer, request.into_inner(), answers);
        self.tracker.spawn(session);
        Ok(Response::new(Box::pin(ReceiverStream::new(outgoing))))
    }
}

//! Connections: accepted, limited, shaken hands with, and closed where nothing happens on them.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use quorate_proto::identity::AgentIdentity;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::transport::server::Connected;

use crate::config::Limits;
use crate::counters::Counting;
use crate::tls::{Tls, TlsError, identity};

/// The pause after an error of accept, such as no descriptors left, so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Who is on the other side of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: Option<SocketAddr>,
    /// By the certificate; `None` on plain text.
    pub(crate) identity: Option<AgentIdentity>,
    streams: Arc<StreamCount>,
    /// Held as long as anything of the connection lives.
    _permit: Arc<OwnedSemaphorePermit>,
}

/// The streams of a connection.
#[derive(Debug, Default)]
struct StreamCount {
    open: AtomicUsize,
    /// How often one opened or ended.
    changes: AtomicUsize,
}

/// Says that a stream is open on the connection.
pub(crate) struct OpenStream(Arc<StreamCount>);

impl Peer {
    pub(crate) fn open_stream(&self) -> OpenStream {
        self.streams.open.fetch_add(1, Ordering::Relaxed);
        self.streams.changes.fetch_add(1, Ordering::Relaxed);
        OpenStream(Arc::clone(&self.streams))
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.changes.fetch_add(1, Ordering::Relaxed);
    }
}

enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection that is ready for HTTP/2. Once the handshake's deadline passed without a stream, from one look to the next,
/// it fails; a stream that ended meanwhile still has that long to say why.
pub(crate) struct Wire {
    io: Io,
    peer: Peer,
    look: Pin<Box<Sleep>>,
    /// The changes of its streams at the last look.
    seen: usize,
    deadline: Duration,
}

impl Wire {
    fn new(io: Io, peer: Peer, deadline: Duration) -> Self {
        Self { io, peer, look: Box::pin(tokio::time::sleep(deadline)), seen: 0, deadline }
    }
}

impl Connected for Wire {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.look.as_mut().poll(context).is_ready() {
            let changes = this.peer.streams.changes.load(Ordering::Relaxed);
            let unchanged = std::mem::replace(&mut this.seen, changes) == changes;
            if unchanged && this.peer.streams.open.load(Ordering::Relaxed) == 0 {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "no stream on the connection")));
            }
            let next = tokio::time::Instant::now() + this.deadline;
            this.look.as_mut().reset(next);
        }
        match &mut this.io {
            Io::Plain(io) => Pin::new(io).poll_read(context, buffer),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().io {
            Io::Plain(io) => Pin::new(io).poll_write(context, bytes),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(io) => Pin::new(io).poll_flush(context),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(io) => Pin::new(io).poll_shutdown(context),
            Io::Tls(io) => Pin::new(io.as_mut()).poll_shutdown(context),
        }
    }
}

/// Accepts connections and hands over those whose handshake is done.
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    /// `None` on loopback in plain text.
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) limits: Limits,
    pub(crate) counting: Arc<Counting>,
}

impl Door {
    /// Runs until cancelled; handshakes under way are left to `tracker`.
    pub(crate) async fn run(
        self,
        ready: mpsc::Sender<io::Result<Wire>>,
        tracker: TaskTracker,
        shutdown: CancellationToken,
    ) {
        let connections = Arc::new(Semaphore::new(self.limits.connections));
        let handshakes = Arc::new(Semaphore::new(self.limits.handshakes));
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let permits = (Arc::clone(&connections).try_acquire_owned(), Arc::clone(&handshakes).try_acquire_owned());
            let (Ok(connection), Ok(handshake)) = permits else {
                Counting::add(&self.counting.connections_refused, 1);
                tracing::warn!(%address, "a connection was closed at once: there are too many");
                continue;
            };
            Counting::add(&self.counting.connections, 1);
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, %address, "the connection is gone already");
                continue;
            }
            let shake = Handshake {
                tls: self.tls.clone(),
                deadline: self.limits.handshake_deadline,
                counting: Arc::clone(&self.counting),
                ready: ready.clone(),
            };
            tracker.spawn(shake.run(stream, address, connection, handshake));
        }
    }
}

/// Why a handshake did not end well.
#[derive(Debug, thiserror::Error)]
enum HandshakeError {
    #[error("no end of the handshake in {0:?}")]
    Deadline(Duration),
    #[error("handshake")]
    Tls(#[source] io::Error),
    #[error("identity")]
    Identity(#[from] TlsError),
}

struct Handshake {
    tls: Option<Arc<Tls>>,
    deadline: Duration,
    counting: Arc<Counting>,
    ready: mpsc::Sender<io::Result<Wire>>,
}

impl Handshake {
    async fn run(
        self,
        stream: TcpStream,
        address: SocketAddr,
        connection: OwnedSemaphorePermit,
        handshake: OwnedSemaphorePermit,
    ) {
        match self.shake(stream).await {
            Ok((io, identity)) => {
                drop(handshake);
                let peer =
                    Peer { address: Some(address), identity, streams: Arc::default(), _permit: Arc::new(connection) };
                let wire = Wire::new(io, peer, self.deadline);
                if self.ready.send(Ok(wire)).await.is_err() {
                    tracing::debug!(%address, "the service ended before the connection began");
                }
            }
            Err(error) => {
                Counting::add(&self.counting.handshakes_failed, 1);
                tracing::warn!(%address, error = &error as &dyn std::error::Error, "a connection was refused");
            }
        }
    }

    async fn shake(&self, stream: TcpStream) -> Result<(Io, Option<AgentIdentity>), HandshakeError> {
        let Some(tls) = &self.tls else { return Ok((Io::Plain(stream), None)) };
        let accept = TlsAcceptor::from(tls.current()).accept(stream);
        let stream = match tokio::time::timeout(self.deadline, accept).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(HandshakeError::Tls(error)),
            Err(_) => return Err(HandshakeError::Deadline(self.deadline)),
        };
        let who = identity(stream.get_ref().1.peer_certificates())?;
        Ok((Io::Tls(Box::new(stream)), Some(who)))
    }
}

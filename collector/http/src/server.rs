//! The listener: connections with bounds on their number, their heads and their life.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{Admission, App, router};
use crate::queries::Queries;

/// Where the HTTP side listens unless told otherwise: loopback, as it has no authentication of its own.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7480);

/// The most bytes of a request's head, and of what is read at once.
const BUFFER_BYTES: usize = 32 * 1024;

/// The most headers of a request.
const HEADERS: usize = 64;

/// How long accepting rests after it failed, as it does when descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The bounds of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Connections open at once; more wait in the kernel's queue.
    pub max_connections: usize,
    /// Requests answered at once; more are refused with 503.
    pub max_requests: usize,
    /// Reads of the store at once; more wait, within their deadline.
    pub max_reads: usize,
    /// Downloads of samples at once; more are refused with 503.
    pub max_streams: usize,
    /// How long one answer may take until its head is sent, and each piece of a download.
    pub request_deadline: Duration,
    /// How long a request's head may take to arrive; also how long a connection may idle.
    pub header_deadline: Duration,
    /// How long a connection lives before it is closed behind the request under way.
    pub connection_life: Duration,
    /// How long requests under way may take after the stop, or after a connection's life.
    pub grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_connections: 256,
            max_requests: 128,
            max_reads: 8,
            max_streams: 4,
            request_deadline: Duration::from_secs(10),
            header_deadline: Duration::from_secs(30),
            connection_life: Duration::from_mins(10),
            grace: Duration::from_secs(10),
        }
    }
}

/// The HTTP side, ready to run on its listener.
pub struct Service {
    config: Config,
    listener: TcpListener,
    routes: axum::Router,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("config", &self.config)
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}

impl Service {
    /// Takes a bound listener, so that tests bind port 0 and a caller can bind before it gives up its privileges.
    pub fn new(config: Config, listener: TcpListener, queries: Arc<dyn Queries>) -> Self {
        let admission = Admission {
            deadline: config.request_deadline,
            requests: Semaphore::new(config.max_requests),
            reads: Semaphore::new(config.max_reads),
            streams: Arc::new(Semaphore::new(config.max_streams)),
            expositions: Semaphore::new(1),
        };
        Self { config, listener, routes: router(Arc::new(App::new(queries, admission))) }
    }

    /// Adds routes of the caller, such as pages, under the same bounds on connections. They must not overlap with ours.
    pub fn with_routes(mut self, routes: axum::Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// The address listened on.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop`, then lets the requests under way end within the grace period.
    pub async fn run(self, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.config.max_connections));
        let connections = TaskTracker::new();
        // Cancelled when the grace period is over: what still runs is dropped.
        let abandon = CancellationToken::new();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = accept(&self.listener, &places) => accepted,
            };
            if let Some((stream, place)) = accepted {
                let life = Life { config: self.config, stop: stop.clone(), abandon: abandon.clone(), _place: place };
                connections.spawn(life.serve(stream, self.routes.clone()));
            }
        }
        drop(self.listener);
        connections.close();
        if tokio::time::timeout(self.config.grace, connections.wait()).await.is_err() {
            tracing::warn!(open = connections.len(), "connections are dropped as their requests did not end in time");
            abandon.cancel();
            connections.wait().await;
        }
    }
}

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// One connection's life.
struct Life {
    config: Config,
    stop: CancellationToken,
    abandon: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Life {
    async fn serve(self, stream: TcpStream, routes: axum::Router) {
        // A failure only costs latency.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(error = &error as &dyn std::error::Error, "TCP_NODELAY could not be set");
        }
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.config.header_deadline)
            .max_buf_size(BUFFER_BYTES)
            .max_headers(HEADERS)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = self.stop.cancelled() => None,
            () = tokio::time::sleep(self.config.connection_life) => None,
        };
        let ended = if let Some(ended) = ended {
            ended
        } else {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = self.abandon.cancelled() => return,
                () = tokio::time::sleep(self.config.grace) => return,
            }
        };
        if let Err(error) = ended {
            tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke");
        }
    }
}

#[cfg(test)]
mod tests;

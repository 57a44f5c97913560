//! A small web server that can be stopped and started: what the checks of the demonstration watch.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The most connections at once; others wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 256;

/// The longest life of a connection.
const MAX_CONNECTION_TIME: Duration = Duration::from_secs(10);

/// A web server that answers every request with `200` and `ok`.
#[derive(Debug)]
pub(crate) struct Target {
    address: SocketAddr,
    running: Option<(CancellationToken, TaskTracker)>,
}

impl Target {
    /// Starts on a free port of `address`.
    ///
    /// # Errors
    /// No port is free.
    pub(crate) async fn start(address: IpAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((address, 0)).await?;
        let mut target = Self { address: listener.local_addr()?, running: None };
        target.serve(listener);
        Ok(target)
    }

    /// Where it listens, or would.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// True while it answers.
    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Closes the listener and every connection; whoever connects then is refused.
    pub(crate) async fn stop(&mut self) {
        if let Some((stop, tasks)) = self.running.take() {
            stop.cancel();
            tasks.close();
            // Every task waits for the token besides its work, so this ends at once.
            tasks.wait().await;
        }
    }

    /// Listens on the same port again.
    ///
    /// # Errors
    /// The port was taken in the meantime.
    pub(crate) async fn resume(&mut self) -> io::Result<()> {
        if self.running.is_none() {
            let listener = TcpListener::bind(self.address).await?;
            self.serve(listener);
        }
        Ok(())
    }

    fn serve(&mut self, listener: TcpListener) {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(accept(listener, stop.clone(), tasks.clone()));
        self.running = Some((stop, tasks));
    }
}

async fn accept(listener: TcpListener, stop: CancellationToken, tasks: TaskTracker) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let serve = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            // A connection that was gone before it was taken is no reason to stop.
            let Ok((stream, _)) = listener.accept().await else { continue };
            let stop = stop.clone();
            tasks.spawn(async move {
                tokio::select! {
                    () = answer(stream) => {}
                    () = stop.cancelled() => {}
                }
                drop(place);
            });
        }
    };
    tokio::select! {
        () = serve => {}
        () = stop.cancelled() => {}
    }
}

async fn answer(stream: TcpStream) {
    let ok = |_request| async { Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from_static(b"ok")))) };
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(ok));
    // How a connection ends, or that it lived too long, is the client's business.
    drop(tokio::time::timeout(MAX_CONNECTION_TIME, connection).await);
}

#[cfg(test)]
mod tests;

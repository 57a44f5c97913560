//! The network between agents and a target: every connection goes through here and knows its region by the address it
//! comes from, so that the path of one region can be cut while the others see nothing of it.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The most connections at once; others wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 512;

/// A connection on a cut path is held so long, as a network would hold it, and then given up.
const HOLD: Duration = Duration::from_secs(10);

/// The longest life of a connection that is passed on.
const MAX_CONNECTION_TIME: Duration = Duration::from_secs(30);

/// How long the target may take to accept.
const CONNECT: Duration = Duration::from_secs(2);

/// The addresses whose paths are cut, shared by the relays of one network. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Cuts(Arc<watch::Sender<BTreeSet<IpAddr>>>);

impl Cuts {
    /// No path is cut.
    pub(crate) fn none() -> Self {
        Self(Arc::new(watch::Sender::new(BTreeSet::new())))
    }

    /// From now on nothing comes through from `address`: no answer, no refusal, silence.
    pub(crate) fn cut(&self, address: IpAddr) {
        self.0.send_modify(|cut| {
            cut.insert(address);
        });
    }

    /// What comes from `address` goes through again, held connections included.
    pub(crate) fn heal(&self, address: IpAddr) {
        self.0.send_modify(|cut| {
            cut.remove(&address);
        });
    }

    /// True if the path from `address` is cut.
    pub(crate) fn is_cut(&self, address: IpAddr) -> bool {
        self.0.borrow().contains(&address)
    }

    /// Waits until the path from `address` is cut, or is whole; `false` if it does not come to that.
    async fn until(&self, address: IpAddr, cut: bool) -> bool {
        self.0.subscribe().wait_for(|set| set.contains(&address) == cut).await.is_ok()
    }
}

/// A listener that passes connections on to one target.
#[derive(Debug)]
pub(crate) struct Relay {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Relay {
    /// Listens on a free port of `address` and passes on to `target` what `cuts` lets through.
    ///
    /// # Errors
    /// No port is free.
    pub(crate) async fn start(address: IpAddr, target: SocketAddr, cuts: Cuts) -> io::Result<Self> {
        let listener = TcpListener::bind((address, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(accept(listener, target, cuts, stop.clone(), tasks.clone()));
        Ok(Self { address, stop, tasks })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the listener and every connection.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        // Every task waits for the token besides its work, so this ends at once.
        self.tasks.wait().await;
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, cuts: Cuts, stop: CancellationToken, tasks: TaskTracker) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let serve = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            // A connection that was gone before it was taken is no reason to stop.
            let Ok((stream, peer)) = listener.accept().await else { continue };
            let (cuts, stop) = (cuts.clone(), stop.clone());
            tasks.spawn(async move {
                tokio::select! {
                    () = pass(stream, peer.ip(), target, &cuts) => {}
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

/// One connection. When this ends, both sides are closed.
async fn pass(mut client: TcpStream, from: IpAddr, target: SocketAddr, cuts: &Cuts) {
    if !matches!(timeout(HOLD, cuts.until(from, false)).await, Ok(true)) {
        return;
    }
    // A target that refuses is seen by the client as a connection that is closed.
    let Ok(Ok(mut server)) = timeout(CONNECT, TcpStream::connect(target)).await else { return };
    tokio::select! {
        biased;
        _ = cuts.until(from, true) => {}
        _ = timeout(MAX_CONNECTION_TIME, copy_bidirectional(&mut client, &mut server)) => return,
    }
    // The path was cut while something was under way: it is lost, and the client hears nothing of it.
    tokio::time::sleep(HOLD).await;
}

#[cfg(test)]
mod tests;

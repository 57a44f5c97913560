//! Ports that do not answer, or only to refuse.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use socket2::{Domain, Socket, Type};

/// How many connections are tried to fill the queue; the kernel takes one or two more than asked for.
const FILLERS: usize = 8;

/// A port held for as long as the lab stands.
#[derive(Debug)]
pub(super) struct Held {
    /// Where it is.
    pub(super) address: SocketAddr,
    // Held for their drop.
    _sockets: Vec<Socket>,
}

/// A listening port whose queue is full, so that the kernel drops every further connection request, as a firewall does.
pub(super) fn silent() -> Result<Held> {
    let (listener, address) = bound()?;
    listener.listen(0)?;
    let mut sockets = vec![listener];
    for _ in 0..FILLERS {
        let filler = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        filler.set_nonblocking(true)?;
        // "In progress" is what is wanted here.
        filler.connect(&address.into()).ok();
        sockets.push(filler);
    }
    Ok(Held { address, _sockets: sockets })
}

/// A port nobody listens on: bound, so that nobody else gets it.
pub(super) fn refusing() -> Result<Held> {
    let (socket, address) = bound()?;
    Ok(Held { address, _sockets: vec![socket] })
}

fn bound() -> Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let address = socket.local_addr()?.as_socket().context("a TCP socket has an address")?;
    Ok((socket, address))
}

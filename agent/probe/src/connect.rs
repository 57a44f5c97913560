//! TCP connections, and what an error on the way to one says about whom.
//!
//! An error that `connect` returns at once comes from this node's own kernel: no route, no permission, no port. It says
//! nothing about the target. An error that comes later was sent by the target or by the path: a reset or "port
//! unreachable" is `connect_refused` (a firewall's plain `reject` sends the latter), any other ICMP message is
//! `unreachable`, and where a firewall drops there is nothing at all until the deadline: `connect_timeout`. What this node's
//! own firewall does to TCP looks the same as if the path did it.

use std::io;
use std::net::{IpAddr, SocketAddr};

use quorate_model::Failure;
use quorate_model::check::Family;
use socket2::{Domain, Socket, Type};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use crate::attempt::{Attempt, Stage};
use crate::clock;
use crate::failed::Failed;
use crate::target::{Endpoint, Host};

/// Looks the endpoint up, judges its addresses and connects to the first that answers.
///
/// Addresses are tried in the resolver's order, at most [`MAX_ADDRESSES`](crate::names::MAX_ADDRESSES). All but the last
/// get an equal share of the time left until the deadline, so that one dead address does not eat it all. If none
/// connects, the first failure that says something of the target is reported, else the first of this node's own.
pub(crate) async fn connect(
    attempt: &mut Attempt<'_>,
    endpoint: &Endpoint,
    family: Family,
) -> Result<TcpStream, Failed> {
    let addresses = addresses(attempt, &endpoint.host, family).await?;
    attempt.enter(Stage::Connect);
    let mut first_local: Option<Failed> = None;
    let mut first: Option<Failed> = None;
    for (index, address) in addresses.iter().enumerate() {
        let left = addresses.len() - index;
        match connect_to(attempt, SocketAddr::new(*address, endpoint.port), left).await {
            Ok(stream) => return Ok(stream),
            Err(failed) if failed.outcome() == quorate_model::Outcome::Local => {
                first_local.get_or_insert(failed);
            }
            Err(failed) => {
                first.get_or_insert(failed);
            }
        }
    }
    Err(first.or(first_local).expect("there is at least one address, and each failed"))
}

/// The addresses of a host: at least one.
pub(crate) async fn addresses(attempt: &mut Attempt<'_>, host: &Host, family: Family) -> Result<Addresses, Failed> {
    let addresses = match host {
        Host::Address(address) => Addresses::One(*address),
        Host::Name(name) => {
            attempt.enter(Stage::Dns);
            Addresses::Several(attempt.context.names().look_up(name, family).await?)
        }
    };
    let fits = |address: &IpAddr| match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    };
    match addresses.iter().find(|address| !fits(address)) {
        Some(address) => Err(Failed::new(Failure::Dns, format_args!("{address} is not an address of family {family}"))),
        None => Ok(addresses),
    }
}

/// The addresses of a host; a literal needs no allocation.
#[derive(Debug)]
pub(crate) enum Addresses {
    One(IpAddr),
    Several(Vec<IpAddr>),
}

impl std::ops::Deref for Addresses {
    type Target = [IpAddr];

    fn deref(&self) -> &[IpAddr] {
        match self {
            Self::One(address) => std::slice::from_ref(address),
            Self::Several(addresses) => addresses,
        }
    }
}

/// Connects to one address that was judged before.
pub(crate) async fn connect_to_only(attempt: &mut Attempt<'_>, target: SocketAddr) -> Result<TcpStream, Failed> {
    establish(attempt, target, 1).await
}

async fn connect_to(attempt: &mut Attempt<'_>, target: SocketAddr, left: usize) -> Result<TcpStream, Failed> {
    judge(attempt, target.ip())?;
    attempt.evidence.address = Some(target.ip());
    establish(attempt, target, left).await
}

/// Connects within a share of the time left, where other addresses are left to try.
async fn establish(attempt: &Attempt<'_>, target: SocketAddr, left: usize) -> Result<TcpStream, Failed> {
    let socket = open(attempt, target, Type::STREAM)?;
    match socket.connect(&target.into()) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
        Err(error) => return Err(of_own_connect(&error, target)),
    }
    let stream = TcpStream::from_std(socket.into())
        .map_err(|error| Failed::new(Failure::LocalResources, format_args!("socket: {error}")))?;
    let connected = async {
        stream.writable().await?;
        stream.take_error()?.map_or(Ok(()), Err)
    };
    let result = if left == 1 {
        connected.await
    } else {
        let now = clock::now();
        let share_us = attempt.deadline().since(now).get() / u64::try_from(left).unwrap_or(1);
        let until = clock::instant(now) + std::time::Duration::from_micros(share_us);
        match timeout_at(until, connected).await {
            Ok(result) => result,
            Err(_) => return Err(Failed::new(Failure::ConnectTimeout, format_args!("{target}: no answer"))),
        }
    };
    result.map_err(|error| of_path(&error, target))?;
    Ok(stream)
}

/// Refuses an address this agent may not probe.
pub(crate) fn judge(attempt: &mut Attempt<'_>, address: IpAddr) -> Result<(), Failed> {
    if attempt.context.limits().permits(address) {
        return Ok(());
    }
    attempt.evidence.address = Some(address);
    Err(Failed::new(Failure::Forbidden, format_args!("{address} is forbidden by this agent's own limits")))
}

/// A non-blocking socket of the target's family, bound to the agent's source address if it has one.
pub(crate) fn open(attempt: &Attempt<'_>, target: SocketAddr, kind: Type) -> Result<Socket, Failed> {
    let local = |error: &io::Error, doing: &str| {
        Failed::new(local_failure(error).unwrap_or(Failure::LocalResources), format_args!("{doing}: {error}"))
    };
    let socket =
        Socket::new(Domain::for_address(target), kind.nonblocking(), None).map_err(|error| local(&error, "socket"))?;
    if let Some(source) = attempt.context.source_for(target.ip()) {
        socket
            .bind(&SocketAddr::new(source, 0).into())
            .map_err(|error| Failed::new(Failure::LocalNetwork, format_args!("cannot leave from {source}: {error}")))?;
    }
    Ok(socket)
}

/// What an error of our own kernel says: `None` where it may have come from elsewhere.
pub(crate) fn local_failure(error: &io::Error) -> Option<Failure> {
    match error.raw_os_error()? {
        libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::ENOBUFS | libc::EAGAIN | libc::EADDRNOTAVAIL => {
            Some(Failure::LocalResources)
        }
        libc::ENETUNREACH
        | libc::ENETDOWN
        | libc::EACCES
        | libc::EPERM
        | libc::EAFNOSUPPORT
        | libc::EPROTONOSUPPORT
        | libc::EADDRINUSE
        | libc::ENODEV => Some(Failure::LocalNetwork),
        _ => None,
    }
}

/// An error `connect` returned at once.
pub(crate) fn of_own_connect(error: &io::Error, target: SocketAddr) -> Failed {
    let failure = match error.raw_os_error() {
        Some(libc::ECONNREFUSED) => Failure::ConnectRefused,
        Some(libc::EHOSTUNREACH | libc::EINVAL) => Failure::LocalNetwork,
        _ => local_failure(error).unwrap_or(Failure::Unspecified),
    };
    Failed::new(failure, format_args!("{target}: {error}"))
}

/// An error that came after the connection request had left.
pub(crate) fn of_path(error: &io::Error, target: SocketAddr) -> Failed {
    let failure = match error.raw_os_error() {
        Some(libc::ECONNREFUSED) => Failure::ConnectRefused,
        Some(libc::ECONNRESET | libc::EPIPE) => Failure::ConnectionReset,
        Some(libc::ETIMEDOUT) => Failure::ConnectTimeout,
        Some(
            libc::EHOSTUNREACH
            | libc::ENETUNREACH
            | libc::EHOSTDOWN
            | libc::ENONET
            | libc::ENOPROTOOPT
            | libc::EACCES
            | libc::EOPNOTSUPP
            | libc::EPROTO,
        ) => Failure::Unreachable,
        _ => local_failure(error).unwrap_or(Failure::Unspecified),
    };
    Failed::new(failure, format_args!("{target}: {error}"))
}

#[cfg(test)]
mod tests;

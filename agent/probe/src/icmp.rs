//! The ICMP probe: one echo request and its reply.
//!
//! An unprivileged datagram socket is tried first (it needs the group in `net.ipv4.ping_group_range`), then a raw one (it
//! needs `CAP_NET_RAW`); without either the probe could not be tried, which is `local`. The round trip is in
//! `first_byte`. Where the path answers with "unreachable", the kernel keeps that from such sockets, so that it shows as
//! `timeout`.

use std::io;
use std::net::SocketAddr;

use quorate_model::Failure;
use quorate_model::check::{Family, IcmpSpec};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use crate::attempt::{Attempt, Stage};
use crate::connect::{addresses, judge, local_failure, of_own_connect, of_path};
use crate::failed::Failed;
use crate::icmp::packet::{Echo, Framing};
use crate::prepared::Probe;
use crate::spec::SpecError;
use crate::target::Host;

pub(crate) mod packet;

/// The most bytes of payload.
const MAX_PAYLOAD_BYTES: u16 = 1400;
/// Room for the largest reply: payload, ICMP header, IPv4 header with options.
const BUFFER_BYTES: usize = 1500;

/// An ICMP probe.
#[derive(Debug)]
pub(crate) struct Icmp {
    host: Host,
    family: Family,
    payload_bytes: u16,
}

impl Icmp {
    pub(crate) fn prepare(spec: &IcmpSpec) -> Result<Self, SpecError> {
        if spec.payload_bytes > MAX_PAYLOAD_BYTES {
            return Err(SpecError::value("icmp.payload_bytes", &spec.payload_bytes.to_string(), "0 to 1400"));
        }
        let host = Host::parse(&spec.host)
            .ok_or_else(|| SpecError::value("icmp.host", &spec.host, "a host name or an address"))?;
        Ok(Self { host, family: spec.family, payload_bytes: spec.payload_bytes })
    }
}

impl Probe for Icmp {
    async fn attempt(&self, attempt: &mut Attempt<'_>) -> Result<(), Failed> {
        let addresses = addresses(attempt, &self.host, self.family).await?;
        let address = *addresses.first().expect("a look-up gives at least one address");
        judge(attempt, address)?;
        attempt.evidence.address = Some(address);
        let target = SocketAddr::new(address, 0);
        let (socket, framing) = open(attempt, target)?;
        // tokio's UDP socket serves any connected datagram descriptor.
        let socket = UdpSocket::from_std(socket.into())
            .map_err(|error| Failed::new(Failure::LocalResources, format_args!("socket: {error}")))?;
        let echo = Echo::new(framing, rand::random(), rand::random(), rand::random());
        let request = echo.request(self.payload_bytes);
        attempt.enter(Stage::FirstByte);
        socket.send(&request).await.map_err(|error| of_own_connect(&error, target))?;
        let mut buffer = [0_u8; BUFFER_BYTES];
        loop {
            let count = socket.recv(&mut buffer).await.map_err(|error| of_path(&error, target))?;
            if echo.is_answered_by(buffer.get(..count).unwrap_or_default()) {
                return Ok(());
            }
        }
    }
}

/// A socket connected to the target, so that the kernel drops what comes from elsewhere.
fn open(attempt: &Attempt<'_>, target: SocketAddr) -> Result<(Socket, Framing), Failed> {
    let (domain, protocol, datagram, raw) = if target.is_ipv4() {
        (Domain::IPV4, Protocol::ICMPV4, Framing::DatagramV4, Framing::RawV4)
    } else {
        (Domain::IPV6, Protocol::ICMPV6, Framing::DatagramV6, Framing::RawV6)
    };
    let (socket, framing) = match Socket::new(domain, Type::DGRAM.nonblocking(), Some(protocol)) {
        Ok(socket) => (socket, datagram),
        Err(error) if is_permission(&error) => {
            let socket =
                Socket::new(domain, Type::RAW.nonblocking(), Some(protocol)).map_err(|error| refused(&error))?;
            (socket, raw)
        }
        Err(error) => return Err(refused(&error)),
    };
    if let Some(source) = attempt.context.source_for(target.ip()) {
        socket
            .bind(&SocketAddr::new(source, 0).into())
            .map_err(|error| Failed::new(Failure::LocalNetwork, format_args!("cannot leave from {source}: {error}")))?;
    }
    socket.connect(&target.into()).map_err(|error| of_own_connect(&error, target))?;
    Ok((socket, framing))
}

fn is_permission(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM | libc::EPROTONOSUPPORT))
}

fn refused(error: &io::Error) -> Failed {
    if is_permission(error) {
        let detail = format_args!(
            "no permission for ICMP: needs CAP_NET_RAW or this group in net.ipv4.ping_group_range ({error})"
        );
        return Failed::new(Failure::LocalNetwork, detail);
    }
    Failed::new(local_failure(error).unwrap_or(Failure::LocalResources), format_args!("ICMP socket: {error}"))
}

#[cfg(test)]
mod tests;

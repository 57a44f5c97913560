//! Which addresses this agent may probe. The agent's own file decides; the collector cannot widen it.
//!
//! Judged is the address a socket is about to connect to, after every look-up and redirect, so that names which change
//! their answer gain nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// A network: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A text that is not a network.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is not a network; allowed: an address, or an address and a prefix length, such as `10.0.0.0/8`")]
pub struct NetworkError {
    text: String,
}

impl Network {
    const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Self {
        Self { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
    }

    const fn v6(first: u16, second: u16, prefix: u8) -> Self {
        Self { address: IpAddr::V6(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)), prefix }
    }

    /// True if `address` lies in it. A mapped address is the IPv4 address it maps.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let host_bits = 32 - u32::from(self.prefix);
                u64::from(network.to_bits() ^ address.to_bits()) >> host_bits == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let difference = network.to_bits() ^ address.to_bits();
                difference.checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let error = || NetworkError { text: text.chars().take(64).collect() };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| error())?;
        let longest: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= longest).ok_or_else(error)?,
            None => longest,
        };
        // A network of mapped addresses is the IPv4 network it maps.
        if let (IpAddr::V6(v6), 96..) = (address, prefix)
            && let Some(v4) = v6.to_ipv4_mapped()
        {
            return Ok(Self { address: IpAddr::V4(v4), prefix: prefix - 96 });
        }
        Ok(Self { address, prefix })
    }
}

/// Which addresses may be probed. The longest matching prefix decides; of equally long ones, `deny`, and of an allowed one
/// and one that is merely not public, the allowed one. What matches nothing may be probed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    allow: Vec<Network>,
    deny: Vec<Network>,
    /// Denied without having been named by anybody.
    not_public: &'static [Network],
}

/// Networks that are not the public internet: IANA's special-purpose registries (RFC 6890), multicast, and the IPv6
/// forms that carry an IPv4 address (RFC 3056, 4291, 4380, 6052, 8215), as they may lead to any of the others.
static NOT_PUBLIC: [Network; 32] = [
    Network::v4(0, 0, 0, 0, 8),
    Network::v4(10, 0, 0, 0, 8),
    Network::v4(100, 64, 0, 0, 10),
    Network::v4(127, 0, 0, 0, 8),
    Network::v4(169, 254, 0, 0, 16),
    Network::v4(172, 16, 0, 0, 12),
    Network::v4(192, 0, 0, 0, 24),
    Network::v4(192, 0, 2, 0, 24),
    Network::v4(192, 31, 196, 0, 24),
    Network::v4(192, 52, 193, 0, 24),
    Network::v4(192, 88, 99, 0, 24),
    Network::v4(192, 168, 0, 0, 16),
    Network::v4(192, 175, 48, 0, 24),
    Network::v4(198, 18, 0, 0, 15),
    Network::v4(198, 51, 100, 0, 24),
    Network::v4(203, 0, 113, 0, 24),
    Network::v4(224, 0, 0, 0, 4),
    Network::v4(240, 0, 0, 0, 4),
    // ::/96 with the unspecified address, loopback and IPv4-compatible addresses.
    Network::v6(0, 0, 96),
    Network::v6(0x64, 0xff9b, 32),
    Network::v6(0x100, 0, 64),
    Network::v6(0x2001, 0, 32),
    Network::v6(0x2001, 0x0002, 48),
    Network::v6(0x2001, 0x0010, 28),
    Network::v6(0x2001, 0x0020, 28),
    Network::v6(0x2001, 0x0db8, 32),
    Network::v6(0x2002, 0, 16),
    Network::v6(0x3fff, 0, 20),
    Network::v6(0x5f00, 0, 16),
    Network::v6(0xfc00, 0, 7),
    Network::v6(0xfe80, 0, 10),
    Network::v6(0xff00, 0, 8),
];

impl Limits {
    /// Everything may be probed.
    pub fn none() -> Self {
        Self::default()
    }

    /// Only public addresses may be probed: no loopback, private, link-local, shared, documentation, multicast or
    /// reserved ones, and no IPv6 address that carries an IPv4 address.
    pub fn public_only() -> Self {
        Self { not_public: &NOT_PUBLIC, ..Self::default() }
    }

    /// Adds networks that may be probed, as exceptions inside denied ones.
    pub fn allow(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.allow.extend(networks);
        self
    }

    /// Adds networks that may not be probed.
    pub fn deny(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.deny.extend(networks);
        self
    }

    /// True if `address` may be probed.
    pub fn permits(&self, address: IpAddr) -> bool {
        if self.deny.is_empty() && self.not_public.is_empty() {
            return true;
        }
        let address = address.to_canonical();
        // A socket connected to the unspecified address reaches this very host, so both names of it are judged.
        let also = match address {
            IpAddr::V4(v4) if v4.is_unspecified() => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            IpAddr::V6(v6) if v6.is_unspecified() => Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            _ => None,
        };
        self.judge(address) && also.is_none_or(|also| self.judge(also))
    }

    fn judge(&self, address: IpAddr) -> bool {
        let longest = |networks: &[Network]| {
            networks.iter().filter(|network| network.contains(address)).map(|network| network.prefix).max()
        };
        let allow = longest(&self.allow);
        longest(&self.deny).is_none_or(|deny| allow > Some(deny))
            && longest(self.not_public).is_none_or(|not_public| allow >= Some(not_public))
    }
}

#[cfg(test)]
mod tests;

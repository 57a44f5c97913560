//! Who plays: five regions on four providers, and two checks.

use std::net::{IpAddr, Ipv4Addr};

/// A region with its one agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) region: &'static str,
    pub(crate) name: &'static str,
    pub(crate) provider: &'static str,
    pub(crate) agent: &'static str,
    /// The address the agent's probes leave from, by which the relay knows the region.
    pub(crate) address: IpAddr,
}

const fn place(
    region: &'static str,
    name: &'static str,
    provider: &'static str,
    agent: &'static str,
    host: u8,
) -> Place {
    Place { region, name, provider, agent, address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, host)) }
}

/// The regions; the first two share a provider.
pub(crate) const PLACES: [Place; 5] = [
    place("fra", "Frankfurt", "hetzner", "fra-1", 11),
    place("hel", "Helsinki", "hetzner", "hel-1", 12),
    place("iad", "N. Virginia", "aws", "iad-1", 13),
    place("sin", "Singapore", "ovh", "sin-1", 14),
    place("syd", "Sydney", "vultr", "syd-1", 15),
];

/// The check that all five regions vote on.
pub(crate) const SHOP: &str = "shop";
/// The check that three regions vote on, two of them of one provider.
pub(crate) const API: &str = "api";
/// The contract on [`SHOP`].
pub(crate) const CONTRACT: &str = "shop-gold";
/// The regions of [`API`].
pub(crate) const API_REGIONS: [&str; 3] = ["fra", "hel", "iad"];

/// Where collector and targets listen: addresses nobody connects from, so that a port once given up is free again.
pub(crate) const COLLECTOR_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
/// The target behind the relay.
pub(crate) const TARGET_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4));
/// The relay, which is what agents take for the target.
pub(crate) const RELAY_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 5));
/// The references, each in a network of its own.
pub(crate) const REFERENCE_ADDRESSES: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(127, 21, 0, 1)),
    IpAddr::V4(Ipv4Addr::new(127, 22, 0, 1)),
    IpAddr::V4(Ipv4Addr::new(127, 23, 0, 1)),
];

/// The place of a region.
pub(crate) fn place_of(region: &str) -> Option<&'static Place> {
    PLACES.iter().find(|place| place.region == region)
}

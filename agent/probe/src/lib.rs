//! The probes of Quorate: one module per protocol (HTTP, TCP, TLS, DNS, ICMP, gRPC health) behind one trait.
//!
//! [`prepare`] turns a [`ProbeSpec`](quorate_model::ProbeSpec) into a [`Prepared`] probe once: patterns, paths, URLs and
//! certificates are parsed there, and what cannot be used is refused there with the field's name. [`Prepared::run`] then
//! probes as often as wanted on a shared [`Context`] and always answers with a [`Finding`]: a failed probe is data, never
//! an error.
//!
//! This crate deliberately has no schedule, no retries, no connection pool, no name cache, no TLS session cache and no
//! decompression: every probe pays for and measures a whole new connection. It starts no tasks of its own; dropping the
//! future of [`Prepared::run`] ends the probe. Its main type is [`Prepared`].

mod attempt;
#[cfg(test)]
mod authority;
mod clock;
mod connect;
mod context;
mod dns;
mod failed;
mod finding;
mod grpc;
mod http;
mod icmp;
mod limits;
mod names;
mod pattern;
mod prepared;
mod secure;
mod spec;
mod target;
mod tcp;
mod timing;
mod tls;

pub use context::{Context, Settings};
pub use finding::Finding;
pub use limits::{Limits, Network, NetworkError};
pub use prepared::{Prepared, prepare};
pub use spec::SpecError;
pub use target::{TargetError, parse_target};
pub use timing::{Timing, TimingError};

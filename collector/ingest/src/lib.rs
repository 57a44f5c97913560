//! gRPC in: admission, dedup, group commit, acknowledgement.
//!
//! Agents open one stream each, over mutual TLS. What they send is decoded and judged here, committed in groups by the store,
//! acknowledged after fsync, and handed on in the order of the commits. Assignments, requests to probe and the end of a
//! stream's life travel the other way.
//!
//! It deliberately has no verdicts and no configuration file: what agents are to probe, which regions exist and which agents
//! are revoked comes in as an [`AssignmentTable`]. Its main type is [`Service`]; [`Handle`] is how others talk to it while it
//! runs.

mod admission;
mod assignment;
mod commit;
mod config;
mod counters;
mod handle;
mod outbox;
mod registry;
mod service;
mod session;
mod tls;
mod wire;

pub use admission::{Admission, SkewLimits};
pub use assignment::AssignmentTable;
pub use commit::Committed;
pub use config::{Config, ConfigError, Limits, Security};
pub use counters::{AckLatency, Counters, RejectCounts};
pub use handle::Handle;
pub use registry::{AgentStatus, AgentView, Answer, Event, RefusedCheck};
pub use service::{Error, Service, Sink};
pub use tls::{TlsError, TlsMaterial};

#[cfg(test)]
mod tests;

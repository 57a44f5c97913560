//! The collector: samples in, consensus downtime out.
//!
//! The composition root. It reads the configuration, opens the store, takes the sockets and joins the parts: samples go
//! one way, from ingest through the store to the judge, which concludes and writes, and to the views that readers are
//! answered from. Its main type is [`Collector`].
//!
//! It deliberately has no rules of its own: what a sample means is the consensus crate's, how it is kept the store's, how
//! it is shown the HTTP crate's. What it does own is the order of things: when the past is read, what is settled, when an
//! incident is written, what is asked of agents, and how a changed configuration takes effect.

mod agents;
mod clock;
mod contracts;
mod core;
mod desk;
mod fleet;
mod history;
mod judge;
mod past;
mod server;
mod source;
mod uptime;
mod views;

pub use clock::{Clock, SystemClock};
pub use desk::DeskError;
pub use past::RecordError;
pub use server::{Collector, ReloadError, RunError, StartError};
pub use source::{ConfigError, Loaded};

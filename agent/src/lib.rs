//! The agent: probes targets and streams what it finds to its collectors.
//!
//! This crate joins the parts: `quorate-agent-core` decides, `quorate-agent-probe` probes, `quorate-agent-spool` keeps,
//! `quorate-proto` writes. Here are the configuration, the clock, the tasks and the sockets of the uplinks; [`Agent`] is the
//! whole, which the program in `main.rs` and the tests start alike.
//!
//! It deliberately listens on no port, keeps no state but its boot number and its last assignment, and takes no orders but
//! which checks to run: what it may probe is in its own file, and no collector can widen it.

mod agent;
mod boot;
mod clock;
mod config;
mod connect;
mod engine;
mod status;
mod stored;
mod uplink;

pub use agent::{Agent, StartError};
pub use boot::{BootError, next_boot};
pub use clock::Clock;
pub use config::{CollectorUrl, Config, IdentityError, Networks, Overrides, TlsFiles, UrlError};
pub use connect::{ConnectError, TlsError};

//! The agent without sockets: when to probe, what to make of the result, and how to hand it to a collector.
//!
//! Everything here is told the time and the random numbers it uses: inputs enter by `handle_*`, outputs leave by
//! `poll_*`, and the same inputs give the same outputs. So the agent program and the seeded simulation run the very same
//! code, one on real time, the other on virtual time.
//!
//! This crate deliberately has no clock, no random numbers, no tasks, no sockets, no logger and no serialisation: it is
//! `no_std` with `alloc`. It does not know how a probe is carried out nor how a message is written.
//!
//! Its main types are [`AgentCore`], which turns an assignment into probes and probes into records, and [`Session`], which
//! turns records into an acknowledged stream.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod assignment;
pub mod backoff;
pub mod clock;
pub mod confirm;
pub mod engine;
pub mod health;
pub mod late;
pub mod offset;
pub mod references;
pub mod schedule;
pub mod session;
pub mod suspect;
pub mod typical;

pub use assignment::{Assignment, AssignmentChange, AssignmentError, Diff};
pub use backoff::Backoff;
pub use clock::{AgentClock, AgentMicros, CollectorMicros};
pub use confirm::Value;
pub use engine::{AgentCore, AgentLimits, Command, Counters, Finding, Identity, ProbeId, Snapshot, StartProbe};
pub use offset::{OffsetError, OffsetEstimator, RoundTrip};
pub use references::{ReferencePlan, RoundId};
pub use session::{CloseReason, Output, ResumeLimits, SentKind, Session, SessionConfig, SessionError, Urgency};

//! From samples to consensus downtime: a pure function and its incremental twin.
//!
//! [`judge`] takes the samples of one check and the history of its policy, and says in which state the check was at each
//! moment, which incidents that makes, and how much downtime, each with bounds. The answer depends on the *set* of
//! samples only: neither on their order, nor on the clock, nor on the machine. Its main type is [`Verdict`].
//!
//! This crate deliberately has no clock, no random numbers, no I/O, no floating point and no hash maps; it is `no_std`
//! with `alloc`. It sends nothing ([`confirm`] says when agents should be asked for more samples), does not know
//! exclusions, contracts or time zones, and stores nothing.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod bounds;
pub mod confirm;
mod digest;
mod engine;
mod evidence;
mod explain;
mod gather;
mod incident;
mod judge;
mod marzullo;
mod name;
mod quorum;
mod references;
mod sweep;
mod timeline;
mod verdict;

pub use digest::{Digest, Hash, digest};
pub use engine::{Difference, Engine, Event, HistoryMissing, Told, adopt_ids, differences};
pub use evidence::{MIN_REFERENCES, UNHEALTHY_FROM};
pub use explain::{AgentPart, AgentVote, Arithmetic, Explanation, NoVote, Passes, RegionPart, Sum, Value, explain};
pub use judge::judge;
pub use quorate_model::verdict::AbstainReason;
pub use verdict::{Abstained, Counters, Down, Live, PlainSegment, Verdict, Window, plain_segments};

//! The words of Quorate: ids, times, checks, samples, verdicts.
//!
//! Every other crate speaks in these types. They are plain data with private invariants; parsing from text and from the
//! wire happens elsewhere and ends here.
//!
//! This crate deliberately has no clock, no random numbers, no I/O, no serialisation and no logger: it is `no_std` with
//! `alloc`, so that reading one of them is a compile error. Its main types are [`Sample`], [`Policy`], [`Segment`] and
//! [`Incident`].
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod check;
pub mod id;
pub mod measurement;
pub mod policy;
pub mod sample;
pub mod time;
pub mod verdict;

pub use check::{CheckSpec, ProbeSpec};
pub use id::{AgentId, Boot, CheckId, IdError, ProviderId, RegionId, SampleId, Seq};
pub use measurement::{CertificateFacts, Evidence, Phases, Record};
pub use policy::{Confirm, LateOk, Policy, PolicyError, PolicyHistory, PolicyRegion, Quorum, Solicit};
pub use sample::{CheckVersion, ClockReading, Failure, Health, Outcome, References, Sample, Trigger};
pub use time::{AgentTime, CollectorTime, Micros, Millis, MonoTime};
pub use verdict::{Bounds, Incident, IncidentClass, IncidentId, Segment, State};

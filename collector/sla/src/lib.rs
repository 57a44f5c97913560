//! From consensus segments to a service level agreement: ledger, bounds, credits, statements.
//!
//! A [`Contract`] says what is covered, how availability is measured, what is left out and what is owed when it is
//! missed. [`evaluate`](evaluate::evaluate) judges one window of it from the [`Timeline`]s of its checks: a ledger of
//! up, down, unknown and excluded time that sums exactly to the window, an uptime with a low and a high bound, a breach
//! that is certain, possible or none, and the share of the fee that is owed, with the steps that led there.
//!
//! This crate deliberately has no clock, no zone database, no serialisation, no I/O and no floating point: it is
//! `no_std` with `alloc`, so that reading a clock is a compile error. Time zones come in as transitions ([`Zone`]),
//! latency as merged answers, hashes as bytes. Its main types are [`Contract`], [`Timeline`] and [`Evaluation`].
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod account;
pub mod basis;
pub mod budget;
pub mod claim;
pub mod combine;
pub mod contract;
pub mod credit;
pub mod evaluate;
pub mod exclusion;
pub mod id;
pub mod interval;
pub mod ledger;
pub mod money;
pub mod objective;
pub mod percent;
pub mod recurrence;
pub mod report;
pub mod service_hours;
mod span;
mod steps;
pub mod support;
pub mod timeline;
pub mod what_if;
pub mod window;
pub mod worst;
pub mod zone;

pub use basis::{AttemptBucket, Attempts, Basis};
pub use combine::Service;
pub use contract::{Contract, ContractDraft, Fault, Problem};
pub use credit::{Credit, CreditRule};
pub use evaluate::{CheckInput, EvaluateError, Evaluation, Inputs, evaluate};
pub use exclusion::{Exclusion, ExclusionClass, MaintenanceRules, Refusal, Ruling};
pub use id::{ContractId, CustomerId, PlanId};
pub use interval::{Interval, IntervalSet};
pub use ledger::{Breach, Ledger, Uptime};
pub use money::{Currency, Money};
pub use percent::{Percent, Ratio};
pub use recurrence::Recurrence;
pub use service_hours::{DailyHours, ServiceHours};
pub use timeline::{PlainSegment, Timeline};
pub use window::{PeriodError, Window, WindowKind};
pub use zone::{Date, Weekday, Zone};

#[cfg(test)]
mod tests;

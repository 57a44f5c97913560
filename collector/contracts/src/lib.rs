//! From what is known of checks to reports on contracts.
//!
//! A collector gathers a [`Material`] from its store, a command line from files; here both become the same
//! [`Report`](quorate_collector_sla::report::Report): [`make()`] judges the window and states what each customer is owed,
//! [`input_hash`] names what it was made from, [`revision`] says when a report is final and when a changed one is the next
//! revision, [`Standing`] tells how a window that still runs is doing, [`evidence`] counts attempts and failures of samples.
//!
//! This crate deliberately has no clock, no store, no files and no formats: moments are arguments, and what a report looks
//! like on paper is the report crate's. Its main type is [`Material`].

pub mod evidence;
mod hash;
mod make;
mod material;
pub mod revision;
mod standing;

pub use hash::input_hash;
pub use make::{Edition, MakeError, document, make};
pub use material::Material;
pub use standing::{BURN_WINDOWS, Standing, standing};

//! The tests that cross crates: integration, simulation, tidy, real peers.
//!
//! The library holds what several test binaries need: labs of good and bad targets, peers, processes. It deliberately has
//! no assertions of its own.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a test's output is where it says what it does")]

pub mod hosts;
pub mod lab;
pub mod peers;
pub mod process;

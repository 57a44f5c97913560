//! The tests that cross crates: integration, simulation, tidy, real peers.

//! The tests that cross crates: integration, simulation, tidy, real peers.
//!
//! The library holds what several test binaries need: labs of good and bad targets, peers, processes. It deliberately has
//! no assertions of its own.

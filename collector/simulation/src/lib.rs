//! A seeded world with known outages, to hold the verdict against the truth.
pub mod baseline;
pub mod noise;
pub mod scenario;
pub mod spans;
pub mod world;

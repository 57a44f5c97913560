//! A seeded world with known outages, to hold the verdict against the truth.
//!
//! A [`Scenario`] says what the world is and what goes wrong in it; a seed draws a [`World`] from it. [`run::play`] lets the
//! agents' own engine probe that world on virtual time and the collector's own engine judge what arrives; [`baseline`]
//! judges the same world by the rules of others; [`figures`] says how far each was from the truth.
//!
//! Nothing here waits: time is virtual, and randomness is a function of the seed. The crate has no clock and no sockets.

pub mod baseline;
pub mod figures;
pub mod noise;
pub mod picture;
pub mod report;
pub mod run;
pub mod scenario;
pub mod spans;
pub mod world;

pub use scenario::{Scenario, ScenarioError};
pub use world::World;

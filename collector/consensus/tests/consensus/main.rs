//! The verdict held against written-out worlds, its own invariants, and a naive second implementation.

mod engine;
mod incremental;
mod invariants;
mod naive;
mod random;
mod rich;
mod second_opinion;
mod table;
mod world;

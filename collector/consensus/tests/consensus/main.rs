//! The verdict held against written-out worlds, its own invariants, and a naive second implementation.

mod table;
mod world;

//! From samples to consensus downtime: a pure function and its incremental twin.
#![cfg_attr(not(test), no_std)]

pub mod confirm;

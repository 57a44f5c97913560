//! What only shows with real processes on real sockets.

mod desk;
mod namespaces;
mod units;

//! What only shows with real processes on real sockets.

mod namespaces;
mod units;

//! The agent over real sockets, against a collector that keeps what it is sent and checks it.

mod collector;
mod node;
mod pki;
mod target;

mod identity;
mod life;
mod orders;
mod stream;

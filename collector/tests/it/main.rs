//! The whole collector with real sockets, a real store and agents made of a raw gRPC client.

mod contracts;
mod desk;
mod lab;
mod outage;
mod process;

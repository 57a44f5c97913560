//! Over real sockets: a service on a port of its own, and agents made of a gRPC client.

mod authority;
mod hostile;
mod lab;
mod mutual_tls;
mod streams;
mod tasks;

//! The wire: gRPC messages, the batch codec, JSON Lines and API objects.
//!
//! Everything that enters from outside becomes a type of `quorate-model` here or is refused with a reason that names the
//! place and what is allowed. The crate knows the shapes, not the transport: it opens no socket, reads no file and has no
//! clock. Its main types are [`v1::AgentMessage`] and [`v1::CollectorMessage`]; [`batch`] packs samples into columns,
//! [`convert`] turns messages into model types, [`jsonl`] reads and writes the two line formats, [`api`] holds what the
//! HTTP API answers, [`identity`] is who a certificate says an agent is.

pub mod api;
pub mod batch;
pub mod convert;
pub mod identity;
pub mod jsonl;

/// The generated messages, client and server of the schema's first version.
#[expect(missing_docs, clippy::pedantic, reason = "generated; the schema is the documentation")]
pub mod v1 {
    tonic::include_proto!("quorate.v1");
}

//! Between the session's words and the wire's.

use quorate_agent_core::{AgentMicros, CollectorMicros, ResumeLimits};
use quorate_model::{Millis, Record};
use quorate_proto::batch::{self, EncodeError};
use quorate_proto::v1;
use v1::agent_message::Kind;

/// A message of the agent.
pub(super) fn agent(kind: impl Into<KindOf>) -> v1::AgentMessage {
    v1::AgentMessage { kind: Some(kind.into().0) }
}

/// The kinds of messages, so that each can be written as itself.
pub(super) struct KindOf(Kind);

macro_rules! kinds {
    ($($name:ident),+) => {
        $(impl From<v1::$name> for KindOf {
            fn from(message: v1::$name) -> Self {
                Self(Kind::$name(message))
            }
        })+
    };
}
kinds!(Hello, Batch, Heartbeat, Gap, Suspect);

impl From<v1::AgentStatus> for KindOf {
    fn from(message: v1::AgentStatus) -> Self {
        Self(Kind::Status(message))
    }
}

pub(super) fn limits(resume: &v1::Resume) -> ResumeLimits {
    ResumeLimits {
        max_batch_samples: resume.max_batch_samples.min(u32::try_from(batch::MAX_SAMPLES).unwrap_or(u32::MAX)),
        max_unacked_batches: resume.max_unacked_batches,
        heartbeat_interval: Millis::new(resume.heartbeat_interval_ms.into()),
    }
}

/// What a batch's columns may take; a collector that says nothing (0) takes what the format allows.
pub(super) fn max_message_bytes(resume: &v1::Resume) -> usize {
    match usize::try_from(resume.max_message_bytes) {
        Ok(0) | Err(_) => batch::MAX_RAW_BYTES,
        Ok(bytes) => bytes.min(batch::MAX_RAW_BYTES),
    }
}

/// T1, T2 and T3.
pub(super) fn timestamps(reply: &v1::HeartbeatReply) -> (AgentMicros, CollectorMicros, CollectorMicros) {
    (
        AgentMicros::from_micros(reply.agent_sent_us),
        CollectorMicros::from_micros(reply.collector_received_us),
        CollectorMicros::from_micros(reply.collector_sent_us),
    )
}

/// Packs as many of the samples, from the first on, as fit.
///
/// # Errors
/// A single sample does not fit.
pub(super) fn batch(records: &[Record], max_bytes: usize) -> Result<v1::Batch, EncodeError> {
    let mut records = records;
    loop {
        let half = records.get(..records.len() / 2).unwrap_or_default();
        match batch::encode(records) {
            Ok(batch) if usize::try_from(batch.raw_bytes).unwrap_or(usize::MAX) <= max_bytes || half.is_empty() => {
                return Ok(batch);
            }
            Ok(_) => {}
            Err(EncodeError::TooLarge(_)) if !half.is_empty() => {}
            Err(error) => return Err(error),
        }
        records = half;
    }
}

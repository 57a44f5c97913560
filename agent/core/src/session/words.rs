//! What goes into a session and comes out of it.

use core::fmt;

use quorate_model::{Boot, Millis, Seq};

use crate::clock::AgentMicros;
use crate::offset::OffsetError;

/// How the session behaves; the collector's `Resume` may ask for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// A full batch; over 0.
    pub max_batch_samples: u32,
    /// A smaller batch goes when its first sample has waited so long.
    pub flush_after: Millis,
    /// The backlog goes no faster than this; over 0.
    pub max_samples_per_s: u32,
    /// Connecting, each answer of the greeting, and the acknowledgements while draining may take so long.
    pub answer_within: Millis,
    /// Sent samples are acknowledged within this time, or the connection counts as dead.
    pub ack_within: Millis,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            max_batch_samples: 500,
            flush_after: Millis::new(200),
            max_samples_per_s: 5000,
            answer_within: Millis::from_secs(10),
            ack_within: Millis::from_secs(60),
        }
    }
}

/// What the collector allows; from `Resume`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumeLimits {
    /// Samples in one batch; 0 counts as 1.
    pub max_batch_samples: u32,
    /// Batches and gaps without an acknowledgement; 0 counts as 1.
    pub max_unacked_batches: u32,
    /// The time from one heartbeat to the next; 1 to 60 s.
    pub heartbeat_interval: Millis,
}

/// Whether a new sample may wait for company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// It goes with the next batch.
    Batched,
    /// It tells of a change and goes at once.
    Now,
}

/// What was sent of the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentKind {
    /// Samples.
    Batch,
    /// The report of a dropped range.
    Gap,
}

/// Why the connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The connection did not come up in time.
    ConnectTimeout,
    /// `Hello` was not answered in time.
    NoResume,
    /// Heartbeats were not answered in time.
    NoHeartbeat,
    /// Samples were not acknowledged in time.
    NoAck,
    /// The collector asked for it.
    Drained,
    /// The agent stops.
    Stopped,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConnectTimeout => "the connection did not come up in time",
            Self::NoResume => "the collector did not answer the greeting in time",
            Self::NoHeartbeat => "the collector did not answer heartbeats in time",
            Self::NoAck => "the collector did not acknowledge samples in time",
            Self::Drained => "the collector asked to connect again",
            Self::Stopped => "the agent stops",
        })
    }
}

/// Why a message of the collector cannot be: the caller closes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// A message that has no place in this state; holds its name.
    Unexpected(&'static str),
    /// The collector speaks of another boot.
    WrongBoot {
        /// The boot it named.
        named: Boot,
        /// The boot of this agent.
        own: Boot,
    },
    /// The collector says it has samples that were never made: another agent uses this identity.
    AheadOfAgent {
        /// Up to where it says it has samples.
        durable: Seq,
        /// The last sample made or, on an open stream, sent.
        last: Seq,
    },
    /// A rejected range ends before it begins or was never sent.
    BadRange,
    /// A heartbeat's timestamps cannot be.
    Clock(OffsetError),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected(name) => write!(f, "{name} came where it has no place"),
            Self::WrongBoot { named, own } => {
                write!(f, "the collector speaks of boot {}, this is boot {}", named.get(), own.get())
            }
            Self::AheadOfAgent { durable, last } => write!(
                f,
                "the collector has samples up to {}, but this agent made only {}; another agent uses its identity",
                durable.get(),
                last.get()
            ),
            Self::BadRange => f.write_str("a range was rejected that was not sent"),
            Self::Clock(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SessionError {}

/// What the caller has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Open a connection; report with [`handle_connected`](super::Session::handle_connected) or [`handle_disconnected`](super::Session::handle_disconnected).
    Connect,
    /// Send `Hello`.
    SendHello,
    /// Send a heartbeat with this number and T1.
    SendHeartbeat {
        /// Names it in the answer.
        id: u64,
        /// T1.
        sent: AgentMicros,
    },
    /// Send the agent's state.
    SendStatus,
    /// Read at most so many samples from here on, send them or the gap found there, and report with
    /// [`handle_sent`](super::Session::handle_sent) before polling again.
    SendData {
        /// The first number.
        from: Seq,
        /// At most so many samples.
        max_samples: u32,
    },
    /// Close the connection; report with [`handle_disconnected`](super::Session::handle_disconnected).
    Close(CloseReason),
    /// The session has ended and will never ask for anything again.
    Ended,
}

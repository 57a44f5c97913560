//! What the service is told: where it listens, how it knows agents, and the limits of everything.

use std::net::SocketAddr;
use std::time::Duration;

use crate::admission::SkewLimits;
use crate::tls::TlsMaterial;

/// How agents are known.
#[derive(Clone, Debug)]
pub enum Security {
    /// By certificates of our authority; everything is encrypted.
    MutualTls(TlsMaterial),
    /// By what they say of themselves. Only where nobody else can connect: on a loopback address.
    PlainTextOnLoopback,
}

/// The limits of everything an agent can make grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at a time, 1 to 65,536; more are closed at once.
    pub connections: usize,
    /// Handshakes under way at a time, 1 to 65,536; more are closed at once.
    pub handshakes: usize,
    /// A handshake that takes longer is closed, as is a connection without a stream, and a stream without its hello.
    pub handshake_deadline: Duration,
    /// Streams on one connection.
    pub streams_per_connection: u32,
    /// Bytes in flight on one stream before the agent has to wait.
    pub stream_window_bytes: u32,
    /// The largest message.
    pub message_bytes: usize,
    /// Bytes of batches, decoded, between arrival and commit, of all streams together.
    pub admission_bytes: usize,
    /// Batches of one stream between arrival and acknowledgement.
    pub unacked_batches: u32,
    /// How often agents send heartbeats; a stream silent for four of these is closed.
    pub heartbeat_interval: Duration,
    /// A stream is asked to end after this, plus up to as much again by chance.
    pub stream_life: Duration,
    /// How long a stream may take to end after it was asked to.
    pub drain_grace: Duration,
    /// How long batches are gathered for one commit.
    pub gather: Duration,
    /// A ping is sent on a silent connection after this, and it is closed without an answer after `keepalive_timeout`.
    pub keepalive_interval: Duration,
    /// See `keepalive_interval`.
    pub keepalive_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            handshakes: 1_024,
            handshake_deadline: Duration::from_secs(10),
            streams_per_connection: 8,
            stream_window_bytes: 128 * 1024,
            message_bytes: 512 * 1024,
            admission_bytes: 64 * 1024 * 1024,
            unacked_batches: 32,
            heartbeat_interval: Duration::from_secs(10),
            stream_life: Duration::from_mins(5),
            drain_grace: Duration::from_secs(10),
            gather: Duration::from_millis(3),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
        }
    }
}

/// How a [`crate::Service`] is made.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where agents connect; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How agents are known.
    pub security: Security,
    /// The limits.
    pub limits: Limits,
    /// Which times are believed.
    pub skew: SkewLimits,
}

/// Why settings do not make a service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Plain text was asked for where others can listen.
    #[error("listen {0}: without TLS only a loopback address (127.0.0.0/8, ::1) is allowed")]
    PlainTextOffLoopback(SocketAddr),
    /// A limit is out of its range.
    #[error("limit {name} is {value}; allowed is {allowed}")]
    Limit {
        /// Its name.
        name: &'static str,
        /// What was given.
        value: u128,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The certificates cannot be used.
    #[error("TLS")]
    Tls(#[from] crate::tls::TlsError),
}

impl Config {
    /// Checks every setting.
    ///
    /// # Errors
    /// The first one that is not allowed.
    pub fn check(&self) -> Result<(), ConfigError> {
        if matches!(self.security, Security::PlainTextOnLoopback) && !self.listen.ip().is_loopback() {
            return Err(ConfigError::PlainTextOffLoopback(self.listen));
        }
        let l = &self.limits;
        let counts = [
            ("connections", l.connections as u128, 1..=65_536, "1 to 65536"),
            ("handshakes", l.handshakes as u128, 1..=65_536, "1 to 65536"),
            ("streams_per_connection", l.streams_per_connection.into(), 1..=1_024, "1 to 1024"),
            ("stream_window_bytes", l.stream_window_bytes.into(), 65_535..=16_777_216, "65535 to 16777216"),
            ("message_bytes", l.message_bytes as u128, 1_024..=4_194_304, "1024 to 4194304"),
            // One batch of the largest size has to fit, or it would wait for ever.
            ("admission_bytes", l.admission_bytes as u128, 4_194_304..=4_294_967_296, "4 MiB to 4 GiB"),
            ("unacked_batches", l.unacked_batches.into(), 1..=1_024, "1 to 1024"),
            ("gather (ms)", l.gather.as_millis(), 0..=50, "0 to 50 ms"),
            ("heartbeat_interval (ms)", l.heartbeat_interval.as_millis(), 50..=60_000, "50 to 60000 ms"),
            ("handshake_deadline (ms)", l.handshake_deadline.as_millis(), 50..=60_000, "50 to 60000 ms"),
        ];
        for (name, value, range, allowed) in counts {
            if !range.contains(&value) {
                return Err(ConfigError::Limit { name, value, allowed });
            }
        }
        Ok(())
    }
}

//! The TCP probe: a connection, and where it is asked for, a short dialogue.

use quorate_model::Failure;
use quorate_model::check::{Family, TcpSpec};
use regex::bytes::Regex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::attempt::{Attempt, Stage};
use crate::connect::connect;
use crate::failed::{Failed, excerpt};
use crate::pattern;
use crate::prepared::Probe;
use crate::spec::SpecError;
use crate::target::Endpoint;

/// The most bytes sent.
const MAX_SEND_BYTES: usize = 64 * 1024;
/// The most bytes read while waiting for a match.
const MAX_READ_BYTES: usize = 16 * 1024;
/// The most reads, so that bytes that trickle in one by one do not cost a search each without end.
const MAX_READS: usize = 1024;
const EXCERPT_CHARACTERS: usize = 60;

/// A TCP probe.
#[derive(Debug)]
pub(crate) struct Tcp {
    endpoint: Endpoint,
    family: Family,
    send: Option<Box<[u8]>>,
    expect: Option<Regex>,
}

impl Tcp {
    pub(crate) fn prepare(spec: &TcpSpec) -> Result<Self, SpecError> {
        if let Some(send) = spec.send.as_ref().filter(|send| send.len() > MAX_SEND_BYTES) {
            return Err(SpecError::value("tcp.send", send, "at most 65536 bytes"));
        }
        Ok(Self {
            endpoint: Endpoint::parse("tcp.address", &spec.address)?,
            family: spec.family,
            send: spec.send.as_ref().map(|send| Box::from(send.as_bytes())),
            expect: spec.expect.as_ref().map(|expect| pattern::compile("tcp.expect", expect)).transpose()?,
        })
    }

    /// Sends at once and reads until what came so far matches. A banner that comes first stays part of what is matched.
    async fn talk(&self, attempt: &mut Attempt<'_>, mut stream: TcpStream) -> Result<(), Failed> {
        if let Some(send) = &self.send {
            stream.write_all(send).await.map_err(|error| Failed::of_stream(&error, "sending"))?;
        }
        let Some(expect) = &self.expect else { return Ok(()) };
        attempt.enter(Stage::FirstByte);
        let mut read = Vec::with_capacity(1024);
        for reads in 0..MAX_READS {
            let count = stream.read_buf(&mut read).await.map_err(|error| Failed::of_stream(&error, "reading"))?;
            if count == 0 {
                return Err(mismatch(&read, "closed by the target"));
            }
            if reads == 0 {
                attempt.enter(Stage::Transfer);
            }
            if expect.is_match(&read) {
                return Ok(());
            }
            if read.len() >= MAX_READ_BYTES {
                return Err(Failed::new(Failure::TooLarge, format_args!("no match in {} bytes", read.len())));
            }
        }
        Err(Failed::new(Failure::TooLarge, format_args!("no match in {MAX_READS} reads")))
    }
}

fn mismatch(read: &[u8], end: &str) -> Failed {
    if read.is_empty() {
        return Failed::new(Failure::ConnectionReset, format_args!("{end} without an answer"));
    }
    let shown = excerpt(read, EXCERPT_CHARACTERS);
    Failed::new(Failure::Assertion, format_args!("{end}; no match in {} bytes: `{shown}`", read.len()))
}

impl Probe for Tcp {
    async fn attempt(&self, attempt: &mut Attempt<'_>) -> Result<(), Failed> {
        let stream = connect(attempt, &self.endpoint, self.family).await?;
        if self.send.is_none() && self.expect.is_none() {
            return Ok(());
        }
        self.talk(attempt, stream).await
    }
}

#[cfg(test)]
mod tests;

//! The DNS probe: one question to one server, its answer judged by response code and records.
//!
//! Over UDP the question is repeated after 1 s and 3 s as long as nothing came, as TCP does with its own connection
//! request, so that one lost datagram is not a failure; a truncated answer is asked for again over TCP. Only an answer
//! from the server asked, with the id and the question sent, counts; anything else that arrives is not read further.

use std::net::SocketAddr;

use hickory_proto::op::Message;
use quorate_model::Failure;
use quorate_model::check::{DnsSpec, DnsTransport};
use regex::bytes::Regex;

use crate::attempt::Attempt;
use crate::connect::judge;
use crate::dns::message::{Question, rcode_number, rcode_word};
use crate::failed::{Failed, excerpt};
use crate::pattern;
use crate::prepared::Probe;
use crate::spec::SpecError;

pub(crate) mod message;
mod transport;

const EXCERPT_CHARACTERS: usize = 80;

/// A DNS probe.
#[derive(Debug)]
pub(crate) struct Dns {
    question: Question,
    server: Option<SocketAddr>,
    transport: DnsTransport,
    rcodes: Vec<u16>,
    answer: Option<Regex>,
}

impl Dns {
    pub(crate) fn prepare(spec: &DnsSpec) -> Result<Self, SpecError> {
        let rcodes = spec.rcodes.iter().enumerate().map(|(index, word)| {
            rcode_number(word).ok_or_else(|| {
                let allowed = "NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, YXDOMAIN, YXRRSET, NXRRSET, \
                               NOTAUTH, NOTZONE";
                SpecError::value(&format!("dns.rcodes[{index}]"), word, allowed)
            })
        });
        if let Some(server) = spec.server.filter(|server| server.port() == 0) {
            return Err(SpecError::value("dns.server", &server.to_string(), "an address with a port over 0"));
        }
        Ok(Self {
            question: Question::new(&spec.name, spec.record_type)?,
            server: spec.server,
            transport: spec.transport,
            rcodes: rcodes.collect::<Result<_, _>>()?,
            answer: spec.answer_regex.as_ref().map(|text| pattern::compile("dns.answer_regex", text)).transpose()?,
        })
    }

    /// The system's own server is the operator's choice and not subject to the agent's limits.
    fn server(&self, attempt: &mut Attempt<'_>) -> Result<SocketAddr, Failed> {
        if let Some(server) = self.server {
            judge(attempt, server.ip())?;
            return Ok(server);
        }
        let servers = attempt.context.names().servers()?;
        servers.first().copied().ok_or_else(|| Failed::new(Failure::LocalNetwork, "no name server configured"))
    }

    fn judge(&self, reply: &Message) -> Result<(), Failed> {
        let rcode = u16::from(reply.metadata.response_code);
        let expected = if self.rcodes.is_empty() { rcode == 0 } else { self.rcodes.contains(&rcode) };
        if !expected {
            let wanted = match self.rcodes.as_slice() {
                [] => "NOERROR".to_owned(),
                some => some.iter().map(|rcode| rcode_word(*rcode)).collect::<Vec<_>>().join(", "),
            };
            let detail = format_args!("response code {}, expected {wanted}", rcode_word(rcode));
            return Err(Failed::new(Failure::DnsRcode, detail));
        }
        let Some(wanted) = &self.answer else { return Ok(()) };
        let mut lines = reply.answers.iter().map(ToString::to_string);
        if lines.any(|line| wanted.is_match(line.as_bytes())) {
            return Ok(());
        }
        let wanted = excerpt(wanted.as_str().as_bytes(), EXCERPT_CHARACTERS);
        match reply.answers.first() {
            None => Err(Failed::new(Failure::Assertion, format_args!("no record, expected one to match `{wanted}`"))),
            Some(first) => {
                let shown = excerpt(first.to_string().as_bytes(), EXCERPT_CHARACTERS);
                let count = reply.answers.len();
                let detail = format_args!("none of {count} records matches `{wanted}`; the first: `{shown}`");
                Err(Failed::new(Failure::Assertion, detail))
            }
        }
    }
}

impl Probe for Dns {
    async fn attempt(&self, attempt: &mut Attempt<'_>) -> Result<(), Failed> {
        let server = self.server(attempt)?;
        attempt.evidence.address = Some(server.ip());
        let reply = match self.transport {
            DnsTransport::Tcp => transport::over_tcp(attempt, server, &self.question).await?,
            DnsTransport::Udp => {
                let reply = transport::over_udp(attempt, server, &self.question).await?;
                if reply.metadata.truncation {
                    transport::over_tcp(attempt, server, &self.question).await?
                } else {
                    reply
                }
            }
        };
        attempt.evidence.status = Some(u16::from(reply.metadata.response_code));
        self.judge(&reply)
    }
}

#[cfg(test)]
mod tests;

//! The HTTP probe: HTTP/1.1 and HTTP/2, each hop of a redirect on a new connection of its own.
//!
//! Phases are summed over the hops: a probe that follows one redirect has both look-ups in `dns`, both connections in
//! `connect` and so on. Bodies of redirects are not read. `first_byte` reaches from the moment the request is handed to
//! the connection to the first byte read from it (HTTP/2: to the response's headers).

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, Method};
use quorate_model::Failure;
use quorate_model::check::{Family, HttpVersion};

use crate::attempt::Attempt;
use crate::connect::connect;
use crate::failed::Failed;
use crate::http::exchange::{Answer, Speak};
use crate::http::expect::Expect;
use crate::http::hop::{Hop, Scheme};
use crate::http::wire::Wire;
use crate::prepared::Probe;
use crate::secure::{NameUse, Secure};

pub(crate) mod exchange;
mod expect;
mod hop;
mod settings;
pub(crate) mod wire;

/// The most bytes of a response's body.
pub(crate) const MAX_BODY_BYTES: usize = 1 << 20;
/// The most redirects that can be followed.
const MAX_REDIRECTS: u8 = 10;

/// An HTTP probe.
#[derive(Debug)]
pub(crate) struct Http {
    first: Hop,
    ask: Ask,
    version: HttpVersion,
    max_redirects: u8,
    secure: Secure,
    family: Family,
    expect: Expect,
}

/// What is asked; redirects change it.
#[derive(Clone, Debug)]
struct Ask {
    method: Method,
    headers: HeaderMap,
    body: Bytes,
}

impl Probe for Http {
    async fn attempt(&self, attempt: &mut Attempt<'_>) -> Result<(), Failed> {
        let mut hop = Cow::Borrowed(&self.first);
        let mut ask = Cow::Borrowed(&self.ask);
        let mut followed = 0;
        let mut answer = loop {
            let answer = self.ask(attempt, &hop, &ask).await.map_err(|failed| of_hop(failed, followed, &hop))?;
            let Some(location) = hop::location(&answer.head).filter(|_| self.max_redirects > 0) else { break answer };
            if followed == self.max_redirects {
                return Err(Failed::new(Failure::Redirect, format_args!("more than {followed} redirects")));
            }
            followed += 1;
            let next = hop.follow(location)?;
            ask = Cow::Owned(ask.redirected(answer.head.status, &hop, &next));
            hop = Cow::Owned(next);
        };
        let body = answer.body(self.expect.body_use()).await?;
        self.expect.judge(&answer.head, &body)
    }
}

impl Http {
    async fn ask(&self, attempt: &mut Attempt<'_>, hop: &Hop, ask: &Ask) -> Result<Answer, Failed> {
        attempt.evidence.certificate = None;
        let stream = connect(attempt, &hop.endpoint, self.family).await?;
        let (wire, speak) = match hop.scheme {
            Scheme::Plain => {
                let speak = if self.version == HttpVersion::Http2 { Speak::Http2 } else { Speak::Http1 };
                (Wire::plain(stream), speak)
            }
            Scheme::Secure => {
                let same_host = hop.endpoint.host == self.first.endpoint.host;
                let name_use = if same_host { NameUse::Configured } else { NameUse::HostOnly };
                let stream = self.secure.handshake(attempt, stream, &hop.endpoint.host, name_use).await?;
                let agreed_on_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let speak = match (agreed_on_http2, self.version) {
                    (true, _) => Speak::Http2,
                    (false, HttpVersion::Http2) => {
                        return Err(Failed::new(Failure::Protocol, "the target did not agree on HTTP/2 by ALPN"));
                    }
                    (false, _) => Speak::Http1,
                };
                (Wire::secure(stream), speak)
            }
        };
        let request = hop.request(speak, &ask.method, &ask.headers, &ask.body);
        let answer = exchange::ask(attempt, wire, speak, request).await?;
        attempt.evidence.status = Some(answer.head.status.as_u16());
        Ok(answer)
    }
}

/// A redirect to where this agent may not go is the target's own answer, not the agent's trouble.
fn of_hop(failed: Failed, followed: u8, hop: &Hop) -> Failed {
    if followed == 0 || failed.failure != Failure::Forbidden {
        return failed;
    }
    let why = failed.detail.as_deref().unwrap_or_default();
    Failed::new(Failure::Redirect, format_args!("redirect to {}: {why}", hop.endpoint))
}

#[cfg(test)]
mod tests;

//! Why a probe ends without the right answer: how protocol modules hand it up.

use std::fmt;
use std::io;
use std::sync::Arc;

use quorate_model::{Evidence, Failure, Outcome};

/// A failure with its text. Inside this crate it travels as `Err`, so that `?` ends the probe; outside it is data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    pub(crate) detail: Option<Arc<str>>,
}

impl Failed {
    /// A failure with a text, which is cut to what evidence may hold.
    pub(crate) fn new(failure: Failure, detail: impl fmt::Display) -> Self {
        Self { failure, detail: Some(bounded(&detail.to_string())) }
    }

    /// How a probe with this failure ended. What this node itself could not or may not try says nothing of the target.
    pub(crate) fn outcome(&self) -> Outcome {
        match self.failure {
            Failure::LocalNetwork | Failure::LocalResources | Failure::Forbidden => Outcome::Local,
            _ => Outcome::Fail,
        }
    }

    /// An error of reading or writing on a connection that was up.
    pub(crate) fn of_stream(error: &io::Error, doing: &str) -> Self {
        let failure = match error.raw_os_error() {
            Some(libc::ENOMEM | libc::ENOBUFS) => Failure::LocalResources,
            Some(libc::EPERM) => Failure::LocalNetwork,
            Some(libc::EHOSTUNREACH | libc::ENETUNREACH | libc::ENETDOWN | libc::EHOSTDOWN) => Failure::Unreachable,
            Some(libc::ETIMEDOUT) => Failure::Timeout,
            _ => Failure::ConnectionReset,
        };
        Self::new(failure, format_args!("{doing}: {error}"))
    }
}

/// `text` on one line, cut at [`Evidence::MAX_DETAIL`] bytes on a character boundary.
pub(crate) fn bounded(text: &str) -> Arc<str> {
    let mut out = String::with_capacity(text.len().min(Evidence::MAX_DETAIL));
    for character in text.chars() {
        let character = if character.is_control() { ' ' } else { character };
        if out.len() + character.len_utf8() > Evidence::MAX_DETAIL {
            break;
        }
        out.push(character);
    }
    Arc::from(out)
}

/// The start of bytes from outside, for a detail text: at most `limit` characters, what is not UTF-8 replaced.
pub(crate) fn excerpt(bytes: &[u8], limit: usize) -> String {
    let head = bytes.get(..limit * 4).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    let cut: String = text.chars().take(limit).collect();
    if cut.len() < bytes.len() { format!("{cut}...") } else { cut }
}

#[cfg(test)]
mod tests;

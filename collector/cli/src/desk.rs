//! What people decide, by the collector's API: incidents handled, time left out, claims, and who did what.

pub(crate) mod audit;
pub(crate) mod claim;
pub(crate) mod exclusion;
pub(crate) mod incident;

use std::path::PathBuf;

use clap::Args;
use quorate_collector_desk::Decision;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::CommandError;
use crate::session::Session;

/// The longest token file, in bytes.
const MAX_TOKEN_BYTES: u64 = 4096;

/// Who signs.
#[derive(Clone, Debug, Args)]
pub(crate) struct Signing {
    /// Whose decision it is, where the collector knows no operators [default: the user's login name].
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// A file with an operator's token [default: the environment's `QUORATE_TOKEN`].
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// A decision as it is sent.
#[derive(Serialize)]
struct Sent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<&'a str>,
    decision: &'a Decision,
}

/// What a decision led to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Decided {
    kind: String,
    key: String,
    revision: u32,
    record: Value,
}

impl Signing {
    fn token(&self, session: &Session<'_>) -> Result<Option<String>, CommandError> {
        let Some(file) = &self.token_file else { return Ok(session.token()) };
        let place = || format!("--token-file {}", file.display());
        let length = std::fs::metadata(file)
            .map_err(|source| CommandError::system(format!("read {}", file.display()), source))?;
        if length.len() > MAX_TOKEN_BYTES {
            return Err(CommandError::argument(place(), format!("a token has at most {MAX_TOKEN_BYTES} bytes")));
        }
        let text = std::fs::read_to_string(file)
            .map_err(|source| CommandError::system(format!("read {}", file.display()), source))?;
        let token = text.trim();
        if token.is_empty() || token.contains(char::is_whitespace) {
            return Err(CommandError::argument(place(), "allowed is one token on one line"));
        }
        Ok(Some(token.to_owned()))
    }
}

/// Sends a decision and shows what it led to.
///
/// # Errors
/// The collector refuses it, or cannot be asked.
pub(crate) fn decide(decision: &Decision, signing: &Signing, session: &mut Session<'_>) -> Result<(), CommandError> {
    let token = signing.token(session)?;
    let user = session.user();
    // With a token the collector knows who it is.
    let author = signing.author.as_deref().or(if token.is_some() { None } else { user.as_deref() });
    let api = session.api()?;
    let sent = Sent { author, decision };
    let decided: Decided = api.post_now(&["api", "v1", "decisions"], &sent, token.as_deref())?;
    session.answer(&decided, |decided, _| {
        format!("{} {}, revision {}\n", decided.kind.replace('_', " "), decided.key, decided.revision)
    })
}

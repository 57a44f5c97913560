//! Why a command could not do what it was asked.

use std::io;
use std::path::PathBuf;

use crate::api_client::ApiError;
use crate::exit::Exit;

/// Why a command ended without its answer. Each text is one sentence that names the place and what is allowed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// A value on the command line or in the environment is not allowed.
    #[error("{place}: {reason}")]
    Argument { place: String, reason: String },
    /// A file cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// A file that was read says something that is not allowed.
    #[error("{place}: {reason}")]
    Input { place: String, reason: String },
    /// The collector was asked and did not answer as it should.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The answer cannot be written.
    #[error("the answer cannot be written")]
    Output { source: io::Error },
    /// A file cannot be written.
    #[error("{}: cannot be written", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// The operating system refused something else.
    #[error("{action} failed")]
    System { action: String, source: io::Error },
}

impl CommandError {
    /// A wrong value of an argument; `place` is the argument as the user wrote it.
    pub(crate) fn argument(place: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Argument { place: place.into(), reason: reason.to_string() }
    }

    /// Wrong content of a file; `place` names the file and where in it.
    pub(crate) fn input(place: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Input { place: place.into(), reason: reason.to_string() }
    }

    /// The operating system refused `action`.
    pub(crate) fn system(action: impl Into<String>, source: io::Error) -> Self {
        Self::System { action: action.into(), source }
    }

    /// The exit code this error ends the program with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Argument { .. } | Self::Read { .. } | Self::Input { .. } => Exit::Usage,
            Self::Api(error) => error.exit(),
            Self::Output { .. } | Self::Write { .. } | Self::System { .. } => Exit::Machine,
        }
    }

    /// The error and what caused it, in one line.
    pub(crate) fn sentence(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

//! The configuration file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use quorate_collector_config::yaml::MAX_TEXT_BYTES;
use quorate_collector_config::{Config, Diagnostic};
use sha2::{Digest, Sha256};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file does not read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is larger than any configuration.
    #[error("{path} has {bytes} bytes; allowed are {MAX_TEXT_BYTES}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The text has mistakes.
    #[error("{} has {} mistakes; the first: {}", .path.display(), .diagnostics.len(), .diagnostics.first().map_or_else(String::new, ToString::to_string))]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// The text.
        text: String,
        /// All of them.
        diagnostics: Vec<Diagnostic>,
    },
}

/// A configuration with the text it was read from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it says.
    pub config: Arc<Config>,
    /// The text.
    pub text: String,
    /// The SHA-256 of the text.
    pub hash: [u8; 32],
}

impl Loaded {
    /// Reads a file. Blocks.
    ///
    /// # Errors
    /// The file does not read or has mistakes; all of them are told.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
        if bytes > MAX_TEXT_BYTES as u64 {
            return Err(ConfigError::TooLarge { path: path.to_owned(), bytes });
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(text, path)
    }

    /// Takes a text; `path` names it in errors.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(text: String, path: &Path) -> Result<Self, ConfigError> {
        match Config::parse(&text) {
            Ok(config) => {
                let hash = Sha256::digest(text.as_bytes()).into();
                Ok(Self { config: Arc::new(config), text, hash })
            }
            Err(diagnostics) => Err(ConfigError::Mistakes { path: path.to_owned(), text, diagnostics }),
        }
    }
}

impl ConfigError {
    /// Every mistake with its line, as compilers show theirs.
    pub fn render(&self) -> String {
        match self {
            Self::Mistakes { path, text, diagnostics } => {
                let file = path.display().to_string();
                diagnostics.iter().map(|diagnostic| diagnostic.render(&file, text)).collect::<Vec<_>>().join("\n")
            }
            other => {
                let mut text = format!("error: {other}");
                let mut source = std::error::Error::source(other);
                while let Some(cause) = source {
                    text.push_str(&format_args!(": {cause}").to_string());
                    source = cause.source();
                }
                text.push('\n');
                text
            }
        }
    }
}

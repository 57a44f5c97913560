//! The configuration file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use quorate_collector_config::files::MAX_FILE_BYTES;
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
    /// The text, with the files it names behind it.
    pub text: String,
    /// The SHA-256 of the text with its files.
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

    /// Takes a text; `path` names it in errors, and files it names are read beside that. Blocks where there are some.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(text: String, path: &Path) -> Result<Self, ConfigError> {
        match Config::parse_with(&text, &mut |name| read_beside(path, name)) {
            Ok((config, text)) => {
                let hash = Sha256::digest(text.as_bytes()).into();
                Ok(Self { config: Arc::new(config), text, hash })
            }
            Err(diagnostics) => Err(ConfigError::Mistakes { path: path.to_owned(), text, diagnostics }),
        }
    }
}

/// The text of a file whose name is relative to the configuration's.
fn read_beside(config: &Path, name: &str) -> Result<String, String> {
    let path = config.parent().unwrap_or(Path::new("")).join(name);
    let length = std::fs::metadata(&path).map_err(|error| error.to_string())?.len();
    if length > MAX_FILE_BYTES as u64 {
        return Err(format!("it has {length} bytes; allowed are {MAX_FILE_BYTES}"));
    }
    std::fs::read_to_string(&path).map_err(|error| error.to_string())
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

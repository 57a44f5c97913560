//! The boot number: grows with every start of the agent, on whatever clock.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use quorate_model::Boot;
use thiserror::Error;

use crate::stored::write_atomically;

const FILE: &str = "boot";

/// Why there is no boot number, so that the agent cannot start: a number used twice would mix the samples of two lives.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BootError {
    /// The file cannot be read or written.
    #[error("{}: cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{}: {text:?} is not a boot number; restore the file, or remove it if this agent's id is new", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The start of what it holds.
        text: String,
    },
}

/// Takes the next boot number: the last one plus 1, or the seconds since the epoch if that is more, so that an agent that lost
/// its data directory goes on with higher numbers all the same. The number is on disk before it is used.
///
/// # Errors
/// The file in `data_dir` cannot be read, understood or written.
pub fn next_boot(data_dir: &Path) -> Result<Boot, BootError> {
    let path = data_dir.join(FILE);
    let io_error = |source| BootError::Io { path: path.clone(), source };
    let last = match fs::read_to_string(&path) {
        Ok(text) => text
            .trim()
            .parse::<u64>()
            .map_err(|_| BootError::Malformed { path: path.clone(), text: text.chars().take(40).collect() })?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(io_error(error)),
    };
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let next = last.saturating_add(1).max(seconds);
    write_atomically(&path, format!("{next}\n").as_bytes()).map_err(io_error)?;
    Ok(Boot::new(next))
}

#[cfg(test)]
mod tests;

//! The last assignment on disk, so that an agent that starts without a collector probes all the same.
//!
//! The file is one line that names the format, the payload's length and its SHA-256, then the payload: the full
//! `Assignment` message. It is replaced as a whole. A file that does not agree with itself is not used.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use prost::Message;
use quorate_proto::v1;
use sha2::{Digest, Sha256};
use thiserror::Error;

const FILE: &str = "assignment";
const FORMAT: &str = "quorate-assignment 1";
/// A larger file is not read.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Why the stored assignment is not used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum StoredError {
    #[error("{}: cannot be read", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{}: damaged or of another format ({reason}); the collector will send the assignment again", path.display())]
    Damaged { path: PathBuf, reason: &'static str },
}

/// Writes an assignment, replacing the one before.
pub(crate) fn save(data_dir: &Path, assignment: &v1::Assignment) -> io::Result<()> {
    let payload = assignment.encode_to_vec();
    let mut bytes = format!("{FORMAT} {} {}\n", payload.len(), hex(&Sha256::digest(&payload))).into_bytes();
    bytes.extend_from_slice(&payload);
    write_atomically(&data_dir.join(FILE), &bytes)
}

/// Reads the assignment; `None` if none was ever stored.
pub(crate) fn load(data_dir: &Path) -> Result<Option<v1::Assignment>, StoredError> {
    let path = data_dir.join(FILE);
    let damaged = |reason| StoredError::Damaged { path: path.clone(), reason };
    let read = || {
        if fs::metadata(&path)?.len() > MAX_BYTES { Ok(None) } else { fs::read(&path).map(Some) }
    };
    let bytes = match read() {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(damaged("too large")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoredError::Io { path, source }),
    };
    let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(|| damaged("no first line"))?;
    let (line, rest) = bytes.split_at(end);
    let payload = rest.get(1..).unwrap_or_default();
    let expected = format!("{FORMAT} {} {}", payload.len(), hex(&Sha256::digest(payload)));
    if line != expected.as_bytes() {
        return Err(damaged("length or hash differ"));
    }
    v1::Assignment::decode(payload).map(Some).map_err(|_| damaged("not an assignment"))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes any text");
    }
    text
}

/// Writes a file so that after a crash at any moment either the old or the new content is there.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let next = path.with_extension("next");
    let mut file = File::create(&next)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&next, path)?;
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;

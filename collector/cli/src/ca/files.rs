//! Certificates and keys on disk: private files are readable by their owner only, and nothing is replaced unasked.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::CommandError;

/// Whether files that are there may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overwrite {
    /// They may.
    Allowed,
    /// They may not.
    Refused,
}

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// Makes a directory only its owner may enter; one that is there stays as it is.
pub(crate) fn make_directory(path: &Path) -> Result<(), CommandError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| CommandError::Write { path: path.to_owned(), source })
}

/// Refuses if one of the files is there and may not be replaced, before anything is written.
pub(crate) fn none_is_there(paths: &[&Path], overwrite: Overwrite) -> Result<(), CommandError> {
    if overwrite == Overwrite::Allowed {
        return Ok(());
    }
    for path in paths {
        if path.symlink_metadata().is_ok() {
            return Err(CommandError::Write { path: (*path).to_owned(), source: already_there() });
        }
    }
    Ok(())
}

fn already_there() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "the file is there already; --force replaces it")
}

/// Writes a file only its owner may read.
pub(crate) fn write_private(path: &Path, content: &[u8], overwrite: Overwrite) -> Result<(), CommandError> {
    write(path, content, PRIVATE, overwrite)
}

/// Writes a file everybody may read.
pub(crate) fn write_public(path: &Path, content: &[u8], overwrite: Overwrite) -> Result<(), CommandError> {
    write(path, content, PUBLIC, overwrite)
}

/// The same, where an equal file that is there is as good as a new one.
pub(crate) fn write_copy(path: &Path, content: &[u8], overwrite: Overwrite) -> Result<(), CommandError> {
    match fs::read(path) {
        Ok(there) if there == content => Ok(()),
        _ => write_public(path, content, overwrite),
    }
}

/// Reads a text.
pub(crate) fn read_text(path: &Path) -> Result<String, CommandError> {
    fs::read_to_string(path).map_err(|source| CommandError::Read { path: path.to_owned(), source })
}

/// Reads a text that only its owner may be able to read.
pub(crate) fn read_private(path: &Path) -> Result<String, CommandError> {
    let read = |source| CommandError::Read { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(read)?.permissions().mode();
    if mode & 0o077 != 0 {
        let reason = format!("its mode is {:04o}, so others may read this private key; allowed is 0600", mode & 0o7777);
        return Err(CommandError::input(path.display().to_string(), reason));
    }
    read_text(path)
}

/// Writes beside the place and moves the whole file there, so that no half file is ever seen under its name.
fn write(path: &Path, content: &[u8], mode: u32, overwrite: Overwrite) -> Result<(), CommandError> {
    let failed = |source| CommandError::Write { path: path.to_owned(), source };
    let beside = beside(path);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        // The mode given at creation is narrowed by the umask; the one wanted is set.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(content)?;
        file.sync_all()?;
        match overwrite {
            Overwrite::Allowed => fs::rename(&beside, path),
            // A link, unlike a rename, fails where the name is taken.
            Overwrite::Refused => fs::hard_link(&beside, path).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => already_there(),
                _ => error,
            }),
        }?;
        path.parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .map_or(Ok(()), |parent| File::open(parent)?.sync_all())
    })();
    let cleaned = match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    written.and(cleaned).map_err(failed)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    path.with_file_name(name)
}

//! Where the programs lie that the demonstration starts.

use std::path::{Path, PathBuf};

use crate::error::CommandError;

/// The two programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binaries {
    pub(crate) collector: PathBuf,
    pub(crate) agent: PathBuf,
}

impl Binaries {
    /// Looks in `directory`, or beside this program where none is given.
    ///
    /// # Errors
    /// A program is missing; tells where it was looked for and how to get it.
    pub(crate) fn find(directory: Option<&Path>) -> Result<Self, CommandError> {
        let directory = if let Some(directory) = directory {
            directory.to_owned()
        } else {
            let own = std::env::current_exe().map_err(|error| CommandError::system("finding this program", error))?;
            own.parent().map(Path::to_owned).unwrap_or_default()
        };
        let find = |name: &str| {
            let path = directory.join(name);
            if path.is_file() {
                return Ok(path);
            }
            let reason = format!(
                "{} is not there; give the directory of both programs, or build them: \
                 cargo build --release -p quorate-collector -p quorate-agent",
                path.display()
            );
            Err(CommandError::argument("--bin-dir", reason))
        };
        Ok(Self { collector: find("quorate-collector")?, agent: find("quorate-agent")? })
    }
}

//! Real processes: started with their output in a file, and never left behind.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::error::CommandError;

/// A child process. It is killed by its own process id when this is dropped, also in a panic.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program` in a process group of its own, so that a Ctrl-C in the terminal reaches this program alone, which
    /// then ends its children in order. What the child writes is added to `log`.
    ///
    /// # Errors
    /// The program cannot be started, or the log cannot be written.
    pub(crate) fn start(name: &str, program: &Path, arguments: &[&Path], log: &Path) -> Result<Self, CommandError> {
        let write = |source| CommandError::Write { path: log.to_owned(), source };
        let output = File::options().create(true).append(true).open(log).map_err(write)?;
        let errors = output.try_clone().map_err(write)?;
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(|source| CommandError::system(format!("starting {}", program.display()), source))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once (SIGKILL) and waits until it is gone.
    ///
    /// # Errors
    /// The operating system refused.
    pub(crate) fn kill(&mut self) -> Result<(), CommandError> {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        ended.map(|_| ()).map_err(|source| CommandError::system(format!("ending {}", self.name), source))
    }

    /// How the process ended, if it did by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// An error if the process ended by itself, with the last line of its log.
    ///
    /// # Errors
    /// The process is gone.
    pub(crate) fn has_to_run(&mut self) -> Result<(), CommandError> {
        let Some(status) = self.ended() else { return Ok(()) };
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it wrote nothing");
        let source = io::Error::other(format!("it ended with {status}; {}: {last}", self.log.display()));
        Err(CommandError::system(format!("running {}", self.name), source))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A child that is gone already refuses; there is nobody left to tell in either case.
        drop(self.kill());
    }
}

#[cfg(test)]
mod tests;

//! What the program's exit code says.

use std::process::ExitCode;

/// The exit codes of every command; scripts may rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The command did what it was asked, and the answer is yes.
    Fine,
    /// The command did what it was asked, and the answer is no: the probe failed, a check is in a state that
    /// `--fail-on` names, the configuration has errors, two digests differ, the demonstration did not show the truth, not everything of a
    /// contract or an SLO can be expressed in the other form.
    No,
    /// The command line or a file given in it is wrong.
    Usage,
    /// No collector answered in time.
    Unreachable,
    /// A collector answered, but not what its API promises.
    Answer,
    /// This machine failed: a file cannot be written, a process cannot be started.
    Machine,
}

impl Exit {
    /// The table of exit codes, as `--help` shows it.
    pub(crate) const HELP: &str = "Exit codes:\n  \
        0  done; where a question was asked, the answer is yes\n  \
        1  done, and the answer is no: the probe failed, a check is in a state named by --fail-on, the\n     \
           configuration has errors, digests differ, the demonstration did not show the truth, sla import or\n     \
           export left something out\n  \
        2  the command line or a file given in it is wrong\n  \
        3  no collector answered in time\n  \
        4  a collector answered, but not what its API promises\n  \
        5  this machine failed: a file cannot be written, a process cannot be started";

    /// The code given to the operating system.
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Answer => 4,
            Self::Machine => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

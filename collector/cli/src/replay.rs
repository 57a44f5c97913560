//! `quorate replay`: samples from a file, judged by the policies of a configuration.

use clap::Args;
use quorate_collector_consensus::judge;
use quorate_model::PolicyHistory;
use serde::Serialize;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::judged::JudgedCheck;
use crate::samples::{Case, CaseArguments, Records};
use crate::session::{Look, Session};

/// What `quorate replay` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReplayArguments {
    #[command(flatten)]
    case: CaseArguments,
    /// Judge these checks only [default: all of the configuration].
    #[arg(long, value_name = "CHECK")]
    check: Vec<String>,
}

/// Every check's verdict.
#[derive(Clone, Debug, Serialize)]
struct Replay {
    checks: Vec<JudgedCheck>,
    records: Records,
}

/// Judges the samples.
///
/// # Errors
/// A file that cannot be read or is wrong, or an empty window.
pub(crate) fn run(arguments: &ReplayArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let case = Case::open(&arguments.case, session)?;
    let checks = case.checks(&arguments.check)?;
    let judged = checks.iter().map(|check| {
        let history = PolicyHistory::new(check.policy.clone());
        JudgedCheck::of(&judge(case.samples(&check.id), &history, case.window, case.now))
    });
    let replay = Replay { checks: judged.collect(), records: case.records.clone() };
    session.answer(&replay, render)?;
    Ok(Exit::Fine)
}

fn render(replay: &Replay, look: &Look) -> String {
    let parts: Vec<String> = replay.checks.iter().map(|check| check.render(look)).collect();
    parts.join("\n")
}

#[cfg(test)]
pub(crate) mod tests;

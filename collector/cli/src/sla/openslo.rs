//! `quorate sla import` and `quorate sla export`: contracts out of OpenSLO v1 and back.

use std::path::PathBuf;

use clap::Args;
use quorate_collector_config::openslo;

use super::{all_errors, read_contract, read_text};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::paint::harmless;
use crate::session::Session;

#[derive(Clone, Debug, Args)]
pub(super) struct ImportArguments {
    /// A YAML file with an SLO of OpenSLO v1 and, where it refers to one, its SLI.
    #[arg(long, value_name = "FILE")]
    openslo: PathBuf,
    /// The SLO's name, where the file has several.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct ExportArguments {
    /// The contract, a YAML file.
    #[arg(long, value_name = "FILE")]
    contract: PathBuf,
}

/// Writes a contract's YAML, with whichever `--output`.
pub(super) fn import(arguments: &ImportArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let path = &arguments.openslo;
    let imported =
        openslo::import(&read_text(path)?, arguments.name.as_deref()).map_err(|errors| all_errors(path, &errors))?;
    let remarks = imported.remarks.iter().map(|remark| format!("{}:{remark}", path.display()));
    tell(session, remarks, &imported.yaml)
}

/// Writes OpenSLO YAML, with whichever `--output`.
pub(super) fn export(arguments: &ExportArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let path = &arguments.contract;
    let exported = openslo::export(&read_contract(path)?);
    let remarks = exported.remarks.iter().map(|remark| format!("{}: {remark}", path.display()));
    tell(session, remarks, &exported.yaml)
}

/// The remarks, the text, and the exit code that says whether there were remarks.
fn tell(session: &mut Session<'_>, remarks: impl Iterator<Item = String>, text: &str) -> Result<Exit, CommandError> {
    let mut exit = Exit::Fine;
    for remark in remarks {
        exit = Exit::No;
        session.remark(&harmless(&remark))?;
    }
    session.print(text)?;
    Ok(exit)
}

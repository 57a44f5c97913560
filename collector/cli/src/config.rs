//! `quorate config check FILE`: every error of a collector's configuration at once.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use quorate_collector_config::{Config, Diagnostic};
use serde::Serialize;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::incidents::counted;
use crate::paint::Tone;
use crate::session::{Look, Session};

/// What `quorate config` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum ConfigCommand {
    /// Tell every error of a configuration file with line, column and key path; code 1 if there is one.
    Check(CheckArguments),
}

#[derive(Clone, Debug, Args)]
struct CheckArguments {
    /// The collector's configuration file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What is said of a file.
#[derive(Clone, Debug, Serialize)]
struct Report {
    file: String,
    valid: bool,
    errors: Vec<ReportedError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<Summary>,
}

#[derive(Clone, Debug, Serialize)]
struct ReportedError {
    line: u32,
    column: u32,
    path: String,
    message: String,
    /// The error with the line it is in, for people.
    #[serde(rename = "snippet")]
    shown: String,
}

#[derive(Clone, Debug, Serialize)]
struct Summary {
    regions: usize,
    providers: usize,
    checks: usize,
    references: usize,
    contracts: usize,
    customers: usize,
}

/// Reads the file and tells what is wrong in it.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn run(arguments: &ConfigArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let ConfigCommand::Check(CheckArguments { file }) = &arguments.command;
    let text = read(file)?;
    let report = report(file, &text);
    session.answer(&report, render)?;
    Ok(if report.valid { Exit::Fine } else { Exit::No })
}

fn read(file: &PathBuf) -> Result<String, CommandError> {
    std::fs::read_to_string(file).map_err(|source| CommandError::Read { path: file.clone(), source })
}

/// Reads a configuration that has to be right.
///
/// # Errors
/// The file cannot be read, or has errors: the first is told, with the number of the others.
pub(crate) fn load(file: &PathBuf) -> Result<Config, CommandError> {
    let text = read(file)?;
    parse(file, &text).map_err(|errors| {
        let first = errors.first().map_or_else(String::new, Diagnostic::to_string);
        let place = format!("{}:{first}", file.display());
        let more = match errors.len() {
            0 | 1 => "see quorate config check".to_owned(),
            count => format!("and {}, see quorate config check", counted(count - 1, "more error")),
        };
        CommandError::input(place, more)
    })
}

/// Reads the text of `file`, and beside it the files it names.
fn parse(file: &Path, text: &str) -> Result<Config, Vec<Diagnostic>> {
    let beside = |name: &str| {
        let path = file.parent().unwrap_or(Path::new("")).join(name);
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    };
    Config::parse_with(text, &mut { beside }).map(|(config, _)| config)
}

fn report(path: &Path, text: &str) -> Report {
    let file = &*path.display().to_string();
    match parse(path, text) {
        Ok(config) => {
            let providers: std::collections::BTreeSet<_> =
                config.regions.iter().map(|region| &region.provider).collect();
            let summary = Summary {
                regions: config.regions.len(),
                providers: providers.len(),
                checks: config.checks.len(),
                references: config.references.len(),
                contracts: config.catalogue.contracts().len(),
                customers: config.catalogue.customers().len(),
            };
            Report { file: file.to_owned(), valid: true, errors: Vec::new(), summary: Some(summary) }
        }
        Err(errors) => {
            let errors = errors
                .iter()
                .map(|error| ReportedError {
                    line: error.position.line,
                    column: error.position.column,
                    path: error.path.clone(),
                    message: error.message.clone(),
                    shown: error.render(file, text),
                })
                .collect();
            Report { file: file.to_owned(), valid: false, errors, summary: None }
        }
    }
}

fn render(report: &Report, look: &Look) -> String {
    if let Some(summary) = &report.summary {
        return format!(
            "{} {}: {} of {}, {}, {}, {}, {}\n",
            look.tone(Tone::Good, "valid"),
            report.file,
            counted(summary.regions, "region"),
            counted(summary.providers, "provider"),
            counted(summary.checks, "check"),
            counted(summary.references, "reference"),
            counted(summary.contracts, "contract"),
            counted(summary.customers, "customer"),
        );
    }
    let shown: Vec<&str> = report.errors.iter().map(|error| error.shown.as_str()).collect();
    let count = look.tone(Tone::Bad, &counted(report.errors.len(), "error"));
    format!("{}\n{count} in {}\n", shown.join("\n"), report.file)
}

#[cfg(test)]
mod tests;

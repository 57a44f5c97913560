//! `quorate report`: the report on one window of a contract, from a collector or from files.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use quorate_collector_report::Document;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::{Output, Session};

mod incidents;
mod offline;

pub(crate) use offline::{Case, OfflineArguments};

/// What `quorate report` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReportArguments {
    /// The contract, by its id [with --contract: not needed].
    #[arg(value_name = "ID", required_unless_present_any = ["contract", "kept"])]
    id: Option<String>,
    /// The window, as the contract's kind of window is named: 2026-10, 2026-Q4, 2026-10-04 [default: the one that runs].
    #[arg(long, value_name = "PERIOD", required_if_eq("segments", "-"))]
    period: Option<String>,
    /// For this customer alone: what others pay and are owed is left out.
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<String>,
    /// How the report is written [default: md, with --output json json].
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// A revision of a final report [default: the last].
    #[arg(long, value_name = "NUMBER", conflicts_with = "segments")]
    revision: Option<u32>,
    /// Write it to this file instead of the standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A report that was kept as JSON, to be written in another format.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["id", "period", "revision", "segments", "contract"])]
    kept: Option<PathBuf>,
    #[command(flatten)]
    offline: OfflineArguments,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The whole data model.
    Json,
    /// Tables for a spreadsheet.
    Csv,
    /// For people, as text.
    Md,
    /// For people, to print.
    Html,
}

impl Format {
    const fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Md => "md",
            Self::Html => "html",
        }
    }

    fn write(self, document: &Document) -> String {
        match self {
            Self::Json => document.json(),
            Self::Csv => document.csv(),
            Self::Md => document.markdown(),
            Self::Html => document.html(),
        }
    }
}

/// Fetches or makes the report and writes it.
///
/// # Errors
/// A file that cannot be read or is wrong, a period the contract's window does not have, or what the collector refuses.
pub(crate) fn run(arguments: &ReportArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let by_output = if session.output == Output::Json { Format::Json } else { Format::Md };
    let format = arguments.format.unwrap_or(by_output);
    let text = if let Some(path) = &arguments.kept {
        format.write(&arguments.audience(kept(path)?)?)
    } else if arguments.offline.is_wanted() {
        let Some(period) = &arguments.period else {
            return Err(CommandError::argument("--period", "is needed with --segments, as files have no present"));
        };
        let case = Case::open(&arguments.offline, arguments.id.as_deref(), period, session)?;
        format.write(&arguments.audience(case.document(session.now())?)?)
    } else {
        let Some(id) = &arguments.id else {
            return Err(CommandError::argument("--contract", "needs --segments, the states to judge"));
        };
        fetch(id, arguments, format, session)?
    };
    match &arguments.out {
        None => session.print(&text)?,
        Some(path) => {
            std::fs::write(path, text).map_err(|source| CommandError::Write { path: path.clone(), source })?;
        }
    }
    Ok(Exit::Fine)
}

impl ReportArguments {
    /// The report for who it is wanted for.
    fn audience(&self, report: Document) -> Result<Document, CommandError> {
        let Some(customer) = &self.customer else { return Ok(report) };
        report.for_customer(customer).ok_or_else(|| {
            let known: Vec<&str> = report.customers.iter().map(|line| line.customer.as_str()).collect();
            let reason = format!("{customer} is no customer; there are {}", crate::status::list_or(&known, "none"));
            CommandError::argument("--customer", reason)
        })
    }
}

fn kept(path: &PathBuf) -> Result<Document, CommandError> {
    let text = std::fs::read_to_string(path).map_err(|source| CommandError::Read { path: path.clone(), source })?;
    Document::parse(&text).map_err(|error| CommandError::input(path.display().to_string(), error))
}

fn fetch(id: &str, arguments: &ReportArguments, format: Format, session: &Session<'_>) -> Result<String, CommandError> {
    let mut query = vec![("format", format.word().to_owned())];
    query.extend(arguments.period.iter().map(|period| ("period", period.clone())));
    query.extend(arguments.customer.iter().map(|customer| ("customer", customer.clone())));
    query.extend(arguments.revision.iter().map(|revision| ("revision", revision.to_string())));
    Ok(session.api()?.get_text_now(&["api", "v1", "slas", id, "report"], &query)?)
}

#[cfg(test)]
mod tests;

//! `quorate sla evaluate`: a contract judged over one window, from segments in a file; `quorate sla status`: how contracts are
//! doing, `quorate sla ledger`: how they did; `quorate sla import` and `quorate sla export`: contracts as OpenSLO.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use quorate_collector_config::contract::{parse_contract, read_segments, zone_for_period};
use quorate_collector_sla::evaluate::{CheckInput, Counted, Evaluation, Inputs, evaluate};
use quorate_collector_sla::{Breach, Contract, Uptime};
use quorate_model::{CheckId, Millis};
use serde::Serialize;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment::{show_seconds, show_span};
use crate::paint::{Tone, harmless};
use crate::session::{Look, Session};
use crate::table::{Align, Cell, Table};

mod ledger;
mod openslo;
mod status;

/// What `quorate sla` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct SlaArguments {
    #[command(subcommand)]
    command: SlaCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum SlaCommand {
    /// Judge a contract over one window: where its time went, uptime with bounds, breach, credit.
    Evaluate(EvaluateArguments),
    /// How every contract is doing in the window that runs, as the collector says: uptime, breach, budget, burn rates.
    Status(status::StatusArguments),
    /// A contract's windows one behind the other: where their time went, uptime, breach, credit.
    Ledger(ledger::LedgerArguments),
    /// Make a contract of an SLO of OpenSLO v1; what a contract cannot express is told on the standard error, and the exit
    /// code is 1 then.
    Import(openslo::ImportArguments),
    /// Make an SLO of OpenSLO v1 of a contract; what OpenSLO cannot express is told on the standard error, and the exit code
    /// is 1 then.
    Export(openslo::ExportArguments),
}

#[derive(Clone, Debug, Args)]
struct EvaluateArguments {
    /// The contract, a YAML file.
    #[arg(long, value_name = "FILE")]
    contract: PathBuf,
    /// The checks' states, one JSON object a line with check, `start_ms`, `end_ms` and state; `-` reads the standard input.
    #[arg(long, value_name = "FILE")]
    segments: PathBuf,
    /// The window, as the contract's kind of window is named: 2026-10, 2026-Q4, 2026-10-04, 2026-W41, 2026-10-04T13 or 2026.
    #[arg(long, value_name = "PERIOD")]
    period: String,
}

/// What is printed as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Answer {
    contract: String,
    window: AnswerWindow,
    total_ms: i64,
    up_ms: i64,
    down_ms: i64,
    unknown_ms: i64,
    excluded_ms: i64,
    uptime_percent: AnswerUptime,
    breach: &'static str,
    credit_percent: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct AnswerWindow {
    start_ms: i64,
    end_ms: i64,
}

/// `null` where nothing was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct AnswerUptime {
    low: Option<String>,
    point: Option<String>,
    high: Option<String>,
}

impl Answer {
    fn new(contract: &Contract, evaluation: &Evaluation) -> Self {
        let ledger = evaluation.ledger;
        let [low, point, high] = match evaluation.uptime {
            Some(uptime) => uptime.percent().map(Some),
            None => [None, None, None],
        };
        let window = evaluation.window.interval;
        Self {
            contract: contract.terms().id.as_str().to_owned(),
            window: AnswerWindow { start_ms: window.start().as_millis(), end_ms: window.end().as_millis() },
            total_ms: ledger.total().get(),
            up_ms: ledger.up().get(),
            down_ms: ledger.down().get(),
            unknown_ms: ledger.unknown().get(),
            excluded_ms: ledger.excluded().get(),
            uptime_percent: AnswerUptime { low, point, high },
            breach: evaluation.breach.as_str(),
            credit_percent: evaluation.credit.share.percent_short(Uptime::DECIMALS),
        }
    }
}

/// Judges a window, or asks how windows are doing.
///
/// # Errors
/// No collector, a file that cannot be read or is wrong, a period the contract's window does not have.
pub(crate) fn run(arguments: &SlaArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    match &arguments.command {
        SlaCommand::Evaluate(arguments) => judge(arguments, session),
        SlaCommand::Status(arguments) => status::run(arguments, session),
        SlaCommand::Ledger(arguments) => ledger::run(arguments, session),
        SlaCommand::Import(arguments) => openslo::import(arguments, session),
        SlaCommand::Export(arguments) => openslo::export(arguments, session),
    }
}

fn judge(arguments: &EvaluateArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let contract = read_contract(&arguments.contract)?;
    let (checks, remarks) = read_checks(&arguments.segments, &contract)?;
    let terms = contract.terms();
    let zone = zone_for_period(&terms.timezone, &arguments.period)
        .map_err(|error| CommandError::input(arguments.contract.display().to_string(), error))?;
    let window =
        terms.window.window(&arguments.period, &zone).map_err(|error| CommandError::argument("--period", error))?;
    let evaluation = evaluate(&contract, &window, Inputs { checks: &checks, zone: &zone })
        .map_err(|error| CommandError::input(arguments.contract.display().to_string(), error))?;
    for remark in remarks {
        session.remark(&remark)?;
    }
    let answer = Answer::new(&contract, &evaluation);
    session.answer(&answer, |_, look| render(&contract, &evaluation, look))?;
    Ok(Exit::Fine)
}

pub(crate) fn read_contract(path: &Path) -> Result<Contract, CommandError> {
    parse_contract(&read_text(path)?).map_err(|errors| all_errors(path, &errors))
}

fn read_text(path: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(path).map_err(|source| CommandError::Read { path: path.to_path_buf(), source })
}

/// Every error of a file, each on its line with the file's name.
fn all_errors<E: ToString>(path: &Path, errors: &[E]) -> CommandError {
    let name = path.display();
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let first = texts.first().map_or("", String::as_str);
    let (place, reason) = first.split_once(": ").unwrap_or(("1", first));
    let more = texts.iter().skip(1).fold(String::new(), |more, text| more + &format!("\n{name}:{text}"));
    CommandError::input(format!("{name}:{place}"), format!("{reason}{more}"))
}

/// What is known of the contract's checks, and remarks on what is missing.
pub(crate) fn read_checks(
    path: &Path,
    contract: &Contract,
) -> Result<(BTreeMap<CheckId, CheckInput>, Vec<String>), CommandError> {
    let failed = |source: io::Error| CommandError::Read { path: path.to_path_buf(), source };
    let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::with_capacity(1 << 18, File::open(path).map_err(failed)?))
    };
    let lines = read_segments(reader).map_err(failed)?.map_err(|errors| all_errors(path, &errors))?;
    let mut checks = BTreeMap::new();
    let mut remarks = Vec::new();
    let mut overlaps = Vec::new();
    for check in contract.terms().service.checks() {
        let timeline = match lines.timeline(check) {
            Ok(timeline) => timeline,
            Err(overlap) => {
                overlaps.push(overlap);
                continue;
            }
        };
        if timeline.covered().is_empty() {
            remarks.push(format!("{}: has no segment of check {check}; it is unknown all the time", path.display()));
        }
        checks.insert(check.clone(), CheckInput { timeline, attempts: None });
    }
    if !overlaps.is_empty() {
        overlaps.sort_by_key(|overlap| overlap.line);
        return Err(all_errors(path, &overlaps));
    }
    Ok((checks, remarks))
}

fn render(contract: &Contract, evaluation: &Evaluation, look: &Look) -> String {
    let terms = contract.terms();
    let window = &evaluation.window;
    let at = |time: quorate_model::CollectorTime| show_seconds(time.as_millis(), &look.zone);
    let mut text = format!(
        "{}  {}  {} to {} {}\n\n",
        look.tone(Tone::Strong, &harmless(&terms.name)),
        window.label,
        at(window.interval.start()),
        at(window.interval.end()),
        crate::moment::zone_name(&look.zone),
    );
    text.push_str(&summary(evaluation, look));
    text.push('\n');
    let mut ledger = Table::new(&[("", Align::Left), ("ms", Align::Right), ("", Align::Right)]);
    let sums = evaluation.ledger;
    for (name, tone, span) in [
        ("up", Tone::Good, sums.up()),
        ("down", Tone::Bad, sums.down()),
        ("unknown", Tone::Blind, sums.unknown()),
        ("excluded", Tone::Faint, sums.excluded()),
        ("total", Tone::Strong, sums.total()),
    ] {
        let tone = if span == Millis::ZERO { Tone::Plain } else { tone };
        ledger.row([Cell::new(tone, name), span.get().to_string().into(), show_span(span.get()).into()]);
    }
    text.push_str(&ledger.render(look.paint));
    text.push_str(&outages(evaluation, look));
    text.push_str(&exclusions(contract, evaluation, look));
    text
}

fn summary(evaluation: &Evaluation, look: &Look) -> String {
    let uptime = match &evaluation.uptime {
        Some(uptime) => {
            let [low, point, high] = uptime.percent();
            format!("uptime {} %, between {low} % and {high} %", look.tone(Tone::Strong, &point))
        }
        None => "uptime not measured".to_owned(),
    };
    let promised = evaluation.objective.map_or_else(String::new, |objective| format!(", promised {objective} %"));
    let coverage = evaluation.ledger.coverage().percent_truncated(2);
    let tone = match evaluation.breach {
        Breach::None => Tone::Good,
        Breach::Possible => Tone::Warn,
        Breach::Certain => Tone::Bad,
    };
    let breach = look.tone(tone, evaluation.breach.as_str());
    let credit = evaluation.credit.share.percent_short(Uptime::DECIMALS);
    format!("{uptime}{promised}, coverage {coverage} %\nbreach {breach}, credit {credit} % of the fee\n")
}

fn outages(evaluation: &Evaluation, look: &Look) -> String {
    if evaluation.outages.is_empty() {
        return String::new();
    }
    let columns = [("outage", Align::Left), ("until", Align::Left), ("lasted", Align::Right), ("counts", Align::Right)];
    let mut table = Table::new(&columns);
    for outage in &evaluation.outages {
        let counts = match outage.counted {
            Counted::Yes => Cell::from(show_span(outage.down.get())),
            Counted::TooShort => Cell::new(Tone::Faint, "too short"),
        };
        table.row([
            show_seconds(outage.interval.start().as_millis(), &look.zone).into(),
            show_seconds(outage.interval.end().as_millis(), &look.zone).into(),
            show_span(outage.interval.length().get()).into(),
            counts,
        ]);
    }
    format!("\n{}", table.render(look.paint))
}

fn exclusions(contract: &Contract, evaluation: &Evaluation, look: &Look) -> String {
    if evaluation.rulings.is_empty() {
        return String::new();
    }
    let columns = [("exclusion", Align::Left), ("from", Align::Left), ("excluded", Align::Right), ("", Align::Left)];
    let mut table = Table::new(&columns);
    for ruling in &evaluation.rulings {
        let why: Vec<String> = ruling.refusals.iter().map(ToString::to_string).collect();
        let reason = contract.terms().exclusions.get(ruling.index).map_or("", |entry| entry.reason.as_str());
        let remark = if why.is_empty() { Cell::from(reason) } else { Cell::new(Tone::Warn, why.join("; ")) };
        table.row([
            ruling.class.as_str().into(),
            show_seconds(ruling.interval.start().as_millis(), &look.zone).into(),
            show_span(ruling.excluded.clip(evaluation.window.interval).length().get()).into(),
            remark,
        ]);
    }
    format!("\n{}", table.render(look.paint))
}

#[cfg(test)]
mod tests;

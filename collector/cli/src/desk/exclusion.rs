//! `quorate maintenance` and `quorate exclusion`: what is left out of contracts.

use clap::{Args, Subcommand};
use quorate_collector_desk::{Decision, ExclusionRecord};
use serde::{Deserialize, Serialize};

use super::{Signing, decide};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment::show_seconds;
use crate::paint::Tone;
use crate::session::{Look, Session};
use crate::table::{Align, Cell, Table};

/// What `quorate maintenance` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct MaintenanceArguments {
    #[command(subcommand)]
    command: MaintenanceCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum MaintenanceCommand {
    /// Plan a window; customers are told of it now, unless it is said when they were.
    Add(Window),
    /// Planned windows and those that were.
    List,
    /// Say when the work really ended.
    End(End),
    /// Call a window off.
    Cancel(Withdraw),
}

/// What `quorate exclusion` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExclusionArguments {
    #[command(subcommand)]
    command: ExclusionCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum ExclusionCommand {
    /// Leave time out of contracts.
    Add(Exclude),
    /// Everything people left out.
    List,
    /// Let it count again.
    Withdraw(Withdraw),
}

#[derive(Clone, Debug, Args)]
struct Window {
    /// When it starts.
    #[arg(long, value_name = "TIME")]
    from: String,
    /// When it ends.
    #[arg(long, value_name = "TIME")]
    to: String,
    /// For this contract; may be given several times [default: for all].
    #[arg(long, value_name = "CONTRACT")]
    contract: Vec<String>,
    /// What for.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// When customers were told [default: now].
    #[arg(long, value_name = "TIME")]
    announced: Option<String>,
    /// How it comes again, as an RRULE: "FREQ=WEEKLY;BYDAY=SU".
    #[arg(long, value_name = "RRULE")]
    recurrence: Option<String>,
    /// Who agrees; needed where it begins in the past.
    #[arg(long, value_name = "NAME")]
    approver: Option<String>,
    /// Where what speaks for it can be found; may be given several times.
    #[arg(long, value_name = "PLACE")]
    evidence: Vec<String>,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Clone, Debug, Args)]
struct Exclude {
    /// Why it is left out.
    #[arg(long, value_name = "CLASS", value_parser = ["force_majeure", "third_party", "customer", "suspension", "maintenance"])]
    class: String,
    #[command(flatten)]
    window: Window,
}

#[derive(Clone, Debug, Args)]
struct End {
    /// Its id.
    #[arg(value_name = "ID")]
    id: String,
    /// When.
    #[arg(long, value_name = "TIME", default_value = "now")]
    at: String,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Clone, Debug, Args)]
struct Withdraw {
    /// Its id.
    #[arg(value_name = "ID")]
    id: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who agrees; needed where it has begun.
    #[arg(long, value_name = "NAME")]
    approver: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Exclusions {
    now_ms: i64,
    exclusions: Vec<ExclusionRecord>,
}

/// Plans, lists, ends or cancels maintenance.
///
/// # Errors
/// A time that is none; the collector refuses, or cannot be asked.
pub(crate) fn maintenance(arguments: &MaintenanceArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    match &arguments.command {
        MaintenanceCommand::Add(window) => add("maintenance", window, session),
        MaintenanceCommand::List => list(Some("maintenance"), session),
        MaintenanceCommand::End(end) => {
            let at_ms = session.moment("--at", &end.at)?.as_millis();
            decide(&Decision::EndMaintenance { id: end.id.clone(), at_ms }, &end.signing, session)?;
            Ok(Exit::Fine)
        }
        MaintenanceCommand::Cancel(withdraw) => self::withdraw(withdraw, session),
    }
}

/// Leaves time out, lists it, or lets it count again.
///
/// # Errors
/// As [`maintenance`].
pub(crate) fn exclusion(arguments: &ExclusionArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    match &arguments.command {
        ExclusionCommand::Add(exclude) => add(&exclude.class, &exclude.window, session),
        ExclusionCommand::List => list(None, session),
        ExclusionCommand::Withdraw(withdraw) => self::withdraw(withdraw, session),
    }
}

fn add(class: &str, window: &Window, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let announced = window.announced.as_deref().map(|text| session.moment("--announced", text)).transpose()?;
    let decision = Decision::Exclude {
        class: class.to_owned(),
        start_ms: session.moment("--from", &window.from)?.as_millis(),
        end_ms: session.moment("--to", &window.to)?.as_millis(),
        contracts: window.contract.clone(),
        announced_at_ms: announced.map(quorate_model::CollectorTime::as_millis),
        recurrence: window.recurrence.clone(),
        reason: window.reason.clone(),
        approver: window.approver.clone(),
        evidence: window.evidence.clone(),
    };
    decide(&decision, &window.signing, session)?;
    Ok(Exit::Fine)
}

fn withdraw(withdraw: &Withdraw, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let Withdraw { id, reason, approver, signing } = withdraw;
    let decision = Decision::Withdraw { id: id.clone(), reason: reason.clone(), approver: approver.clone() };
    decide(&decision, signing, session)?;
    Ok(Exit::Fine)
}

fn list(class: Option<&str>, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let mut told: Exclusions = session.api()?.get_now(&["api", "v1", "exclusions"], &[])?;
    told.exclusions.retain(|record| class.is_none_or(|class| record.class == class));
    session.answer(&told, render)?;
    Ok(Exit::Fine)
}

fn render(told: &Exclusions, look: &Look) -> String {
    let heads = [
        ("id", Align::Left),
        ("from", Align::Left),
        ("to", Align::Left),
        ("contracts", Align::Left),
        ("state", Align::Left),
        ("reason", Align::Left),
        ("entered by", Align::Left),
    ];
    let mut table = Table::new(&heads);
    for record in &told.exclusions {
        let (tone, state) = match (&record.withdrawn, told.now_ms) {
            (Some(by), _) => (Tone::Faint, format!("withdrawn by {}", by.author)),
            (None, _) if record.recurrence.is_some() => (Tone::Plain, "comes again".to_owned()),
            (None, now) if now < record.start_ms => (Tone::Plain, "planned".to_owned()),
            (None, now) if now < record.actual_end_ms.unwrap_or(record.end_ms) => (Tone::Strong, "runs".to_owned()),
            _ => (Tone::Faint, "over".to_owned()),
        };
        let contracts = if record.contracts.is_empty() { "all".to_owned() } else { record.contracts.join(" ") };
        table.row([
            Cell::new(Tone::Strong, &record.id),
            Cell::new(Tone::Plain, show_seconds(record.start_ms, &look.zone)),
            Cell::new(Tone::Plain, show_seconds(record.end_ms, &look.zone)),
            Cell::new(Tone::Plain, contracts),
            Cell::new(tone, state),
            Cell::new(Tone::Plain, record.reason.replace('\n', " ")),
            Cell::new(Tone::Plain, &record.entered.author),
        ]);
    }
    let title = format!("{} left out", told.exclusions.len());
    let mut text = look.heading(&title, told.now_ms);
    if !told.exclusions.is_empty() {
        text.push_str(&table.render(look.paint));
    }
    text
}

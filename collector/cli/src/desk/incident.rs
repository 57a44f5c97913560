//! `quorate incident`: how people handle one incident.

use clap::{Args, Subcommand};
use quorate_collector_desk::{Decision, Handling, IncidentAction, SupportVerdict};
use quorate_proto::api::Incident;
use serde::{Deserialize, Serialize};

use super::{Signing, decide};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment::{show_seconds, show_span};
use crate::paint::Tone;
use crate::session::{Look, Session};

/// What `quorate incident` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct IncidentArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Say that somebody looks after it.
    Ack(Plain),
    /// Tell the public something.
    Update(WithText),
    /// Say that it is over for those who handle it.
    Resolve(MaybeText),
    /// Say how bad it is.
    Severity(WithSeverity),
    /// Say where one can read how it came about.
    Postmortem(WithUrl),
    /// Everything about it: bounds, regions, what people did, what support promised.
    Show(Show),
}

#[derive(Clone, Debug, Args)]
struct Plain {
    /// The incident's id.
    #[arg(value_name = "INCIDENT")]
    incident: String,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Clone, Debug, Args)]
struct WithText {
    #[command(flatten)]
    plain: Plain,
    /// What the public is told.
    #[arg(long, value_name = "TEXT")]
    text: String,
}

#[derive(Clone, Debug, Args)]
struct MaybeText {
    #[command(flatten)]
    plain: Plain,
    /// What the public is told.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
}

#[derive(Clone, Debug, Args)]
struct WithSeverity {
    #[command(flatten)]
    plain: Plain,
    /// How bad it is.
    #[arg(long, value_name = "SEVERITY", value_parser = ["critical", "high", "normal", "low"])]
    severity: String,
}

#[derive(Clone, Debug, Args)]
struct WithUrl {
    #[command(flatten)]
    plain: Plain,
    /// The address of the post-mortem.
    #[arg(long, value_name = "URL")]
    url: String,
}

#[derive(Clone, Debug, Args)]
struct Show {
    /// The incident's id.
    #[arg(value_name = "INCIDENT")]
    incident: String,
}

/// An incident with how it is handled, as the collector tells it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Whole {
    #[serde(flatten)]
    incident: Incident,
    handling: Option<Handling>,
    promises: Vec<SupportVerdict>,
}

/// Sends what is decided, or shows an incident.
///
/// # Errors
/// The collector refuses, or cannot be asked.
pub(crate) fn run(arguments: &IncidentArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let (plain, action) = match &arguments.command {
        Command::Ack(plain) => (plain, IncidentAction::Acknowledge),
        Command::Update(WithText { plain, text }) => (plain, IncidentAction::Update { text: text.clone() }),
        Command::Resolve(MaybeText { plain, text }) => (plain, IncidentAction::Resolve { text: text.clone() }),
        Command::Severity(WithSeverity { plain, severity }) => {
            (plain, IncidentAction::Severity { severity: severity.clone() })
        }
        Command::Postmortem(WithUrl { plain, url }) => (plain, IncidentAction::Postmortem { url: url.clone() }),
        Command::Show(show) => return self::show(&show.incident, session),
    };
    let decision = Decision::Incident { incident: plain.incident.clone(), action };
    decide(&decision, &plain.signing, session)?;
    Ok(Exit::Fine)
}

fn show(id: &str, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let whole: Whole = session.api()?.get_now(&["api", "v1", "incidents", id], &[])?;
    session.answer(&whole, render)?;
    Ok(Exit::Fine)
}

fn render(whole: &Whole, look: &Look) -> String {
    let incident = &whole.incident;
    let at = |ms: i64| show_seconds(ms, &look.zone);
    let mut lines = vec![
        look.tone(Tone::Strong, &format!("{} ({} of {})", incident.id, incident.class, incident.check)),
        format!("start     {}", at(incident.start_ms)),
        format!("end       {}", incident.end_ms.map_or_else(|| "open".to_owned(), at)),
        format!("counted   {}", show_span(incident.billed_ms)),
        format!("regions   {}", incident.regions.join(" ")),
    ];
    if let Some(handling) = &whole.handling {
        let signed = |what: &str, signed: &Option<quorate_collector_desk::Signed>| {
            signed.as_ref().map(|signed| format!("{what}  {} by {}", at(signed.at_ms), signed.author))
        };
        lines.extend(handling.severity.as_ref().map(|severity| format!("severity  {severity}")));
        lines.extend(signed("taken   ", &handling.acknowledged));
        lines.extend(signed("resolved", &handling.resolved));
        lines.extend(handling.postmortem.as_ref().map(|url| format!("more      {url}")));
        lines.extend(handling.updates.iter().map(|update| {
            format!(
                "told      {} by {}: {}",
                at(update.signed.at_ms),
                update.signed.author,
                update.text.replace('\n', " ")
            )
        }));
    } else {
        lines.push("nobody has handled it yet".to_owned());
    }
    for promise in &whole.promises {
        let SupportVerdict { plan, what, target_ms, took_ms, kept, .. } = promise;
        let tone = if kept == "missed" { Tone::Bad } else { Tone::Plain };
        let line =
            format!("support   {plan}: {what} within {}, took {}: {kept}", show_span(*target_ms), show_span(*took_ms));
        lines.push(look.tone(tone, &line));
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

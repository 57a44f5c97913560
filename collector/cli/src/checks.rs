//! `quorate checks`: what is checked and how it is judged.

use clap::Args;
use quorate_proto::api::Checks;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::incidents::counted;
use crate::moment;
use crate::paint::Tone;
use crate::session::{Look, Session};
use crate::status::{select, uptime};
use crate::table::{Align, Cell, Table};

/// What `quorate checks` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ChecksArguments {
    /// Show these checks only.
    #[arg(value_name = "CHECK")]
    checks: Vec<String>,
}

/// Asks the collector and shows its answer.
///
/// # Errors
/// No collector, or a check it does not know.
pub(crate) fn run(arguments: &ChecksArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let answer: Checks = session.api()?.get_now(&["api", "v1", "checks"], &[])?;
    let checks = select(answer.checks, &arguments.checks)?;
    session.answer(&Checks { checks, ..answer }, render)?;
    Ok(Exit::Fine)
}

/// The checks as a table.
pub(crate) fn render(answer: &Checks, look: &Look) -> String {
    let mut text = look.heading(&counted(answer.checks.len(), "check"), answer.now_ms);
    if answer.checks.is_empty() {
        return text;
    }
    let mut table = Table::new(&[
        ("check", Align::Left),
        ("name", Align::Left),
        ("kind", Align::Left),
        ("target", Align::Left),
        ("state", Align::Left),
        ("quorum", Align::Left),
        ("regions", Align::Right),
        ("down 24 h", Align::Right),
        ("unknown 24 h", Align::Right),
        ("uptime 24 h", Align::Left),
        ("labels", Align::Left),
    ]);
    for check in &answer.checks {
        let labels: Vec<String> = check.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let down = &check.last_day.down_ms;
        table.row([
            Cell::from(check.id.as_str()),
            Cell::from(check.name.as_str()),
            Cell::from(check.kind.as_str()),
            Cell::from(check.target.as_str()),
            Cell::new(Tone::of_state(&check.state), check.state.to_uppercase()),
            Cell::from(check.quorum.as_str()),
            Cell::from(check.regions.len().to_string()),
            Cell::from(spread(down.low, down.point, down.high)),
            Cell::from(moment::show_span(check.last_day.unknown_ms)),
            Cell::from(uptime(&check.last_day)),
            Cell::from(labels.join(" ")),
        ]);
    }
    text.push_str(&table.render(look.paint));
    text
}

/// A span with its bounds, or alone where they are equal.
pub(crate) fn spread(low: i64, point: i64, high: i64) -> String {
    if low == high {
        return moment::show_span(point);
    }
    format!("{} ({} to {})", moment::show_span(point), moment::show_span(low), moment::show_span(high))
}

#[cfg(test)]
mod tests;

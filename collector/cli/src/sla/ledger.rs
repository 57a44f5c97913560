//! `quorate sla ledger`: one window of a contract behind the other.

use clap::Args;
use quorate_collector_report::tables;
use quorate_proto::api::{SlaLedger, SlaWindow};

use super::status::{breach_tone, percent_bounds};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment::show_span;
use crate::session::{Look, Session};
use crate::table::{Align, Cell, Table};

/// What `quorate sla ledger` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct LedgerArguments {
    /// The contract.
    #[arg(value_name = "ID")]
    contract: String,
    /// The first window, as the contract's kind of window is named: 2026-01 [default: the first of the last 12].
    #[arg(long, value_name = "PERIOD")]
    from: Option<String>,
    /// The last window [default: the one that runs].
    #[arg(long, value_name = "PERIOD")]
    to: Option<String>,
    /// Write it for a spreadsheet.
    #[arg(long, value_name = "FORMAT", value_parser = ["csv"])]
    format: Option<String>,
}

/// Asks the collector.
///
/// # Errors
/// No collector, a contract it does not have, or a period its windows do not have.
pub(crate) fn run(arguments: &LedgerArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let mut query = Vec::new();
    query.extend(arguments.from.iter().map(|from| ("from", from.clone())));
    query.extend(arguments.to.iter().map(|to| ("to", to.clone())));
    let told: SlaLedger = session.api()?.get_now(&["api", "v1", "slas", &arguments.contract, "ledger"], &query)?;
    if arguments.format.is_some() {
        session.print(&tables::ledger(&told))?;
    } else {
        session.answer(&told, render)?;
    }
    Ok(Exit::Fine)
}

fn render(told: &SlaLedger, look: &Look) -> String {
    let mut table = Table::new(&[
        ("period", Align::Left),
        ("uptime", Align::Right),
        ("between", Align::Left),
        ("down", Align::Right),
        ("unknown", Align::Right),
        ("excluded", Align::Right),
        ("known", Align::Right),
        ("promised", Align::Right),
        ("breach", Align::Left),
        ("credit", Align::Right),
        ("report", Align::Left),
    ]);
    for window in &told.windows {
        table.row(row(window));
    }
    let mut text = look.heading(&told.contract, told.now_ms);
    if told.windows.is_empty() {
        text.push_str("the contract was in force in none of these windows\n");
    } else {
        text.push_str(&table.render(look.paint));
    }
    text
}

fn row(window: &SlaWindow) -> [Cell; 11] {
    let (point, between) = percent_bounds(window.uptime_percent.as_ref());
    let report = if window.revision > 1 {
        format!("{}, revision {}", window.state, window.revision)
    } else {
        window.state.clone()
    };
    [
        Cell::from(window.period.as_str()),
        Cell::from(point),
        Cell::from(between),
        Cell::from(show_span(window.down_ms.point)),
        Cell::from(show_span(window.unknown_ms)),
        Cell::from(show_span(window.excluded_ms)),
        Cell::from(format!("{} %", window.coverage_percent)),
        Cell::from(
            window.objective_percent.as_ref().map_or_else(|| "-".to_owned(), |promised| format!("{promised} %")),
        ),
        Cell::new(breach_tone(&window.breach), &window.breach),
        Cell::from(format!("{} %", window.credit_percent)),
        Cell::from(report),
    ]
}

#[cfg(test)]
mod tests;

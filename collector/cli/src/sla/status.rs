//! `quorate sla status`: how every contract is doing in the window that runs.

use clap::Args;
use quorate_proto::api::{SlaStatus, Slas, SpreadText};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment::{show_seconds, show_span};
use crate::paint::Tone;
use crate::session::{Look, Session};
use crate::table::{Align, Cell, Table};

/// The stretches whose burn rates are shown.
const BURN: [&str; 3] = ["1h", "6h", "3d"];

/// What `quorate sla status` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct StatusArguments {
    /// These contracts only [default: all].
    #[arg(value_name = "ID")]
    contracts: Vec<String>,
    /// End with code 1 if a promise is certainly missed.
    #[arg(long)]
    fail_on_breach: bool,
}

/// Asks the collector.
///
/// # Errors
/// No collector, or a contract it does not have.
pub(crate) fn run(arguments: &StatusArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let mut told: Slas = session.api()?.get_now(&["api", "v1", "slas"], &[])?;
    for id in &arguments.contracts {
        if !told.slas.iter().any(|sla| sla.contract == *id) {
            let known: Vec<&str> = told.slas.iter().map(|sla| sla.contract.as_str()).collect();
            let reason = format!("no contract has this id; there are {}", crate::status::list_or(&known, "none"));
            return Err(CommandError::argument(id.as_str(), reason));
        }
    }
    told.slas.retain(|sla| arguments.contracts.is_empty() || arguments.contracts.contains(&sla.contract));
    session.answer(&told, render)?;
    let missed = arguments.fail_on_breach && told.slas.iter().any(|sla| sla.breach == "certain");
    Ok(if missed { Exit::No } else { Exit::Fine })
}

fn render(told: &Slas, look: &Look) -> String {
    let mut table = Table::new(&[
        ("contract", Align::Left),
        ("period", Align::Left),
        ("until", Align::Left),
        ("promised", Align::Right),
        ("uptime", Align::Right),
        ("between", Align::Left),
        ("known", Align::Right),
        ("breach", Align::Left),
        ("budget left", Align::Right),
        ("burn 1h", Align::Right),
        ("6h", Align::Right),
        ("3d", Align::Right),
        ("credit", Align::Right),
    ]);
    for sla in &told.slas {
        table.row(row(sla, look));
    }
    format!("{}{}", look.heading("Contracts", told.now_ms), table.render(look.paint))
}

/// An uptime and between what it lies.
pub(super) fn percent_bounds(uptime: Option<&SpreadText>) -> (String, String) {
    match uptime {
        Some(uptime) => (format!("{} %", uptime.point), format!("{} % and {} %", uptime.low, uptime.high)),
        None => ("not measured".to_owned(), "-".to_owned()),
    }
}

/// How bad a breach is.
pub(super) fn breach_tone(breach: &str) -> Tone {
    match breach {
        "none" => Tone::Good,
        "possible" => Tone::Warn,
        _ => Tone::Bad,
    }
}

fn row(sla: &SlaStatus, look: &Look) -> Vec<Cell> {
    let percent = |text: &str| format!("{text} %");
    let (point, between) = percent_bounds(sla.uptime_percent.as_ref());
    let left = match &sla.budget {
        Some(budget) if budget.left_ms < 0 => Cell::new(Tone::Bad, format!("-{}", show_span(-budget.left_ms))),
        Some(budget) => Cell::from(show_span(budget.left_ms)),
        None => Cell::from("-"),
    };
    let mut cells = vec![
        Cell::from(sla.contract.as_str()),
        Cell::from(sla.period.as_str()),
        Cell::from(show_seconds(sla.to_ms, &look.zone)),
        Cell::from(sla.objective_percent.as_deref().map_or_else(|| "-".to_owned(), percent)),
        Cell::from(point),
        Cell::from(between),
        Cell::from(percent(&sla.coverage_percent)),
        Cell::new(breach_tone(&sla.breach), &sla.breach),
        left,
    ];
    for stretch in BURN {
        let burn = sla.burn.iter().find(|burn| burn.stretch == stretch).and_then(|burn| burn.rate.as_deref());
        cells.push(Cell::from(burn.unwrap_or("-")));
    }
    cells.push(Cell::from(percent(&sla.credit_percent)));
    cells
}

#[cfg(test)]
mod tests;

//! `quorate latency CHECK`: how long right answers took, per region.

use clap::Args;
use quorate_proto::api::{Latency, Percentiles};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment;
use crate::paint::{Tone, harmless};
use crate::session::{Look, Session};
use crate::table::{Align, Cell, Table};

/// What `quorate latency` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct LatencyArguments {
    /// The check.
    #[arg(value_name = "CHECK")]
    check: String,
    /// Answers from here on.
    #[arg(long, value_name = "TIME", default_value = "24h ago")]
    from: String,
    /// Answers before this.
    #[arg(long, value_name = "TIME", default_value = "now")]
    to: String,
}

/// Asks the collector and shows its answer.
///
/// # Errors
/// No collector, a time that is none, or a check the collector does not know.
pub(crate) fn run(arguments: &LatencyArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let from = session.moment("--from", &arguments.from)?;
    let to = session.moment("--to", &arguments.to)?;
    let query = [("from_ms", from.as_millis().to_string()), ("to_ms", to.as_millis().to_string())];
    let latency: Latency = session.api()?.get_now(&["api", "v1", "checks", &arguments.check, "latency"], &query)?;
    session.answer(&latency, render)?;
    Ok(Exit::Fine)
}

/// The percentiles as a table.
fn render(latency: &Latency, look: &Look) -> String {
    let from = moment::show_seconds(latency.from_ms, &look.zone);
    let title = format!("{}  {from} to", harmless(&latency.check));
    let mut text = look.heading(&title, latency.to_ms);
    let Some(overall) = &latency.overall else {
        text.push_str(&look.tone(Tone::Blind, "no right answer was measured\n"));
        return text;
    };
    let mut table = Table::new(&[
        ("region", Align::Left),
        ("answers", Align::Right),
        ("min", Align::Right),
        ("p50", Align::Right),
        ("p90", Align::Right),
        ("p95", Align::Right),
        ("p99", Align::Right),
        ("p99.9", Align::Right),
        ("max", Align::Right),
    ]);
    for region in &latency.regions {
        table.row(row(&region.region, &region.latency));
    }
    table.row(row("all", overall));
    text.push_str(&table.render(look.paint));
    text
}

fn row(name: &str, figures: &Percentiles) -> Vec<Cell> {
    let Percentiles { count, min_us, p50_us, p90_us, p95_us, p99_us, p999_us, max_us } = figures;
    let figures = [min_us, p50_us, p90_us, p95_us, p99_us, p999_us, max_us];
    let cells = figures.into_iter().map(|us| Cell::from(moment::show_micros(*us)));
    [Cell::from(name), Cell::from(count.to_string())].into_iter().chain(cells).collect()
}

#[cfg(test)]
mod tests;

//! `quorate audit`: who did what.

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment::show_seconds;
use crate::paint::Tone;
use crate::session::{Look, Session};
use crate::table::{Align, Cell, Table};

/// What `quorate audit` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct AuditArguments {
    /// From here on [default: the last day].
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to here [default: now].
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Audit {
    now_ms: i64,
    entries: Vec<Line>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    at_ms: i64,
    actor: String,
    action: String,
    subject: String,
    detail: String,
}

/// Asks the collector and shows its answer; what was written stands in the JSON.
///
/// # Errors
/// A time that is none; the collector refuses, or cannot be asked.
pub(crate) fn run(arguments: &AuditArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let mut query = Vec::new();
    for (place, name, text) in [("--from", "from_ms", &arguments.from), ("--to", "to_ms", &arguments.to)] {
        if let Some(text) = text {
            query.push((name, session.moment(place, text)?.as_millis().to_string()));
        }
    }
    let told: Audit = session.api()?.get_now(&["api", "v1", "audit"], &query)?;
    session.answer(&told, render)?;
    Ok(Exit::Fine)
}

fn render(told: &Audit, look: &Look) -> String {
    let mut table =
        Table::new(&[("time", Align::Left), ("who", Align::Left), ("did", Align::Left), ("to", Align::Left)]);
    for line in &told.entries {
        table.row([
            Cell::new(Tone::Faint, show_seconds(line.at_ms, &look.zone)),
            Cell::new(Tone::Strong, &line.actor),
            Cell::new(Tone::Plain, line.action.replace('_', " ")),
            Cell::new(Tone::Plain, &line.subject),
        ]);
    }
    let mut text = look.heading(&format!("{} entries", told.entries.len()), told.now_ms);
    if !told.entries.is_empty() {
        text.push_str(&table.render(look.paint));
    }
    text
}

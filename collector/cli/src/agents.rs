//! `quorate agents`: the agents, their connection, clock, health, spool and counters.

use clap::Args;
use quorate_proto::api::{Agent, Agents, SampleCounts};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::incidents::counted;
use crate::moment;
use crate::paint::Tone;
use crate::session::{Look, Session};
use crate::table::{Align, Cell, Table};

/// What `quorate agents` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct AgentsArguments {
    /// End with code 1 if an agent is not connected.
    #[arg(long)]
    fail_on_lost: bool,
}

/// Asks the collector and shows its answer.
///
/// # Errors
/// No collector.
pub(crate) fn run(arguments: &AgentsArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let agents: Agents = session.api()?.get_now(&["api", "v1", "agents"], &[])?;
    session.answer(&agents, render)?;
    let lost = agents.agents.iter().any(|agent| !agent.connected);
    Ok(if arguments.fail_on_lost && lost { Exit::No } else { Exit::Fine })
}

/// The agents as tables.
pub(crate) fn render(agents: &Agents, look: &Look) -> String {
    let connected = agents.agents.iter().filter(|agent| agent.connected).count();
    let title = format!("{}, {connected} connected", counted(agents.agents.len(), "agent"));
    let mut text = look.heading(&title, agents.now_ms);
    if agents.agents.is_empty() {
        return text;
    }
    let mut table = Table::new(&[
        ("agent", Align::Left),
        ("region", Align::Left),
        ("provider", Align::Left),
        ("stream", Align::Left),
        ("heard of", Align::Right),
        ("health", Align::Right),
        ("clock", Align::Right),
        ("in spool", Align::Right),
        ("dropped", Align::Right),
        ("probes", Align::Right),
        ("extra", Align::Right),
        ("skipped", Align::Right),
        ("memory", Align::Right),
        ("software", Align::Left),
        ("assignment", Align::Left),
    ]);
    for agent in &agents.agents {
        table.row(row(agent, agents.now_ms));
    }
    text.push_str(&table.render(look.paint));
    text.push_str(&refusals(&agents.agents, look));
    text.push_str(&samples(&agents.samples));
    text
}

/// One line of what became of the samples; what never happened is left out.
fn samples(counts: &SampleCounts) -> String {
    let stored = if counts.stored == 1 { "1 sample".to_owned() } else { format!("{} samples", counts.stored) };
    let odd = [
        (counts.duplicates, "came again"),
        (counts.equivocations, "with another payload under a known identity"),
        (counts.late, "late"),
        (counts.capped, "cut back to when they came"),
        (counts.future, "apart as too far in the future"),
        (counts.stale, "apart as too old"),
        (counts.unknown_check, "apart as of an unknown check"),
    ];
    let mut text = format!("\n{stored} since the collector started");
    for (count, what) in odd.iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!(", {count} {what}"));
    }
    text.push('\n');
    text
}

fn row(agent: &Agent, now_ms: i64) -> Vec<Cell> {
    let heard = agent
        .last_seen_ms
        .map_or_else(|| "never".to_owned(), |at| format!("{} ago", moment::show_span((now_ms - at).max(0))));
    // An agent whose health is 4 or more is not believed about failures (CONSENSUS section 2).
    let health_tone = match agent.health {
        0..=1 => Tone::Good,
        2..=3 => Tone::Warn,
        _ => Tone::Bad,
    };
    let count_tone = |count: u64| if count == 0 { Tone::Plain } else { Tone::Warn };
    let stream = if agent.connected { Cell::new(Tone::Good, "open") } else { Cell::new(Tone::Blind, "lost") };
    let assignment = if agent.assignment_current { Cell::from("current") } else { Cell::new(Tone::Warn, "old") };
    let mut cells = vec![
        Cell::from(agent.id.as_str()),
        Cell::from(agent.region.as_str()),
        Cell::from(agent.provider.as_str()),
        stream,
        Cell::from(heard),
    ];
    if agent.status_at_ms.is_none() {
        // It never told its own state: its figures are zero and mean nothing.
        cells.extend(std::iter::repeat_n(Cell::new(Tone::Faint, "-"), 8));
    } else {
        cells.extend([
            Cell::new(health_tone, format!("{}/7", agent.health)),
            Cell::from(format!("{:+} ms ± {}", agent.clock_offset_ms, agent.clock_error_ms)),
            Cell::from(agent.spool_samples.to_string()),
            Cell::new(count_tone(agent.samples_dropped), agent.samples_dropped.to_string()),
            Cell::from(agent.probes_started.to_string()),
            Cell::from(share(agent.probes_extra, agent.probes_started)),
            Cell::new(count_tone(agent.probes_skipped), agent.probes_skipped.to_string()),
            Cell::from(show_bytes(agent.resident_bytes)),
        ]);
    }
    cells.extend([Cell::from(agent.software.as_str()), assignment]);
    cells
}

fn refusals(agents: &[Agent], look: &Look) -> String {
    let mut table = Table::new(&[("agent", Align::Left), ("refused check", Align::Left), ("reason", Align::Left)]);
    let mut any = false;
    for agent in agents {
        for refused in &agent.refused {
            any = true;
            table.row([
                Cell::from(agent.id.as_str()),
                Cell::new(Tone::Warn, &refused.check),
                Cell::from(refused.reason.as_str()),
            ]);
        }
    }
    if any { format!("\n{}", table.render(look.paint)) } else { String::new() }
}

/// A count with its share of a whole in percent, one decimal, truncated.
fn share(part: u64, whole: u64) -> String {
    match part.saturating_mul(1_000).checked_div(whole) {
        Some(permille) if part > 0 => format!("{part} ({}.{} %)", permille / 10, permille % 10),
        _ => part.to_string(),
    }
}

/// Bytes in MiB with one decimal; a dash where nothing is known.
fn show_bytes(bytes: u64) -> String {
    if bytes == 0 {
        return "-".to_owned();
    }
    let tenths = bytes.saturating_mul(10) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests;

//! `quorate status`: every check's state now, worst first.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use quorate_proto::api::{CheckStatus, RegionVote, Status, Uptime};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::incidents::counted;
use crate::moment;
use crate::paint::{Paint, Tone, harmless};
use crate::session::{Look, Session};
use crate::table::{Align, Cell, Table};

/// What `quorate status` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct StatusArguments {
    /// Show these checks only.
    #[arg(value_name = "CHECK")]
    checks: Vec<String>,
    /// End with code 1 if a check shown is in one of these states.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STATE")]
    fail_on: Vec<StateWord>,
}

/// The states a script can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StateWord {
    /// A quorum of regions across enough providers is bad.
    Down,
    /// A quorum is slow or bad.
    Degraded,
    /// Some regions are bad, but no quorum.
    Partial,
    /// Too few regions vote.
    Unknown,
}

impl StateWord {
    const fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Degraded => "degraded",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
        }
    }
}

/// Asks the collector and shows its answer.
///
/// # Errors
/// No collector, or a check it does not know.
pub(crate) fn run(arguments: &StatusArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let status: Status = session.api()?.get_now(&["api", "v1", "status"], &[])?;
    let checks = select(status.checks, &arguments.checks)?;
    let status = Status { checks, ..status };
    session.answer(&status, render)?;
    let asked = |check: &CheckStatus| arguments.fail_on.iter().any(|state| state.word() == check.state);
    Ok(if status.checks.iter().any(asked) { Exit::No } else { Exit::Fine })
}

/// The checks named, or all where none is.
///
/// # Errors
/// A name that no check has; tells the names there are.
pub(crate) fn select(mut checks: Vec<CheckStatus>, names: &[String]) -> Result<Vec<CheckStatus>, CommandError> {
    for name in names {
        if !checks.iter().any(|check| &check.id == name) {
            let known: Vec<&str> = checks.iter().map(|check| check.id.as_str()).collect();
            let reason = format!("{name:?} is no check of this collector; it has {}", list_or(&known, "none"));
            return Err(CommandError::argument("CHECK", reason));
        }
    }
    if !names.is_empty() {
        checks.retain(|check| names.contains(&check.id));
    }
    Ok(checks)
}

/// Names with commas, or `none` where there are none.
pub(crate) fn list_or(names: &[impl AsRef<str>], none: &str) -> String {
    if names.is_empty() {
        return none.to_owned();
    }
    names.iter().map(|name| harmless(name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// How urgent a state is, most urgent first.
fn urgency(state: &str) -> u8 {
    match state {
        "down" => 0,
        "unknown" => 1,
        "degraded" => 2,
        "partial" => 3,
        "up" => 5,
        _ => 4,
    }
}

/// The order of checks in every view: worst first, then by name.
pub(crate) fn worst_first(a: &CheckStatus, b: &CheckStatus) -> Ordering {
    urgency(&a.state).cmp(&urgency(&b.state)).then_with(|| a.id.cmp(&b.id))
}

/// The status as tables.
pub(crate) fn render(status: &Status, look: &Look) -> String {
    let mut checks: Vec<&CheckStatus> = status.checks.iter().collect();
    checks.sort_by(|a, b| worst_first(a, b));
    let title = format!(
        "{}; agents {} of {} connected; configuration {}",
        count_states(&checks, look.paint),
        status.agents_connected,
        status.agents_known,
        status.config_revision
    );
    let mut text = look.heading(&title, status.now_ms);
    if checks.is_empty() {
        return text;
    }
    let mut table = Table::new(&[
        ("check", Align::Left),
        ("state", Align::Left),
        ("since", Align::Left),
        ("for", Align::Right),
        ("regions", Align::Left),
        ("bad", Align::Right),
        ("need", Align::Right),
        ("uptime 24 h", Align::Left),
        ("incident", Align::Left),
    ]);
    for check in &checks {
        let bad = check.regions.iter().filter(|region| region.vote == "bad").count();
        table.row([
            Cell::from(check.id.as_str()),
            Cell::new(Tone::of_state(&check.state), check.state.to_uppercase()),
            Cell::from(moment::show_seconds(check.since_ms, &look.zone)),
            Cell::from(moment::show_span(status.now_ms - check.since_ms)),
            Cell::from(region_marks(&check.regions)),
            Cell::from(format!("{bad}")),
            Cell::from(if check.single_vantage { "1 (single vantage)".to_owned() } else { check.need.to_string() }),
            Cell::from(uptime(&check.last_day)),
            Cell::from(check.incident.as_deref().unwrap_or_default()),
        ]);
    }
    text.push_str(&table.render(look.paint));
    text.push_str(&look.tone(Tone::Faint, "regions: ! bad, ~ slow, ? no vote\n"));
    text.push_str(&dissent(&checks, status.now_ms, look));
    text
}

/// The number of checks in each state, worst first.
fn count_states(checks: &[&CheckStatus], paint: Paint) -> String {
    let mut counts: BTreeMap<(u8, &str), usize> = BTreeMap::new();
    for check in checks {
        *counts.entry((urgency(&check.state), check.state.as_str())).or_default() += 1;
    }
    let parts: Vec<String> = counts
        .iter()
        .map(|((_, state), count)| paint.tone(Tone::of_state(state), &format!("{count} {}", harmless(state))))
        .collect();
    if parts.is_empty() {
        return "no checks".to_owned();
    }
    format!("{}: {}", counted(checks.len(), "check"), parts.join(", "))
}

/// Every region with a mark of its vote.
fn region_marks(regions: &[RegionVote]) -> String {
    let mark = |vote: &str| match vote {
        "good" => "",
        "bad" => "!",
        "slow" => "~",
        _ => "?",
    };
    regions.iter().map(|region| format!("{}{}", region.region, mark(&region.vote))).collect::<Vec<_>>().join(" ")
}

/// An uptime with its bounds and, where it is not all, its coverage.
pub(crate) fn uptime(uptime: &Uptime) -> String {
    let Some(percent) = &uptime.percent else { return "not measured".to_owned() };
    let mut text = if percent.low == percent.high {
        format!("{} %", percent.point)
    } else {
        format!("{} % ({} to {})", percent.point, percent.low, percent.high)
    };
    if uptime.unknown_ms > 0 {
        text.push_str(", covered ");
        text.push_str(&uptime.coverage_percent);
        text.push_str(" %");
    }
    text
}

/// The best estimate alone, for narrow columns.
pub(crate) fn percent(check: &CheckStatus) -> String {
    check.last_day.percent.as_ref().map_or_else(|| "-".to_owned(), |percent| format!("{} %", percent.point))
}

/// A table of the regions that do not say that all is well; nothing where all do.
fn dissent(checks: &[&CheckStatus], now_ms: i64, look: &Look) -> String {
    let mut table = Table::new(&[
        ("check", Align::Left),
        ("region", Align::Left),
        ("provider", Align::Left),
        ("vote", Align::Left),
        ("last sample", Align::Right),
        ("why", Align::Left),
    ]);
    let mut any = false;
    for check in checks {
        for region in check.regions.iter().filter(|region| region.vote != "good") {
            any = true;
            let last = region
                .last_sample_ms
                .map_or_else(|| "never".to_owned(), |at| format!("{} ago", moment::show_span((now_ms - at).max(0))));
            table.row([
                Cell::from(check.id.as_str()),
                Cell::from(region.region.as_str()),
                Cell::from(region.provider.as_str()),
                Cell::new(Tone::of_vote(&region.vote), if region.vote == "none" { "no vote" } else { &region.vote }),
                Cell::from(last),
                Cell::from(region.reason.as_str()),
            ]);
        }
    }
    if any { format!("\n{}", table.render(look.paint)) } else { String::new() }
}

#[cfg(test)]
pub(crate) mod tests;

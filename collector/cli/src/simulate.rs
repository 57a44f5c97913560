//! `quorate simulate`: worlds whose truth is known, judged by the collector's engine and by others' rules.

use std::path::{Path, PathBuf};

use clap::Args;
use quorate_collector_simulation::figures::{Row, measure};
use quorate_collector_simulation::report::{json, markdown};
use quorate_collector_simulation::run::play;
use quorate_collector_simulation::{Scenario, World, picture};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::{Output, Session};

/// The most seeds of one call: more than a table needs, few enough that a typing error does not run for weeks.
const MAX_SEEDS: u64 = 1_000_000;
/// How much of the world before and after its first outage or fault a picture shows.
const AROUND_MS: i64 = 45_000;

/// What `quorate simulate` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct SimulateArguments {
    /// Built-in scenarios or scenario files [default: every built-in one but those of 30 days].
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// How many worlds of each scenario.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    first: u64,
    /// How many threads.
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    threads: u64,
    /// Draw the world of the first seed of the one scenario given into this SVG file, and measure nothing.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// The names of the built-in scenarios with what happens in them.
    #[arg(long)]
    list: bool,
}

/// Plays the worlds and prints the figures; as a table they are Markdown.
///
/// # Errors
/// A scenario that is none, a file that cannot be read or written, a number out of range.
pub(crate) fn run(arguments: &SimulateArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    if arguments.list {
        let names: Vec<_> = Scenario::built_in().into_iter().map(|s| (s.name, s.title)).collect();
        session.answer(&names, |names, _| {
            names.iter().map(|(name, title)| format!("{name:<20} {title}\n")).collect::<Vec<_>>().concat()
        })?;
        return Ok(Exit::Fine);
    }
    if !(1..=MAX_SEEDS).contains(&arguments.seeds) {
        let reason = format!("{} is not allowed; 1 to {MAX_SEEDS} is", arguments.seeds);
        return Err(CommandError::argument("--seeds", reason));
    }
    let scenarios = scenarios(&arguments.scenarios)?;
    if let Some(file) = &arguments.picture {
        let [scenario] = scenarios.as_slice() else {
            return Err(CommandError::argument("--picture", "needs exactly one scenario"));
        };
        draw(scenario, arguments.first, file)?;
        return Ok(Exit::Fine);
    }
    let mut rows = Vec::new();
    for scenario in &scenarios {
        rows.push(measure(scenario, arguments.first, arguments.seeds, arguments.threads));
    }
    match session.output {
        Output::Table => session.print(&markdown(&rows))?,
        Output::Json => session.print(&format!("{}\n", json(&rows)))?,
    }
    Ok(if holds(&rows) { Exit::Fine } else { Exit::No })
}

/// What has to hold in every world: both engines agree, and bounds hold where they are promised.
fn holds(rows: &[Row]) -> bool {
    rows.iter().all(|row| {
        let own = &row.own;
        own.engines_differ == 0
            && (!row.bounds_promised || (own.sound == own.figures.worlds && own.bounds.0 == own.bounds.1))
    })
}

fn scenarios(wanted: &[String]) -> Result<Vec<Scenario>, CommandError> {
    let built_in = Scenario::built_in();
    if wanted.is_empty() {
        return Ok(built_in.into_iter().filter(|s| s.length_ms < 86_400_000).collect());
    }
    wanted
        .iter()
        .map(|name| match built_in.iter().find(|s| s.name == *name) {
            Some(found) => Ok(found.clone()),
            None => read(name),
        })
        .collect()
}

fn read(name: &str) -> Result<Scenario, CommandError> {
    let path = Path::new(name);
    if !path.exists() {
        let reason = format!("{name:?} is neither a built-in scenario (see --list) nor a file");
        return Err(CommandError::argument("SCENARIO", reason));
    }
    let text = std::fs::read_to_string(path).map_err(|source| CommandError::Read { path: path.to_owned(), source })?;
    Scenario::parse(&text).map_err(|error| CommandError::input(name, error))
}

fn draw(scenario: &Scenario, seed: u64, file: &Path) -> Result<(), CommandError> {
    let world = World::new(scenario, seed);
    let run = play(&world);
    let window = world.truth.first().map_or((0, scenario.length_ms), |(start, end)| {
        ((start - AROUND_MS).max(0), (end.min(&scenario.length_ms) + AROUND_MS).min(scenario.length_ms))
    });
    let text = picture::svg(&world, &run, window, seed);
    std::fs::write(file, text).map_err(|source| CommandError::Write { path: file.to_owned(), source })
}

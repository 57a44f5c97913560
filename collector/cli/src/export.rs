//! `quorate export CHECK`: a check's samples as the collector keeps them, in the form `quorate replay` reads, or the states they
//! led to, in the form `quorate sla evaluate` reads.

use clap::Args;
use quorate_collector_report::tables;
use quorate_model::{Failure, Sample};
use quorate_proto::api::Segments;
use quorate_proto::jsonl::SampleReader;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::incidents::counted;
use crate::moment;
use crate::paint::Tone;
use crate::session::{Look, Output, Session};
use crate::status::list_or;
use crate::table::{Align, Cell, Table};

/// What `quorate export` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExportArguments {
    /// The check.
    #[arg(value_name = "CHECK")]
    check: String,
    /// The states the check was found in instead of samples; as JSON in the form that `sla evaluate` reads.
    #[arg(long)]
    states: bool,
    /// Write the states as a table of CSV.
    #[arg(long, value_name = "FORMAT", value_parser = ["csv"], requires = "states")]
    format: Option<String>,
    /// Samples from here on.
    #[arg(long, value_name = "TIME", default_value = "1h ago")]
    from: String,
    /// Samples before this.
    #[arg(long, value_name = "TIME", default_value = "now")]
    to: String,
}

/// Asks the collector; with `--output json` its lines are passed on as they are.
///
/// # Errors
/// No collector, a time that is none, or a check the collector does not know.
pub(crate) fn run(arguments: &ExportArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let from = session.moment("--from", &arguments.from)?;
    let to = session.moment("--to", &arguments.to)?;
    let query = [("from_ms", from.as_millis().to_string()), ("to_ms", to.as_millis().to_string())];
    if arguments.states {
        return states(arguments, &query, session);
    }
    let text = session.api()?.get_text_now(&["api", "v1", "checks", &arguments.check, "samples"], &query)?;
    let shown = match session.output {
        Output::Json => text,
        Output::Table => render(&parse(&text)?, to.as_millis(), &session.look),
    };
    session.print(&shown)?;
    Ok(Exit::Fine)
}

fn states(
    arguments: &ExportArguments,
    query: &[(&str, String)],
    session: &mut Session<'_>,
) -> Result<Exit, CommandError> {
    let segments: Segments = session.api()?.get_now(&["api", "v1", "checks", &arguments.check, "segments"], query)?;
    let shown = match (&arguments.format, session.output) {
        (Some(_), _) => tables::states(&segments),
        (None, Output::Json) => tables::state_lines(&segments),
        (None, Output::Table) => render_states(&segments, &session.look),
    };
    session.print(&shown)?;
    Ok(Exit::Fine)
}

fn render_states(segments: &Segments, look: &Look) -> String {
    let heads = [("state", Align::Left), ("start", Align::Left), ("end", Align::Left), ("lasted", Align::Right)];
    let more = [("bad regions", Align::Left), ("", Align::Left)];
    let mut table = Table::new(&[heads.as_slice(), &more].concat());
    for segment in &segments.segments {
        table.row([
            Cell::new(Tone::of_state(&segment.state), segment.state.to_uppercase()),
            Cell::from(moment::show_millis(segment.start_ms, &look.zone)),
            Cell::from(moment::show_millis(segment.end_ms, &look.zone)),
            Cell::from(moment::show_span(segment.end_ms - segment.start_ms)),
            Cell::from(list_or(&segment.regions_bad, "-")),
            Cell::new(Tone::Faint, if segment.settled { "" } else { "provisional" }),
        ]);
    }
    let heading = look.heading(&counted(segments.segments.len(), "state"), segments.uptime.to_ms);
    format!("{heading}{}", table.render(look.paint))
}

fn parse(text: &str) -> Result<Vec<Sample>, CommandError> {
    let mut reader = SampleReader::new();
    let samples = text.lines().filter_map(|line| reader.read(line).transpose()).collect::<Result<_, _>>();
    samples.map_err(|error| CommandError::input("the collector's answer", error))
}

fn render(samples: &[Sample], at_ms: i64, look: &Look) -> String {
    let mut table = Table::new(&[
        ("start", Align::Left),
        ("lasted", Align::Right),
        ("region", Align::Left),
        ("agent", Align::Left),
        ("boot/seq", Align::Right),
        ("outcome", Align::Left),
        ("trigger", Align::Left),
        ("references", Align::Right),
        ("health", Align::Right),
        ("clock", Align::Right),
    ]);
    for sample in samples {
        let (start, end) = (sample.start_corrected(), sample.end_corrected());
        let tone = match sample.outcome.word() {
            "ok" => Tone::Good,
            "slow" => Tone::Warn,
            "local" => Tone::Blind,
            _ => Tone::Bad,
        };
        let references = match sample.references.total() {
            0 => "-".to_owned(),
            total => format!("{}/{total}", sample.references.ok()),
        };
        table.row([
            Cell::from(moment::show_millis(start.as_millis(), &look.zone)),
            Cell::from(moment::show_span((end - start).get())),
            Cell::from(sample.region.as_str()),
            Cell::from(sample.id.agent.as_str()),
            Cell::from(format!("{}/{}", sample.id.boot.get(), sample.id.seq.get())),
            Cell::new(tone, sample.failure.map_or(sample.outcome.word(), Failure::word)),
            Cell::from(sample.trigger.word()),
            Cell::from(references),
            Cell::from(format!("{}/7", sample.health.get())),
            Cell::from(format!("{:+} ms ± {}", sample.clock.offset.get(), sample.clock.error.get())),
        ]);
    }
    format!("{}{}", look.heading(&counted(samples.len(), "sample"), at_ms), table.render(look.paint))
}

#[cfg(test)]
mod tests;

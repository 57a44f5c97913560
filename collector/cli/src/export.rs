//! `quorate export CHECK`: a check's samples as the collector keeps them, in the form `quorate replay` reads.

use clap::Args;
use quorate_model::{Failure, Sample};
use quorate_proto::jsonl::SampleReader;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::incidents::counted;
use crate::moment;
use crate::paint::Tone;
use crate::session::{Look, Output, Session};
use crate::table::{Align, Cell, Table};

/// What `quorate export` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExportArguments {
    /// The check.
    #[arg(value_name = "CHECK")]
    check: String,
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
    let text = session.api()?.get_text_now(&["api", "v1", "checks", &arguments.check, "samples"], &query)?;
    let shown = match session.output {
        Output::Json => text,
        Output::Table => render(&parse(&text)?, to.as_millis(), &session.look),
    };
    session.print(&shown)?;
    Ok(Exit::Fine)
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

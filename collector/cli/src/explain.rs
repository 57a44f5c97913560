//! `quorate explain CHECK --at TIME`: who said what about one moment, and why the verdict is what it is.

use std::path::PathBuf;

use clap::Args;
use quorate_model::CollectorTime;
use quorate_proto::api::{AgentEvidence, Explanation, SampleSummary};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment;
use crate::paint::{Tone, harmless};
use crate::samples::{Case, CaseArguments, OnBadRecord};
use crate::session::{Look, Session};
use crate::status::list_or;
use crate::table::{Align, Cell, Table};

mod offline;

/// What `quorate explain` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The check.
    #[arg(value_name = "CHECK")]
    check: String,
    /// The moment: RFC 3339, HH:MM[:SS], milliseconds since the epoch, now, or "10m ago".
    #[arg(long, value_name = "TIME", default_value = "now")]
    at: String,
    /// Ask no collector: judge the samples of this file; needs --config.
    #[arg(long, value_name = "FILE", requires = "config", help_heading = "From files")]
    samples: Option<PathBuf>,
    /// The collector's configuration, with the check's policy.
    #[arg(long, value_name = "FILE", requires = "samples", help_heading = "From files")]
    config: Option<PathBuf>,
    /// What to do with a line that is no sample.
    #[arg(long, value_enum, default_value_t = OnBadRecord::Stop, value_name = "ACTION", help_heading = "From files")]
    on_bad_record: OnBadRecord,
}

/// Asks the collector and shows its answer.
///
/// # Errors
/// No collector, a time that is none, or a check the collector does not know.
pub(crate) fn run(arguments: &ExplainArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let at = session.moment("--at", &arguments.at)?;
    let explanation: Explanation = match (&arguments.config, &arguments.samples) {
        (Some(config), Some(samples)) => from_files(arguments, config.clone(), samples.clone(), at, session)?,
        _ => session
            .api()?
            .get_now(&["api", "v1", "checks", &arguments.check, "explain"], &[("at_ms", at.as_millis().to_string())])?,
    };
    session.answer(&explanation, render)?;
    Ok(Exit::Fine)
}

fn from_files(
    arguments: &ExplainArguments,
    config: PathBuf,
    samples: PathBuf,
    at: CollectorTime,
    session: &mut Session<'_>,
) -> Result<Explanation, CommandError> {
    let whole =
        CaseArguments { config, samples: Some(samples), from: None, to: None, on_bad_record: arguments.on_bad_record };
    let case = Case::open(&whole, session)?;
    let checks = case.checks(std::slice::from_ref(&arguments.check))?;
    let check = checks.first().expect("one name gives one check or an error");
    Ok(offline::explain(case.samples(&check.id), &check.policy, at, case.now))
}

/// The explanation for people: evidence, arithmetic, verdict.
pub(crate) fn render(explanation: &Explanation, look: &Look) -> String {
    let at = moment::show_millis(explanation.at_ms, &look.zone);
    let state = look.tone(Tone::of_state(&explanation.state), &explanation.state.to_uppercase());
    let finality = if explanation.settled { "settled" } else { "provisional: late samples may still change it" };
    let mut parts = vec![
        format!(
            "{}  {at} {}  {state}  {}\n\n",
            look.tone(Tone::Strong, &harmless(&explanation.check)),
            moment::zone_name(&look.zone),
            look.tone(Tone::Faint, finality),
        ),
        evidence(&explanation.agents, explanation.at_ms, look),
        "\n".to_owned(),
        arithmetic(explanation, look),
        format!("\n{state}: {}\n", harmless(&explanation.sentence)),
    ];
    if explanation.state_low != explanation.state || explanation.state_high != explanation.state {
        parts.push(format!(
            "with every ambiguous moment counted as good: {}; as bad: {}\n",
            harmless(&explanation.state_low),
            harmless(&explanation.state_high)
        ));
    }
    if let Some(incident) = &explanation.incident {
        parts.push(format!("incident {}\n", harmless(incident)));
    }
    parts.concat()
}

fn evidence(agents: &[AgentEvidence], at_ms: i64, look: &Look) -> String {
    let mut table = Table::new(&[
        ("region", Align::Left),
        ("provider", Align::Left),
        ("agent", Align::Left),
        ("vote", Align::Left),
        ("last good", Align::Left),
        ("last bad", Align::Left),
        ("next", Align::Left),
        ("why", Align::Left),
    ]);
    let sample = |sample: Option<&SampleSummary>| sample.map_or_else(|| "-".to_owned(), |s| summary(s, at_ms));
    for agent in agents {
        let vote = if agent.vote == "none" { "no vote" } else { &agent.vote };
        let mut why = agent.reason.clone();
        let shown = agent.last_bad.as_ref().and_then(|bad| bad.detail.as_ref()).filter(|_| agent.vote == "bad");
        if let Some(detail) = shown {
            why = if why.is_empty() { detail.clone() } else { format!("{why}; {detail}") };
        }
        table.row([
            Cell::from(agent.region.as_str()),
            Cell::from(agent.provider.as_str()),
            Cell::from(agent.agent.as_str()),
            Cell::new(Tone::of_vote(&agent.vote), vote),
            Cell::from(sample(agent.last_good.as_ref())),
            Cell::from(sample(agent.last_bad.as_ref())),
            Cell::from(sample(agent.next.as_ref())),
            Cell::from(why),
        ]);
    }
    table.render(look.paint)
}

/// A sample by its distance from the moment: `-2.1 s to -2.0 s connect_timeout (retry)`.
fn summary(sample: &SampleSummary, at_ms: i64) -> String {
    let signed = |ms: i64| format!("{}{}", if ms < 0 { "" } else { "+" }, moment::show_span(ms));
    let word = sample.failure.as_deref().unwrap_or(&sample.outcome);
    let lasted =
        sample.total_us.map_or_else(|| moment::show_span(sample.end_ms - sample.start_ms), moment::show_micros);
    let trigger = if sample.trigger == "scheduled" { String::new() } else { format!(" ({})", sample.trigger) };
    format!("{} {word} in {lasted}{trigger}", signed(sample.start_ms - at_ms))
}

fn arithmetic(explanation: &Explanation, look: &Look) -> String {
    let mut table =
        Table::new(&[("quorum", Align::Left), ("there are", Align::Left), ("needed", Align::Right), ("", Align::Left)]);
    // A weighted quorum is no matter of how many regions are bad; the verdict's sentence tells the weights.
    let weighted = explanation.quorum.starts_with("weights");
    let met = |met: bool, yes: &str, no: &str| {
        if met { Cell::new(Tone::Strong, yes) } else { Cell::new(Tone::Faint, no) }
    };
    let voting = explanation.regions_voting;
    let bad = u32::try_from(explanation.regions_bad.len()).unwrap_or(u32::MAX);
    let providers = u32::try_from(explanation.providers_bad.len()).unwrap_or(u32::MAX);
    table.row([
        Cell::from("regions that vote"),
        Cell::from(format!("{voting} of {}", explanation.regions_configured)),
        Cell::from(explanation.min_regions.to_string()),
        met(voting >= explanation.min_regions, "enough to know", "too few to know"),
    ]);
    table.row([
        Cell::from("regions that are bad"),
        Cell::from(format!("{bad}: {}", list_or(&explanation.regions_bad, "none"))),
        Cell::from(explanation.need.to_string()),
        if weighted { Cell::from("by weight") } else { met(bad >= explanation.need, "a quorum", "no quorum") },
    ]);
    table.row([
        Cell::from("their providers"),
        Cell::from(format!("{providers}: {}", list_or(&explanation.providers_bad, "none"))),
        Cell::from(explanation.min_providers.to_string()),
        met(providers >= explanation.min_providers, "independent", "not independent"),
    ]);
    let mut text = table.render(look.paint);
    text.push_str(&look.tone(Tone::Faint, &format!("rule: {}", harmless(&explanation.quorum))));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;

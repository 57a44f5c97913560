//! What was done, what the collector said, and whether that was the truth.

use quorate_proto::api::{Incident, Spread};
use serde::Serialize;

use super::stage::Deed;
use crate::moment;
use crate::paint::Tone;
use crate::session::Look;

/// The whole story.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// From one probe to the next.
    pub(crate) interval_ms: u64,
    /// The steps in order.
    pub(crate) steps: Vec<Step>,
    /// True if the collector said the truth in every step.
    pub(crate) truthful: bool,
}

/// One step: a fault, its truth, and the collector's word.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Step {
    /// A letter.
    #[serde(rename = "step")]
    pub(crate) letter: &'static str,
    /// What happens in it.
    pub(crate) title: String,
    /// What was done when: the truth.
    pub(crate) done: Vec<Deed>,
    /// What the collector said.
    pub(crate) said: Said,
    /// What it had to say, and whether it did.
    pub(crate) expected: Vec<Expectation>,
    /// `true` or `false`.
    pub(crate) verdict: bool,
    /// Why, in one sentence.
    pub(crate) why: String,
}

/// What the collector said in a step.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Said {
    /// Each change of a check's live state as a client saw it.
    pub(crate) seen: Vec<Sighting>,
    /// The check's segments over the step, afterwards.
    pub(crate) states: Vec<StateFor>,
    /// Downtime over the step.
    pub(crate) down_ms: Option<Spread>,
    /// Incidents in the step.
    pub(crate) incidents: Vec<Incident>,
    /// From the fault to the first time a client saw it.
    pub(crate) detection_delay_ms: Option<i64>,
}

/// A check's live state, when it was first seen so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Sighting {
    /// When the answer had come.
    pub(crate) at_ms: i64,
    /// The check.
    pub(crate) check: String,
    /// Its state.
    pub(crate) state: String,
    /// Regions that are bad.
    pub(crate) bad: Vec<String>,
    /// Regions without a vote.
    pub(crate) no_vote: Vec<String>,
}

/// How long a state lasted in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct StateFor {
    /// The check.
    pub(crate) check: String,
    /// The state.
    pub(crate) state: String,
    /// The bad regions.
    pub(crate) regions_bad: Vec<String>,
    /// In all.
    pub(crate) total_ms: i64,
}

/// Something the collector has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Expectation {
    /// What has to hold.
    pub(crate) what: String,
    /// What was found.
    pub(crate) found: String,
    /// Whether it holds.
    pub(crate) holds: bool,
}

impl Step {
    /// A step whose verdict follows from its expectations.
    pub(crate) fn new(
        letter: &'static str,
        title: impl Into<String>,
        done: Vec<Deed>,
        said: Said,
        expected: Vec<Expectation>,
    ) -> Self {
        let broken: Vec<String> = expected
            .iter()
            .filter(|expectation| !expectation.holds)
            .map(|expectation| format!("{}, but {}", expectation.what, expectation.found))
            .collect();
        let verdict = broken.is_empty() && !expected.is_empty();
        let why = if verdict {
            expected.iter().map(|expectation| expectation.found.as_str()).collect::<Vec<_>>().join("; ")
        } else {
            broken.join("; ")
        };
        Self { letter, title: title.into(), done, said, expected, verdict, why }
    }

    /// The step for people.
    pub(crate) fn render(&self, look: &Look) -> String {
        let word = if self.verdict { look.tone(Tone::Good, "TRUE ") } else { look.tone(Tone::Bad, "FALSE") };
        let mut lines = vec![look.tone(Tone::Strong, &format!("({}) {}", self.letter, self.title))];
        let mut told: Vec<(i64, String)> =
            self.done.iter().map(|deed| (deed.at_ms, look.tone(Tone::Strong, &deed.what))).collect();
        told.extend(self.said.seen.iter().map(|sighting| (sighting.at_ms, sighting.text(look))));
        told.sort_by_key(|(at_ms, _)| *at_ms);
        lines.extend(told.iter().map(|(at, what)| format!("    {}  {what}", moment::show_clock(*at, &look.zone))));
        for expectation in &self.expected {
            let mark = if expectation.holds { look.tone(Tone::Good, "yes") } else { look.tone(Tone::Bad, "NO ") };
            lines.push(format!("    {mark}  {}: {}", expectation.what, expectation.found));
        }
        lines.push(format!("    {word} after {} s", self.length_ms() / 1_000));
        lines.push(String::new());
        lines.join("\n")
    }

    fn length_ms(&self) -> i64 {
        let ends = self.done.iter().map(|deed| deed.at_ms).chain(self.said.seen.iter().map(|seen| seen.at_ms));
        let (first, last) = ends.fold((i64::MAX, i64::MIN), |(first, last), at| (first.min(at), last.max(at)));
        last.saturating_sub(first).max(0)
    }
}

impl Sighting {
    /// The sighting for people.
    pub(crate) fn text(&self, look: &Look) -> String {
        let state = look.tone(Tone::of_state(&self.state), &self.state.to_uppercase());
        let list = |title: &str, regions: &[String]| match regions {
            [] => String::new(),
            some => format!("; {title}: {}", some.join(", ")),
        };
        format!(
            "the collector says: {} {state}{}{}",
            self.check,
            list("bad", &self.bad),
            list("no vote", &self.no_vote)
        )
    }
}

/// Gathers expectations.
#[derive(Debug, Default)]
pub(crate) struct Expected(Vec<Expectation>);

impl Expected {
    /// Adds one.
    pub(crate) fn that(&mut self, what: impl Into<String>, holds: bool, found: impl Into<String>) {
        self.0.push(Expectation { what: what.into(), found: found.into(), holds });
    }

    /// All of them.
    pub(crate) fn done(self) -> Vec<Expectation> {
        self.0
    }
}

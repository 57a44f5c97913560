//! `quorate what-if`: the same samples under other policies, side by side; with `--sla` what a contract makes of them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use clap::Args;
use quorate_collector_config::Check;
use quorate_collector_consensus::judge;
use quorate_model::policy::{LateOk, PolicyError, Quorum, Solicit};
use quorate_model::{IncidentClass, Millis, Policy, PolicyHistory, RegionId};
use quorate_proto::api::Spread;
use serde::Serialize;

use crate::checks::spread;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::judged::{JudgedCheck, Uptime};
use crate::moment;
use crate::paint::{Tone, harmless};
use crate::samples::{Case, CaseArguments, Records};
use crate::session::{Look, Session};
use crate::table::{Align, Cell, Table};

mod agreement;

use agreement::AgreementArguments;

/// What `quorate what-if` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct WhatIfArguments {
    #[command(flatten)]
    case: CaseArguments,
    /// Judge these checks only [default: all of the configuration].
    #[arg(long, value_name = "CHECK")]
    check: Vec<String>,
    /// Another quorum: majority, all, `at_least:2`, fraction:0.6, weights:fra=2,iad=1. Each is a policy by itself.
    #[arg(long, value_name = "QUORUM", help_heading = "Policies to compare")]
    quorum: Vec<String>,
    /// Another number of regions below which the state is unknown.
    #[arg(long, value_name = "NUMBER", help_heading = "Policies to compare")]
    min_regions: Vec<u16>,
    /// Another number of providers the bad regions have to span.
    #[arg(long, value_name = "NUMBER", help_heading = "Policies to compare")]
    min_providers: Vec<u16>,
    /// Several changes as one policy, such as `"quorum=all min_providers=1 late_ok=good confirm=off merge_gap=0s"`.
    #[arg(long, value_name = "CHANGES", help_heading = "Policies to compare")]
    policy: Vec<String>,
    #[command(flatten)]
    agreement: AgreementArguments,
}

/// What an alternative policy changes; what it does not name stays as configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Change {
    name: String,
    quorum: Option<Quorum>,
    min_regions: Option<u16>,
    min_providers: Option<u16>,
    late_ok: Option<LateOk>,
    confirm_off: bool,
    merge_gap: Option<Millis>,
}

/// Why a text is no change of a policy.
#[derive(Debug, thiserror::Error)]
enum ChangeError {
    #[error(
        "{0:?} is no quorum; allowed are majority, all, at_least:NUMBER, fraction:0.NUMBER, weights:REGION=WEIGHT,..."
    )]
    Quorum(String),
    #[error(
        "{0:?} is no change of a policy; allowed are quorum=, min_regions=, min_providers=, late_ok=good or bad, \
         confirm=off, merge_gap=SPAN, separated by blanks"
    )]
    Change(String),
}

/// A check's verdicts.
#[derive(Clone, Debug, Serialize)]
struct WhatIf {
    checks: Vec<Compared>,
    records: Records,
}

#[derive(Clone, Debug, Serialize)]
struct Compared {
    check: String,
    from_ms: i64,
    to_ms: i64,
    policies: Vec<Outcome>,
}

/// What one policy makes of the samples.
#[derive(Clone, Debug, Serialize)]
struct Outcome {
    policy: String,
    /// Why the check cannot have this policy; the figures are missing then.
    #[serde(skip_serializing_if = "Option::is_none")]
    impossible: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    figures: Option<Figures>,
}

#[derive(Clone, Debug, Serialize)]
struct Figures {
    down_ms: Spread,
    unknown_ms: i64,
    partial_ms: i64,
    outages: usize,
    blips: usize,
    uptime_percent: Uptime,
}

/// Judges the samples once per policy.
///
/// # Errors
/// A file that cannot be read or is wrong, or a policy that is none.
pub(crate) fn run(arguments: &WhatIfArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let changes = changes(arguments)?;
    let case = Case::open(&arguments.case, session)?;
    if arguments.agreement.sla.is_some() {
        let agreement = agreement::compare(&arguments.agreement, &case, &changes)?;
        session.answer(&agreement, agreement::Agreement::render)?;
        return Ok(Exit::Fine);
    }
    let compared = case.checks(&arguments.check)?.into_iter().map(|check| compare(&case, check, &changes)).collect();
    session.answer(&WhatIf { checks: compared, records: case.records.clone() }, render)?;
    Ok(Exit::Fine)
}

fn changes(arguments: &WhatIfArguments) -> Result<Vec<Change>, CommandError> {
    let mut changes = vec![Change { name: "as configured".to_owned(), ..Change::default() }];
    for text in &arguments.quorum {
        let quorum = parse_quorum(text).map_err(|error| CommandError::argument("--quorum", error))?;
        changes.push(Change { name: format!("quorum={text}"), quorum: Some(quorum), ..Change::default() });
    }
    for number in &arguments.min_regions {
        let name = format!("min_regions={number}");
        changes.push(Change { name, min_regions: Some(*number), ..Change::default() });
    }
    for number in &arguments.min_providers {
        let name = format!("min_providers={number}");
        changes.push(Change { name, min_providers: Some(*number), ..Change::default() });
    }
    for text in &arguments.policy {
        changes.push(text.parse().map_err(|error: ChangeError| CommandError::argument("--policy", error))?);
    }
    if changes.len() == 1 && !arguments.agreement.has_terms() {
        let reason = "there is nothing to compare; give --quorum, --min-regions, --min-providers or --policy";
        return Err(CommandError::argument("what-if", reason));
    }
    Ok(changes)
}

fn parse_quorum(text: &str) -> Result<Quorum, ChangeError> {
    let error = || ChangeError::Quorum(text.to_owned());
    match text.split_once(':') {
        None if text == "majority" => Ok(Quorum::Majority),
        None if text == "all" => Ok(Quorum::All),
        Some(("at_least", number)) => number.parse().map(Quorum::AtLeast).map_err(|_| error()),
        Some(("fraction", share)) => parts_per_million(share).map(Quorum::Fraction).ok_or_else(error),
        Some(("weights", list)) => {
            let mut weights = BTreeMap::new();
            for entry in list.split(',') {
                let (region, weight) = entry.split_once('=').ok_or_else(error)?;
                let region = RegionId::new(region.trim()).map_err(|_| error())?;
                if weights.insert(region, weight.trim().parse().map_err(|_| error())?).is_some() {
                    return Err(error());
                }
            }
            Ok(Quorum::Weights(weights))
        }
        _ => Err(error()),
    }
}

/// A share as written, such as `0.6` or `1`, without a detour over binary fractions.
fn parts_per_million(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.len() > 6 || !digits(whole) || !digits(fraction) || whole.is_empty() {
        return None;
    }
    let ppm: u32 = format!("{whole}{fraction:0<6}").parse().ok()?;
    (1..=1_000_000).contains(&ppm).then_some(ppm)
}

impl FromStr for Change {
    type Err = ChangeError;

    fn from_str(text: &str) -> Result<Self, ChangeError> {
        let mut change = Self { name: text.to_owned(), ..Self::default() };
        for part in text.split_whitespace() {
            let error = || ChangeError::Change(part.to_owned());
            match part.split_once('=').ok_or_else(error)? {
                ("quorum", quorum) => change.quorum = Some(parse_quorum(quorum)?),
                ("min_regions", number) => change.min_regions = Some(number.parse().map_err(|_| error())?),
                ("min_providers", number) => change.min_providers = Some(number.parse().map_err(|_| error())?),
                ("late_ok", word) => change.late_ok = Some(LateOk::from_word(word).ok_or_else(error)?),
                ("confirm", "off") => change.confirm_off = true,
                ("merge_gap", span) => {
                    change.merge_gap = Some(Millis::new(moment::span_ms(span).map_err(|_| error())?));
                }
                _ => return Err(error()),
            }
        }
        if text.trim().is_empty() { Err(ChangeError::Change(text.to_owned())) } else { Ok(change) }
    }
}

impl Change {
    fn apply(&self, policy: &Policy) -> Result<Policy, PolicyError> {
        let mut changed = Policy::new(
            policy.check().clone(),
            policy.regions().to_vec(),
            self.quorum.clone().unwrap_or_else(|| policy.quorum().clone()),
            Some(self.min_regions.unwrap_or(policy.min_regions())),
            Some(self.min_providers.unwrap_or(policy.min_providers())),
        )?;
        changed.late_ok = self.late_ok.unwrap_or(policy.late_ok);
        changed.confirm = policy.confirm;
        if self.confirm_off {
            (changed.confirm.retries, changed.confirm.solicit) = (0, Solicit::Off);
        }
        changed.merge_gap = self.merge_gap.unwrap_or(policy.merge_gap);
        Ok(changed)
    }
}

fn compare(case: &Case, check: &Check, changes: &[Change]) -> Compared {
    let policies = changes.iter().map(|change| match change.apply(&check.policy) {
        Err(error) => Outcome { policy: change.name.clone(), impossible: Some(error.to_string()), figures: None },
        Ok(policy) => {
            let verdict = judge(case.samples(&check.id), &PolicyHistory::new(policy), case.window, case.now);
            let judged = JudgedCheck::of(&verdict);
            let partial = judged.segments.iter().filter(|segment| segment.state == "partial");
            let figures = Figures {
                partial_ms: partial.map(|segment| segment.end_ms - segment.start_ms).sum(),
                outages: judged.count(IncidentClass::Outage),
                blips: judged.count(IncidentClass::Blip),
                uptime_percent: Uptime::of(&judged),
                unknown_ms: judged.unknown_ms,
                down_ms: judged.down_ms,
            };
            Outcome { policy: change.name.clone(), impossible: None, figures: Some(figures) }
        }
    });
    Compared {
        check: check.id.to_string(),
        from_ms: case.window.from.as_millis(),
        to_ms: case.window.to.as_millis(),
        policies: policies.collect(),
    }
}

fn render(what_if: &WhatIf, look: &Look) -> String {
    let parts: Vec<String> = what_if.checks.iter().map(|compared| compared.render(look)).collect();
    parts.join("\n")
}

impl Compared {
    fn render(&self, look: &Look) -> String {
        let mut table = Table::new(&[
            ("policy", Align::Left),
            ("down", Align::Right),
            ("partial", Align::Right),
            ("unknown", Align::Right),
            ("outages", Align::Right),
            ("blips", Align::Right),
            ("uptime", Align::Left),
        ]);
        for outcome in &self.policies {
            table.row(match (&outcome.figures, &outcome.impossible) {
                (Some(figures), _) => vec![
                    Cell::from(outcome.policy.as_str()),
                    Cell::from(spread(figures.down_ms.low, figures.down_ms.point, figures.down_ms.high)),
                    Cell::from(moment::show_span(figures.partial_ms)),
                    Cell::from(moment::show_span(figures.unknown_ms)),
                    Cell::from(figures.outages.to_string()),
                    Cell::from(figures.blips.to_string()),
                    Cell::from(figures.uptime_percent.text()),
                ],
                (None, why) => {
                    let why = format!("not possible: {}", why.as_deref().unwrap_or("no reason given"));
                    let mut row = vec![Cell::from(outcome.policy.as_str())];
                    row.extend(std::iter::repeat_n(Cell::from("-"), 5));
                    row.push(Cell::new(Tone::Warn, why));
                    row
                }
            });
        }
        format!("{}{}", Heading(self, look), table.render(look.paint))
    }
}

struct Heading<'a>(&'a Compared, &'a Look);

impl fmt::Display for Heading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(compared, look) = self;
        let shown = |ms| moment::show_seconds(ms, &look.zone);
        let window =
            format!("{} to {} {}", shown(compared.from_ms), shown(compared.to_ms), moment::zone_name(&look.zone));
        writeln!(f, "{}  {}", look.tone(Tone::Strong, &harmless(&compared.check)), look.tone(Tone::Faint, &window))
    }
}

#[cfg(test)]
mod tests;

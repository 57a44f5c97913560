//! `quorate what-if --sla`: a contract over one window by other policies and other terms, side by side.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use quorate_collector_config::contract::zone_for_period;
use quorate_collector_consensus::judge;
use quorate_collector_sla::contract::UnknownRule;
use quorate_collector_sla::what_if::{Variation, vary};
use quorate_collector_sla::{
    CheckInput, Contract, Evaluation, Inputs, Interval, Timeline, Uptime, Window, Zone, evaluate,
};
use quorate_model::{CheckId, Millis, PolicyHistory};
use serde::Serialize;

use super::Change;
use crate::error::CommandError;
use crate::moment::{show_seconds, show_span, span_ms, zone_name};
use crate::paint::{Tone, harmless};
use crate::samples::Case;
use crate::session::Look;
use crate::sla::read_contract;
use crate::table::{Align, Cell, Table};

/// What is asked about a contract.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "A contract")]
pub(crate) struct AgreementArguments {
    /// Judge this contract of the configuration over --period, by the policies and by the terms to compare.
    #[arg(long, value_name = "ID", requires = "period", conflicts_with = "check")]
    pub(super) sla: Option<String>,
    /// The window, as the contract's kind of window is named: 2026-10, 2026-Q4, 2026-10-04.
    #[arg(long, value_name = "PERIOD", requires = "sla")]
    period: Option<String>,
    /// Another minimum outage.
    #[arg(long, value_name = "SPAN", requires = "sla")]
    min_outage: Vec<String>,
    /// Another rule for unknown time.
    #[arg(long, value_enum, value_name = "RULE", requires = "sla")]
    unknown: Vec<Unknown>,
    /// Without anything left out.
    #[arg(long, requires = "sla")]
    without_exclusions: bool,
    /// The terms of another contract file, such as one with other exclusions.
    #[arg(long, value_name = "FILE", requires = "sla")]
    terms: Vec<PathBuf>,
}

/// What unknown time counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Unknown {
    /// It leaves the denominator.
    Exclude,
    /// As up.
    Up,
    /// As down.
    Down,
}

impl AgreementArguments {
    /// True if there are other terms to compare.
    pub(super) fn has_terms(&self) -> bool {
        !(self.min_outage.is_empty() && self.unknown.is_empty() && self.terms.is_empty()) || self.without_exclusions
    }
}

/// A contract under several policies and terms.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Agreement {
    contract: String,
    period: String,
    from_ms: i64,
    to_ms: i64,
    alternatives: Vec<Alternative>,
}

#[derive(Clone, Debug, Serialize)]
struct Alternative {
    label: String,
    /// Why it cannot be; the figures are missing then.
    #[serde(skip_serializing_if = "Option::is_none")]
    impossible: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    figures: Option<Figures>,
}

#[derive(Clone, Debug, Serialize)]
struct Figures {
    total_ms: i64,
    up_ms: i64,
    down_ms: i64,
    unknown_ms: i64,
    excluded_ms: i64,
    uptime_percent: Option<[String; 3]>,
    breach: &'static str,
    credit_percent: String,
}

impl Figures {
    fn of(evaluation: &Evaluation) -> Self {
        let ledger = evaluation.ledger;
        Self {
            total_ms: ledger.total().get(),
            up_ms: ledger.up().get(),
            down_ms: ledger.down().get(),
            unknown_ms: ledger.unknown().get(),
            excluded_ms: ledger.excluded().get(),
            uptime_percent: evaluation.uptime.map(|uptime| uptime.percent()),
            breach: evaluation.breach.as_str(),
            credit_percent: evaluation.credit.share.percent_short(Uptime::DECIMALS),
        }
    }
}

/// A change of terms: its name, and the contract under it or why there is none.
type Varied = (String, Result<Contract, String>);

type Checks = BTreeMap<CheckId, CheckInput>;

/// Judges the contract under each change of policy, and as configured under each change of terms.
///
/// # Errors
/// No such contract or window, or terms that are none.
pub(super) fn compare(
    arguments: &AgreementArguments,
    case: &Case,
    changes: &[Change],
) -> Result<Agreement, CommandError> {
    let id = arguments.sla.as_deref().unwrap_or_default();
    let period = arguments.period.as_deref().unwrap_or_default();
    let contracts = case.config.catalogue.contracts();
    let contract = contracts.iter().find(|contract| contract.terms().id.as_str() == id).ok_or_else(|| {
        let known: Vec<&str> = contracts.iter().map(|contract| contract.terms().id.as_str()).collect();
        let reason =
            format!("the configuration has no contract {id}; there are {}", crate::status::list_or(&known, "none"));
        CommandError::argument("--sla", reason)
    })?;
    let terms = contract.terms();
    let zone = zone_for_period(&terms.timezone, period).map_err(|error| CommandError::argument("--sla", error))?;
    let whole = terms.window.window(period, &zone).map_err(|error| CommandError::argument("--period", error))?;
    // Behind the last sample nothing is known; a month that runs is judged as far as it went.
    let interval = Interval::new(whole.interval.start(), whole.interval.end().min(case.window.to));
    let Some(interval) = interval else {
        return Err(CommandError::argument("--period", format!("the samples end before {period} begins")));
    };
    let window = Window { interval, ..whole };
    let variations = variations(arguments, contract)?;
    let mut alternatives = Vec::new();
    for change in changes {
        let outcome = checks(case, contract, change);
        let outcome = outcome.and_then(|checks| judged(contract, &checks, &window, &zone));
        alternatives.push(Alternative::of(&change.name, outcome));
    }
    let as_configured = changes.first().map(|change| checks(case, contract, change));
    if let Some(Ok(checks)) = as_configured {
        for (label, other) in variations {
            let outcome = other.and_then(|other| judged(&other, &checks, &window, &zone));
            alternatives.push(Alternative::of(&label, outcome));
        }
    }
    Ok(Agreement {
        contract: id.to_owned(),
        period: window.label,
        from_ms: interval.start().as_millis(),
        to_ms: interval.end().as_millis(),
        alternatives,
    })
}

/// The checks of the contract judged under a change of policy; or why one cannot have it.
fn checks(case: &Case, contract: &Contract, change: &Change) -> Result<Checks, String> {
    let mut inputs = Checks::new();
    for id in contract.terms().service.checks() {
        let Some(check) = case.config.check(id) else { continue };
        let policy = change.apply(&check.policy).map_err(|error| error.to_string())?;
        let verdict = judge(case.samples(id), &PolicyHistory::new(policy), case.window, case.now);
        let timeline = Timeline::from_verdict(&verdict.segments, &verdict.incidents);
        inputs.insert(id.clone(), CheckInput { timeline, attempts: None });
    }
    Ok(inputs)
}

fn judged(contract: &Contract, checks: &Checks, window: &Window, zone: &Zone) -> Result<Evaluation, String> {
    evaluate(contract, window, Inputs { checks, zone }).map_err(|error| error.to_string())
}

/// The contract under each change of terms that is asked for, with its name.
fn variations(arguments: &AgreementArguments, contract: &Contract) -> Result<Vec<Varied>, CommandError> {
    let mut wanted = Vec::new();
    for text in &arguments.min_outage {
        let span = span_ms(text).map_err(|error| CommandError::argument("--min-outage", error))?;
        let label = format!("min_outage={text}");
        wanted.push(Variation { label, min_outage: Some(Millis::new(span)), ..Variation::default() });
    }
    for rule in &arguments.unknown {
        let rule = match rule {
            Unknown::Exclude => UnknownRule::Exclude,
            Unknown::Up => UnknownRule::Up,
            Unknown::Down => UnknownRule::Down,
        };
        let label = format!("unknown={}", rule.as_str());
        wanted.push(Variation { label, unknown: Some(rule), ..Variation::default() });
    }
    if arguments.without_exclusions {
        let label = "without exclusions".to_owned();
        wanted.push(Variation { label, exclusions: Some(Vec::new()), ..Variation::default() });
    }
    let mut varied: Vec<_> = wanted
        .into_iter()
        .map(|variation| {
            let made = vary(contract, &variation);
            let told = made.map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
            (variation.label, told)
        })
        .collect();
    for path in &arguments.terms {
        let mut draft = read_contract(path)?.into_draft();
        // The window is one, so the zone it is of has to be too.
        draft.timezone.clone_from(&contract.terms().timezone);
        let told = Contract::new(draft).map_err(|_| "it contradicts itself in the contract's zone".to_owned());
        varied.push((path.display().to_string(), told));
    }
    Ok(varied)
}

impl Alternative {
    fn of(label: &str, outcome: Result<Evaluation, String>) -> Self {
        let label = label.to_owned();
        match outcome {
            Ok(evaluation) => Self { label, impossible: None, figures: Some(Figures::of(&evaluation)) },
            Err(why) => Self { label, impossible: Some(why), figures: None },
        }
    }
}

impl Agreement {
    pub(super) fn render(&self, look: &Look) -> String {
        let mut table = Table::new(&[
            ("terms", Align::Left),
            ("down", Align::Right),
            ("unknown", Align::Right),
            ("excluded", Align::Right),
            ("uptime", Align::Right),
            ("between", Align::Left),
            ("breach", Align::Left),
            ("credit", Align::Right),
        ]);
        for alternative in &self.alternatives {
            let mut row = vec![Cell::from(harmless(&alternative.label).as_ref())];
            match (&alternative.figures, &alternative.impossible) {
                (Some(figures), _) => row.extend(figures.cells()),
                (None, why) => {
                    row.extend(std::iter::repeat_n(Cell::from("-"), 5));
                    let why = format!("not possible: {}", why.as_deref().unwrap_or("no reason given"));
                    row.extend([Cell::new(Tone::Warn, why), Cell::from("-")]);
                }
            }
            table.row(row);
        }
        let at = |ms| show_seconds(ms, &look.zone);
        format!(
            "{}  {}  {} to {} {}\n{}",
            look.tone(Tone::Strong, &harmless(&self.contract)),
            self.period,
            at(self.from_ms),
            at(self.to_ms),
            zone_name(&look.zone),
            table.render(look.paint)
        )
    }
}

impl Figures {
    fn cells(&self) -> Vec<Cell> {
        let tone = match self.breach {
            "none" => Tone::Good,
            "possible" => Tone::Warn,
            _ => Tone::Bad,
        };
        let (point, between) = match &self.uptime_percent {
            Some([low, point, high]) => (format!("{point} %"), format!("{low} % and {high} %")),
            None => ("not measured".to_owned(), "-".to_owned()),
        };
        vec![
            Cell::from(show_span(self.down_ms)),
            Cell::from(show_span(self.unknown_ms)),
            Cell::from(show_span(self.excluded_ms)),
            Cell::from(point),
            Cell::from(between),
            Cell::new(tone, self.breach),
            Cell::from(format!("{} %", self.credit_percent)),
        ]
    }
}

//! Everything a report says, as it is printed.

pub(crate) mod numbers;
mod of;
mod one;
mod rules;

use quorate_proto::api::{Spread, SpreadText};
use serde::{Deserialize, Serialize};

/// A report on one window of one contract. Times are milliseconds since the epoch on the collector's clock, percentages and
/// money decimal text, cut off and never rounded up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The version of this data model; see [`Document::FORMAT`].
    #[serde(default = "first_format")]
    pub format: u32,
    /// The contract.
    pub contract: String,
    /// The customer it is for; all of them where there is none.
    #[serde(default)]
    pub customer: Option<String>,
    /// Its name for people.
    pub name: String,
    /// The IANA zone its windows and the printed times are in.
    pub timezone: String,
    /// The window.
    pub period: Period,
    /// `provisional` or `final`.
    pub state: String,
    /// From 1; a change after it was final makes the next.
    pub revision: u32,
    /// When it was made.
    pub made_at_ms: i64,
    /// SHA-256 of everything it was made from, hexadecimal.
    pub input_hash: String,
    /// Where the time of the window went; the parts sum to the whole.
    pub ledger: Ledger,
    /// Downtime that counts: surely, by the best estimate, at most.
    pub down_ms: Spread,
    /// Uptime with its bounds; none where nothing was measured.
    pub uptime_percent: Option<SpreadText>,
    /// The share of the time that counts of which the state is known.
    pub coverage_percent: String,
    /// The shortest outage that is sure to meet a probe; none where it is not known how checks were probed.
    pub resolution_ms: Option<i64>,
    /// The availability that was promised.
    pub objective_percent: Option<String>,
    /// Whether it was missed: `certain`, `possible` or `none`.
    pub breach: String,
    /// The error rate, where one is promised.
    pub error_rate: Option<ErrorRate>,
    /// The percentiles of latency that were promised.
    pub latency_promises: Vec<LatencyPromise>,
    /// Latency as measured, overall and by region.
    pub latency: Vec<Latency>,
    /// The error budget.
    pub budget: Option<BudgetLine>,
    /// The worst window of each length.
    pub worst: Vec<Worst>,
    /// The share of the fee that is owed to a customer who was affected in full.
    pub credit_percent: String,
    /// How it came about, in sentences.
    pub credit_steps: Vec<String>,
    /// The same ledger day by day.
    pub days: Vec<Day>,
    /// Stretches that were not up: `down`, `unknown` or `excluded`, in order of time.
    #[serde(default)]
    pub stretches: Vec<Stretch>,
    /// Outages of the service.
    pub outages: Vec<OutageLine>,
    /// Incidents of its checks, with their evidence.
    pub incidents: Vec<IncidentLine>,
    /// What plans promised of support in them, and whether it was kept.
    #[serde(default)]
    pub support: Vec<SupportLine>,
    /// What was asked to be left out, and what became of it.
    pub exclusions: Vec<ExclusionLine>,
    /// What each customer is owed.
    pub customers: Vec<CustomerLine>,
    /// How the checks were probed and judged, by the time each version came into effect.
    pub checks: Vec<CheckLine>,
    /// The rules of the contract that the figures follow from.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What changed since the revision before.
    pub change: Option<Change>,
}

/// A rule of the contract, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it is about, such as `unknown time`.
    pub about: String,
    /// What it says.
    pub says: String,
}

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// Its name, such as `2026-10`.
    pub label: String,
    /// Its start.
    pub start_ms: i64,
    /// Its end, exclusive.
    pub end_ms: i64,
}

/// Where time went, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// All of it.
    pub total_ms: i64,
    /// Up.
    pub up_ms: i64,
    /// Down.
    pub down_ms: i64,
    /// Not known.
    pub unknown_ms: i64,
    /// Left out: exclusions, outside service hours, before the start of the service.
    pub excluded_ms: i64,
}

/// A promised error rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRate {
    /// At most this.
    pub objective_percent: String,
    /// As measured; none without attempts.
    pub measured_percent: Option<String>,
    /// `met`, `missed` or `not measured`.
    pub kept: String,
}

/// A promised percentile of latency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyPromise {
    /// Which percentile.
    pub percentile: String,
    /// Of which region; overall if none.
    pub region: Option<String>,
    /// Less than this.
    pub under_us: u64,
    /// As measured.
    pub measured_us: Option<u64>,
    /// `met`, `missed` or `not measured`.
    pub kept: String,
}

/// A percentile of latency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Of which region; overall if none.
    pub region: Option<String>,
    /// Which percentile.
    pub percentile: String,
    /// Its value.
    pub value_us: u64,
    /// Of how many answers.
    pub answers: u64,
}

/// The error budget of the availability objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetLine {
    /// Downtime that the objective allows.
    pub allowed_ms: i64,
    /// Downtime that was.
    pub spent_ms: Spread,
}

/// The worst window of one length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worst {
    /// Its start.
    pub start_ms: i64,
    /// Its end.
    pub end_ms: i64,
    /// Downtime in it.
    pub down_ms: i64,
    /// Availability in it.
    pub availability_percent: String,
}

/// One local day, as far as it lies in the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// The day.
    pub period: Period,
    /// Where its time went.
    pub ledger: Ledger,
    /// What it spends of the error budget; more than its downtime where unknown time counts as down.
    #[serde(default)]
    pub spent_ms: i64,
}

/// A stretch of time that was not up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// Its start.
    pub start_ms: i64,
    /// Its end.
    pub end_ms: i64,
    /// `down`, `unknown` or `excluded`.
    pub state: String,
}

/// An outage of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutageLine {
    /// Its start, also before the window.
    pub start_ms: i64,
    /// Its end, also after the window.
    pub end_ms: i64,
    /// The downtime it brings to the window.
    pub down_ms: i64,
    /// Why it is no downtime at all, where it is not.
    pub not_counted: Option<String>,
}

/// An incident of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentLine {
    /// Its id.
    pub id: String,
    /// Its check.
    pub check: String,
    /// Its start by the best estimate.
    pub start_ms: i64,
    /// Its end; none while it lasts.
    pub end_ms: Option<i64>,
    /// Its start at the earliest and at the latest.
    pub start_bounds_ms: [i64; 2],
    /// Its end at the earliest and at the latest.
    pub end_bounds_ms: [i64; 2],
    /// `outage` or `blip`.
    pub class: String,
    /// The downtime it counts for before the contract's rules.
    pub billed_ms: i64,
    /// The regions that saw it.
    pub regions: Vec<String>,
    /// How many bad samples and runs speak for it.
    pub support: u32,
    /// The classes of failure seen in it, most often first.
    pub failures: Vec<Seen>,
    /// Samples that can be looked up: agent, boot, number.
    pub evidence: Vec<String>,
    /// The exclusions that leave out some of its downtime.
    #[serde(default)]
    pub exclusions: Vec<AppliedExclusion>,
    /// How bad people said it is: `critical`, `high`, `normal` or `low`.
    #[serde(default)]
    pub severity: Option<String>,
    /// When somebody first looked after it.
    #[serde(default)]
    pub acknowledged_at_ms: Option<i64>,
    /// When somebody said that it is over.
    #[serde(default)]
    pub resolved_at_ms: Option<i64>,
    /// Where one can read how it came about.
    #[serde(default)]
    pub postmortem: Option<String>,
}

/// What a plan promised of support in one incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupportLine {
    /// The incident.
    pub incident: String,
    /// The plan.
    pub plan: String,
    /// How bad the incident was, as the plan took it.
    pub severity: String,
    /// `acknowledge` or `resolve`.
    pub promise: String,
    /// Within this time, in the plan's hours.
    pub target_ms: i64,
    /// The last moment that keeps it; none where the hours never reach it.
    pub deadline_ms: Option<i64>,
    /// The time it took in the plan's hours; none where it is not done.
    pub took_ms: Option<i64>,
    /// `met`, `missed`, or `open` where it is not known yet.
    pub kept: String,
}

/// What an exclusion leaves out of an incident. Class, start and end are those of its [`ExclusionLine`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliedExclusion {
    /// The exclusion's class.
    pub class: String,
    /// The exclusion's start.
    pub start_ms: i64,
    /// The exclusion's end.
    pub end_ms: i64,
    /// How much of the incident's downtime it leaves out. What two exclusions both name, both leave out.
    pub excluded_ms: i64,
}

/// How often something was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// What.
    pub what: String,
    /// How often.
    pub times: u64,
}

/// An exclusion, or one occurrence of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExclusionLine {
    /// `maintenance`, `force_majeure`, `third_party`, `customer` or `suspension`.
    pub class: String,
    /// Its start.
    pub start_ms: i64,
    /// Its end.
    pub end_ms: i64,
    /// How much of it is left out.
    pub excluded_ms: i64,
    /// Why not all of it, or what else is wrong.
    pub refused: Vec<String>,
    /// What it was for.
    pub reason: String,
    /// Who entered it.
    pub author: Option<String>,
    /// Who approved it, if it was entered after it began.
    pub approver: Option<String>,
    /// When it was announced.
    pub announced_at_ms: Option<i64>,
    /// When it was entered.
    #[serde(default)]
    pub recorded_at_ms: Option<i64>,
    /// When the work really ended, where that was told.
    #[serde(default)]
    pub actual_end_ms: Option<i64>,
    /// Where it can be looked up.
    #[serde(default)]
    pub evidence: Vec<String>,
}

/// What one customer is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerLine {
    /// The customer.
    pub customer: String,
    /// Its plan.
    pub plan: String,
    /// The fee of the window, with its currency.
    pub fee: String,
    /// The share of the fee that is owed.
    pub share_percent: String,
    /// The credit, with its currency.
    pub credit: String,
    /// How it came about, in sentences.
    pub steps: Vec<String>,
    /// The first moment that is too late to claim it.
    pub claim_before_ms: Option<i64>,
}

/// How a check was probed and judged from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckLine {
    /// The check.
    pub check: String,
    /// From when on.
    pub from_ms: i64,
    /// The version of its settings.
    pub version: String,
    /// The time from one probe of an agent to its next.
    pub interval_ms: i64,
    /// How long an answer may take.
    pub timeout_ms: i64,
    /// How many agents probed.
    pub agents: u32,
    /// Who voted.
    pub voters: Vec<Voter>,
    /// How many had to be bad, in words.
    pub quorum: String,
    /// The fewest regions that had to vote.
    pub min_regions: u16,
    /// The fewest providers that the bad regions had to span.
    pub min_providers: u16,
}

/// A region that votes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voter {
    /// The region.
    pub region: String,
    /// Who runs the network there.
    pub provider: String,
    /// Its weight, where weights decide.
    #[serde(default)]
    pub weight: Option<u32>,
}

/// What changed since an earlier revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The earlier revision.
    pub since_revision: u32,
    /// Figures that differ: what, before, now.
    pub figures: Vec<[String; 3]>,
    /// Incidents that came or differ.
    pub incidents_changed: Vec<String>,
    /// Incidents that are gone.
    pub incidents_gone: Vec<String>,
}

/// Why a text is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is not JSON, or lacks something, or has what no report has.
    #[error("line {}, column {}: this is no report", .0.line(), .0.column())]
    Json(#[source] serde_json::Error),
    /// A time or a length that cannot be.
    #[error("{field} is {found}; it has to be {allowed}")]
    Number {
        /// Where it is, such as `period.end_ms`.
        field: String,
        /// What it is.
        found: i64,
        /// What it may be.
        allowed: String,
    },
}

const fn first_format() -> u32 {
    1
}

impl Document {
    /// The version of the data model that is written. 2 added the customer, the rules, support, of incidents what is left
    /// out of them and what people did about them, weights, and of exclusions when they were entered, when they really
    /// ended and where they can be looked up; a report of 1 lacks them.
    pub const FORMAT: u32 = 2;

    /// The document without what the data model of that version lacked, so that a report is compared with one frozen
    /// earlier by what both can say.
    #[must_use]
    pub fn in_format(mut self, format: u32) -> Self {
        self.format = format.min(self.format);
        if format < 2 {
            self.rules.clear();
            self.support.clear();
            for line in &mut self.incidents {
                line.exclusions.clear();
                (line.severity, line.postmortem) = (None, None);
                (line.acknowledged_at_ms, line.resolved_at_ms) = (None, None);
            }
            for line in &mut self.exclusions {
                (line.recorded_at_ms, line.actual_end_ms) = (None, None);
                line.evidence.clear();
            }
            self.checks.iter_mut().flat_map(|line| &mut line.voters).for_each(|voter| voter.weight = None);
        }
        self
    }

    /// The document as JSON, one key a line.
    pub fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("texts, numbers and lists are always JSON");
        text.push('\n');
        text
    }

    /// Reads what [`Document::json`] wrote.
    ///
    /// # Errors
    /// It is not JSON, or not a report, or a time or a length in it is none that can be.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let document: Self = serde_json::from_str(text).map_err(DocumentError::Json)?;
        numbers::check(&document)?;
        Ok(document)
    }
}

//! What the HTTP API answers, as both sides of it read and write it: JSON objects with units in their names.

use serde::{Deserialize, Serialize};

/// `GET /api/v1/status`: every check's state now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The collector's clock when the answer was made.
    pub now_ms: i64,
    /// The collector's own version.
    pub version: String,
    /// The configuration's revision.
    pub config_revision: u64,
    /// Every check, sorted by id.
    pub checks: Vec<CheckStatus>,
    /// How many agents have a stream open now.
    pub agents_connected: u32,
    /// How many agents were ever seen and not revoked.
    pub agents_known: u32,
}

/// `GET /api/v1/checks?state=&kind=`: the checks that match, sorted by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// The collector's clock when the answer was made.
    pub now_ms: i64,
    /// The checks.
    pub checks: Vec<CheckStatus>,
}

/// The state of one check; by itself the answer of `GET /api/v1/checks/{check}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStatus {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The probe's protocol: http, tcp, tls, dns, icmp, grpc.
    pub kind: String,
    /// What is probed.
    pub target: String,
    /// up, degraded, partial, down, unknown: the live state, holding each agent's last value.
    pub state: String,
    /// Since when.
    pub since_ms: i64,
    /// The quorum in words, such as "majority: 3 of 5, of at least 2 providers".
    pub quorum: String,
    /// Single vantage: only one region may vote.
    pub single_vantage: bool,
    /// Bad regions needed now.
    pub need: u32,
    /// Each region's vote now, sorted by region.
    pub regions: Vec<RegionVote>,
    /// The open incident, if there is one.
    pub incident: Option<String>,
    /// Uptime of the last 24 hours with its bounds.
    pub last_day: Uptime,
    /// Labels of the configuration.
    pub labels: std::collections::BTreeMap<String, String>,
}

/// One region's vote on one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionVote {
    /// The region.
    pub region: String,
    /// Its provider.
    pub provider: String,
    /// good, slow, bad, or none (no vote).
    pub vote: String,
    /// Why there is no vote or what the last failure was; empty where nothing is to say.
    pub reason: String,
    /// End of the last sample, collector clock.
    pub last_sample_ms: Option<i64>,
    /// Total of the last good sample.
    pub last_total_us: Option<u64>,
}

/// Up, down and unknown time of a window; `up + down_point + unknown = total`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uptime {
    /// The window's start.
    pub from_ms: i64,
    /// The window's end.
    pub to_ms: i64,
    /// Downtime: surely, by the best estimate, at most.
    pub down_ms: Spread,
    /// Time without enough votes.
    pub unknown_ms: i64,
    /// Uptime in percent, truncated to four decimals; `None` where nothing was measured.
    pub percent: Option<SpreadText>,
    /// Share of the window with enough votes, in percent, truncated to two decimals.
    pub coverage_percent: String,
}

/// A figure with its bounds, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// At least.
    pub low: i64,
    /// Best estimate.
    pub point: i64,
    /// At most.
    pub high: i64,
}

/// A figure with its bounds, as decimal text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpreadText {
    /// At least.
    pub low: String,
    /// Best estimate.
    pub point: String,
    /// At most.
    pub high: String,
}

/// `GET /api/v1/agents`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agents {
    /// The collector's clock when the answer was made.
    pub now_ms: i64,
    /// Every agent ever seen, sorted by id.
    pub agents: Vec<Agent>,
    /// What became of all their samples since the collector started.
    #[serde(default)]
    pub samples: SampleCounts,
}

/// What became of the samples that were received, in numbers of samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleCounts {
    /// Stored and counted, each once; those that came late or were cut back are among them.
    pub stored: u64,
    /// Were stored already.
    pub duplicates: u64,
    /// Came under an identity that was stored with another payload; the smaller one counts.
    pub equivocations: u64,
    /// Came late.
    pub late: u64,
    /// Ended after they were received, by the agent's clock, and were cut back.
    pub capped: u64,
    /// Kept apart, never counted: too far in the future.
    pub future: u64,
    /// Kept apart, never counted: too old.
    pub stale: u64,
    /// Kept apart, never counted: of a check that is not configured.
    pub unknown_check: u64,
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: String,
    /// Its region.
    pub region: String,
    /// Its provider.
    pub provider: String,
    /// True while a stream is open.
    pub connected: bool,
    /// When something was last heard of it.
    pub last_seen_ms: Option<i64>,
    /// When it last told its own state; `None` = never, and then the figures it tells (health, clock, spool, probes,
    /// memory) are 0 and mean nothing.
    pub status_at_ms: Option<i64>,
    /// The life it is in.
    pub boot: u64,
    /// Everything up to here is stored.
    pub durable_seq: u64,
    /// Its software version.
    pub software: String,
    /// Health multiplier 0 to 7.
    pub health: u8,
    /// Collector clock minus agent clock.
    pub clock_offset_ms: i64,
    /// Half width of the interval of the offset.
    pub clock_error_ms: i64,
    /// Samples that wait in its spool.
    pub spool_samples: u64,
    /// Samples it dropped since its start.
    pub samples_dropped: u64,
    /// Probes started since its start.
    pub probes_started: u64,
    /// Of those, retries and solicited ones.
    pub probes_extra: u64,
    /// Slots it could not run since its start.
    pub probes_skipped: u64,
    /// Resident memory.
    pub resident_bytes: u64,
    /// True if it runs the assignment meant for it.
    pub assignment_current: bool,
    /// Checks it refused with the reason.
    pub refused: Vec<RefusedCheck>,
}

/// A check an agent cannot run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedCheck {
    /// The check.
    pub check: String,
    /// Why.
    pub reason: String,
}

/// `GET /api/v1/incidents?check=&from_ms=&to_ms=&open=&class=&limit=&after=`: newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incidents {
    /// The collector's clock when the answer was made.
    pub now_ms: i64,
    /// The incidents.
    pub incidents: Vec<Incident>,
    /// What to give as `after` for the next, older page; `None` on the last one.
    #[serde(default)]
    pub next: Option<String>,
}

/// One incident in its latest revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id; stays through revisions.
    pub id: String,
    /// The check.
    pub check: String,
    /// Best estimate of the start.
    pub start_ms: i64,
    /// Best estimate of the end; `None` while open.
    pub end_ms: Option<i64>,
    /// Between which moments it started.
    pub start_bounds_ms: [i64; 2],
    /// Between which moments it ended.
    pub end_bounds_ms: [i64; 2],
    /// outage or blip.
    pub class: String,
    /// Downtime billed.
    pub billed_ms: i64,
    /// Regions that were bad in it.
    pub regions: Vec<String>,
    /// Bad samples and runs that support it.
    pub support: u32,
    /// 1 = as first written.
    pub revision: u32,
    /// True once no late sample of a live agent can change it any more.
    pub settled: bool,
    /// How each later revision differs from the one before, oldest first.
    pub changes: Vec<IncidentChange>,
}

/// One revision of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentChange {
    /// The revision made by this change.
    pub revision: u32,
    /// When, on the collector's clock.
    pub at_ms: i64,
    /// Which fields changed.
    pub fields: Vec<FieldChange>,
}

/// One field's change, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field's name in [`Incident`].
    pub field: String,
    /// Its text before.
    pub old: String,
    /// Its text after.
    pub new: String,
}

/// `GET /api/v1/checks/{check}/explain?at_ms=`: who said what, and why the verdict is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The check.
    pub check: String,
    /// The moment asked about.
    pub at_ms: i64,
    /// The state by the best estimate.
    pub state: String,
    /// The state with every ambiguous moment counted as good.
    pub state_low: String,
    /// The state with every ambiguous moment counted as bad.
    pub state_high: String,
    /// True once no late sample of a live agent can change it any more.
    pub settled: bool,
    /// The arithmetic in one sentence.
    pub sentence: String,
    /// The quorum in words.
    pub quorum: String,
    /// Regions configured.
    pub regions_configured: u32,
    /// Regions that vote.
    pub regions_voting: u32,
    /// Regions that are bad.
    pub regions_bad: Vec<String>,
    /// Fewer voting regions than this are unknown.
    pub min_regions: u32,
    /// Bad regions (or bad weight) needed.
    pub need: u32,
    /// Providers of the bad regions.
    pub providers_bad: Vec<String>,
    /// Providers the bad regions have to span.
    pub min_providers: u32,
    /// Each agent's evidence, sorted by region and agent.
    pub agents: Vec<AgentEvidence>,
    /// The incident this moment belongs to.
    pub incident: Option<String>,
}

/// What one agent said about one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentEvidence {
    /// The agent.
    pub agent: String,
    /// Its region.
    pub region: String,
    /// Its provider.
    pub provider: String,
    /// good, bad, ambiguous or none.
    pub vote: String,
    /// Why it does not vote, or what the ambiguity is; empty where nothing is to say.
    pub reason: String,
    /// The last good sample at or before the moment.
    pub last_good: Option<SampleSummary>,
    /// The last bad sample at or before the moment.
    pub last_bad: Option<SampleSummary>,
    /// The first sample after the moment.
    pub next: Option<SampleSummary>,
}

/// One sample, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleSummary {
    /// boot/seq.
    pub id: String,
    /// Start on the collector's clock.
    pub start_ms: i64,
    /// End on the collector's clock.
    pub end_ms: i64,
    /// The outcome's word.
    pub outcome: String,
    /// The failure's word.
    pub failure: Option<String>,
    /// Total in microseconds, where kept.
    pub total_us: Option<u64>,
    /// What was seen, where kept.
    pub detail: Option<String>,
    /// scheduled, retry, solicited.
    pub trigger: String,
}

/// `GET /api/v1/checks/{check}/segments?from_ms=&to_ms=`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segments {
    /// The check.
    pub check: String,
    /// The window's totals.
    pub uptime: Uptime,
    /// States over time; half-open, without holes.
    pub segments: Vec<Segment>,
}

/// A stretch of one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// First moment.
    pub start_ms: i64,
    /// First moment after it.
    pub end_ms: i64,
    /// up, degraded, partial, down, unknown.
    pub state: String,
    /// The regions that are bad.
    pub regions_bad: Vec<String>,
    /// False while late samples of live agents may still change it.
    pub settled: bool,
}

/// `GET /api/v1/checks/{check}/latency?from_ms=&to_ms=`: totals of right answers, from mergeable histograms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// The check.
    pub check: String,
    /// The window's start, as far as the roll-ups resolve it.
    pub from_ms: i64,
    /// The window's end.
    pub to_ms: i64,
    /// All regions merged; `None` where no right answer was measured.
    pub overall: Option<Percentiles>,
    /// Each region with a measurement, sorted by region.
    pub regions: Vec<RegionLatency>,
}

/// One region's latency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionLatency {
    /// The region.
    pub region: String,
    /// Its figures.
    pub latency: Percentiles,
}

/// Percentiles in microseconds; each is the value that so many percent of the answers did not exceed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many answers were measured.
    pub count: u64,
    /// The fastest.
    pub min_us: u64,
    /// The median.
    pub p50_us: u64,
    /// 90 %.
    pub p90_us: u64,
    /// 95 %.
    pub p95_us: u64,
    /// 99 %.
    pub p99_us: u64,
    /// 99.9 %.
    pub p999_us: u64,
    /// The slowest.
    pub max_us: u64,
}

/// `POST /api/v1/checks/{check}/probe-now`: the agents were asked; their samples come in the ordinary way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeNow {
    /// The check.
    pub check: String,
    /// How many connected agents were asked.
    pub agents_asked: u32,
}

/// `GET /api/v1/slas`: how every contract is doing in its present window, sorted by id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slas {
    /// The collector's clock when the answer was made.
    pub now_ms: i64,
    /// The contracts.
    pub slas: Vec<SlaStatus>,
}

/// How one contract is doing in the window that runs. Figures are up to `known_to_ms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaStatus {
    /// Its id.
    pub contract: String,
    /// Its name for people.
    pub name: String,
    /// The zone its windows are in.
    pub timezone: String,
    /// The kind of its windows, such as `calendar_month`.
    pub window: String,
    /// The name of the window that runs, such as `2026-11`.
    pub period: String,
    /// The window's first moment.
    pub from_ms: i64,
    /// The first moment after it.
    pub to_ms: i64,
    /// Up to here anything is known.
    pub known_to_ms: i64,
    /// The availability promised, in percent; none where nothing is.
    pub objective_percent: Option<String>,
    /// Uptime so far, in percent, cut to 4 decimals; none where nothing was measured.
    pub uptime_percent: Option<SpreadText>,
    /// The share of the time so far in which enough was known, in percent.
    pub coverage_percent: String,
    /// Downtime so far.
    pub down_ms: Spread,
    /// Time so far that is not known.
    pub unknown_ms: i64,
    /// Time so far that is left out.
    pub excluded_ms: i64,
    /// Whether the promise is missed: none, possible, certain; if the window ended now.
    pub breach: String,
    /// The share of the fee that would be owed if the window ended now, in percent.
    pub credit_percent: String,
    /// The error budget of the whole window; none without an objective.
    pub budget: Option<SlaBudget>,
    /// How fast the budget is spent, over several stretches up to now.
    pub burn: Vec<SlaBurn>,
    /// The customers who have the contract.
    pub customers: u32,
    /// The last final reports, newest window first; at most 24.
    pub reports: Vec<SlaReport>,
}

/// The downtime a contract allows in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaBudget {
    /// What is allowed in the whole window.
    pub allowed_ms: i64,
    /// What is spent by the best estimate.
    pub spent_ms: i64,
    /// What is left; negative where it is overspent.
    pub left_ms: i64,
}

/// How many times faster than allowed a budget is spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaBurn {
    /// The stretch up to now, such as `1h`.
    pub stretch: String,
    /// The rate with two decimals, cut; none where nothing was measured.
    pub rate: Option<String>,
}

/// A final report that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaReport {
    /// Its window.
    pub period: String,
    /// Its last revision.
    pub revision: u32,
    /// When that was made.
    pub made_at_ms: i64,
}

/// `GET /api/v1/slas/{contract}/ledger?from=&to=`: one window after the other, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaLedger {
    /// The collector's clock when the answer was made.
    pub now_ms: i64,
    /// The contract.
    pub contract: String,
    /// The windows.
    pub windows: Vec<SlaWindow>,
}

/// What a contract's report on one window comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaWindow {
    /// Its name, such as `2026-10`.
    pub period: String,
    /// Its first moment.
    pub from_ms: i64,
    /// The first moment after it, or up to where a window that runs is known.
    pub to_ms: i64,
    /// The zone it is in.
    pub timezone: String,
    /// provisional or final.
    pub state: String,
    /// The report's revision.
    pub revision: u32,
    /// All of its time; up, the point of down, unknown and excluded sum to it.
    pub total_ms: i64,
    /// Up.
    pub up_ms: i64,
    /// Downtime that counts.
    pub down_ms: Spread,
    /// Not known.
    pub unknown_ms: i64,
    /// Left out.
    pub excluded_ms: i64,
    /// Uptime, in percent, cut to 4 decimals; none where nothing was measured.
    pub uptime_percent: Option<SpreadText>,
    /// The share of the time that counts of which the state is known, in percent.
    pub coverage_percent: String,
    /// The availability promised, in percent; none where nothing is.
    pub objective_percent: Option<String>,
    /// Whether it was missed: none, possible, certain.
    pub breach: String,
    /// The share of the fee that is owed, in percent.
    pub credit_percent: String,
}

/// `GET /readyz`: status 200 if ready, else 503.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// True if the collector takes samples and answers from a complete view.
    pub ready: bool,
    /// What is missing; empty if ready.
    pub reasons: Vec<String>,
}

/// Any refusal of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// A stable word, such as `unknown_check` or `bad_parameter`.
    pub code: String,
    /// One sentence that names the place and what is allowed.
    pub message: String,
}

//! Every metric family there is, with its name, type, unit, labels and help.

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows while its source lives; its samples end in `_total`.
    Counter,
    /// May go both ways.
    Gauge,
    /// Always 1, with facts as labels; its samples end in `_info`.
    Info,
    /// Classic cumulative buckets.
    Histogram,
}

/// One metric family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name without the prefix `quorate_`, the unit, and the suffix of its type.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its unit, the last word of the name.
    pub unit: Option<&'static str>,
    /// Its labels, in order. `label_*` stands for the labels of the configuration.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

impl Family {
    /// The name as it stands in an OpenMetrics TYPE line.
    pub fn full_name(&self) -> String {
        match self.unit {
            Some(unit) => format!("{PREFIX}_{}_{unit}", self.name),
            None => format!("{PREFIX}_{}", self.name),
        }
    }

    /// The name of its samples, without the suffixes of a histogram.
    pub fn sample_name(&self) -> String {
        match self.kind {
            Kind::Counter => format!("{}_total", self.full_name()),
            Kind::Info => format!("{}_info", self.full_name()),
            Kind::Gauge | Kind::Histogram => self.full_name(),
        }
    }
}

/// The first word of every name.
pub const PREFIX: &str = "quorate";

macro_rules! catalogue {
    ($($name:ident = $kind:ident $text:literal $(($unit:literal))? [$($label:literal),*] $help:literal;)+) => {
        $(pub(crate) const $name: Family = Family {
            name: $text,
            kind: Kind::$kind,
            unit: catalogue!(@unit $($unit)?),
            labels: &[$($label),*],
            help: $help,
        };)+

        /// Every family, in the order in which they are written.
        pub const CATALOGUE: &[Family] = &[$($name),+];
    };
    (@unit) => { None };
    (@unit $unit:literal) => { Some($unit) };
}

catalogue! {
    BUILD = Info "build" ["version"] "The collector's own version.";
    PROCESS_START = Gauge "process_start_time" ("seconds") [] "When the collector started, since the epoch.";
    CONFIG_REVISION = Gauge "config_revision" [] "Revision of the configuration in force.";
    CONFIG_LOADED = Gauge "config_last_load_successful" [] "1 if the last attempt to load the configuration took effect, 0 if it was refused.";
    CONFIG_LOADED_AT = Gauge "config_last_load_timestamp" ("seconds") [] "When the configuration was last loaded or refused, since the epoch.";

    CHECK_INFO = Info "check" ["check", "name", "kind", "target", "label_*"] "A check of the configuration, with its labels.";
    CHECK_STATE = Gauge "check_state" ["check", "state"] "1 for the consensus state the check is in now, 0 for every other.";
    CHECK_SINCE = Gauge "check_state_since_timestamp" ("seconds") ["check"] "When the present state began, since the epoch.";
    CHECK_REGIONS = Gauge "check_regions" ["check"] "Regions that may vote.";
    CHECK_VOTING = Gauge "check_voting_regions" ["check"] "Regions that vote now.";
    CHECK_BAD = Gauge "check_bad_regions" ["check"] "Regions that vote bad now.";
    CHECK_NEED = Gauge "check_need" ["check"] "Bad regions, or bad weight, that would be a quorum now.";
    CHECK_SINGLE = Gauge "check_single_vantage" ["check"] "1 if only one region may vote, so that no quorum is possible.";
    INCIDENTS_OPEN = Gauge "incidents_open" ["check"] "Open incidents.";
    CHECK_UPTIME = Gauge "check_uptime" ("ratio") ["check", "window", "bound"] "Uptime of the window: low at least, point by the best estimate, high at most. Absent where nothing was measured.";
    CHECK_COVERAGE = Gauge "check_coverage" ("ratio") ["check", "window"] "Share of the window in which enough regions voted.";
    CHECK_JUDGED = Counter "check_judged" ("seconds") ["check"] "Settled time since the collector started.";
    CHECK_DOWN = Counter "check_down" ("seconds") ["check", "bound"] "Settled downtime since the collector started: low surely, point by the best estimate, high at most.";
    CHECK_UNKNOWN = Counter "check_unknown" ("seconds") ["check"] "Settled time without enough votes since the collector started.";
    CHECK_DEGRADED = Counter "check_degraded" ("seconds") ["check"] "Settled time with a quorum of slow or failing answers since the collector started.";
    CHECK_BREACHES = Counter "check_invariant_breaches" ["check"] "Verdicts found to break an invariant since the collector started; never, unless the engine is wrong.";
    CHECK_PARTIAL = Counter "check_partial" ("seconds") ["check"] "Settled time with some bad regions, fewer than a quorum, since the collector started.";

    REGION_VOTE = Gauge "region_vote" ["check", "region", "provider", "vote"] "1 for the vote the region casts on the check now, 0 for every other; none is no vote.";
    REGION_LAST_SAMPLE = Gauge "region_last_sample_timestamp" ("seconds") ["check", "region"] "End of the region's last sample of the check, since the epoch.";

    PROBES = Counter "probes" ["check", "region", "outcome", "failure"] "Probes stored since the collector started, by how they ended. failure is none for all but fail and local.";
    PROBE_TRIGGERS = Counter "probe_triggers" ["check", "region", "trigger"] "Probes stored since the collector started, by why they ran.";
    PROBE_PHASE = Histogram "probe_phase" ("seconds") ["check", "region", "phase"] "Time of each phase of probes with a right answer.";
    CERTIFICATE_EXPIRY = Gauge "certificate_expiry_timestamp" ("seconds") ["check", "region", "certificate"] "End of validity of the leaf, and the earliest in the chain, as last seen, since the epoch.";
    CERTIFICATE_VERIFIED = Gauge "certificate_verified" ["check", "region"] "1 if the chain last seen verified for the name asked.";

    SLA_INFO = Info "sla" ["contract", "name", "window", "timezone"] "A contract of the configuration.";
    SLA_PERIOD_END = Gauge "sla_period_end_timestamp" ("seconds") ["contract"] "When the window that runs ends, since the epoch. The figures of contracts are of this window, and at most a few minutes old.";
    SLA_OBJECTIVE = Gauge "sla_objective" ("ratio") ["contract"] "The availability promised. Absent where nothing is.";
    SLA_UPTIME = Gauge "sla_uptime" ("ratio") ["contract", "bound"] "Uptime so far by the contract's terms: low at least, point by the best estimate, high at most. Absent where nothing was measured.";
    SLA_COVERAGE = Gauge "sla_coverage" ("ratio") ["contract"] "Share of the time so far in which enough was known.";
    SLA_DOWN = Gauge "sla_down" ("seconds") ["contract", "bound"] "Downtime so far that counts: low surely, point by the best estimate, high at most.";
    SLA_UNKNOWN = Gauge "sla_unknown" ("seconds") ["contract"] "Time so far that is not known.";
    SLA_EXCLUDED = Gauge "sla_excluded" ("seconds") ["contract"] "Time so far that is left out.";
    SLA_BUDGET = Gauge "sla_budget" ("seconds") ["contract"] "Downtime the objective allows in the whole window. Absent without an objective.";
    SLA_BUDGET_LEFT = Gauge "sla_budget_left" ("seconds") ["contract"] "What of it is left; negative where it is overspent. Absent without an objective.";
    SLA_BURN = Gauge "sla_burn_rate" ["contract", "stretch"] "How many times faster than allowed the budget is spent over the stretch up to now. Absent where nothing was measured.";
    SLA_BREACH = Gauge "sla_breach" ["contract", "breach"] "1 for whether the promise is missed if the window ended now (none, possible, certain), 0 for every other.";
    SLA_CUSTOMERS = Gauge "sla_customers" ["contract"] "Customers who have the contract.";

    AGENT_INFO = Info "agent" ["agent", "region", "provider", "software"] "An agent that was ever seen and not revoked.";
    AGENT_CONNECTED = Gauge "agent_connected" ["agent", "region"] "1 while the agent's stream is open.";
    AGENT_LAST_SEEN = Gauge "agent_last_seen_timestamp" ("seconds") ["agent", "region"] "When something was last heard of the agent, since the epoch.";
    AGENT_HEALTH = Gauge "agent_health" ["agent", "region"] "The agent's own health multiplier: 0 well, 7 not to be believed about failures. Absent while it is away.";
    AGENT_CLOCK_OFFSET = Gauge "agent_clock_offset" ("seconds") ["agent", "region"] "Collector clock minus agent clock. Absent while the agent is away.";
    AGENT_CLOCK_ERROR = Gauge "agent_clock_error" ("seconds") ["agent", "region"] "Half width of the interval the true offset lies in. Absent while the agent is away.";
    AGENT_SPOOL = Gauge "agent_spool_samples" ["agent", "region"] "Samples that wait in the agent's spool. Absent while the agent is away.";
    AGENT_MEMORY = Gauge "agent_resident_memory" ("bytes") ["agent", "region"] "The agent's resident memory. Absent while the agent is away.";
    AGENT_CURRENT = Gauge "agent_assignment_current" ["agent", "region"] "1 if the agent runs the assignment meant for it. Absent while the agent is away.";
    AGENT_REFUSED = Gauge "agent_refused_checks" ["agent", "region"] "Checks of its assignment that the agent cannot run. Absent while the agent is away.";
    AGENT_DROPPED = Counter "agent_samples_dropped" ["agent", "region"] "Samples the agent dropped since its own start.";
    AGENT_STARTED = Counter "agent_probes_started" ["agent", "region"] "Probes the agent started since its own start.";
    AGENT_EXTRA = Counter "agent_probes_extra" ["agent", "region"] "Of those, retries and solicited ones.";
    AGENT_SKIPPED = Counter "agent_probes_skipped" ["agent", "region"] "Slots the agent could not run since its own start.";

    INGEST_BATCHES = Counter "ingest_batches" [] "Batches stored since the collector started.";
    INGEST_SAMPLES = Counter "ingest_samples" [] "Samples stored since the collector started, each once.";
    INGEST_DUPLICATES = Counter "ingest_duplicate_samples" [] "Samples received that were stored already.";
    INGEST_EQUIVOCATIONS = Counter "ingest_equivocations" [] "Samples received under an identity that was stored with another payload, of which the smaller counts.";
    INGEST_LATE = Counter "ingest_late_samples" [] "Samples stored that came late but count.";
    INGEST_CAPPED = Counter "ingest_capped_samples" [] "Samples stored that ended after they were received, and were cut back.";
    INGEST_APART = Counter "ingest_apart_samples" ["reason"] "Samples kept apart, which never count: too far in the future, stale, or of an unknown check.";
    INGEST_REJECTS = Counter "ingest_rejects" ["reason"] "Ranges of samples refused for good, by reason.";
    INGEST_ACK = Histogram "ingest_ack" ("seconds") [] "From a batch's arrival to its acknowledgement, fsync included.";
    STORE_SIZE = Gauge "store_size" ("bytes") ["file"] "What the store takes on disk.";
    HTTP_REQUESTS = Counter "http_requests" ["route", "code"] "Requests answered, by route and class of status.";
    HTTP_TIME = Histogram "http_request" ("seconds") ["route"] "From a request's head to its answer's head.";
}

//! Scenarios as files: what the world is and what goes wrong in it.
//!
//! A scenario is a YAML file. Unknown keys are refused; durations are texts such as `45s`, `1m30s`, `250ms`; where a range
//! makes sense, `5m..6m` draws from it by the seed.

mod raw;
mod span;

pub use span::{Range, SpanError};

use quorate_model::{AgentId, CollectorTime, Confirm, Failure, Policy, PolicyHistory, ProviderId, Quorum, RegionId};

/// Why a text is not a scenario.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// Not the YAML it should be; says line and column.
    #[error("{0}")]
    Yaml(String),
    /// A value that contradicts another; says which.
    #[error("{place}: {problem}")]
    Value {
        /// The key path.
        place: String,
        /// What is wrong and what is allowed.
        problem: String,
    },
}

/// A world and what goes wrong in it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// A short name, as in tables.
    pub name: String,
    /// One sentence.
    pub title: String,
    /// When the world begins.
    pub begins: CollectorTime,
    /// How long the world is watched, milliseconds.
    pub length_ms: i64,
    /// Everyone who probes.
    pub agents: Vec<AgentPlan>,
    /// The policy under test.
    pub policy: PolicyHistory,
    /// Confirmation settings the agents follow.
    pub confirm: Confirm,
    /// The probe's timeout.
    pub timeout_ms: i64,
    /// The target's round trip: mean and deviation, microseconds.
    pub rtt_us: (i64, i64),
    /// Probes that fail for no reason of the target, parts per million.
    pub false_failures_ppm: u32,
    /// Short cuts of single regions' paths: how many per hour and region, in thousandths, and how long.
    pub blips: Option<(u32, Range)>,
    /// What goes wrong on purpose.
    pub events: Vec<Event>,
    /// True if a local fault that looks like a target's is part of this world, so that bounds need not hold.
    pub has_false_failures: bool,
}

/// One agent.
#[derive(Clone, Debug)]
pub struct AgentPlan {
    /// Its id.
    pub agent: AgentId,
    /// Where it stands.
    pub region: RegionId,
    /// Whose network that is.
    pub provider: ProviderId,
    /// Its interval, milliseconds.
    pub interval_ms: i64,
}

/// Something that goes wrong.
#[derive(Clone, Debug)]
pub struct Event {
    /// What.
    pub what: What,
    /// When it begins.
    pub at: Range,
    /// How long it lasts.
    pub lasts: Range,
    /// How often.
    pub times: u32,
    /// From the beginning of one time to the beginning of the next.
    pub every_ms: i64,
}

/// What can go wrong.
#[derive(Clone, Debug)]
pub enum What {
    /// The target itself: the truth.
    Outage {
        /// How it shows.
        shows: Failure,
    },
    /// The path of regions to the target; their references are fine.
    Path(Who),
    /// The uplink of regions: target and references fail.
    Uplink(Who),
    /// Path faults of one region after the other, in the regions' order, each beginning half a length after the one before.
    Rolling,
    /// A share of probes from regions is lost, parts per million.
    Loss {
        /// Whose.
        who: Who,
        /// How many.
        ppm: u32,
    },
    /// Agents stop, and start again afterwards.
    Crash(Who),
    /// Agents cannot reach the collector; what they saw comes afterwards.
    Partition(Who),
    /// Agents whose clock is wrong without their knowing, milliseconds ahead of the truth.
    Skew {
        /// Whose.
        who: Who,
        /// By how much.
        ahead_ms: i64,
    },
    /// Agents whose wall clock is set back; they start a new boot with it.
    ClockStep {
        /// Whose.
        who: Who,
        /// By how much, milliseconds; negative = back.
        by_ms: i64,
    },
    /// The references fail for everyone; the target is fine.
    References,
    /// The collector is away; agents keep what they saw.
    CollectorAway,
}

/// Whom an event strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// So many regions, drawn by the seed.
    Any(usize),
    /// These regions.
    Regions(Vec<RegionId>),
    /// Every region.
    All,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// Says line and column, or the key path, and what is allowed.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let raw: raw::Scenario =
            serde_saphyr::from_str(text).map_err(|e| ScenarioError::Yaml(e.to_string().trim().to_owned()))?;
        raw.validate()
    }

    /// The scenarios of the benchmark table, in its order.
    ///
    /// # Panics
    /// Never: a test reads each of them.
    pub fn built_in() -> Vec<Self> {
        BUILT_IN
            .iter()
            .map(|(name, text)| Self::parse(text).unwrap_or_else(|e| panic!("built-in scenario {name}: {e}")))
            .collect()
    }

    /// The policy as it stands.
    pub fn policy(&self) -> &Policy {
        self.policy.latest()
    }

    /// How many bad regions make a majority, for the baseline of that name.
    pub fn quorum(&self) -> &Quorum {
        self.policy().quorum()
    }
}

macro_rules! built_in {
    ($($name:literal,)+) => {
        const BUILT_IN: &[(&str, &str)] = &[$(($name, include_str!(concat!("../scenarios/", $name, ".yaml"))),)+];
    };
}

built_in! {
    "path-blip",
    "uplink-3-of-5",
    "crash-while-failing",
    "crash-then-outage",
    "skew-30s",
    "partition-backfill",
    "outage-10s",
    "outage-45s",
    "outage-300s",
    "flapping",
    "rolling-regional",
    "slow-target",
    "one-provider",
    "all-agents-lost",
    "mixed-intervals",
    "refused",
    "references-down",
    "dns-outage",
    "certificate",
    "loss-30",
    "month-edge",
    "clock-step",
    "collector-restart",
    "thousand-targets",
    "month-quiet",
    "month-harsh",
}

#[cfg(test)]
mod tests;

//! What the collector concludes: states over time, and incidents.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::id::{CheckId, RegionId};
use crate::sample::closed_words;
use crate::time::{CollectorTime, Millis};

closed_words! {
    /// The consensus state of a check.
    State {
        /// Enough regions vote, and none is bad.
        Up = 1 "up",
        /// A quorum of regions sees slow or failing answers, but not enough failing ones.
        Degraded = 2 "degraded",
        /// Some regions are bad, fewer than a quorum or of too few providers.
        Partial = 3 "partial",
        /// A quorum of regions across enough providers is bad.
        Down = 4 "down",
        /// Too few regions vote.
        Unknown = 5 "unknown",
    }
}

closed_words! {
    /// Why a sample has no vote.
    AbstainReason {
        /// The agent could not even try.
        Local = 1 "local",
        /// Half or more of the agent's reference targets failed at the same time.
        References = 2 "references",
        /// The agent's own health forbids believing its failures.
        Health = 3 "health",
        /// The probe began long after its slot, so the node was overloaded.
        Late = 4 "late",
        /// The agent's clock is not known well enough to say when the probe took place.
        Clock = 5 "clock",
    }
}

/// A half-open stretch of one consensus state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its first moment.
    pub start: CollectorTime,
    /// The first moment after it.
    pub end: CollectorTime,
    /// The state by the best estimate.
    pub state: State,
    /// The state with every ambiguous moment counted as good.
    pub state_low: State,
    /// The state with every ambiguous moment counted as bad.
    pub state_high: State,
    /// The regions that are bad by the best estimate, sorted.
    pub regions_bad: Vec<RegionId>,
}

impl Segment {
    /// How long it lasts.
    pub fn length(&self) -> Millis {
        self.end - self.start
    }
}

closed_words! {
    /// Whether an incident counts as downtime.
    IncidentClass {
        /// It has the support to be billed.
        Outage = 1 "outage",
        /// Too little support: kept and shown, not billed.
        Blip = 2 "blip",
    }
}

/// The name of an incident; the same incident keeps it through revisions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(String);

impl IncidentId {
    /// Wraps a name.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Between which two moments a change took place; both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bounds {
    /// Not before this.
    pub earliest: CollectorTime,
    /// Not after this.
    pub latest: CollectorTime,
}

/// A run of downtime of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its name.
    pub id: IncidentId,
    /// The check.
    pub check: CheckId,
    /// The best estimate of its start.
    pub start: CollectorTime,
    /// The best estimate of its end; `None` while it is open.
    pub end: Option<CollectorTime>,
    /// Between which moments it started.
    pub start_bounds: Bounds,
    /// Between which moments it ended; while it is open, from its last bad evidence to the end of the window.
    pub end_bounds: Bounds,
    /// Outage or blip.
    pub class: IncidentClass,
    /// The downtime billed, without the gaps inside; zero for a blip.
    pub billed: Millis,
    /// The stretches of downtime inside it by the best estimate, in order, without the gaps.
    pub runs: Vec<(CollectorTime, CollectorTime)>,
    /// The regions that were bad in it, sorted.
    pub regions: Vec<RegionId>,
    /// Bad samples and bad runs that support it.
    pub support: u32,
}

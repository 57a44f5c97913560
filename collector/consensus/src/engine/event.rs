//! What the engine tells.

use alloc::vec::Vec;

use quorate_model::{
    AgentId, Bounds, CollectorTime, Incident, IncidentClass, IncidentId, Millis, RegionId, Segment, State,
};

use crate::explain::Value;
use crate::verdict::Window;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The live state changed: every agent's last value, held as far as it reaches.
    StateChanged {
        /// When the engine saw it.
        at: CollectorTime,
        /// The state before.
        from: State,
        /// The state now.
        to: State,
        /// The bad regions now, sorted.
        regions_bad: Vec<RegionId>,
    },
    /// The newest value of an agent changed, so that asking the others is worth it.
    AgentChanged {
        /// The agent.
        agent: AgentId,
        /// Its value before; `None` = it had no vote.
        from: Option<Value>,
        /// Its value now; `None` = it has no vote.
        to: Option<Value>,
    },
    /// A segment is whole and lies before the watermark. Each follows the one told before without a hole. Where late data
    /// lie before all that was told, what is between them is told now, and each precedes what was told first.
    Settled(Segment),
    /// Late data changed what was settled: inside the window these segments replace what was told before. Segments that
    /// cross the window's edge are cut there.
    Amended {
        /// What is replaced.
        window: Window,
        /// The window without holes.
        segments: Vec<Segment>,
    },
    /// An incident began, revision 1.
    IncidentOpened(Incident),
    /// What is known of an incident changed.
    IncidentAmended {
        /// The incident as it is known now.
        incident: Incident,
        /// The number of this version.
        revision: u32,
        /// What changed since the version before.
        changes: Vec<Difference>,
    },
    /// An incident ended.
    IncidentClosed {
        /// The incident as it is known now.
        incident: Incident,
        /// The number of this version.
        revision: u32,
    },
    /// Late data showed that there was no such incident.
    IncidentWithdrawn {
        /// Its name.
        id: IncidentId,
        /// The number of this version.
        revision: u32,
        /// The incident it turned out to be a part of.
        part_of: Option<IncidentId>,
    },
    /// A sample came that is older than what is retained; it was not used. The caller should read all samples of the check
    /// from `from` on out of its store and give them to [`crate::Engine::reload`]. Said once until then, but for an
    /// earlier `from`.
    HistoryNeeded {
        /// The start of what is needed.
        from: CollectorTime,
    },
}

/// What differs between two versions of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The best estimate of its start.
    Start {
        /// Before.
        old: CollectorTime,
        /// Now.
        new: CollectorTime,
    },
    /// The best estimate of its end.
    End {
        /// Before.
        old: Option<CollectorTime>,
        /// Now.
        new: Option<CollectorTime>,
    },
    /// The bounds of its start.
    StartBounds {
        /// Before.
        old: Bounds,
        /// Now.
        new: Bounds,
    },
    /// The bounds of its end.
    EndBounds {
        /// Before.
        old: Bounds,
        /// Now.
        new: Bounds,
    },
    /// Outage or blip.
    Class {
        /// Before.
        old: IncidentClass,
        /// Now.
        new: IncidentClass,
    },
    /// The downtime billed.
    Billed {
        /// Before.
        old: Millis,
        /// Now.
        new: Millis,
    },
    /// The stretches of downtime inside it.
    Runs {
        /// Before.
        old: Vec<(CollectorTime, CollectorTime)>,
        /// Now.
        new: Vec<(CollectorTime, CollectorTime)>,
    },
    /// The bad regions.
    Regions {
        /// Before.
        old: Vec<RegionId>,
        /// Now.
        new: Vec<RegionId>,
    },
    /// Bad samples and bad runs in support.
    Support {
        /// Before.
        old: u32,
        /// Now.
        new: u32,
    },
}

/// What differs between two versions of an incident, its name left out.
pub fn differences(old: &Incident, new: &Incident) -> Vec<Difference> {
    let mut out = Vec::new();
    if old.start != new.start {
        out.push(Difference::Start { old: old.start, new: new.start });
    }
    if old.end != new.end {
        out.push(Difference::End { old: old.end, new: new.end });
    }
    if old.start_bounds != new.start_bounds {
        out.push(Difference::StartBounds { old: old.start_bounds, new: new.start_bounds });
    }
    if old.end_bounds != new.end_bounds {
        out.push(Difference::EndBounds { old: old.end_bounds, new: new.end_bounds });
    }
    if old.class != new.class {
        out.push(Difference::Class { old: old.class, new: new.class });
    }
    if old.billed != new.billed {
        out.push(Difference::Billed { old: old.billed, new: new.billed });
    }
    if old.runs != new.runs {
        out.push(Difference::Runs { old: old.runs.clone(), new: new.runs.clone() });
    }
    if old.regions != new.regions {
        out.push(Difference::Regions { old: old.regions.clone(), new: new.regions.clone() });
    }
    if old.support != new.support {
        out.push(Difference::Support { old: old.support, new: new.support });
    }
    out
}

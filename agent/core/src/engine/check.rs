//! What the engine keeps of one check.

use alloc::sync::Arc;

use quorate_model::{CheckSpec, CollectorTime, MonoTime, Trigger};

use super::ProbeId;
use crate::confirm::Confirmation;
use crate::schedule::Slots;
use crate::typical::LatencyWindow;

/// What a timer of a check is for; the order in which timers of one moment fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TimerKind {
    /// Its next slot.
    Slot,
    /// Its next retry.
    Retry,
    /// Its probe under way waits suspiciously long.
    Suspect,
}

/// A probe that is to start as soon as the limit allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) trigger: Trigger,
    pub(super) due: MonoTime,
}

/// A probe under way.
#[derive(Clone, Debug)]
pub(super) struct InFlight {
    pub(super) probe: ProbeId,
    pub(super) spec: Arc<CheckSpec>,
    pub(super) trigger: Trigger,
    pub(super) due: MonoTime,
    pub(super) start: MonoTime,
    pub(super) suspect_at: Option<MonoTime>,
}

/// One check.
#[derive(Clone, Debug)]
pub(super) struct CheckState {
    pub(super) spec: Arc<CheckSpec>,
    pub(super) slots: Slots,
    pub(super) retry: Confirmation,
    pub(super) typical: LatencyWindow,
    pub(super) pending: Option<Pending>,
    pub(super) in_flight: Option<InFlight>,
    pub(super) last_start: Option<MonoTime>,
}

impl CheckState {
    pub(super) fn new(
        spec: Arc<CheckSpec>,
        in_flight: Option<InFlight>,
        now: MonoTime,
        collector_now: CollectorTime,
    ) -> Self {
        let slots = Slots::new(spec.interval, spec.phase, now, collector_now);
        let in_flight = in_flight.map(|flight| InFlight { suspect_at: None, ..flight });
        let last_start = in_flight.as_ref().map(|flight| flight.start);
        Self {
            spec,
            slots,
            retry: Confirmation::default(),
            typical: LatencyWindow::new(),
            pending: None,
            in_flight,
            last_start,
        }
    }

    /// True if no probe is under way or about to start.
    pub(super) const fn is_idle(&self) -> bool {
        self.pending.is_none() && self.in_flight.is_none()
    }
}

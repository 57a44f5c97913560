//! What is retained, what is dropped, and how to begin again when older samples come.

use alloc::vec::Vec;
use core::fmt;

use quorate_model::{CollectorTime, Sample};

use crate::engine::Engine;
use crate::engine::event::Event;
use crate::engine::ledger::Told;
use crate::incident::runs;
use crate::judge::segments;
use crate::verdict::Window;

/// The window asked for begins before what the engine retains: read the samples from the store and call
/// [`crate::judge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryMissing {
    /// From here on the engine can tell.
    pub known_from: CollectorTime,
}

impl fmt::Display for HistoryMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the window begins before {} ms, where the retained samples begin", self.known_from.as_millis())
    }
}

impl core::error::Error for HistoryMissing {}

impl Engine {
    /// Nothing that begins before this is retained; [`CollectorTime::MIN`] before anything was let go.
    pub fn retained_from(&self) -> CollectorTime {
        CollectorTime::from_millis(self.cut)
    }

    /// From here on verdicts are whole.
    pub(crate) fn known_from(&self) -> i64 {
        if self.cut == i64::MIN { i64::MIN } else { self.cut.saturating_add(self.reach().saturating_mul(2)) }
    }

    /// Lets go of what no incident needs and that begins before `horizon`; samples that come later and begin before it
    /// ask for a reload. Call it now and then, not for every sample. An incident that is open at the horizon keeps what
    /// it needs: of samples that say the same, the first and the last.
    pub fn trim(&mut self, horizon: CollectorTime, now: CollectorTime) {
        self.work_out(now);
        self.accept_from = self.accept_from.max(horizon.as_millis());
        let reach = self.reach();
        let oldest = self.accept_from.saturating_sub(reach.saturating_mul(2));
        if let Some(cut) = self.latest_cut(oldest).filter(|cut| *cut > self.cut) {
            self.cut_before(cut, reach);
        }
        self.thin_out(oldest);
    }

    /// The latest moment up to `limit` that no incident's verdict looks across: enough regions were good, none of it may
    /// have been down, and the last run before it is a merge gap away.
    fn latest_cut(&self, limit: i64) -> Option<i64> {
        use quorate_model::State;
        let runs = runs(&self.stretches);
        let gap = |at: i64| self.history.at(CollectorTime::from_millis(at)).merge_gap.get();
        let calm = |finding: &crate::quorum::Finding| {
            finding.recovered && !matches!(finding.high, State::Down | State::Unknown)
        };
        let stretches = self.stretches.iter().rev().skip_while(|stretch| stretch.start >= limit);
        stretches.filter(|stretch| calm(&stretch.finding)).find_map(|stretch| {
            let cut = stretch.end.min(limit);
            let before = runs.iter().rev().find(|run| run.end <= stretch.start);
            let clear = before.is_none_or(|run| run.end.saturating_add(gap(run.end)) < cut);
            (clear && cut > stretch.start && stretch.start != i64::MIN).then_some(cut)
        })
    }

    fn cut_before(&mut self, cut: i64, reach: i64) {
        self.cut = cut;
        let oldest = cut.saturating_sub(reach.saturating_mul(2));
        let Self { lines, history, past, .. } = self;
        for line in lines.iter_mut() {
            let mut place = line.place_at(oldest);
            // A voting sample more is kept, so that the first after it is not taken for the first of all.
            while place > 0 {
                place -= 1;
                if line.point(place, history).is_some_and(|point| point.kind_votes()) {
                    break;
                }
            }
            for at in 0..place {
                if let Some(point) = line.point(at, history) {
                    past.count(&point);
                }
            }
            line.drop_before(place);
        }
        let first = self.stretches.partition_point(|stretch| stretch.end <= cut);
        self.stretches.drain(..first);
        if let Some(first) = self.stretches.first_mut() {
            first.start = cut;
        }
        self.incidents.retain(|cached| cached.is_after(cut));
        self.ledger.forget_before(CollectorTime::from_millis(cut));
        if self.doubts {
            self.find_doubts();
        }
    }

    fn thin_out(&mut self, before: i64) {
        if self.doubts || self.cut.saturating_add(self.reach().saturating_mul(4)) >= before {
            return;
        }
        let cells: Vec<i64> = runs(&self.stretches).iter().flat_map(|run| [run.start, run.end]).collect();
        let Self { lines, history, past, .. } = self;
        for line in lines.iter_mut() {
            let points: Vec<_> = (0..line.len()).filter_map(|at| line.point(at, history)).collect();
            for point in line.thin_out(before, &cells, &points) {
                past.count(&point);
            }
        }
    }

    pub(crate) fn need_history(&mut self, start: i64) {
        let from = start.saturating_sub(self.reach().saturating_mul(4));
        if self.history_needed.is_none_or(|asked| from < asked) {
            self.history_needed = Some(from);
            self.events.push_back(Event::HistoryNeeded { from: CollectorTime::from_millis(from) });
        }
    }

    /// The start of the samples a reload needs, if older ones came than are retained.
    pub fn history_needed(&self) -> Option<CollectorTime> {
        self.history_needed.map(CollectorTime::from_millis)
    }

    /// Begins again with all samples of the check that begin at or after `from`, or with all there are where `from` is
    /// [`CollectorTime::MIN`]. `told` are the incidents from then on that the caller knows, so that they keep their names
    /// and revisions. What differs from what was told is told; segments from `from` on are told anew as one amendment.
    pub fn reload<'a>(
        &mut self,
        from: CollectorTime,
        samples: impl IntoIterator<Item = &'a Sample>,
        told: Vec<Told>,
        now: CollectorTime,
    ) {
        let mut fresh = Self::new(self.history.clone());
        fresh.ledger.recall(told);
        for sample in samples.into_iter().filter(|sample| sample.check == *self.history.first().check()) {
            fresh.take(sample);
        }
        fresh.refused = self.refused;
        fresh.too_late = self.too_late;
        fresh.breaches = self.breaches;
        fresh.equivocating = core::mem::take(&mut self.equivocating);
        fresh.events = core::mem::take(&mut self.events);
        fresh.flush();
        if from > CollectorTime::MIN {
            let reach = fresh.reach();
            fresh.accept_from = from.as_millis().saturating_add(reach.saturating_mul(2));
            fresh.cut_before(from.as_millis(), reach);
        }
        let first = fresh.stretches.iter().find(|stretch| stretch.finding.voting > 0).map(|stretch| stretch.start);
        if let (Some(told_to), Some(first)) = (self.told_to, first) {
            let first = if fresh.cut == i64::MIN { first } else { fresh.known_from() };
            let window = Window::from_millis(first.min(told_to), told_to);
            let segments = segments(&fresh.regions, &fresh.stretches, window);
            fresh.events.push_back(Event::Amended { window, segments });
            fresh.told_from = self.told_from.min(window.from.as_millis());
            fresh.told_to = Some(told_to);
        }
        fresh.live.go_on_from(&self.live);
        fresh.live.renew(&fresh.lines, &fresh.history, &fresh.rules, &fresh.regions);
        *self = fresh;
        self.hear_doubted();
        self.follow_time(now);
        self.follow_state(now);
        self.work_out(now);
    }
}

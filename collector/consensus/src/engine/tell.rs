//! Settled segments and incidents, worked out from what was swept, and the verdict of a window.

use alloc::vec::Vec;
use core::ops::Range;

use quorate_model::{CollectorTime, Incident, IncidentId, Segment};

use crate::bounds;
use crate::engine::Engine;
use crate::engine::event::Event;
use crate::engine::rebuild::HistoryMissing;
use crate::evidence::Kind;
use crate::incident::{Found, Group, Scene, groups, incident, is_open, runs};
use crate::judge::{assemble, segments};
use crate::sweep::Stretch;
use crate::verdict::{Counters, Verdict, Window};

/// An incident worked out before, with what it depended on beside the samples around it.
#[derive(Debug)]
pub(crate) struct Cached {
    found: Found,
    /// From where to where the evidence for it can lie.
    surroundings: (i64, i64),
    next_start: i64,
    previous: Option<(IncidentId, CollectorTime)>,
}

impl Cached {
    /// True if it ends at or after a moment.
    pub(crate) fn is_after(&self, at: i64) -> bool {
        self.found.raw.last().is_none_or(|(_, end)| *end >= at)
    }
}

impl Engine {
    /// Puts freshly swept stretches in place of what was there, and tells if that was settled.
    pub(crate) fn replace(&mut self, from: i64, to: i64, fresh: Vec<Stretch>) {
        let settled = Window::from_millis(from, self.told_to.map_or(i64::MIN, |told| told.min(to)));
        let before = segments(&self.regions, &self.stretches, settled);
        let first = self.stretches.partition_point(|stretch| stretch.end <= from);
        let last = self.stretches.partition_point(|stretch| stretch.start < to);
        // What borders on the window may turn out equal to what is now inside.
        let reaches = |at: usize| self.stretches.get(at);
        let first = if reaches(first).is_some_and(|s| s.start == from) { first.saturating_sub(1) } else { first };
        let last = if last.checked_sub(1).and_then(reaches).is_some_and(|s| s.end == to) { last + 1 } else { last };
        let places: Range<usize> = first..last.min(self.stretches.len());

        let mut pieces: Vec<Stretch> = Vec::with_capacity(fresh.len() + 4);
        let mut add = |stretch: Stretch| match pieces.last_mut() {
            Some(piece) if piece.finding == stretch.finding => piece.end = stretch.end,
            _ => pieces.push(stretch),
        };
        let old = self.stretches.get(places.clone()).unwrap_or_default();
        for stretch in old.iter().filter(|stretch| stretch.start < from) {
            add(Stretch { end: stretch.end.min(from), ..stretch.clone() });
        }
        fresh.into_iter().for_each(&mut add);
        for stretch in old.iter().filter(|stretch| stretch.end > to) {
            add(Stretch { start: stretch.start.max(to), ..stretch.clone() });
        }
        self.stretches.splice(places, pieces);
        let after = segments(&self.regions, &self.stretches, settled);
        self.tell_amended(settled, &before, &after);
    }

    /// Tells of the smallest window in which two lists of segments differ, and what of it lies before all that was told.
    fn tell_amended(&mut self, window: Window, before: &[Segment], after: &[Segment]) {
        if before == after {
            return;
        }
        let said = |a: &Segment, b: &Segment| {
            (a.state, a.state_low, a.state_high, &a.regions_bad) == (b.state, b.state_low, b.state_high, &b.regions_bad)
        };
        // Equal beginnings and ends are left out; where one of two equal segments is longer, up to the shorter one's end.
        let mut from = window.from;
        for (old, new) in before.iter().zip(after) {
            if !said(old, new) {
                break;
            }
            from = old.end.min(new.end);
            if old.end != new.end {
                break;
            }
        }
        let mut to = window.to;
        for (old, new) in before.iter().rev().zip(after.iter().rev()) {
            if !said(old, new) {
                break;
            }
            to = old.start.max(new.start);
            if old.start != new.start {
                break;
            }
        }
        let first = CollectorTime::from_millis(self.told_from);
        if from < first {
            // Nothing was told of this yet; the latest first, so that each borders on what was told.
            let unheard = segments(&self.regions, &self.stretches, Window { from, to: first });
            self.events.extend(unheard.into_iter().rev().map(Event::Settled));
            self.told_from = from.as_millis();
        }
        let from = from.max(first);
        if from < to {
            let window = Window { from, to };
            let segments = segments(&self.regions, &self.stretches, window);
            self.events.push_back(Event::Amended { window, segments });
        }
    }

    /// Sweeps what is dirty, tells what is settled and which incidents changed.
    pub(crate) fn work_out(&mut self, now: CollectorTime) {
        self.flush();
        self.settle(now);
        self.refresh(now);
        let all: Vec<Incident> = {
            let first = self.lines.iter().filter_map(|line| line.point(0, &self.history));
            let known_from = first.map(|point| point.start).min().unwrap_or(i64::MIN);
            self.incidents.iter().map(|cached| cached.found.told(known_from)).collect()
        };
        let from = CollectorTime::from_millis(self.cut);
        self.ledger.update(all, from, now, &mut self.events);
    }

    /// Everything before this is settled: no agent that is still sending can change it in the ordinary course.
    pub fn watermark(&self, now: CollectorTime) -> CollectorTime {
        let newest = self.lines.iter().filter_map(|line| {
            let voting = |at: &usize| {
                let point = line.point(*at, &self.history)?;
                (!matches!(point.kind, Kind::Abstains(_))).then_some(point)
            };
            (0..line.len()).rev().find_map(|at| voting(&at))
        });
        let live = newest.filter(|point| point.hold > now.as_millis());
        let mark = live.map(|point| point.earliest()).min().unwrap_or(i64::MAX).min(now.as_millis());
        CollectorTime::from_millis(mark)
    }

    fn settle(&mut self, now: CollectorTime) {
        let mark = self.watermark(now).as_millis();
        self.quiet = 0;
        self.stirred = false;
        self.worked_out_to = mark;
        let from = match self.told_to {
            Some(from) => from,
            None => match self.stretches.iter().find(|stretch| stretch.finding.voting > 0) {
                Some(first) if first.start < mark => first.start,
                _ => return,
            },
        };
        self.told_from = self.told_from.min(from);
        self.told_to = Some(from);
        if from >= mark {
            return;
        }
        let mut told = from;
        // The last of them may yet grow.
        let all = segments(&self.regions, &self.stretches, Window::from_millis(from, i64::MAX));
        for segment in all {
            if segment.end.as_millis() > mark {
                break;
            }
            told = segment.end.as_millis();
            self.events.push_back(Event::Settled(segment));
        }
        self.told_to = Some(told);
    }

    /// Works incidents out again where samples around them changed.
    fn refresh(&mut self, now: CollectorTime) {
        let touched = core::mem::take(&mut self.touched);
        let mut old = core::mem::take(&mut self.incidents).into_iter().peekable();
        let (rest, cut_end) = self.cut_at(now.as_millis());
        let margin = self.reach().saturating_mul(2);
        let runs = runs(&self.stretches);
        let mut fresh: Vec<Cached> = Vec::new();
        for group in groups(&runs, &self.history, &self.stretches) {
            let raw: Vec<(i64, i64)> = group.members.iter().map(|run| (run.start, run.end)).collect();
            let previous = fresh.last().map(|cached| (cached.found.incident.id.clone(), cached.found.ends()));
            while old.next_if(|cached| cached.found.raw < raw).is_some() {}
            let surroundings = bounds::surroundings(&self.stretches, group.members);
            let (from, to) = surroundings;
            let open = group.members.last().is_none_or(|last| is_open(&self.stretches, last, now.as_millis()));
            let quiet = !touched.touches(from.saturating_sub(margin), to.saturating_add(margin));
            let same = |cached: &Cached| {
                cached.found.raw == raw
                    && cached.found.incident.end.is_some()
                    && !open
                    && cached.surroundings == surroundings
                    && cached.next_start == group.next_start
                    && cached.previous == previous
            };
            match old.next_if(|cached| quiet && same(cached)) {
                Some(cached) => fresh.push(cached),
                None => fresh.extend(self.work_out_incident(&group, surroundings, now, fresh.last(), previous)),
            }
        }
        self.incidents = fresh;
        self.mend(rest, cut_end);
    }

    fn work_out_incident(
        &self,
        group: &Group<'_>,
        surroundings: (i64, i64),
        now: CollectorTime,
        before: Option<&Cached>,
        previous: Option<(IncidentId, CollectorTime)>,
    ) -> Option<Cached> {
        let (points, timelines) = self.read(surroundings.0, surroundings.1);
        let scene = Scene {
            check: self.history.first().check(),
            history: &self.history,
            rules: &self.rules,
            regions: &self.regions,
            points: &points,
            timelines: &timelines,
            stretches: &self.stretches,
            now: now.as_millis(),
        };
        let found = incident(&scene, group.members, before.map(|cached| &cached.found), group.next_start)?;
        Some(Cached { found, surroundings, next_start: group.next_start, previous })
    }

    /// Cuts the stretches at a moment; [`Engine::mend`] puts the rest back.
    fn cut_at(&mut self, now: i64) -> (Vec<Stretch>, Option<i64>) {
        let keep = self.stretches.partition_point(|stretch| stretch.start < now);
        let rest = self.stretches.split_off(keep);
        let cut_end = self.stretches.last_mut().map(|last| {
            let end = last.end;
            last.end = end.min(now);
            end
        });
        (rest, cut_end)
    }

    fn mend(&mut self, rest: Vec<Stretch>, cut_end: Option<i64>) {
        if let (Some(last), Some(end)) = (self.stretches.last_mut(), cut_end) {
            last.end = end;
        }
        self.stretches.extend(rest);
    }

    /// The verdict of a window, equal to what [`crate::judge`] makes of all samples handled so far.
    ///
    /// # Errors
    /// The window begins before what is retained.
    pub fn verdict(&mut self, window: Window, now: CollectorTime) -> Result<Verdict, HistoryMissing> {
        if window.from.as_millis() < self.known_from() {
            return Err(HistoryMissing { known_from: CollectorTime::from_millis(self.known_from()) });
        }
        self.flush();
        // Incidents as of another `now` than the last one's are not those to be told.
        let told = core::mem::take(&mut self.incidents);
        let touched = core::mem::take(&mut self.touched);
        self.touched.add(i64::MIN, i64::MAX);
        self.refresh(now);
        let found: Vec<Found> = core::mem::replace(&mut self.incidents, told).into_iter().map(|c| c.found).collect();
        self.touched = touched;
        let window = Window { from: window.from, to: window.to.min(now).max(window.from) };
        let (rest, cut_end) = self.cut_at(now.as_millis());
        let equivocating = self.equivocating.clone();
        let counters = self.counters();
        let verdict = assemble(&self.history, &self.regions, &self.stretches, &found, window, counters, equivocating);
        self.mend(rest, cut_end);
        self.breaches += u64::from(!crate::verdict::is_sound(&verdict));
        debug_assert!(crate::verdict::is_sound(&verdict), "invariants 3 and 5 hold: {verdict:?}");
        Ok(verdict)
    }

    /// What became of the samples handled so far.
    pub fn counters(&self) -> Counters {
        let mut counters = self.past;
        counters.duplicates = self.refused.duplicates;
        counters.equivocations = self.refused.equivocations;
        counters.other_check = self.refused.other_check;
        for line in &self.lines {
            let mut points: Vec<_> = (0..line.len()).filter_map(|at| line.point(at, &self.history)).collect();
            if self.doubts {
                self.look_again(core::slice::from_mut(&mut points));
            }
            for point in &points {
                counters.count(point);
            }
        }
        counters
    }
}

//! The settled segments of one check that are held in memory, and what of them is not stored yet.

use quorate_collector_http::Window;
use quorate_collector_http::view::CheckTotals;
use quorate_model::{CollectorTime, Incident, Millis, Segment};

use crate::uptime::{Sums, sums};

/// Segments of so long are held, so that the last day's uptime takes no read.
pub(crate) const HELD: Millis = Millis::from_secs(25 * 3600);

/// While nothing changes, the last stored segment is lengthened only so often.
const STORE_EVERY: Millis = Millis::from_secs(60);

/// Settled segments, sorted, without overlaps, no two neighbours equal.
#[derive(Clone, Debug)]
pub(crate) struct Recent {
    segments: Vec<Segment>,
    settled: CollectorTime,
    stored: CollectorTime,
    /// What was counted and is no longer held.
    counted: Sums,
    counted_until: CollectorTime,
    totals: CheckTotals,
}

impl Recent {
    /// Nothing settled before `from`; time is counted from `started` on.
    pub(crate) fn new(from: CollectorTime, started: CollectorTime) -> Self {
        Self {
            segments: Vec::new(),
            settled: from,
            stored: from,
            counted: Sums::default(),
            counted_until: started.max(from),
            totals: CheckTotals::default(),
        }
    }

    /// The segments held.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Up to here segments are settled.
    pub(crate) fn settled(&self) -> CollectorTime {
        self.settled
    }

    /// Settled time by state since the start.
    pub(crate) fn totals(&self) -> CheckTotals {
        self.totals
    }

    /// Goes back to `to`, with what was stored before it; what comes behind is settled anew.
    pub(crate) fn rewind(&mut self, to: CollectorTime, mut stored: Vec<Segment>) {
        stored.retain(|segment| segment.start < to);
        if let Some(last) = stored.last_mut() {
            last.end = last.end.min(to);
        }
        self.segments = stored;
        self.settled = to;
        self.stored = self.stored.min(to);
    }

    /// Takes what the store holds before `to`; what comes behind is settled anew. The store is not asked to hold again what it
    /// holds: only the last day of it was read, and writing that as the whole past would delete the rest.
    pub(crate) fn recall(&mut self, to: CollectorTime, stored: Vec<Segment>) {
        let end = stored.iter().rev().find(|segment| segment.start < to).map(|last| last.end.min(to));
        self.rewind(to, stored);
        self.stored = end.map_or(self.stored, |end| end.max(self.stored));
    }

    /// Settles `segments`, which begin where the settled past ends, up to `to`.
    pub(crate) fn settle(&mut self, segments: &[Segment], to: CollectorTime) {
        let Some(window) = Window::new(self.settled, to) else { return };
        for segment in clip(segments, window) {
            match self.segments.last_mut() {
                Some(last) if last.end == segment.start && is_like(last, &segment) => last.end = segment.end,
                _ => self.segments.push(segment),
            }
        }
        self.settled = to;
    }

    /// What is to be stored now: the window and what was concluded of it.
    pub(crate) fn unstored(&self) -> Option<(Window, Vec<Segment>)> {
        Window::new(self.stored, self.settled)?;
        let first = self.segments.partition_point(|segment| segment.end < self.stored);
        let open = self.segments.get(first..).unwrap_or_default();
        let continues = open.first().is_some_and(|segment| segment.start < self.stored);
        let changed = open.len() > 1 || !continues;
        if !changed && self.settled - self.stored < STORE_EVERY {
            return None;
        }
        // The segment that goes on is written whole, so that the store does not fill with pieces of it.
        let from = open.first().map_or(self.stored, |segment| segment.start.min(self.stored));
        Some((Window::new(from, self.settled)?, open.to_vec()))
    }

    /// What is settled and not stored yet.
    pub(crate) fn settled_only_here(&self) -> Vec<Segment> {
        Window::new(self.stored, self.settled).map_or_else(Vec::new, |window| clip(&self.segments, window))
    }

    /// Everything up to here is stored.
    pub(crate) fn committed(&mut self, to: CollectorTime) {
        self.stored = self.stored.max(to.min(self.settled));
    }

    /// Counts what is settled and lets go of what is too old.
    pub(crate) fn count(&mut self, incidents: &[Incident], now: CollectorTime) {
        let oldest = (now - HELD).min(self.stored);
        if let Some(window) = Window::new(self.counted_until, oldest.min(self.settled)) {
            self.counted = self.counted.plus(&sums(&self.segments, incidents, window));
            self.counted_until = window.to();
        }
        let held = Window::new(self.counted_until, self.settled)
            .map_or_else(Sums::default, |window| sums(&self.segments, incidents, window));
        let all = self.counted.plus(&held);
        self.totals.raise(&CheckTotals {
            judged: all.judged,
            down_low: all.down_low,
            down_point: all.down_point,
            down_high: all.down_high,
            unknown: all.unknown,
            degraded: all.degraded,
            partial: all.partial,
            breaches: 0,
        });
        self.segments.retain(|segment| segment.end > oldest);
    }
}

/// The parts of the segments inside the window.
pub(crate) fn clip(segments: &[Segment], window: Window) -> Vec<Segment> {
    let first = segments.partition_point(|segment| segment.end <= window.from());
    let inside = segments.iter().skip(first).take_while(|segment| segment.start < window.to());
    let clipped = inside.map(|segment| Segment {
        start: segment.start.max(window.from()),
        end: segment.end.min(window.to()),
        ..segment.clone()
    });
    clipped.collect()
}

fn is_like(a: &Segment, b: &Segment) -> bool {
    (a.state, a.state_low, a.state_high, &a.regions_bad) == (b.state, b.state_low, b.state_high, &b.regions_bad)
}

#[cfg(test)]
mod tests;

//! The retained samples of one agent, without loss, in order of time.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

use quorate_model::{
    AgentId, AgentTime, Boot, CheckId, CheckVersion, ClockReading, CollectorTime, Failure, Health, LateOk, Millis,
    Outcome, PolicyHistory, ProviderId, References, RegionId, Sample, SampleId, Seq, Trigger,
};

use crate::evidence::{Kind, Point, Reading};
use crate::quorum::Regions;

/// What the samples of an agent mostly share.
#[derive(Clone, Debug)]
struct Shape {
    region: RegionId,
    provider: ProviderId,
    interval: Millis,
    timeout: Millis,
    version: CheckVersion,
    /// The region's number in the engine.
    number: u16,
}

impl Shape {
    fn fits(&self, sample: &Sample) -> bool {
        // Samples mostly share the allocation of their names, so that comparing addresses finds them equal.
        let same = |a: &str, b: &str| core::ptr::eq(a, b) || a == b;
        same(self.region.as_str(), sample.region.as_str())
            && same(self.provider.as_str(), sample.provider.as_str())
            && (self.interval, self.timeout, self.version) == (sample.interval, sample.timeout, sample.check_version)
    }
}

/// A sample in 88 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    start: AgentTime,
    end: AgentTime,
    boot: Boot,
    seq: Seq,
    clock: ClockReading,
    lag: Millis,
    /// `i64::MIN` = not known.
    typical: i64,
    references: References,
    /// How many samples this one stands for, the ones between it and the next left out.
    weight: u32,
    shape: u16,
    outcome: Outcome,
    failure: Option<Failure>,
    health: Health,
    trigger: Trigger,
    /// Another payload came under the same identity.
    disputed: bool,
    /// The samples between this one and the next were left out, all of the same value and within reach of each other.
    bridged: bool,
}

impl Kept {
    fn corrected_start(&self) -> i64 {
        self.start.corrected(self.clock.offset).as_millis()
    }

    const fn id(&self) -> (Boot, Seq) {
        (self.boot, self.seq)
    }

    fn order(&self) -> (i64, CollectorTime, Boot, Seq) {
        (self.corrected_start(), self.end.corrected(self.clock.offset), self.boot, self.seq)
    }
}

/// What became of a sample that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It is new and stands at this place.
    New(usize),
    /// It was there.
    Duplicate,
    /// Its identity was there with another payload, which is kept.
    Disputed {
        /// Whether this identity was in dispute before.
        again: bool,
    },
}

/// The retained samples of one agent.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) agent: AgentId,
    kept: Vec<Kept>,
    shapes: Vec<Shape>,
    /// Whether identities ascend with time, as they do unless the agent's clock stepped back.
    ids_ascend: bool,
    /// The largest identity that ever came.
    newest_id: (Boot, Seq),
    /// The farthest any voting sample reached, its uncertainty included.
    pub(crate) reach: i64,
}

impl Line {
    pub(crate) fn new(agent: AgentId) -> Self {
        Self { agent, kept: Vec::new(), shapes: Vec::new(), ids_ascend: true, newest_id: Default::default(), reach: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    /// How many bytes it takes beside its retained samples.
    pub(crate) fn overhead_bytes(&self) -> usize {
        size_of::<Self>() + self.shapes.capacity() * size_of::<Shape>()
    }

    pub(crate) fn window_bytes(&self) -> usize {
        self.kept.capacity() * size_of::<Kept>()
    }

    /// Finds the sample of an identity.
    fn find(&self, id: (Boot, Seq)) -> Option<usize> {
        if self.ids_ascend {
            return self.kept.binary_search_by(|kept| kept.id().cmp(&id)).ok();
        }
        self.kept.iter().position(|kept| kept.id() == id)
    }

    /// Puts a sample in its place, unless its identity is there.
    pub(crate) fn insert(&mut self, sample: &Sample, regions: &Regions) -> Arrival {
        let id = (sample.id.boot, sample.id.seq);
        if id <= self.newest_id
            && let Some(at) = self.find(id)
        {
            return self.dispute(at, sample);
        }
        self.newest_id = self.newest_id.max(id);
        let kept = self.pack(sample, regions);
        let at = match self.kept.last() {
            Some(last) if last.order() > kept.order() => {
                self.kept.partition_point(|other| other.order() < kept.order())
            }
            _ => self.kept.len(),
        };
        let before = at.checked_sub(1).and_then(|before| self.kept.get(before));
        self.ids_ascend &= before.is_none_or(|before| before.id() < id);
        self.ids_ascend &= self.kept.get(at).is_none_or(|after| id < after.id());
        self.kept.insert(at, kept);
        Arrival::New(at)
    }

    fn dispute(&mut self, at: usize, sample: &Sample) -> Arrival {
        let Some(there) = self.restore(at, &sample.check) else { return Arrival::Duplicate };
        if there == *sample {
            return Arrival::Duplicate;
        }
        let again = self.kept.get_mut(at).is_some_and(|kept| core::mem::replace(&mut kept.disputed, true));
        Arrival::Disputed { again }
    }

    /// Where the sample of the same identity stands, if its payload is larger.
    pub(crate) fn larger(&self, sample: &Sample) -> Option<usize> {
        let at = self.find((sample.id.boot, sample.id.seq))?;
        (self.restore(at, &sample.check)?.cmp(sample) == Ordering::Greater).then_some(at)
    }

    /// Takes over the regions' new numbers.
    pub(crate) fn renumber(&mut self, regions: &Regions) {
        for shape in &mut self.shapes {
            shape.number = regions.number(&shape.region);
        }
    }

    /// Takes a sample out.
    pub(crate) fn remove(&mut self, at: usize) {
        if at < self.kept.len() {
            self.kept.remove(at);
        }
    }

    /// Marks a sample as in dispute.
    pub(crate) fn mark_disputed(&mut self, at: usize) {
        if let Some(kept) = self.kept.get_mut(at) {
            kept.disputed = true;
        }
    }

    fn pack(&mut self, sample: &Sample, regions: &Regions) -> Kept {
        let known = self.shapes.iter().rposition(|known| known.fits(sample));
        let shape = known.unwrap_or_else(|| {
            // Most agents have one shape for all their lives.
            self.shapes.reserve_exact(1);
            self.shapes.push(Shape {
                region: sample.region.clone(),
                provider: sample.provider.clone(),
                interval: sample.interval,
                timeout: sample.timeout,
                version: sample.check_version,
                number: regions.number(&sample.region),
            });
            self.shapes.len() - 1
        });
        Kept {
            start: sample.start,
            end: sample.end,
            boot: sample.id.boot,
            seq: sample.id.seq,
            clock: sample.clock,
            lag: sample.lag,
            typical: sample.typical.map_or(i64::MIN, Millis::get),
            references: sample.references,
            weight: 1,
            shape: u16::try_from(shape).unwrap_or(u16::MAX),
            outcome: sample.outcome,
            failure: sample.failure,
            health: sample.health,
            trigger: sample.trigger,
            disputed: false,
            bridged: false,
        }
    }

    /// The sample at a place, as it came.
    pub(crate) fn restore(&self, at: usize, check: &CheckId) -> Option<Sample> {
        let kept = self.kept.get(at)?;
        let shape = self.shapes.get(usize::from(kept.shape))?;
        Some(Sample {
            id: SampleId { agent: self.agent.clone(), boot: kept.boot, seq: kept.seq },
            check: check.clone(),
            region: shape.region.clone(),
            provider: shape.provider.clone(),
            start: kept.start,
            end: kept.end,
            outcome: kept.outcome,
            failure: kept.failure,
            interval: shape.interval,
            timeout: shape.timeout,
            typical: (kept.typical != i64::MIN).then(|| Millis::new(kept.typical)),
            clock: kept.clock,
            references: kept.references,
            health: kept.health,
            lag: kept.lag,
            trigger: kept.trigger,
            check_version: shape.version,
        })
    }

    /// The point of the sample at a place, its references taken at their word.
    pub(crate) fn point(&self, at: usize, history: &PolicyHistory) -> Option<Point> {
        let kept = self.kept.get(at)?;
        let shape = self.shapes.get(usize::from(kept.shape))?;
        let start = kept.corrected_start();
        let reading = Reading {
            start,
            end: kept.end.corrected(kept.clock.offset).as_millis(),
            outcome: kept.outcome,
            failure: kept.failure,
            interval: shape.interval.get(),
            timeout: shape.timeout.get(),
            typical: (kept.typical != i64::MIN).then_some(kept.typical),
            error: kept.clock.error.get(),
            references: kept.references,
            health: kept.health.get(),
            lag: kept.lag.get(),
            version: shape.version.get(),
        };
        let late_ok: LateOk = history.at(CollectorTime::from_millis(start)).late_ok;
        let index = u32::try_from(at).unwrap_or(u32::MAX);
        let mut point = reading.point(late_ok, shape.number, index);
        point.weight = kept.weight;
        if kept.bridged
            && let Some(next) = self.kept.get(at + 1)
        {
            point.hold = point.hold.max(next.corrected_start());
        }
        Some(point)
    }

    /// Whether two samples were taken in one region under one version of the check.
    pub(crate) fn is_alike(&self, a: usize, b: usize) -> bool {
        let shape = |at: usize| self.kept.get(at).map(|kept| kept.shape);
        shape(a).is_some() && shape(a) == shape(b)
    }

    /// The earliest moment the probe at a place can have begun.
    pub(crate) fn earliest(&self, at: usize) -> Option<i64> {
        let kept = self.kept.get(at)?;
        Some(kept.corrected_start().saturating_sub(kept.clock.error.get().clamp(0, i64::from(u32::MAX))))
    }

    /// The first place whose sample begins at or after a moment.
    pub(crate) fn place_at(&self, from: i64) -> usize {
        self.kept.partition_point(|kept| kept.corrected_start() < from)
    }

    /// The places that tell everything of the votes in `[from, to)`: those within reach, and a voting sample more on
    /// each side.
    pub(crate) fn places(&self, from: i64, to: i64, is_voting: impl Fn(usize) -> bool) -> Range<usize> {
        let far = self.reach;
        let mut first = self.place_at(from.saturating_sub(far));
        while first > 0 {
            first -= 1;
            if is_voting(first) {
                break;
            }
        }
        let mut last = self.place_at(to.saturating_add(far));
        while last < self.kept.len() {
            last += 1;
            if is_voting(last - 1) {
                break;
            }
        }
        first..last
    }

    /// Drops the samples before a place.
    pub(crate) fn drop_before(&mut self, place: usize) {
        let place = place.min(self.kept.len());
        self.kept.drain(..place);
        self.ids_ascend = self.ids_ascend || self.kept.is_sorted_by(|a, b| a.id() < b.id());
        self.kept.shrink_to(self.kept.len().saturating_mul(2).max(8));
    }

    /// Leaves out what says nothing more in stretches of equal samples before `before`: of those that follow one another
    /// within reach in one cell of `cells`, all but the first and the last. `points` are the points of all places. Returns
    /// the points of those left out.
    pub(crate) fn thin_out(&mut self, before: i64, cells: &[i64], points: &[Point]) -> Vec<Point> {
        let mut left_out = Vec::new();
        let cell = |at: i64| cells.partition_point(|edge| *edge <= at);
        let mut out: Vec<Kept> = Vec::with_capacity(self.kept.len());
        // What was kept last, and whether it is joined to what was kept before it.
        let mut chain: Option<(Point, bool)> = None;
        for (kept, point) in self.kept.iter().zip(points) {
            let next_joins = |last: &Point| {
                let witnesses = |p: &Point| (p.references_known, p.references_bad);
                let same = (last.kind, last.region, last.version) == (point.kind, point.region, point.version)
                    && witnesses(last) == witnesses(point);
                let near = point.start <= last.hold || matches!(point.kind, Kind::Abstains(_));
                same && near && point.start < before && cell(last.start) == cell(point.start)
            };
            match chain {
                Some((last, second)) if next_joins(&last) => {
                    if second {
                        // The middle one of three goes; its weight passes to the first.
                        let middle = out.pop();
                        if let (Some(first), Some(middle)) = (out.last_mut(), middle) {
                            first.weight = first.weight.saturating_add(middle.weight);
                            first.bridged = true;
                        }
                        left_out.push(last);
                    }
                    out.push(*kept);
                    chain = Some((*point, true));
                }
                _ => {
                    out.push(*kept);
                    chain = (point.start < before).then_some((*point, false));
                }
            }
        }
        out.shrink_to_fit();
        self.kept = out;
        left_out
    }
}

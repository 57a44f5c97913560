//! From a heap of samples to one sorted line of points for each agent (CONSENSUS section 5, steps 1 and 2).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use quorate_model::verdict::AbstainReason;
use quorate_model::{AgentId, Boot, CollectorTime, PolicyHistory, Sample, Seq};

use crate::evidence::{Kind, Point, Reading};
use crate::quorum::{FOREIGN, Regions};
use crate::references;
use crate::verdict::Counters;

/// The agents of a check, sorted by name, each with its points sorted by time.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) agents: Vec<AgentId>,
    pub(crate) points: Vec<Vec<Point>>,
    pub(crate) counters: Counters,
    /// Agents that sent two different samples under one identity, sorted.
    pub(crate) equivocating: Vec<AgentId>,
}

#[derive(Default)]
struct Line<'a> {
    points: Vec<Point>,
    /// The region of the last sample and its number.
    region: Option<(&'a str, u16)>,
    last_id: (Boot, Seq),
    last_start: i64,
    ids_ascend: bool,
    times_ascend: bool,
}

/// Numbers agents; samples mostly share the allocation of their agent's name, so that comparing addresses finds it.
#[derive(Default)]
struct Directory<'a> {
    by_name: BTreeMap<&'a AgentId, usize>,
    recent: Vec<(&'a AgentId, usize)>,
}

impl<'a> Directory<'a> {
    /// So many names are looked for by address before the map is asked.
    const RECENT: usize = 16;

    fn number(&mut self, agent: &'a AgentId) -> usize {
        let text = agent.as_str();
        if let Some((_, number)) = self.recent.iter().find(|(known, _)| core::ptr::eq(known.as_str(), text)) {
            return *number;
        }
        let next = self.by_name.len();
        let number = *self.by_name.entry(agent).or_insert(next);
        if self.recent.len() >= Self::RECENT {
            self.recent.remove(0);
        }
        self.recent.push((agent, number));
        number
    }
}

/// Sorts the samples of the history's check into lines, without duplicates.
pub(crate) fn gather(samples: &[Sample], history: &PolicyHistory, regions: &Regions) -> Gathered {
    let check = history.first().check();
    let mut counters = Counters::default();
    let mut directory = Directory::default();
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut same_check: Option<&str> = None;
    for (sample, index) in samples.iter().zip(0u32..) {
        let text = sample.check.as_str();
        if !same_check.is_some_and(|same| core::ptr::eq(same, text)) {
            if sample.check != *check {
                counters.other_check += 1;
                continue;
            }
            same_check = Some(text);
        }
        let number = directory.number(&sample.id.agent);
        if number >= lines.len() {
            lines.push(Line { ids_ascend: true, times_ascend: true, last_start: i64::MIN, ..Line::default() });
        }
        let Some(line) = lines.get_mut(number) else { continue };
        line.push(sample, index, history, regions);
    }
    let mut doubted = false;
    let mut gathered = Gathered::default();
    for (agent, number) in &directory.by_name {
        let Some(line) = lines.get_mut(*number) else { continue };
        let equivocations = line.settle(samples, &mut counters);
        if equivocations > 0 {
            gathered.equivocating.push((*agent).clone());
        }
        for point in &line.points {
            counters.count(point);
            doubted |= point.kind == Kind::Abstains(AbstainReason::References) && point.references_known > 0;
        }
        gathered.agents.push((*agent).clone());
        gathered.points.push(core::mem::take(&mut line.points));
    }
    if doubted {
        references::look_again(&mut gathered.points, history);
        counters.recount(gathered.points.iter().flatten());
    }
    gathered.counters = counters;
    gathered
}

impl<'a> Line<'a> {
    fn push(&mut self, sample: &'a Sample, index: u32, history: &PolicyHistory, regions: &Regions) {
        let id = (sample.id.boot, sample.id.seq);
        if !self.points.is_empty() {
            self.ids_ascend &= self.last_id < id;
        }
        self.last_id = self.last_id.max(id);
        let reading = Reading::of(sample);
        let policy = history.at(CollectorTime::from_millis(reading.start));
        let name = sample.region.as_str();
        let number = match self.region {
            Some((known, number)) if core::ptr::eq(known, name) => number,
            _ => regions.number(&sample.region),
        };
        self.region = Some((name, number));
        let point = reading.point(policy.late_ok, number, index);
        self.times_ascend &= self.last_start < point.start;
        self.last_start = self.last_start.max(point.start);
        self.points.push(point);
    }

    /// Drops duplicates and sorts by time. Returns how many identities came with different payloads.
    fn settle(&mut self, samples: &[Sample], counters: &mut Counters) -> u64 {
        let sample = |point: &Point| samples.get(usize::try_from(point.index).ok()?);
        let mut equivocations = 0;
        if !self.ids_ascend {
            // The smallest payload of an identity comes first and stays.
            self.points.sort_by(|a, b| sample(a).cmp(&sample(b)));
            let mut last_of_identity: Option<&Sample> = None;
            let mut counted = false;
            self.points.retain(|point| {
                let Some(this) = sample(point) else { return false };
                match last_of_identity {
                    Some(kept) if kept.id == this.id => {
                        counters.duplicates += 1;
                        if kept != this && !counted {
                            equivocations += 1;
                            counted = true;
                        }
                        false
                    }
                    _ => {
                        last_of_identity = Some(this);
                        counted = false;
                        true
                    }
                }
            });
            counters.equivocations += equivocations;
        }
        if !self.times_ascend {
            let key = |point: &Point| {
                let sample = sample(point);
                (point.start, sample.map(Sample::end_corrected), sample.map(|s| (s.id.boot, s.id.seq)))
            };
            self.points.sort_by_cached_key(key);
        }
        equivocations
    }
}

impl Counters {
    pub(crate) fn count(&mut self, point: &Point) {
        self.samples += 1;
        if point.region == FOREIGN {
            self.other_region += 1;
        }
        if let Kind::Abstains(reason) = point.kind {
            *self.abstained.of_mut(reason) += 1;
        }
    }

    fn recount<'a>(&mut self, points: impl Iterator<Item = &'a Point>) {
        self.samples = 0;
        self.other_region = 0;
        self.abstained = crate::verdict::Abstained::default();
        for point in points {
            self.count(point);
        }
    }
}

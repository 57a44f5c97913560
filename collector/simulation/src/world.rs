//! One world: a scenario with every draw made by a seed. What a probe sees in it is a pure function of who probes and when.

use quorate_model::{Failure, Outcome, RegionId};

use crate::noise::Noise;
use crate::scenario::{Event, Scenario, What, Who};
use crate::spans::{Span, holds, normalise};

/// How many references each agent has; the last one is the collector.
pub(crate) const REFERENCES: u8 = 3;
const COLLECTOR_BIT: u32 = 1 << (REFERENCES - 1);
const ALL_BITS: u32 = (1 << REFERENCES) - 1;

/// A scenario with every draw made. Times are milliseconds since the world began.
#[derive(Clone, Debug)]
pub struct World<'a> {
    /// What was drawn from.
    pub scenario: &'a Scenario,
    /// When the target was really down.
    pub truth: Vec<Span>,
    /// When the collector was away.
    pub collector_away: Vec<Span>,
    shows: Failure,
    references_down: Vec<Span>,
    agents: Vec<Place>,
    noise: Noise,
}

/// What goes wrong at one agent.
#[derive(Clone, Debug, Default)]
struct Place {
    path: Vec<Span>,
    uplink: Vec<Span>,
    loss: Vec<(Span, u32)>,
    crashed: Vec<Span>,
    partitioned: Vec<Span>,
    /// Known to nobody: how far the agent's clock is ahead.
    ahead_ms: i64,
    /// When its wall clock was set, and by how much.
    steps: Vec<(i64, i64)>,
}

/// What one probe sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// How long it took, microseconds.
    pub length_us: u64,
}

impl<'a> World<'a> {
    /// Draws a world.
    pub fn new(scenario: &'a Scenario, seed: u64) -> Self {
        let noise = Noise::new(seed).stream(0x776f_726c);
        let mut world = Self {
            scenario,
            truth: Vec::new(),
            collector_away: Vec::new(),
            shows: Failure::ConnectTimeout,
            references_down: Vec::new(),
            agents: vec![Place::default(); scenario.agents.len()],
            noise,
        };
        for (number, event) in (1u64..).zip(&scenario.events) {
            world.draw(event, noise.stream(number));
        }
        world.draw_blips(noise.stream(0x626c_6970));
        world.truth = normalise(world.truth);
        world.collector_away = normalise(world.collector_away);
        world.references_down = normalise(world.references_down);
        for place in &mut world.agents {
            for spans in [&mut place.path, &mut place.uplink, &mut place.crashed, &mut place.partitioned] {
                *spans = normalise(std::mem::take(spans));
            }
        }
        world
    }

    fn draw(&mut self, event: &Event, noise: Noise) {
        let first = event.at.draw(noise, 0);
        for time in 0..i64::from(event.times) {
            let start = first + time * event.every_ms;
            let place = u64::try_from(time).unwrap_or_default();
            let end = start.saturating_add(event.lasts.draw(noise.stream(1), place));
            match &event.what {
                What::Outage { shows } => {
                    self.shows = if *shows == Failure::Timeout { Failure::ConnectTimeout } else { *shows };
                    self.truth.push((start, end));
                }
                What::References => self.references_down.push((start, end)),
                What::CollectorAway => self.collector_away.push((start, end)),
                What::Rolling => {
                    let mut regions: Vec<RegionId> = self.scenario.agents.iter().map(|a| a.region.clone()).collect();
                    regions.dedup();
                    let half = (end - start) / 2;
                    for (step, region) in (0i64..).zip(regions) {
                        let shift = step * half;
                        self.strike(&Who::Regions(vec![region]), noise, |p| p.path.push((start + shift, end + shift)));
                    }
                }
                What::Path(who) => self.strike(who, noise, |p| p.path.push((start, end))),
                What::Uplink(who) => self.strike(who, noise, |p| p.uplink.push((start, end))),
                What::Loss { who, ppm } => self.strike(who, noise, |p| p.loss.push(((start, end), *ppm))),
                What::Crash(who) => self.strike(who, noise, |p| p.crashed.push((start, end))),
                What::Partition(who) => self.strike(who, noise, |p| p.partitioned.push((start, end))),
                What::Skew { who, ahead_ms } => self.strike(who, noise, |p| p.ahead_ms = *ahead_ms),
                What::ClockStep { who, by_ms } => self.strike(who, noise, |p| p.steps.push((start, *by_ms))),
            }
        }
    }

    /// Applies a change to every agent of the regions struck; which these are is the same for all times of an event.
    fn strike(&mut self, who: &Who, noise: Noise, change: impl Fn(&mut Place)) {
        let mut regions: Vec<&RegionId> = self.scenario.agents.iter().map(|a| &a.region).collect();
        regions.dedup();
        let struck: Vec<&RegionId> = match who {
            Who::All => regions,
            Who::Regions(list) => list.iter().collect(),
            Who::Any(count) => {
                let draw = noise.stream(2);
                let mut keyed: Vec<_> = (0u64..).zip(regions).map(|(i, region)| (draw.bits(i), region)).collect();
                keyed.sort_unstable();
                keyed.into_iter().take(*count).map(|(_, region)| region).collect()
            }
        };
        for (place, plan) in self.agents.iter_mut().zip(&self.scenario.agents) {
            if struck.contains(&&plan.region) {
                change(place);
            }
        }
    }

    fn draw_blips(&mut self, noise: Noise) {
        let Some((per_hour_milli, lasts)) = self.scenario.blips else { return };
        let hours = self.scenario.length_ms / 3_600_000;
        let mut regions: Vec<RegionId> = self.scenario.agents.iter().map(|a| a.region.clone()).collect();
        regions.dedup();
        for (number, region) in (0u64..).zip(regions) {
            let own = noise.stream(number);
            for hour in 0..hours {
                let place = u64::try_from(hour).unwrap_or_default();
                // Whole blips for the whole part of the rate, one more by chance for the rest.
                let chance = per_hour_milli % 1_000 * 1_000;
                let count = per_hour_milli / 1_000 + u32::from(own.stream(1).happens(place, chance));
                for blip in 0..u64::from(count) {
                    let draw = own.stream(2).stream(blip);
                    let start = hour * 3_600_000 + draw.within(place, 0, 3_599_999);
                    let end = start + lasts.draw(draw.stream(1), place);
                    let who = Who::Regions(vec![region.clone()]);
                    self.strike(&who, noise, |p| p.path.push((start, end)));
                }
            }
        }
    }

    /// The agent's shift inside its interval: all agents staggered evenly, from a start drawn by the seed.
    pub fn phase_ms(&self, agent: usize) -> i64 {
        let interval = self.scenario.agents.get(agent).map_or(1, |a| a.interval_ms);
        let count = i64::try_from(self.scenario.agents.len()).unwrap_or(1);
        let shift = self.noise.within(0x7068_6173, 0, interval - 1);
        (shift + i64::try_from(agent).unwrap_or(0) * interval / count).rem_euclid(interval)
    }

    /// True if the agent's process runs.
    pub fn is_running(&self, agent: usize, moment: i64) -> bool {
        self.agents.get(agent).is_some_and(|place| !holds(&place.crashed, moment))
    }

    /// The end of the time in which the agent cannot reach the collector, if that is so now.
    pub fn away_until(&self, agent: usize, moment: i64) -> Option<i64> {
        let partitioned = self.agents.get(agent).map(|place| place.partitioned.as_slice()).unwrap_or_default();
        [partitioned, &self.collector_away]
            .iter()
            .flat_map(|spans| spans.iter())
            .filter(|(start, end)| (*start..*end).contains(&moment))
            .map(|(_, end)| *end)
            .max()
    }

    /// When the agent's process was gone.
    pub fn crashes(&self, agent: usize) -> &[Span] {
        self.agents.get(agent).map(|place| place.crashed.as_slice()).unwrap_or_default()
    }

    /// How far the agent's wall clock is ahead of the truth, unknown to it: by a skew that no heartbeat shows.
    pub fn hidden_skew_ms(&self, agent: usize) -> i64 {
        self.agents.get(agent).map_or(0, |place| place.ahead_ms)
    }

    /// When the agent's wall clock was set, and by how much.
    pub fn clock_steps(&self, agent: usize) -> &[(i64, i64)] {
        self.agents.get(agent).map(|place| place.steps.as_slice()).unwrap_or_default()
    }

    /// What a probe sees that the agent starts at a moment.
    pub fn probe(&self, agent: usize, moment: i64) -> Answer {
        let timeout_us = self.scenario.timeout_ms.unsigned_abs() * 1_000;
        let noise = self.noise.stream(1_000 + u64::try_from(agent).unwrap_or_default());
        let place = moment.unsigned_abs();
        let (mean, deviation) = self.scenario.rtt_us;
        let rtt_us = noise.normal(place, mean, deviation).max(100).unsigned_abs();
        let silent = Answer { outcome: Outcome::Fail, failure: Some(Failure::ConnectTimeout), length_us: timeout_us };
        let Some(own) = self.agents.get(agent) else { return silent };
        let lost = own
            .loss
            .iter()
            .any(|((start, end), ppm)| (*start..*end).contains(&moment) && noise.stream(1).happens(place, *ppm));
        let false_failure = noise.stream(2).happens(place, self.scenario.false_failures_ppm);
        if lost || false_failure || holds(&own.path, moment) || holds(&own.uplink, moment) {
            return silent;
        }
        // The target decides when the request reaches it, half a round trip after the start.
        let reached = moment + i64::try_from(rtt_us / 2_000).unwrap_or(i64::MAX);
        if holds(&self.truth, reached) {
            if self.shows.is_silence() {
                return silent;
            }
            return Answer { failure: Some(self.shows), length_us: rtt_us.min(timeout_us), ..silent };
        }
        let outcome = if rtt_us <= timeout_us {
            Outcome::Ok
        } else if rtt_us <= 2 * timeout_us {
            Outcome::LateOk
        } else {
            return silent;
        };
        Answer { outcome, failure: None, length_us: rtt_us }
    }

    /// Which references fail at an agent at a moment, bit i for the i-th; the last one is the collector.
    pub(crate) fn bad_references(&self, agent: usize, moment: i64) -> u32 {
        let Some(own) = self.agents.get(agent) else { return ALL_BITS };
        if holds(&own.uplink, moment) || holds(&self.references_down, moment) {
            ALL_BITS
        } else if self.away_until(agent, moment).is_some() {
            COLLECTOR_BIT
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests;

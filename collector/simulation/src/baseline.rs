//! How others would have judged the same world, from their documented rules.
//!
//! Each is billed at event time, the fair version: downtime begins with the first failing probe of the run that decided, not
//! with the decision, and ends with the first good probe of the run that ended it. None of them repairs the past, so what an
//! agent saw while it could not reach its collector is lost to them. Sources: the documentation of each product, as
//! summarised in the README beside this crate.

use quorate_model::{Outcome, RegionId};

use crate::noise::Noise;
use crate::spans::{Span, normalise};
use crate::world::World;

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Down while the last sample of any region is bad.
    AnyRegion,
    /// Down while the last samples of more than half of the regions are bad, however old.
    MajorityOfLast,
    /// Gatus: one vantage; three failures in a row open, two successes in a row close.
    Gatus,
    /// Uptime Kuma: one vantage; a pending retry counts as down.
    UptimeKuma,
    /// Route 53: each checker turns after three in a row; healthy iff more than 18 % of the checkers say so.
    Route53,
    /// Pingdom: locations take turns; a failure is confirmed at once from a second location.
    Pingdom,
}

impl Rule {
    /// Every rule, as in tables.
    pub const ALL: [Self; 6] =
        [Self::AnyRegion, Self::MajorityOfLast, Self::Gatus, Self::UptimeKuma, Self::Route53, Self::Pingdom];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnyRegion => "any region",
            Self::MajorityOfLast => "majority of last",
            Self::Gatus => "Gatus",
            Self::UptimeKuma => "Uptime Kuma",
            Self::Route53 => "Route 53",
            Self::Pingdom => "Pingdom",
        }
    }
}

/// What a rule said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Downtime as billed.
    pub down: Vec<Span>,
    /// For each stretch of downtime as it was decided: its billed start, and the moment of the decision.
    pub decided: Vec<(i64, i64)>,
    /// Probes sent.
    pub probes: u64,
}

/// One probe as a rule sees it.
#[derive(Clone, Copy, Debug)]
struct Look {
    vantage: usize,
    start: i64,
    end: i64,
    bad: bool,
}

/// Applies a rule to a world.
pub fn judge(rule: Rule, world: &World<'_>, seed: u64) -> Judged {
    match rule {
        Rule::AnyRegion => by_share(world, 1, 1, |bad, _| bad >= 1),
        Rule::MajorityOfLast => by_share(world, 1, 1, |bad, all| 2 * bad > all),
        Rule::Gatus => one_vantage(world, 3, 2),
        Rule::UptimeKuma => one_vantage(world, 1, 1),
        Rule::Route53 => by_share(world, 3, 3, |bad, all| 100 * (all - bad) <= 18 * all),
        Rule::Pingdom => pingdom(world, seed),
    }
}

/// Turns after some failures or successes in a row; remembers where each run began.
#[derive(Clone, Copy, Debug)]
struct Turning {
    bad: bool,
    run: u32,
    run_start: i64,
    to_bad: u32,
    to_good: u32,
}

impl Turning {
    const fn new(to_bad: u32, to_good: u32) -> Self {
        Self { bad: false, run: 0, run_start: 0, to_bad, to_good }
    }

    /// The start of the run that turned it, if this look did.
    fn look(&mut self, look: Look) -> Option<i64> {
        if look.bad == self.bad {
            self.run = 0;
            return None;
        }
        if self.run == 0 {
            self.run_start = look.start;
        }
        self.run += 1;
        let needed = if self.bad { self.to_good } else { self.to_bad };
        if self.run < needed {
            return None;
        }
        self.bad = look.bad;
        self.run = 0;
        Some(self.run_start)
    }
}

/// The scheduled probes of one agent, staggered as ours are.
fn looks<'w>(world: &'w World<'_>, vantage: usize) -> impl Iterator<Item = Look> + 'w {
    let interval = world.scenario.agents.get(vantage).map_or(1, |a| a.interval_ms);
    let phase = world.phase_ms(vantage);
    let slots = (0..).map(move |k| phase + k * interval).take_while(|t| *t < world.scenario.length_ms);
    slots.filter_map(move |start| look_at(world, vantage, start))
}

/// One probe; `None` where the agent is gone or its result is lost.
fn look_at(world: &World<'_>, vantage: usize, start: i64) -> Option<Look> {
    if !world.is_running(vantage, start) || world.away_until(vantage, start).is_some() {
        return None;
    }
    let answer = world.probe(vantage, start);
    let length = i64::try_from(answer.length_us / 1_000).unwrap_or(i64::MAX).min(world.scenario.timeout_ms);
    Some(Look { vantage, start, end: start + length, bad: answer.outcome != Outcome::Ok })
}

fn all_looks(world: &World<'_>) -> Vec<Look> {
    let mut all: Vec<Look> = (0..world.scenario.agents.len()).flat_map(|vantage| looks(world, vantage)).collect();
    all.sort_by_key(|look| (look.end, look.vantage));
    all
}

/// Down by the number of regions whose last value is bad. A region with several agents is bad if most of them are.
fn by_share(world: &World<'_>, to_bad: u32, to_good: u32, is_down: impl Fn(usize, usize) -> bool) -> Judged {
    let agents = &world.scenario.agents;
    let mut regions: Vec<&RegionId> = agents.iter().map(|a| &a.region).collect();
    regions.dedup();
    let members: Vec<Vec<usize>> = regions
        .iter()
        .map(|region| (0..agents.len()).filter(|i| agents.get(*i).is_some_and(|a| &&a.region == region)).collect())
        .collect();
    // The changes of each vantage, back-dated to the start of the run that made them, with the moment of the decision.
    let mut turning = vec![Turning::new(to_bad, to_good); agents.len()];
    let mut changes = Vec::new();
    let all = all_looks(world);
    let probes = all.len() as u64;
    for look in all {
        if let Some(since) = turning.get_mut(look.vantage).and_then(|t| t.look(look)) {
            changes.push((since, look.end, look.vantage, look.bad));
        }
    }
    let down_at = |states: &[bool]| {
        let bad = members
            .iter()
            .filter(|m| 2 * m.iter().filter(|i| states.get(**i) == Some(&true)).count() > m.len())
            .count();
        is_down(bad, members.len())
    };
    let sweep = |changes: &[(i64, usize, bool)]| {
        let mut states = vec![false; agents.len()];
        let (mut spans, mut since) = (Vec::new(), None);
        for &(at, vantage, bad) in changes {
            if let Some(state) = states.get_mut(vantage) {
                *state = bad;
            }
            match (since, down_at(&states)) {
                (None, true) => since = Some(at),
                (Some(start), false) => {
                    spans.push((start, at));
                    since = None;
                }
                _ => {}
            }
        }
        spans.extend(since.map(|start| (start, world.scenario.length_ms)));
        spans
    };
    let mut by_event: Vec<_> = changes.iter().map(|&(since, _, vantage, bad)| (since, vantage, bad)).collect();
    by_event.sort_unstable();
    let by_decision: Vec<_> = changes.iter().map(|&(_, at, vantage, bad)| (at, vantage, bad)).collect();
    let down = normalise(sweep(&by_event));
    let decided = sweep(&by_decision)
        .into_iter()
        .map(|(at, _)| (down.iter().rev().find(|(start, _)| *start <= at).map_or(at, |(start, _)| *start), at))
        .collect();
    Judged { down, decided, probes }
}

fn one_vantage(world: &World<'_>, to_bad: u32, to_good: u32) -> Judged {
    let mut turning = Turning::new(to_bad, to_good);
    let mut judged = Judged::default();
    let mut since = None;
    for look in looks(world, 0) {
        judged.probes += 1;
        if let Some(at) = turning.look(look) {
            if look.bad {
                since = Some(at);
                judged.decided.push((at, look.end));
            } else if let Some(start) = since.take() {
                judged.down.push((start, at));
            }
        }
    }
    judged.down.extend(since.map(|start| (start, world.scenario.length_ms)));
    judged.down = normalise(judged.down);
    judged
}

fn pingdom(world: &World<'_>, seed: u64) -> Judged {
    let count = world.scenario.agents.len();
    let interval = world.scenario.agents.first().map_or(1, |a| a.interval_ms);
    let noise = Noise::new(seed).stream(0x7069_6e67);
    let mut judged = Judged::default();
    let mut since = None;
    for turn in 0..world.scenario.length_ms / interval {
        let place = turn.unsigned_abs();
        let vantage = usize::try_from(turn).unwrap_or_default() % count;
        let Some(first) = look_at(world, vantage, turn * interval) else { continue };
        judged.probes += 1;
        if !first.bad {
            judged.down.extend(since.take().map(|start| (start, first.start)));
            continue;
        }
        if since.is_some() || count < 2 {
            continue;
        }
        let step = usize::try_from(noise.within(place, 1, i64::try_from(count).unwrap_or(2) - 1)).unwrap_or(1);
        if let Some(second) = look_at(world, (vantage + step) % count, first.end) {
            judged.probes += 1;
            if second.bad {
                since = Some(first.start);
                judged.decided.push((first.start, second.end));
            }
        }
    }
    judged.down.extend(since.map(|start| (start, world.scenario.length_ms)));
    judged.down = normalise(judged.down);
    judged
}

#[cfg(test)]
mod tests;

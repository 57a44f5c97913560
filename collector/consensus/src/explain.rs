//! Who said what at one moment, and why that makes the verdict it makes.

use alloc::vec::Vec;

use quorate_model::verdict::AbstainReason;
use quorate_model::{AgentId, CollectorTime, PolicyHistory, ProviderId, RegionId, Sample, State};

use crate::evidence::{Kind, Point};
use crate::judge::World;
use crate::quorum::{FOREIGN, Tally};
use crate::timeline::{Vote, Votes};

/// What an agent holds of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Well.
    Good,
    /// Right, but over the degraded threshold.
    Slow,
    /// Failing.
    Bad,
}

/// The three values of a vote: with an ambiguous moment counted as good, by the best estimate, counted as bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passes<T> {
    /// Ambiguous counts as good.
    pub low: T,
    /// The best estimate.
    pub mid: T,
    /// Ambiguous counts as bad.
    pub high: T,
}

/// Why an agent has no vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoVote {
    /// It has no sample at or before this time.
    NothingYet,
    /// Its last sample is too old to be held; it was held until this time.
    Silent {
        /// The first moment without a vote.
        since: CollectorTime,
    },
    /// Its sample abstains, and ended what was held before.
    Abstains {
        /// Why.
        reason: AbstainReason,
        /// When that sample began.
        since: CollectorTime,
    },
    /// No policy of this time names its region.
    RegionHasNoSeat,
}

/// What an agent contributes at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentVote {
    /// It votes.
    Votes(Passes<Value>),
    /// It does not.
    None(NoVote),
}

/// One agent's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentPart {
    /// The agent.
    pub agent: AgentId,
    /// Where its latest sample at or before the moment was taken, else its next one.
    pub region: RegionId,
    /// Who runs the network there.
    pub provider: ProviderId,
    /// Its vote, or why it has none.
    pub vote: AgentVote,
    /// Its last good or slow sample that began at or before the moment.
    pub last_good: Option<Sample>,
    /// Its last bad sample that began at or before the moment.
    pub last_bad: Option<Sample>,
    /// Its last sample that began at or before the moment, if that one abstains.
    pub last_abstaining: Option<Sample>,
    /// Its first sample after the moment.
    pub next: Option<Sample>,
}

/// One region's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionPart {
    /// The region.
    pub region: RegionId,
    /// Its provider by the policy, which is its failure domain.
    pub provider: ProviderId,
    /// How many of its agents vote.
    pub voting_agents: u16,
    /// How many of them are bad.
    pub bad_agents: Passes<u16>,
    /// Whether the region is bad: more than half of its voting agents are. A tie is good.
    pub bad: Passes<bool>,
}

/// The sum of one pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Bad regions.
    pub bad: u16,
    /// Providers of the bad regions.
    pub bad_providers: u16,
    /// Weight of the bad regions; their number where the quorum has no weights.
    pub bad_weight: u64,
    /// The state that makes.
    pub state: State,
}

/// The quorum's arithmetic at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// Regions the policy names.
    pub configured: u16,
    /// Regions that vote.
    pub voting: u16,
    /// The fewest voting regions with which anything is known.
    pub min_regions: u16,
    /// How many bad regions are a quorum of those voting; with weights, the fewest that can be one.
    pub need: u16,
    /// Weight of the voting regions; their number where the quorum has no weights.
    pub voting_weight: u64,
    /// Providers of the voting regions.
    pub voting_providers: u16,
    /// How many providers the bad regions have to span.
    pub min_providers: u16,
    /// The sums of the passes.
    pub sums: Passes<Sum>,
}

/// Everything that makes the verdict at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The moment.
    pub at: CollectorTime,
    /// The state by the best estimate.
    pub state: State,
    /// Every agent that ever sent a sample of the check, sorted by name.
    pub agents: Vec<AgentPart>,
    /// Every region of the policy at that moment, sorted by name.
    pub regions: Vec<RegionPart>,
    /// How the votes add up.
    pub arithmetic: Arithmetic,
    /// True if only one region may vote, so that nothing confirms its word.
    pub single_vantage: bool,
}

/// Explains one moment of one check from its samples; those within two reaches of the moment suffice.
pub fn explain(samples: &[Sample], history: &PolicyHistory, at: CollectorTime) -> Explanation {
    let world = World::new(samples, history);
    let ms = at.as_millis();
    let mut tallies = alloc::vec![Tally::default(); world.regions.len()];
    let mut agents = Vec::with_capacity(world.gathered.agents.len());
    let lines = world.gathered.agents.iter().zip(&world.gathered.points).zip(&world.timelines);
    for ((agent, points), timeline) in lines {
        let vote = timeline.vote_at(ms);
        if let Some((region, votes)) = vote
            && let Some(tally) = tallies.get_mut(usize::from(region))
        {
            tally.add(votes);
        }
        agents.extend(agent_part(samples, agent, points, vote, ms));
    }
    let policy = history.at(at);
    let tally = |region: &RegionId| tallies.get(usize::from(world.regions.number(region))).copied().unwrap_or_default();
    let regions = policy.regions().iter().map(|seat| {
        let tally = tally(&seat.region);
        RegionPart {
            region: seat.region.clone(),
            provider: seat.provider.clone(),
            voting_agents: tally.voting(),
            bad_agents: Passes {
                low: tally.bad(Votes::BAD_LOW),
                mid: tally.bad(Votes::BAD_MID),
                high: tally.bad(Votes::BAD_HIGH),
            },
            bad: Passes {
                low: tally.is_bad(Votes::BAD_LOW),
                mid: tally.is_bad(Votes::BAD_MID),
                high: tally.is_bad(Votes::BAD_HIGH),
            },
        }
    });
    let rule = world.rules.at(ms);
    let finding = rule.judge(&tallies);
    let small = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let sum = |pass: usize, state: State| {
        let count = rule.count_pass(&tallies, pass);
        Sum { bad: small(count.bad), bad_providers: small(count.bad_providers), bad_weight: count.bad_weight, state }
    };
    let count = rule.count_pass(&tallies, Votes::BAD_MID);
    Explanation {
        at,
        state: finding.state,
        agents,
        regions: regions.collect(),
        arithmetic: Arithmetic {
            configured: small(policy.regions().len()),
            voting: finding.voting,
            min_regions: policy.min_regions(),
            need: finding.need,
            voting_weight: count.voting_weight,
            voting_providers: small(count.voting_providers),
            min_providers: policy.min_providers(),
            sums: Passes {
                low: sum(Votes::BAD_LOW, finding.low),
                mid: sum(Votes::BAD_MID, finding.state),
                high: sum(Votes::BAD_HIGH, finding.high),
            },
        },
        single_vantage: policy.is_single_vantage(),
    }
}

fn agent_part(samples: &[Sample], agent: &AgentId, points: &[Point], vote: Vote, at: i64) -> Option<AgentPart> {
    let after = points.partition_point(|point| point.start <= at);
    let (past, future) = points.split_at_checked(after)?;
    let sample = |point: &Point| samples.get(usize::try_from(point.index).ok()?);
    let last_of = |wanted: fn(Kind) -> bool| past.iter().rev().find(|p| wanted(p.kind)).and_then(sample).cloned();
    let current = past.last().or(future.first()).and_then(sample)?;
    let last_voting = past.iter().rev().find(|point| !matches!(point.kind, Kind::Abstains(_)));
    let vote = match vote {
        Some((FOREIGN, _)) => AgentVote::None(NoVote::RegionHasNoSeat),
        Some((_, votes)) => AgentVote::Votes(values(votes)),
        None => AgentVote::None(why_not(past, last_voting)),
    };
    Some(AgentPart {
        agent: agent.clone(),
        region: current.region.clone(),
        provider: current.provider.clone(),
        vote,
        last_good: last_of(|kind| matches!(kind, Kind::Good | Kind::Slow)),
        last_bad: last_of(Kind::is_bad),
        last_abstaining: past.last().filter(|p| matches!(p.kind, Kind::Abstains(_))).and_then(sample).cloned(),
        next: future.first().and_then(sample).cloned(),
    })
}

/// Why an agent without a vote has none: the first abstaining sample after the last voting one, or its age.
fn why_not(past: &[Point], last_voting: Option<&Point>) -> NoVote {
    let since = |point: &Point| CollectorTime::from_millis(point.start);
    let first_abstaining = past.iter().rev().take_while(|point| matches!(point.kind, Kind::Abstains(_))).last();
    match (last_voting, first_abstaining.map(|point| (point, point.kind))) {
        (None, None) => NoVote::NothingYet,
        (Some(held), Some((point, _))) if held.hold < point.start => {
            NoVote::Silent { since: CollectorTime::from_millis(held.hold) }
        }
        (_, Some((point, Kind::Abstains(reason)))) => NoVote::Abstains { reason, since: since(point) },
        (Some(held), _) => NoVote::Silent { since: CollectorTime::from_millis(held.hold) },
        (None, Some((point, _))) => NoVote::Silent { since: since(point) },
    }
}

fn values(votes: Votes) -> Passes<Value> {
    let value = |bad: usize, impaired: usize| match (votes.has(bad), votes.has(impaired)) {
        (true, _) => Value::Bad,
        (false, true) => Value::Slow,
        (false, false) => Value::Good,
    };
    Passes {
        low: value(Votes::BAD_LOW, Votes::IMPAIRED_LOW),
        mid: value(Votes::BAD_MID, Votes::IMPAIRED_MID),
        high: value(Votes::BAD_HIGH, Votes::IMPAIRED_HIGH),
    }
}

//! The vote: which state a set of bad regions is (CONSENSUS section 4).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use quorate_model::{Policy, PolicyHistory, ProviderId, Quorum, RegionId, State};

use crate::timeline::Votes;

/// The number of a region that no policy names: it never votes.
pub(crate) const FOREIGN: u16 = u16::MAX;

/// The regions any policy of a history names, sorted; a region's number is its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Regions(Vec<RegionId>);

impl Regions {
    pub(crate) fn of(history: &PolicyHistory) -> Self {
        let policies = core::iter::once(history.first()).chain(history.changes().iter().map(|(_, policy)| policy));
        let mut names: Vec<RegionId> =
            policies.flat_map(|policy| policy.regions().iter().map(|r| r.region.clone())).collect();
        names.sort();
        names.dedup();
        names.truncate(usize::from(FOREIGN));
        Self(names)
    }

    /// The number of a region; samples mostly share its allocation, so that comparing addresses finds it.
    pub(crate) fn number(&self, region: &RegionId) -> u16 {
        let text = region.as_str();
        let found = self.0.iter().position(|name| core::ptr::eq(name.as_str(), text));
        let found = found.or_else(|| self.0.binary_search(region).ok());
        found.and_then(|at| u16::try_from(at).ok()).unwrap_or(FOREIGN)
    }

    pub(crate) fn name(&self, number: u16) -> Option<&RegionId> {
        self.0.get(usize::from(number))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// How many agents of a region vote, and how many of them are bad in each pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    voting: u16,
    bad: [u16; Votes::COUNT],
}

impl Tally {
    pub(crate) fn add(&mut self, votes: Votes) {
        self.voting = self.voting.saturating_add(1);
        for (bit, bad) in self.bad.iter_mut().enumerate() {
            *bad = bad.saturating_add(u16::from(votes.has(bit)));
        }
    }

    pub(crate) fn remove(&mut self, votes: Votes) {
        self.voting = self.voting.saturating_sub(1);
        for (bit, bad) in self.bad.iter_mut().enumerate() {
            *bad = bad.saturating_sub(u16::from(votes.has(bit)));
        }
    }

    /// More than half of the voting agents; a tie is good.
    pub(crate) fn is_bad(&self, pass: usize) -> bool {
        self.bad.get(pass).is_some_and(|bad| u32::from(*bad) * 2 > u32::from(self.voting))
    }

    /// No vote differs from pass to pass.
    fn is_certain(&self) -> bool {
        let [low, mid, high, impaired_low, impaired_mid, impaired_high] = self.bad;
        low == mid && mid == high && impaired_low == impaired_mid && impaired_mid == impaired_high
    }

    /// No agent is bad or impaired by the best estimate.
    fn is_well(&self) -> bool {
        self.bad(Votes::IMPAIRED_MID) == 0
    }

    /// How many agents vote.
    pub(crate) const fn voting(&self) -> u16 {
        self.voting
    }

    /// How many of them are bad in a pass.
    pub(crate) fn bad(&self, pass: usize) -> u16 {
        self.bad.get(pass).copied().unwrap_or(0)
    }

    pub(crate) const fn votes(&self) -> bool {
        self.voting > 0
    }
}

#[derive(Clone, Debug)]
struct Seat {
    region: u16,
    provider: usize,
    weight: u64,
}

/// A set of providers by their numbers: bits, and a list for the rare policy with very many.
#[derive(Default)]
struct Providers {
    bits: u128,
    more: Vec<usize>,
}

impl Providers {
    /// Whether it was not there.
    fn insert(&mut self, number: usize) -> bool {
        if let Some(bit) = u32::try_from(number).ok().and_then(|number| 1u128.checked_shl(number)) {
            let new = self.bits & bit == 0;
            self.bits |= bit;
            return new;
        }
        let new = !self.more.contains(&number);
        self.more.push(number);
        new
    }
}

/// A policy with its names resolved to numbers.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    seats: Vec<Seat>,
    quorum: Quorum,
    min_regions: usize,
    min_providers: usize,
}

/// What a rule says of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) state: State,
    pub(crate) low: State,
    pub(crate) high: State,
    /// The bad regions by the best estimate, as sorted numbers.
    pub(crate) bad: Vec<u16>,
    /// How many regions vote.
    pub(crate) voting: u16,
    /// How many bad regions it takes.
    pub(crate) need: u16,
    /// Whether so many regions are good that an incident may end.
    pub(crate) recovered: bool,
}

/// The count of one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Regions that vote.
    pub(crate) voting: usize,
    /// Regions that are bad.
    pub(crate) bad: usize,
    /// Providers of the voting regions.
    pub(crate) voting_providers: usize,
    /// Providers of the bad regions.
    pub(crate) bad_providers: usize,
    /// Weight of the voting regions.
    pub(crate) voting_weight: u64,
    /// Weight of the bad regions.
    pub(crate) bad_weight: u64,
}

impl Rule {
    pub(crate) fn of(policy: &Policy, regions: &Regions) -> Self {
        let mut providers: BTreeMap<&ProviderId, usize> = BTreeMap::new();
        let seats = policy
            .regions()
            .iter()
            .map(|r| {
                let next = providers.len();
                let provider = *providers.entry(&r.provider).or_insert(next);
                let weight = match policy.quorum() {
                    Quorum::Weights(weights) => u64::from(weights.get(&r.region).copied().unwrap_or(0)),
                    _ => 1,
                };
                Seat { region: regions.number(&r.region), provider, weight }
            })
            .collect();
        Self {
            seats,
            quorum: policy.quorum().clone(),
            min_regions: usize::from(policy.min_regions()),
            min_providers: usize::from(policy.min_providers()),
        }
    }

    /// Counts one pass of the regions' votes.
    pub(crate) fn count_pass(&self, tallies: &[Tally], pass: usize) -> Count {
        let tally = |region: u16| tallies.get(usize::from(region));
        self.count(
            |region| tally(region).is_some_and(Tally::votes),
            |region| tally(region).is_some_and(|tally| tally.is_bad(pass)),
        )
    }

    /// Counts the regions of which `is_bad` says so.
    pub(crate) fn count(&self, votes: impl Fn(u16) -> bool, is_bad: impl Fn(u16) -> bool) -> Count {
        let mut count = Count::default();
        let (mut voting, mut bad) = (Providers::default(), Providers::default());
        for seat in self.seats.iter().filter(|seat| votes(seat.region)) {
            count.voting += 1;
            count.voting_weight += seat.weight;
            count.voting_providers += usize::from(voting.insert(seat.provider));
            if is_bad(seat.region) {
                count.bad += 1;
                count.bad_weight += seat.weight;
                count.bad_providers += usize::from(bad.insert(seat.provider));
            }
        }
        count
    }

    /// How many bad regions of `count.voting` are a quorum; with weights, the fewest that can be one.
    pub(crate) fn need(&self, count: &Count, votes: impl Fn(u16) -> bool) -> usize {
        match &self.quorum {
            Quorum::Majority => count.voting / 2 + 1,
            Quorum::AtLeast(k) => usize::from(*k),
            Quorum::Fraction(ppm) => {
                let wanted = u64::from(*ppm) * u64::try_from(count.voting).unwrap_or(u64::MAX);
                usize::try_from(wanted.div_ceil(1_000_000)).unwrap_or(usize::MAX).max(1)
            }
            Quorum::All => count.voting.max(1),
            Quorum::Weights(_) => {
                let mut weights: Vec<u64> =
                    self.seats.iter().filter(|seat| votes(seat.region)).map(|seat| seat.weight).collect();
                weights.sort_unstable_by(|a, b| b.cmp(a));
                let mut sum = 0;
                let short = |weight: &u64| {
                    sum += weight;
                    sum * 2 <= count.voting_weight
                };
                weights.iter().copied().take_while(short).count() + 1
            }
        }
    }

    fn is_quorum(&self, count: &Count, need: usize) -> bool {
        match self.quorum {
            Quorum::Weights(_) => count.bad_weight * 2 > count.voting_weight,
            _ => count.bad >= need,
        }
    }

    /// The state of a count (CONSENSUS section 4). Down only where the bad regions are a quorum across enough
    /// providers; unknown where too few regions or providers vote to say so.
    pub(crate) fn state(&self, count: &Count, need: usize) -> State {
        if count.voting < self.min_regions {
            State::Unknown
        } else if self.is_quorum(count, need) {
            if count.voting_providers < self.min_providers {
                State::Unknown
            } else if count.bad_providers >= self.min_providers {
                State::Down
            } else {
                State::Partial
            }
        } else if count.bad > 0 {
            State::Partial
        } else {
            State::Up
        }
    }

    fn pass(&self, tallies: &[Tally], bad_pass: usize, impaired_pass: usize) -> State {
        let tally = |region: u16| tallies.get(usize::from(region));
        let votes = |region: u16| tally(region).is_some_and(Tally::votes);
        let bad = self.count_pass(tallies, bad_pass);
        let need = self.need(&bad, votes);
        let state = self.state(&bad, need);
        if matches!(state, State::Unknown | State::Down) {
            return state;
        }
        // Mostly nobody is slow, and who is impaired is bad.
        if tallies.iter().all(|tally| tally.bad(bad_pass) == tally.bad(impaired_pass)) {
            return state;
        }
        let impaired = self.count_pass(tallies, impaired_pass);
        if self.state(&impaired, need) == State::Down { State::Degraded } else { state }
    }

    /// Judges one moment.
    pub(crate) fn judge(&self, tallies: &[Tally]) -> Finding {
        let tally = |region: u16| tallies.get(usize::from(region));
        let votes = |region: u16| tally(region).is_some_and(Tally::votes);
        let is_bad = |region: u16| tally(region).is_some_and(|t| t.is_bad(Votes::BAD_MID));
        let count = self.count(votes, is_bad);
        let need = self.need(&count, votes);
        let certain = tallies.iter().all(Tally::is_certain);
        let (low, state, high) = if certain && tallies.iter().all(Tally::is_well) {
            let state = self.state(&count, need);
            (state, state, state)
        } else {
            let state = self.pass(tallies, Votes::BAD_MID, Votes::IMPAIRED_MID);
            let other = |bad, impaired| if certain { state } else { self.pass(tallies, bad, impaired) };
            (other(Votes::BAD_LOW, Votes::IMPAIRED_LOW), state, other(Votes::BAD_HIGH, Votes::IMPAIRED_HIGH))
        };
        // Seats are sorted by name, and so are the numbers.
        let seats = self.seats.iter().map(|seat| seat.region);
        let bad = seats.filter(|region| votes(*region) && is_bad(*region)).collect();
        let good = count.voting - count.bad;
        let good_weight = count.voting_weight - count.bad_weight;
        let enough = match self.quorum {
            Quorum::Weights(_) => good_weight * 2 > count.voting_weight,
            _ => good >= need.min(count.voting),
        };
        Finding {
            state,
            low,
            high,
            bad,
            voting: u16::try_from(count.voting).unwrap_or(u16::MAX),
            need: u16::try_from(need).unwrap_or(u16::MAX),
            recovered: enough && !matches!(state, State::Unknown | State::Down),
        }
    }

    /// True if the regions given are a quorum across enough providers, all of `votes` voting.
    pub(crate) fn is_down(&self, votes: impl Fn(u16) -> bool + Copy, is_bad: impl Fn(u16) -> bool) -> bool {
        let count = self.count(votes, is_bad);
        let need = self.need(&count, votes);
        self.is_quorum(&count, need) && count.bad_providers >= self.min_providers
    }
}

/// The rules of a history by the time each holds from.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    rules: Vec<(i64, Rule)>,
}

impl Rules {
    pub(crate) fn of(history: &PolicyHistory, regions: &Regions) -> Self {
        let first = (i64::MIN, Rule::of(history.first(), regions));
        let later = history.changes().iter().map(|(at, policy)| (at.as_millis(), Rule::of(policy, regions)));
        Self { rules: core::iter::once(first).chain(later).collect() }
    }

    /// The rule at a moment.
    pub(crate) fn at(&self, at: i64) -> &Rule {
        let after = self.rules.partition_point(|(from, _)| *from <= at).max(1);
        self.rules.get(after - 1).map(|(_, rule)| rule).expect("the first rule holds from the beginning of time")
    }

    /// When a rule comes into effect, the first left out.
    pub(crate) fn starts(&self) -> impl Iterator<Item = i64> + '_ {
        self.rules.iter().skip(1).map(|(from, _)| *from)
    }
}

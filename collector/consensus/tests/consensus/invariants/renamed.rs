//! What other clocks, units, names and boots leave as it was (9, 10, 12, 22, 23), and on every machine (25).

use std::collections::BTreeMap;

use proptest::prelude::*;
use quorate_collector_consensus::{Verdict, Window, digest, judge};
use quorate_model::{
    AgentId, AgentTime, Boot, Bounds, CollectorTime, Failure, Incident, Millis, Outcome, Policy, PolicyHistory,
    PolicyRegion, ProviderId, Quorum, RegionId, Sample, Segment, Seq,
};

use super::{verdict, with_own_identities, without_names};
use crate::random::{TO, World, any_world, sample_of, seats};
use crate::world::{agent, check_id, provider, region, time};

/// Every moment `t` as `factor * t + shift`, every length as `factor * length`.
#[derive(Clone, Copy)]
struct Scale {
    factor: i64,
    shift: i64,
}

impl Scale {
    fn moment(self, at: CollectorTime) -> CollectorTime {
        time(at.as_millis() * self.factor + self.shift)
    }

    fn length(self, length: Millis) -> Millis {
        length.times(self.factor)
    }

    fn sample(self, sample: &Sample) -> Sample {
        let moment = |at: AgentTime| AgentTime::from_millis(at.as_millis() * self.factor + self.shift);
        let mut out = sample.clone();
        (out.start, out.end) = (moment(sample.start), moment(sample.end));
        (out.interval, out.timeout) = (self.length(sample.interval), self.length(sample.timeout));
        out.typical = sample.typical.map(|typical| self.length(typical));
        (out.clock.offset, out.clock.error) = (self.length(sample.clock.offset), self.length(sample.clock.error));
        out.lag = self.length(sample.lag);
        out
    }

    fn policy(self, policy: &Policy) -> Policy {
        let mut out = policy.clone();
        out.merge_gap = self.length(policy.merge_gap);
        out.confirm.after = self.length(policy.confirm.after);
        out
    }

    fn world(self, world: &World) -> World {
        let mut history = PolicyHistory::new(self.policy(world.history.first()));
        for (from, policy) in world.history.changes() {
            history.change(self.moment(*from), self.policy(policy));
        }
        World { history, samples: world.samples.iter().map(|sample| self.sample(sample)).collect() }
    }

    fn window(self) -> Window {
        Window { from: self.moment(World::window().from), to: self.moment(World::window().to) }
    }

    fn judge(self, world: &World) -> Verdict {
        let scaled = self.world(world);
        without_names(judge(&scaled.samples, &scaled.history, self.window(), self.moment(time(TO))))
    }

    fn bounds(self, bounds: Bounds) -> Bounds {
        Bounds { earliest: self.moment(bounds.earliest), latest: self.moment(bounds.latest) }
    }

    fn incident(self, incident: &Incident) -> Incident {
        Incident {
            start: self.moment(incident.start),
            end: incident.end.map(|end| self.moment(end)),
            start_bounds: self.bounds(incident.start_bounds),
            end_bounds: self.bounds(incident.end_bounds),
            billed: self.length(incident.billed),
            runs: incident.runs.iter().map(|(from, to)| (self.moment(*from), self.moment(*to))).collect(),
            ..incident.clone()
        }
    }

    fn verdict(self, verdict: &Verdict) -> Verdict {
        let mut out = verdict.clone();
        out.window = Window { from: self.moment(verdict.window.from), to: self.moment(verdict.window.to) };
        for segment in &mut out.segments {
            let (start, end) = (self.moment(segment.start), self.moment(segment.end));
            *segment = Segment { start, end, ..segment.clone() };
        }
        out.incidents = verdict.incidents.iter().map(|incident| self.incident(incident)).collect();
        for length in [&mut out.down.low, &mut out.down.point, &mut out.down.high, &mut out.unknown] {
            *length = self.length(*length);
        }
        out
    }
}

/// Other names, in another order of the alphabet.
struct Names {
    regions: BTreeMap<RegionId, RegionId>,
    agents: BTreeMap<AgentId, AgentId>,
}

impl Names {
    fn new(order: &[u8]) -> Self {
        let mut order: Vec<usize> = order.iter().map(|at| usize::from(*at)).collect();
        order.extend(0..8);
        order.sort_unstable();
        order.dedup();
        let rank = |at: usize| order.get(at).map_or(at, |rank| 97 * (rank + 3) % 100);
        let regions = (0..5).map(|at| (crate::random::place(at).0, region(&format!("place-{:02}", rank(at)))));
        let agents = (0..8).map(|at| (agent(&format!("agent-{at}")), agent(&format!("probe-{:02}", rank(7 - at)))));
        Self { regions: regions.collect(), agents: agents.collect() }
    }

    fn provider(provider_id: &ProviderId) -> ProviderId {
        let reversed: String = provider_id.as_str().chars().rev().collect();
        provider(&reversed)
    }

    fn policy(&self, policy: &Policy) -> Policy {
        let seat = |seat: &PolicyRegion| PolicyRegion {
            region: self.regions[&seat.region].clone(),
            provider: Self::provider(&seat.provider),
        };
        let quorum = match policy.quorum() {
            Quorum::Weights(weights) => Quorum::Weights(
                weights.iter().map(|(region, weight)| (self.regions[region].clone(), *weight)).collect(),
            ),
            other => other.clone(),
        };
        let seats = policy.regions().iter().map(seat).collect();
        let (min_regions, min_providers) = (Some(policy.min_regions()), Some(policy.min_providers()));
        let mut out = Policy::new(check_id(), seats, quorum, min_regions, min_providers).expect("as it was");
        (out.late_ok, out.confirm, out.merge_gap) = (policy.late_ok, policy.confirm, policy.merge_gap);
        out
    }

    fn world(&self, world: &World) -> World {
        let mut history = PolicyHistory::new(self.policy(world.history.first()));
        for (from, policy) in world.history.changes() {
            history.change(*from, self.policy(policy));
        }
        let mut samples = world.samples.clone();
        for sample in &mut samples {
            sample.id.agent = self.agents[&sample.id.agent].clone();
            sample.region = self.regions[&sample.region].clone();
            sample.provider = Self::provider(&sample.provider);
        }
        World { history, samples }
    }

    fn all(&self, regions: &[RegionId]) -> Vec<RegionId> {
        let mut out: Vec<RegionId> = regions.iter().map(|region| self.regions[region].clone()).collect();
        out.sort();
        out
    }

    fn verdict(&self, verdict: &Verdict) -> Verdict {
        let mut out = verdict.clone();
        for segment in &mut out.segments {
            segment.regions_bad = self.all(&segment.regions_bad);
        }
        for incident in &mut out.incidents {
            incident.regions = self.all(&incident.regions);
        }
        out.live.regions_bad = self.all(&verdict.live.regions_bad);
        out
    }
}

proptest! {
    /// Invariant 9: later by so much in, later by so much out.
    #[test]
    fn invariant_09_a_shift_in_time_shifts_the_verdict(world in any_world(), shift in -1_000_000_000_000i64..1_000_000_000_000) {
        let (here, there) = (Scale { factor: 1, shift: 0 }, Scale { factor: 1, shift });
        prop_assert_eq!(there.judge(&world), there.verdict(&here.judge(&world)));
    }

    /// Invariant 10: all times twice as long, all durations twice as long. The world's grain is four milliseconds, as the
    /// middle of a middle is looked for.
    #[test]
    fn invariant_10_twice_the_time_is_twice_the_duration(world in any_world()) {
        let (once, twice) = (Scale { factor: 4, shift: 0 }, Scale { factor: 8, shift: 0 });
        prop_assert_eq!(twice.judge(&world), Scale { factor: 2, shift: 0 }.verdict(&once.judge(&world)));
    }

    /// Invariant 12: other names of agents, regions and providers change nothing but names.
    #[test]
    fn invariant_12_names_change_only_names(world in any_world(), order in prop::collection::vec(0u8..8, 8)) {
        let world = World { samples: with_own_identities(&world.samples), ..world };
        let names = Names::new(&order);
        let renamed = names.world(&world);
        prop_assert_eq!(verdict(&renamed.samples, &renamed.history), names.verdict(&verdict(&world.samples, &world.history)));
    }

    /// Invariant 22: a constant offset of an agent's clock that is known changes nothing at all.
    #[test]
    fn invariant_22_a_known_offset_changes_nothing(world in any_world(), offsets in prop::collection::vec(-100_000i64..100_000, 8)) {
        let samples = with_own_identities(&world.samples);
        let mut wrong = samples.clone();
        for sample in &mut wrong {
            let number: usize = sample.id.agent.as_str().trim_start_matches("agent-").parse().expect("a number");
            let offset = Millis::new(offsets[number % offsets.len()]);
            sample.start = sample.start - offset;
            sample.end = sample.end - offset;
            sample.clock.offset += offset;
        }
        prop_assert_eq!(verdict(&wrong, &world.history), verdict(&samples, &world.history));
    }

    /// Invariant 23: an agent that began a new boot in between says what it would have said in one.
    #[test]
    fn invariant_23_boots_change_only_the_seam(world in any_world(), seam in 1u64..20) {
        let samples = with_own_identities(&world.samples);
        let mut split = samples.clone();
        for sample in split.iter_mut().filter(|sample| sample.id.seq.get() > seam) {
            (sample.id.boot, sample.id.seq) = (Boot::new(2), Seq::new(sample.id.seq.get() - seam));
        }
        prop_assert_eq!(verdict(&split, &world.history), verdict(&samples, &world.history));
    }
}

/// Numbers that are the same on every machine (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn millis(&mut self, limit: u64) -> i64 {
        i64::try_from(self.below(limit)).expect("a small number")
    }
}

fn fixed_world(seed: u64) -> World {
    let mut random = Random(seed);
    let mut samples = vec![];
    for at in 0..6 {
        let mut start = random.millis(20);
        for seq in 1..20 {
            let bad = if (100..200).contains(&start) { random.below(8) != 0 } else { random.below(8) == 0 };
            let error = random.millis(10);
            let mut sample = sample_of(at, 5, start, seq, bad.then_some(Failure::ConnectTimeout), error);
            if !bad && random.below(5) == 0 {
                sample.outcome = Outcome::Slow;
            }
            samples.push(sample);
            start += 5 + random.millis(30);
        }
    }
    let policy = Policy::new(check_id(), seats(5), Quorum::Majority, None, None).expect("it fits");
    World { history: PolicyHistory::new(policy), samples }
}

/// Invariant 25: the same bytes on every machine. The hashes were made on x86-64; the test is the same everywhere.
#[test]
fn invariant_25_the_same_bytes_on_every_machine() {
    let hashes: Vec<String> = (1..=4)
        .map(|seed| {
            let world = fixed_world(seed);
            let verdict = verdict(&world.samples, &world.history);
            assert!(!verdict.incidents.is_empty(), "there is something to hash");
            digest(&world.samples, &world.history, &verdict).whole.to_string()
        })
        .collect();
    assert_eq!(
        hashes,
        [
            "4b45a7e0f2416f1c4de7160669de64ddfcdda386c7b50bafa4f366b44b9d2847",
            "52e218781755ce92dbe903aaaeb3aeedb9bafc928ee2a7b8b7b04ef843d4ef8d",
            "ed1c04d14e84f271ddc72983dd192b8fd0ac2029b393435df03323f4ed2c100f",
            "5d9bcc1ed15f455a60232552c59f36ea00426af85a1189848d3545ed3a92efd3"
        ]
    );
}

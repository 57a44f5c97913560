//! The verdict against the truth (11), and what one region (13) or one provider (14) alone cannot do.

use proptest::prelude::*;
use quorate_collector_consensus::explain;
use quorate_model::{ClockReading, Failure, Millis, Outcome, Policy, PolicyHistory, Quorum, Sample, State};

use super::{is_down, verdict};
use crate::random::{FROM, TIMEOUT, TO, any_policy, any_world, place, sample_of, seats};
use crate::world::{check_id, time};

/// When the target is down: half-open stretches, each and each pause longer than neighbouring samples are apart.
fn truth() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((60i64..200, 60i64..150), 0..4).prop_map(|lengths| {
        let mut at = 0;
        let mut out = vec![];
        for (up, down) in lengths {
            out.push((at + up, at + up + down));
            at += up + down;
        }
        out
    })
}

fn is_true_at(truth: &[(i64, i64)], moment: i64) -> bool {
    truth.iter().any(|(from, to)| (*from..*to).contains(&moment))
}

/// One probe: the step before it, its length, which part of it the target decided in, whether silence is waited for, the
/// typical latency, and the clock's error with where in it the truth lies.
#[derive(Clone, Debug)]
struct Probe {
    step: i64,
    length: i64,
    decided: i64,
    silent: bool,
    typical: Option<i64>,
    error: i64,
    within: i64,
}

fn probe() -> impl Strategy<Value = Probe> {
    // Neighbours are close, or so far apart that nothing is held between them.
    let step = prop_oneof![12 => 10i64..=25, 1 => 120i64..=150];
    let typical = prop_oneof![Just(None), (1i64..=3).prop_map(Some)];
    (step, 0i64..=TIMEOUT, 0i64..=100, any::<bool>(), typical, 0i64..=4, -100i64..=100).prop_map(
        |(step, length, decided, silent, typical, error, within)| Probe {
            step,
            length,
            decided,
            silent,
            typical,
            error,
            within,
        },
    )
}

/// What an honest agent sees.
fn honest(at: usize, count: usize, truth: &[(i64, i64)], phase: i64, probes: &[Probe]) -> Vec<Sample> {
    let mut start = phase;
    let mut out = vec![];
    for (probe, seq) in probes.iter().zip(1u64..) {
        start += probe.step;
        if start > 450 {
            break;
        }
        let failure = if probe.silent { Failure::Timeout } else { Failure::ConnectRefused };
        let patience = match probe.typical {
            Some(typical) if probe.silent => probe.length.min(TIMEOUT).min(3 * typical),
            _ => probe.length,
        };
        let fails = is_true_at(truth, start + patience * probe.decided / 100);
        let mut sample = sample_of(at, count, start, seq, fails.then_some(failure), probe.error);
        let said = sample.start + Millis::new(probe.error * probe.within / 100);
        (sample.start, sample.end) = (said, said + Millis::new(probe.length));
        sample.typical = probe.typical.map(Millis::new);
        sample.clock = ClockReading { offset: Millis::ZERO, error: Millis::new(probe.error) };
        out.push(sample);
    }
    out
}

fn honest_world() -> impl Strategy<Value = (PolicyHistory, Vec<(i64, i64)>, Vec<Sample>)> {
    (1usize..=5).prop_flat_map(|count| {
        let lines = prop::collection::vec((0i64..20, prop::collection::vec(probe(), 5..30)), count..=count + 2);
        (any_policy(count), truth(), lines).prop_map(move |(policy, truth, lines)| {
            let lines = lines.iter().enumerate();
            let samples = lines.flat_map(|(at, (phase, probes))| honest(at, count, &truth, *phase, probes)).collect();
            (PolicyHistory::new(policy), truth, samples)
        })
    })
}

fn make_good(sample: &mut Sample) {
    if matches!(sample.outcome, Outcome::Fail | Outcome::LateOk) {
        (sample.outcome, sample.failure) = (Outcome::Ok, None);
    }
}

proptest! {
    /// Invariant 11: where agents are honest and see each change, what is certain is true and what is true is possible.
    #[test]
    fn invariant_11_certain_is_true_and_true_is_possible((history, truth, samples) in honest_world()) {
        let verdict = verdict(&samples, &history);
        let mut edges: Vec<i64> = truth.iter().flat_map(|(from, to)| [*from, *to]).collect();
        edges.extend(verdict.segments.iter().map(|segment| segment.start.as_millis()));
        edges.sort_unstable();
        for at in edges.into_iter().filter(|at| (FROM..TO).contains(at)) {
            let segment = verdict.segments.iter().find(|s| s.start <= time(at) && time(at) < s.end).expect("no holes");
            if is_down(segment.state_low) {
                prop_assert!(is_true_at(&truth, at), "at {}: certain, not true: {:?}", at, segment);
            }
            if is_true_at(&truth, at) && !is_down(segment.state_high) && segment.state_high != State::Unknown {
                // Only where fewer regions vote than the quorum asks for.
                let sum = explain(&samples, &history, time(at)).arithmetic;
                prop_assert!(sum.voting < sum.need, "at {}: true, not possible: {:?}", at, segment);
            }
        }
        let true_ms: i64 = truth.iter().map(|(from, to)| to - from).sum();
        prop_assert!(verdict.down.low.get() <= true_ms);
    }

    /// Invariant 13: of three or more regions under a majority, one that is bad alone is never downtime.
    #[test]
    fn invariant_13_one_region_is_never_down(world in any_world(), count in 3usize..=5, alone in 0usize..5) {
        let mut samples = world.samples;
        let (region, _) = place(alone % count);
        samples.iter_mut().filter(|sample| sample.region != region).for_each(make_good);
        let policy = Policy::new(check_id(), seats(count), Quorum::Majority, None, Some(1)).expect("it fits");
        let verdict = verdict(&samples, &PolicyHistory::new(policy));
        for segment in &verdict.segments {
            prop_assert!(!is_down(segment.state) && !is_down(segment.state_low), "{:?}", segment);
        }
        prop_assert!(verdict.incidents.is_empty());
    }

    /// Invariant 14: the regions of one provider are never downtime by themselves, however few others vote and whatever
    /// the quorum is.
    #[test]
    fn invariant_14_one_provider_is_never_down(
        world in any_world(), policy in (3usize..=5).prop_flat_map(any_policy), alone in 0usize..5,
    ) {
        let (regions, quorum) = (policy.regions().to_vec(), policy.quorum().clone());
        let least = Some(policy.min_regions());
        let policy = Policy::new(check_id(), regions, quorum, least, None).expect("as it was, but for the providers");
        prop_assert_eq!(policy.min_providers(), 2);
        let mut samples = world.samples;
        let (_, provider) = place(alone);
        samples.iter_mut().filter(|sample| sample.provider != provider).for_each(make_good);
        let verdict = verdict(&samples, &PolicyHistory::new(policy));
        for segment in &verdict.segments {
            prop_assert!(!is_down(segment.state) && !is_down(segment.state_low), "{:?}", segment);
        }
        prop_assert!(verdict.incidents.is_empty());
    }
}

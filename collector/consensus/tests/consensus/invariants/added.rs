//! What one sample more can do (6, 8, 16, 21), and what a stricter policy can (20).

use proptest::prelude::*;
use quorate_collector_consensus::explain;
use quorate_model::{
    AgentTime, Failure, Health, Millis, Outcome, Policy, PolicyHistory, Quorum, Sample, SampleId, Seq, State, Trigger,
};

use super::{agree_outside, is_down, line_of, side_by_side, verdict, votes, with_agents_apart};
use crate::random::{TO, World, any_world, place, sample_of, seats};
use crate::world::{check_id, time};

/// Samples whose clocks are equally good, so that a sample more never shortens what the one before it reaches.
fn of_equal_clocks(world: &World, error: i64) -> Vec<Sample> {
    let mut samples = with_agents_apart(&world.samples);
    for sample in &mut samples {
        sample.clock.error = Millis::new(error);
    }
    samples
}

/// A sample of an agent that is there already, taken in no time, and not while another of its probes is under way.
fn more(
    samples: &[Sample],
    which: prop::sample::Index,
    start: i64,
    outcome: Outcome,
    failure: Option<Failure>,
) -> Sample {
    let like = which.get(samples).clone();
    let mut start = time(start);
    for sample in line_of(samples, &like.id.agent) {
        if sample.start_corrected() < start && start < sample.end_corrected() {
            start = sample.end_corrected();
        }
    }
    let start = AgentTime::from_millis(start.as_millis()) - like.clock.offset;
    let id = SampleId { seq: Seq::new(1_000), ..like.id };
    let (health, lag, trigger) = (Health::WELL, Millis::ZERO, Trigger::Retry);
    Sample { id, start, end: start, outcome, failure, health, lag, trigger, ..like }
}

/// Two quorums over one electorate, the first at least as hard to reach as the second whoever votes.
fn stricter_and_looser() -> impl Strategy<Value = (usize, Quorum, Quorum)> {
    (2usize..=5).prop_flat_map(|count| {
        let most = u16::try_from(count).expect("few regions");
        let weights = prop::collection::vec(1u32..5, count)
            .prop_map(move |weights| Quorum::Weights((0..count).map(|at| place(at).0).zip(weights).collect()));
        prop_oneof![
            (1..=most, 1..=most).prop_map(|(a, b)| (Quorum::AtLeast(a.max(b)), Quorum::AtLeast(a.min(b)))),
            (1u32..=1_000_000, 1u32..=1_000_000)
                .prop_map(|(a, b)| (Quorum::Fraction(a.max(b)), Quorum::Fraction(a.min(b)))),
            (1u32..=1_000_000).prop_map(|p| (Quorum::All, Quorum::Fraction(p))),
            Just((Quorum::All, Quorum::Majority)),
            weights.prop_map(|weights| (Quorum::All, weights)),
        ]
        .prop_map(move |(stricter, looser)| (count, stricter, looser))
    })
}

/// An agent that says one thing all the time: whether bad, and its steps.
fn steady_lines() -> impl Strategy<Value = Vec<(bool, i64, Vec<i64>)>> {
    prop::collection::vec((any::<bool>(), 0i64..20, prop::collection::vec(5i64..=45, 2..10)), 1..=6)
}

proptest! {
    /// Invariant 6: a good sample more never makes downtime certain where it was not, but where nothing was known before.
    #[test]
    fn invariant_06_a_good_sample_never_adds_certain_downtime(
        world in any_world(), which in any::<prop::sample::Index>(), start in 0i64..450, error in 0i64..=9,
    ) {
        let samples = of_equal_clocks(&world, error);
        prop_assume!(!samples.is_empty());
        let mut all = samples.clone();
        all.push(more(&samples, which, start, Outcome::Ok, None));
        let (before, after) = (verdict(&samples, &world.history), verdict(&all, &world.history));
        for (from, to, old, new) in side_by_side(&before.segments, &after.segments) {
            let grew = is_down(new.state_low) && !is_down(old.state_low) && old.state_low != State::Unknown;
            prop_assert!(!grew, "{}..{}: {:?} became {:?}", from, to, old, new);
        }
    }

    /// Invariant 8: a bad sample more never makes downtime impossible while as many regions vote as before.
    #[test]
    fn invariant_08_a_bad_sample_never_removes_possible_downtime(
        world in any_world(), which in any::<prop::sample::Index>(), start in 0i64..450, error in 0i64..=9,
    ) {
        let samples = of_equal_clocks(&world, error);
        prop_assume!(!samples.is_empty());
        let mut all = samples.clone();
        all.push(more(&samples, which, start, Outcome::Fail, Some(Failure::Timeout)));
        let (before, after) = (verdict(&samples, &world.history), verdict(&all, &world.history));
        for (from, to, old, new) in side_by_side(&before.segments, &after.segments) {
            if is_down(old.state_high) && !is_down(new.state_high) {
                let voting = |samples: &[Sample]| explain(samples, &world.history, time(from)).arithmetic.voting;
                prop_assert_ne!(voting(&samples), voting(&all), "{}..{}: {:?} became {:?}", from, to, old, new);
            }
        }
    }

    /// Invariant 16: an abstaining sample is as none, but that it ends what its agent held before. (Where a clock's error
    /// changes from sample to sample the best estimate may move within that error, as estimates keep the samples' order.)
    #[test]
    fn invariant_16_abstaining_only_ends_a_hold(
        world in any_world(), which in any::<prop::sample::Index>(), start in 0i64..450, error in 0i64..=9,
    ) {
        let samples = of_equal_clocks(&world, error);
        prop_assume!(!samples.is_empty());
        let silent = more(&samples, which, start, Outcome::Local, Some(Failure::LocalNetwork));
        let start = silent.start_corrected().as_millis();
        let mut all = samples.clone();
        all.push(silent.clone());
        let line = line_of(&all, &silent.id.agent);
        let at = line.iter().position(|sample| sample.id == silent.id).expect("it was added");
        let next = line[at + 1..].iter().find(|sample| votes(sample, &world.history));
        let until = next.map_or(TO, |sample| sample.start_corrected().as_millis());
        agree_outside(&verdict(&samples, &world.history), &verdict(&all, &world.history), start, until)?;
        if start < until {
            let parts = explain(&all, &world.history, time(start)).agents;
            let part = parts.iter().find(|part| part.agent == silent.id.agent).expect("it sent samples");
            prop_assert!(matches!(part.vote, quorate_collector_consensus::AgentVote::None(_)), "{:?}", part.vote);
        }
    }

    /// Invariant 20: a stricter quorum's downtime is a part of a looser one's, in every pass.
    #[test]
    fn invariant_20_stricter_is_a_subset(world in any_world(), quorums in stricter_and_looser(), single in any::<bool>()) {
        let (count, stricter, looser) = quorums;
        let judged = |quorum: Quorum| {
            let least = single.then_some(1);
            let policy = Policy::new(check_id(), seats(count), quorum, least, least).expect("it fits");
            verdict(&world.samples, &PolicyHistory::new(policy))
        };
        let (strict, loose) = (judged(stricter), judged(looser));
        for (from, to, s, l) in side_by_side(&strict.segments, &loose.segments) {
            for (strict, loose) in [(s.state_low, l.state_low), (s.state, l.state), (s.state_high, l.state_high)] {
                prop_assert!(!is_down(strict) || is_down(loose), "{}..{}: {:?} and {:?}", from, to, s, l);
            }
        }
    }

    /// Invariant 21: retries and solicited probes that say what was said change no state and no downtime; they only
    /// support it.
    #[test]
    fn invariant_21_retries_inside_constant_truth_change_no_state(
        lines in steady_lines(), world in any_world(), error in 0i64..=9,
        extra in prop::collection::vec((any::<prop::sample::Index>(), 1i64..400, any::<bool>()), 1..30),
    ) {
        let count = world.history.first().regions().len();
        let mut samples: Vec<Sample> = vec![];
        for ((is_bad, phase, steps), at) in lines.iter().zip(0usize..) {
            let mut start = *phase;
            for (step, seq) in steps.iter().zip(1u64..) {
                let failure = is_bad.then_some(Failure::ConnectTimeout);
                samples.push(sample_of(at, count, start, seq, failure, error));
                start += step;
            }
        }
        let mut all = samples.clone();
        for ((which, after, asked), seq) in extra.iter().zip(100u64..) {
            let like = which.get(&samples);
            let line = line_of(&samples, &like.id.agent);
            let (first, last) = (line[0].start, line[line.len() - 1].start);
            let start = first + Millis::new(*after);
            if start < last {
                let trigger = if *asked { Trigger::Solicited } else { Trigger::Retry };
                let id = SampleId { seq: Seq::new(seq), ..like.id.clone() };
                let end = start + (like.end - like.start);
                all.push(Sample { id, start, end, trigger, ..like.clone() });
            }
        }
        let (before, after) = (verdict(&samples, &world.history), verdict(&all, &world.history));
        prop_assert_eq!(&before.segments, &after.segments);
        prop_assert_eq!((before.down.high, before.unknown), (after.down.high, after.unknown));
        let support = |verdict: &quorate_collector_consensus::Verdict| -> Vec<_> {
            verdict.incidents.iter().map(|incident| (incident.runs.clone(), incident.support)).collect()
        };
        prop_assert_eq!(before.incidents.len(), after.incidents.len());
        for ((old_runs, old), (new_runs, new)) in support(&before).into_iter().zip(support(&after)) {
            prop_assert_eq!(old_runs, new_runs);
            prop_assert!(old <= new);
        }
    }
}

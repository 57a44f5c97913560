//! The verdict is a function of a set of samples (1, 2), its passes are nested (3), its segments and windows fit together
//! (5, 17), it is local (7), and silence is not an opinion (15).

use proptest::prelude::*;
use quorate_collector_consensus::{Counters, Engine, Event, Verdict, Window, digest, explain, judge};
use quorate_model::{CollectorTime, Millis, Outcome, Sample, State};

use super::{agree_outside, is_down, line_of, says, verdict, votes, with_agents_apart};
use crate::random::{FROM, INTERVAL, TIMEOUT, TO, World, any_sample, any_world};
use crate::world::time;

fn shuffled(samples: &[Sample], keys: &[u32]) -> Vec<Sample> {
    let mut keyed: Vec<(u32, &Sample)> = keys.iter().copied().cycle().zip(samples).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, sample)| sample.clone()).collect()
}

fn without_duplicates_counted(verdict: Verdict) -> Verdict {
    Verdict { counters: Counters { duplicates: 0, ..verdict.counters }, ..verdict }
}

proptest! {
    /// Invariant 1: the order of the samples changes nothing, down to the hash of everything.
    #[test]
    fn invariant_01_order_changes_nothing(world in any_world(), keys in prop::collection::vec(any::<u32>(), 1..90)) {
        let other = shuffled(&world.samples, &keys);
        let (left, right) = (verdict(&world.samples, &world.history), verdict(&other, &world.history));
        prop_assert_eq!(digest(&world.samples, &world.history, &left), digest(&other, &world.history, &right));
        prop_assert_eq!(left, right);
    }

    /// Invariant 2: what comes again changes nothing but the count of what came again.
    #[test]
    fn invariant_02_duplicates_change_nothing(
        world in any_world(), again in prop::collection::vec(any::<prop::sample::Index>(), 1..20),
    ) {
        prop_assume!(!world.samples.is_empty());
        let mut more = world.samples.clone();
        more.extend(again.iter().map(|at| at.get(&world.samples).clone()));
        let (left, right) = (verdict(&world.samples, &world.history), verdict(&more, &world.history));
        prop_assert_eq!(right.counters.duplicates, left.counters.duplicates + again.len() as u64);
        prop_assert_eq!(digest(&world.samples, &world.history, &left), digest(&more, &world.history, &right));
        prop_assert_eq!(without_duplicates_counted(left), without_duplicates_counted(right));
    }

    /// Invariant 3: certain downtime is downtime, downtime is possible downtime; in time and in the sums.
    #[test]
    fn invariant_03_passes_are_nested(world in any_world()) {
        let verdict = verdict(&world.samples, &world.history);
        for segment in &verdict.segments {
            prop_assert!(!is_down(segment.state_low) || is_down(segment.state), "{:?}", segment);
            prop_assert!(!is_down(segment.state) || is_down(segment.state_high), "{:?}", segment);
        }
        prop_assert!(verdict.down.low <= verdict.down.point && verdict.down.point <= verdict.down.high);
        for incident in &verdict.incidents {
            prop_assert!(incident.start_bounds.earliest <= incident.start && incident.start <= incident.start_bounds.latest);
            if let Some(end) = incident.end {
                prop_assert!(end <= incident.end_bounds.latest && incident.start <= end);
            }
        }
    }

    /// Invariant 5: the segments are the window, half-open, without holes, and no two neighbours say the same.
    #[test]
    fn invariant_05_segments_partition_the_window(world in any_world(), cut in (FROM..TO, 1i64..200)) {
        let window = Window::from_millis(cut.0, (cut.0 + cut.1).min(TO));
        let verdict = judge(&world.samples, &world.history, window, time(TO));
        let mut from = window.from;
        for segment in &verdict.segments {
            prop_assert_eq!(segment.start, from);
            prop_assert!(segment.start < segment.end);
            from = segment.end;
        }
        prop_assert_eq!(from, window.to);
        for pair in verdict.segments.windows(2) {
            prop_assert_ne!(says(&pair[0]), says(&pair[1]));
        }
    }

    /// Invariant 7: a late sample changes nothing farther away than its agent's neighbouring votes reach; neither in the
    /// verdict, nor in what the engine says was amended.
    #[test]
    fn invariant_07_late_samples_are_local(
        world in any_world(), which in any::<prop::sample::Index>(), start in 0i64..450, fresh in any_sample(),
    ) {
        let samples = with_agents_apart(&world.samples);
        prop_assume!(!samples.is_empty());
        let like = which.get(&samples);
        let mut late = Sample { id: like.id.clone(), region: like.region.clone(), provider: like.provider.clone(), ..fresh };
        late.id.seq = quorate_model::Seq::new(1_000);
        (late.references, late.check_version) = (like.references, like.check_version);
        (late.start, late.end) = (fresh.start + Millis::new(start), fresh.end + Millis::new(start));
        let mut all = samples.clone();
        all.push(late.clone());

        let line = line_of(&all, &late.id.agent);
        let at = line.iter().position(|sample| sample.id == late.id).expect("it was added");
        let voting = |sample: &&&Sample| votes(sample, &world.history);
        let farthest = 2 * INTERVAL + TIMEOUT + 13;
        let start_of = |sample: &&Sample| sample.start_corrected().as_millis();
        let own = late.start_corrected().as_millis();
        let before = line[..at].iter().rev().find(voting).map_or(own, start_of);
        let after = line[at + 1..].iter().find(voting).map_or(own, start_of);
        let (from, to) = (before.max(own - farthest) - farthest, after.min(own + farthest) + farthest);

        agree_outside(&verdict(&samples, &world.history), &verdict(&all, &world.history), from, to)?;

        let mut engine = Engine::new(world.history.clone());
        for sample in &samples {
            engine.handle_sample(sample, time(TO));
        }
        engine.handle_timeout(time(TO));
        while engine.poll_event().is_some() {}
        engine.handle_sample(&late, time(TO));
        engine.handle_timeout(time(TO));
        while let Some(event) = engine.poll_event() {
            if let Event::Amended { window, .. } = event {
                let inside = time(from) <= window.from && window.to <= time(to);
                prop_assert!(inside, "{:?} is not in {}..{}", window, from, to);
            }
        }
    }

    /// Invariant 15: where no region votes the state is unknown, in every pass.
    #[test]
    fn invariant_15_silence_is_unknown(world in any_world(), mute in any::<bool>()) {
        let mut samples = world.samples;
        if mute {
            for sample in &mut samples {
                (sample.outcome, sample.failure) = (Outcome::Local, Some(quorate_model::Failure::LocalNetwork));
            }
        }
        let verdict = verdict(&samples, &world.history);
        for segment in &verdict.segments {
            let silent = mute || explain(&samples, &world.history, segment.start).arithmetic.voting == 0;
            if silent {
                prop_assert_eq!([segment.state_low, segment.state, segment.state_high], [State::Unknown; 3]);
            }
        }
        if mute {
            prop_assert_eq!(verdict.unknown, World::window().length());
            prop_assert!(verdict.incidents.is_empty());
        }
    }

    /// Invariant 17, as far as the verdict goes: the parts of a window add up to it exactly.
    #[test]
    fn invariant_17_parts_add_up(world in any_world(), cuts in prop::collection::vec(FROM..TO, 0..6)) {
        let mut edges: Vec<i64> = cuts;
        edges.extend([FROM, TO]);
        edges.sort_unstable();
        let parts: Vec<Verdict> = edges
            .windows(2)
            .map(|pair| judge(&world.samples, &world.history, Window::from_millis(pair[0], pair[1]), time(TO)))
            .collect();
        let whole = verdict(&world.samples, &world.history);
        let sum = |of: fn(&Verdict) -> Millis| parts.iter().map(|part| of(part).get()).sum::<i64>();
        prop_assert_eq!(sum(|part| part.down.low), whole.down.low.get());
        prop_assert_eq!(sum(|part| part.down.point), whole.down.point.get());
        prop_assert_eq!(sum(|part| part.down.high), whole.down.high.get());
        prop_assert_eq!(sum(|part| part.unknown), whole.unknown.get());
        let moments = |verdict: &Verdict| -> Vec<(CollectorTime, State)> {
            verdict.segments.iter().map(|segment| (segment.start, segment.state)).collect()
        };
        for moment in moments(&whole) {
            prop_assert!(parts.iter().any(|part| moments(part).contains(&moment)), "{:?} is lost", moment);
        }
    }
}

//! The incremental engine against the pure function.

use proptest::prelude::*;
use quorate_collector_consensus::{Engine, Event, Told, Verdict, Window, judge};
use quorate_model::{CollectorTime, Incident, IncidentId, Sample, Segment};

use crate::random::{FROM, TO, World, any_policy, any_world};
use crate::world::time;

/// Samples in an order of arrival: by their ends, each late by so much.
fn arrivals(world: &World, late: &[i64]) -> Vec<Sample> {
    let mut keyed: Vec<(i64, usize, Sample)> = world
        .samples
        .iter()
        .zip(late.iter().cycle())
        .enumerate()
        .map(|(at, (sample, late))| (sample.end_corrected().as_millis() + late, at, sample.clone()))
        .collect();
    keyed.sort_by_key(|(due, at, _)| (*due, *at));
    keyed.into_iter().map(|(_, _, sample)| sample).collect()
}

fn lateness() -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![
        Just(vec![0i64]),
        prop::collection::vec(0i64..15, 1..20),
        prop::collection::vec(prop_oneof![5 => Just(0i64), 1 => 0i64..500], 1..40),
    ]
}

/// Feeds an engine; from time to time it is asked to work things out.
fn feed(engine: &mut Engine, samples: &[Sample], every: usize) -> CollectorTime {
    let mut now = FROM;
    for (sample, count) in samples.iter().zip(1usize..) {
        now = now.max(sample.end_corrected().as_millis());
        engine.handle_sample(sample, time(now));
        if count % every == 0 {
            engine.handle_timeout(time(now));
        }
    }
    time(now)
}

fn events(engine: &mut Engine) -> Vec<Event> {
    std::iter::from_fn(|| engine.poll_event()).collect()
}

/// What a listener holds who does as the events say.
#[derive(Default)]
struct Listener {
    segments: Vec<Segment>,
    incidents: Vec<Told>,
}

fn clip(segment: &Segment, from: CollectorTime, to: CollectorTime) -> Option<Segment> {
    let clipped = Segment { start: segment.start.max(from), end: segment.end.min(to), ..segment.clone() };
    (clipped.start < clipped.end).then_some(clipped)
}

fn same_said(a: &Segment, b: &Segment) -> bool {
    (a.state, a.state_low, a.state_high, &a.regions_bad) == (b.state, b.state_low, b.state_high, &b.regions_bad)
}

fn merged(segments: &[Segment]) -> Vec<Segment> {
    let mut out: Vec<Segment> = vec![];
    for segment in segments {
        match out.last_mut() {
            Some(last) if same_said(last, segment) && last.end == segment.start => last.end = segment.end,
            _ => out.push(segment.clone()),
        }
    }
    out
}

impl Listener {
    fn hear(&mut self, event: Event) {
        let known = |incidents: &[Told], id: &IncidentId| {
            incidents.iter().position(|told| told.incident.id == *id).expect("told before")
        };
        match event {
            Event::Settled(segment) => {
                let ends = self.segments.first().zip(self.segments.last()).map(|(first, last)| (first.start, last.end));
                match ends {
                    Some((first, _)) if segment.start < first => {
                        assert_eq!(segment.end, first, "what lies before all borders on it");
                        self.segments.insert(0, segment);
                    }
                    Some((_, last)) => {
                        assert_eq!(last, segment.start, "settled segments follow one another");
                        self.segments.push(segment);
                    }
                    None => self.segments.push(segment),
                }
            }
            Event::Amended { window, segments } => {
                let told = self.segments.first().zip(self.segments.last());
                assert!(
                    told.is_some_and(|(first, last)| first.start <= window.from && window.to <= last.end),
                    "was told"
                );
                let before = self.segments.iter().filter_map(|s| clip(s, CollectorTime::MIN, window.from));
                let after = self.segments.iter().filter_map(|s| clip(s, window.to, CollectorTime::MAX));
                self.segments = before.chain(segments).chain(after).collect();
            }
            Event::IncidentOpened(incident) => {
                assert!(self.incidents.iter().all(|told| told.incident.id != incident.id), "names are not used twice");
                self.incidents.push(Told { incident, revision: 1 });
            }
            Event::IncidentAmended { incident, revision, .. } | Event::IncidentClosed { incident, revision } => {
                let at = known(&self.incidents, &incident.id);
                assert!(revision == self.incidents[at].revision + 1 || revision == 1, "revisions count up");
                self.incidents[at] = Told { incident, revision };
            }
            Event::IncidentWithdrawn { id, .. } => {
                let at = known(&self.incidents, &id);
                self.incidents.remove(at);
            }
            _ => {}
        }
    }
}

fn without_ids(incidents: &[Incident]) -> Vec<Incident> {
    incidents.iter().map(|incident| Incident { id: IncidentId::new("any"), ..incident.clone() }).collect()
}

fn check_equal(
    engine: &mut Engine,
    expected: &Verdict,
    window: Window,
    now: CollectorTime,
) -> Result<(), TestCaseError> {
    let verdict = engine.verdict(window, now).expect("nothing was trimmed");
    prop_assert_eq!(&verdict.segments, &expected.segments);
    prop_assert_eq!(&verdict.incidents, &expected.incidents);
    prop_assert_eq!(&verdict, expected);
    Ok(())
}

proptest! {
    /// Invariant 4: incremental in any arrival order equals batch.
    #[test]
    fn invariant_04_any_arrival_order_equals_batch(
        world in any_world(), late in lateness(), every in 1usize..9, part in 0.0f64..1.0,
    ) {
        let samples = arrivals(&world, &late);
        let mut engine = Engine::new(world.history.clone());
        let window = World::window();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short list")]
        let half = (samples.len() as f64 * part) as usize;
        let now = feed(&mut engine, &samples[..half], every);
        check_equal(&mut engine, &judge(&samples[..half], &world.history, window, now), window, now)?;
        let now = feed(&mut engine, &samples[half..], every).max(now);
        check_equal(&mut engine, &judge(&samples, &world.history, window, now), window, now)?;
        let end = time(TO);
        check_equal(&mut engine, &judge(&samples, &world.history, window, end), window, end)?;
        prop_assert_eq!(engine.invariant_breaches(), 0);
    }

    /// A listener who does as the events say holds what the batch says.
    #[test]
    fn events_add_up_to_the_batch(world in any_world(), late in lateness(), every in 1usize..9) {
        let samples = arrivals(&world, &late);
        let mut engine = Engine::new(world.history.clone());
        let mut listener = Listener::default();
        let mut now = FROM;
        for (sample, count) in samples.iter().zip(1usize..) {
            now = now.max(sample.end_corrected().as_millis());
            engine.handle_sample(sample, time(now));
            if count % every == 0 {
                engine.handle_timeout(time(now));
            }
            for event in events(&mut engine) {
                listener.hear(event);
            }
        }
        engine.handle_timeout(time(TO));
        for event in events(&mut engine) {
            listener.hear(event);
        }
        let verdict = judge(&samples, &world.history, World::window(), time(TO));
        if let (Some(first), Some(last)) = (listener.segments.first(), listener.segments.last()) {
            let expected: Vec<Segment> = verdict.segments.iter().filter_map(|s| clip(s, first.start, last.end)).collect();
            prop_assert_eq!(merged(&listener.segments), merged(&expected));
        }
        let mut told: Vec<Incident> = listener.incidents.into_iter().map(|told| told.incident).collect();
        told.sort_by_key(|incident| incident.start);
        let closed = |incidents: &[Incident]| -> Vec<Incident> {
            incidents.iter().filter(|incident| incident.end.is_some()).cloned().collect()
        };
        // What is told of the start of an incident with nothing before it depends on where one looks from.
        // An end with nothing known after it is bounded by the time of looking.
        let unbounded: Vec<CollectorTime> =
            verdict.incidents.iter().filter(|i| i.end_bounds.latest == time(TO)).map(|i| i.start).collect();
        let comparable = |incidents: &[Incident]| {
            let mut plain = without_ids(&closed(incidents));
            for incident in &mut plain {
                incident.start_bounds.earliest = incident.start_bounds.latest;
                let bounded = &mut incident.end_bounds.latest;
                *bounded = if unbounded.contains(&incident.start) { time(TO) } else { *bounded };
            }
            plain
        };
        prop_assert_eq!(comparable(&told), comparable(&verdict.incidents));
        prop_assert_eq!(told.len(), verdict.incidents.len());
    }

    /// A policy that changes while samples come equals the batch under the whole history.
    #[test]
    fn policies_that_change_equal_the_batch(
        world in any_world(), late in lateness(), changes in prop::collection::vec((0i64..400, any_policy(4)), 0..3),
    ) {
        let samples = arrivals(&world, &late);
        let mut engine = Engine::new(world.history.clone());
        let mut history = world.history.clone();
        let mut now = time(FROM);
        for (chunk, (from, policy)) in samples.chunks(samples.len() / 3 + 1).zip(changes) {
            now = feed(&mut engine, chunk, 3).max(now);
            engine.handle_policy(time(from), policy.clone(), now);
            history.change(time(from), policy);
        }
        let mut fed: Vec<Sample> = vec![];
        for sample in &samples {
            engine.handle_sample(sample, now);
            fed.push(sample.clone());
        }
        let window = World::window();
        let verdict = engine.verdict(window, time(TO)).expect("nothing was trimmed");
        let expected = judge(&fed, &history, window, time(TO));
        prop_assert_eq!(&verdict.segments, &expected.segments);
        prop_assert_eq!(&verdict.incidents, &expected.incidents);
        prop_assert_eq!(&verdict.down, &expected.down);
    }

    /// What was trimmed does not show in what is known.
    #[test]
    fn a_trimmed_engine_equals_the_batch_where_it_knows(
        world in any_world(), late in prop::collection::vec(0i64..20, 1..20), every in 2usize..20, keep in 20i64..150,
    ) {
        let samples = arrivals(&world, &late);
        let mut engine = Engine::new(world.history.clone());
        let mut now = FROM;
        let mut taken: Vec<Sample> = vec![];
        for (sample, count) in samples.iter().zip(1usize..) {
            now = now.max(sample.end_corrected().as_millis());
            let refused = engine.too_late();
            engine.handle_sample(sample, time(now));
            if engine.too_late() == refused {
                taken.push(sample.clone());
            }
            if count % every == 0 {
                engine.trim(time(now - keep), time(now));
            }
        }
        let end = time(TO);
        let known_from = match engine.verdict(World::window(), end) {
            Ok(_) => time(FROM),
            Err(missing) => missing.known_from,
        };
        let window = Window { from: known_from, to: end };
        let verdict = engine.verdict(window, end).expect("from where it knows");
        let expected = judge(&taken, &world.history, window, end);
        prop_assert_eq!(&verdict.segments, &expected.segments);
        prop_assert_eq!(without_ids(&verdict.incidents), without_ids(&expected.incidents));
        prop_assert_eq!(verdict.down, expected.down);
        prop_assert_eq!(verdict.counters.samples, expected.counters.samples);
    }

    /// A reload from the store is as if the engine had seen everything.
    #[test]
    fn a_reload_equals_the_batch(world in any_world(), late in lateness(), keep in 20i64..150) {
        let samples = arrivals(&world, &late);
        let mut engine = Engine::new(world.history.clone());
        let now = feed(&mut engine, &samples, 5);
        engine.trim(time(now.as_millis() - keep), now);
        let told = engine.told().to_vec();
        let revisions: Vec<_> = told.iter().map(|told| (told.incident.id.clone(), told.revision)).collect();
        engine.reload(CollectorTime::MIN, &samples, told, now);
        prop_assert_eq!(engine.history_needed(), None);
        let window = World::window();
        let verdict = engine.verdict(window, time(TO)).expect("all is known");
        let expected = judge(&samples, &world.history, window, time(TO));
        prop_assert_eq!(&verdict.segments, &expected.segments);
        prop_assert_eq!(&verdict.incidents, &expected.incidents);
        for (id, revision) in revisions {
            let kept = engine.told().iter().find(|told| told.incident.id == id);
            prop_assert!(kept.is_some_and(|told| told.revision >= revision), "{} keeps its name", id);
        }
    }

    /// The live state is the state of the last moment, once all samples have come in order and nothing is ambiguous.
    #[test]
    fn the_live_state_is_the_last_state(world in any_world()) {
        let samples = arrivals(&world, &[0]);
        let mut engine = Engine::new(world.history.clone());
        let now = feed(&mut engine, &samples, 3);
        engine.handle_timeout(now);
        let mut state = quorate_model::State::Unknown;
        for event in events(&mut engine) {
            if let Event::StateChanged { from, to, .. } = event {
                prop_assert_eq!(from, state, "states follow one another");
                state = to;
            }
        }
        prop_assert_eq!(state, engine.live_state());
        // Votes taken by the newest start; the estimate may still wait for the middle of a span in the future.
        let later = time(now.as_millis() + 12);
        engine.handle_timeout(later);
        let verdict = engine.verdict(World::window(), time(later.as_millis() + 1)).expect("nothing was trimmed");
        let last = verdict.segments.last().expect("not empty");
        prop_assert_eq!((last.state, &last.regions_bad), (engine.live_state(), &engine.live_regions_bad()));
    }
}

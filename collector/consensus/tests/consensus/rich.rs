//! That the random worlds hold what the properties are about, so that none of them is true of nothing.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use quorate_collector_consensus::{AbstainReason, Engine, Event, judge};
use quorate_model::{IncidentClass, State};

use crate::random::{TO, World, any_world};
use crate::world::time;

/// The same worlds in every run.
fn worlds(count: usize) -> Vec<World> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = any_world();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("a world").current()).collect()
}

#[test]
fn random_worlds_hold_what_the_properties_are_about() {
    let (mut outages, mut blips, mut open, mut joined, mut certain) = (0, 0, 0, 0, 0);
    let mut states = [0usize; 6];
    let mut equivocations = 0;
    let mut abstained = [0u64; 6];
    for world in worlds(1000) {
        let verdict = judge(&world.samples, &world.history, World::window(), time(TO));
        for incident in &verdict.incidents {
            match incident.class {
                IncidentClass::Outage => outages += 1,
                IncidentClass::Blip => blips += 1,
            }
            open += usize::from(incident.end.is_none());
            joined += usize::from(incident.runs.len() > 1);
        }
        certain += usize::from(verdict.down.low.get() > 0);
        equivocations += verdict.counters.equivocations;
        for segment in &verdict.segments {
            states[usize::from(segment.state.number())] += 1;
        }
        for reason in AbstainReason::ALL {
            abstained[usize::from(reason.number())] += verdict.counters.abstained.of(*reason);
        }
    }
    println!("outages {outages}, blips {blips}, open {open}, joined {joined}, worlds down for certain {certain}");
    println!("segments by state {states:?}, equivocations {equivocations}, abstained {abstained:?}");
    assert!(outages > 300 && blips > 100 && open > 100 && joined > 100 && certain > 100);
    assert!(State::ALL.iter().all(|state| states[usize::from(state.number())] > 300), "{states:?}");
    assert!(equivocations > 50 && AbstainReason::ALL.iter().all(|r| abstained[usize::from(r.number())] > 50));
}

#[test]
fn engines_in_random_worlds_amend_and_trim() {
    let (mut amended, mut revised, mut withdrawn, mut late, mut cut, mut whole) = (0, 0, 0, 0, 0, 0);
    for (world, lateness) in worlds(400).iter().zip([0i64, 40, 300].iter().cycle()) {
        let mut samples = world.samples.clone();
        samples.sort_by_key(|s| s.end_corrected().as_millis() + if s.id.seq.get() % 4 == 0 { *lateness } else { 0 });
        let mut engine = Engine::new(world.history.clone());
        let mut now = 0;
        for (sample, count) in samples.iter().zip(1usize..) {
            now = now.max(sample.end_corrected().as_millis());
            engine.handle_sample(sample, time(now));
            engine.handle_timeout(time(now));
            if count % 10 == 0 {
                engine.trim(time(now - 100), time(now));
            }
        }
        while let Some(event) = engine.poll_event() {
            match event {
                Event::Amended { .. } => amended += 1,
                Event::IncidentAmended { .. } => revised += 1,
                Event::IncidentWithdrawn { .. } => withdrawn += 1,
                _ => {}
            }
        }
        late += engine.too_late();
        match engine.verdict(World::window(), time(TO)) {
            Ok(_) => whole += 1,
            Err(missing) if missing.known_from < time(now) => cut += 1,
            Err(_) => {}
        }
    }
    println!("amended {amended}, revised {revised}, withdrawn {withdrawn}, late {late}, cut {cut}, whole {whole}");
    assert!(amended > 30 && revised > 30 && withdrawn > 10 && late > 30 && cut > 30 && whole > 30);
}

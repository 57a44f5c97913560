use quorate_model::{IncidentClass, State};

use super::play;
use crate::scenario::Scenario;
use crate::world::World;

fn run(events: &str, seed: u64) -> (super::Run, Vec<(i64, i64)>) {
    let scenario = Scenario::parse(&format!("name: x\ntitle: y\nlength: 10m\nevents: {events}")).unwrap();
    let world = World::new(&scenario, seed);
    (play(&world), world.truth)
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let (a, _) = run("[{what: outage, at: 3m..4m, lasts: 45s}]", 5);
    let (b, _) = run("[{what: outage, at: 3m..4m, lasts: 45s}]", 5);
    assert_eq!((a.samples, a.live, a.verdict), (b.samples, b.live, b.verdict));
}

#[test]
fn a_quiet_world_is_up_and_costs_no_extra_probe() {
    let (run, _) = run("[]", 1);
    assert_eq!(run.extra, 0);
    assert!((298..=302).contains(&run.probes), "5 agents, 10 minutes, every 10 s: {}", run.probes);
    assert!(run.verdict.incidents.is_empty());
    assert_eq!(run.live.last().map(|(_, state)| *state), Some(State::Up));
}

#[test]
fn an_outage_is_one_incident_near_the_truth() {
    for seed in 0..20 {
        let (run, truth) = run("[{what: outage, at: 3m..4m, lasts: 45s}]", seed);
        let outages: Vec<_> = run.verdict.incidents.iter().filter(|i| i.class == IncidentClass::Outage).collect();
        let [outage] = outages.as_slice() else { panic!("seed {seed}: {} outages", outages.len()) };
        let start = (outage.start - quorate_model::CollectorTime::from_millis(1_790_000_000_000)).get();
        assert!((start - truth[0].0).abs() <= 5_000, "seed {seed}: {start} for {}", truth[0].0);
        assert!(run.extra > 0, "a change is confirmed by more probes");
    }
}

#[test]
fn what_was_cut_off_arrives_afterwards_and_counts_as_if_it_had_not_been() {
    let outage = "{what: outage, at: 4m, lasts: 60s}";
    let (cut, _) = run(&format!("[{outage}, {{what: partition, regions: [ams, fra, iad], at: 3m, lasts: 4m}}]"), 3);
    assert_eq!(cut.verdict.incidents.iter().filter(|i| i.class == IncidentClass::Outage).count(), 1);
    assert_eq!(cut.verdict.unknown.get() / 60_000, 0, "only the first moments are unknown");
}

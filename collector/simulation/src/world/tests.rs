use quorate_model::{Failure, Outcome};

use super::World;
use crate::scenario::Scenario;
use crate::spans::total;

fn scenario(rest: &str) -> Scenario {
    Scenario::parse(&format!("name: x\ntitle: y\nlength: 10m\n{rest}")).unwrap()
}

#[test]
fn a_seed_draws_one_world_and_another_seed_another() {
    let scenario = scenario("events: [{what: outage, at: 1m..5m, lasts: 45s}]");
    let (a, b, c) = (World::new(&scenario, 1), World::new(&scenario, 1), World::new(&scenario, 2));
    assert_eq!(a.truth, b.truth);
    assert_ne!(a.truth, c.truth);
    assert_eq!(total(&a.truth), 45_000);
    assert!((0..600_000).step_by(777).all(|t| a.probe(3, t) == b.probe(3, t)));
}

#[test]
fn an_outage_shows_everywhere_as_it_should() {
    let scenario = scenario("events: [{what: outage, at: 1m, lasts: 45s, shows: connect_refused}]");
    let world = World::new(&scenario, 1);
    for agent in 0..5 {
        let during = world.probe(agent, 80_000);
        assert_eq!((during.outcome, during.failure), (Outcome::Fail, Some(Failure::ConnectRefused)));
        assert!(during.length_us < 1_000_000);
        assert_eq!(world.probe(agent, 50_000).outcome, Outcome::Ok);
        assert_eq!(world.probe(agent, 106_000).outcome, Outcome::Ok);
    }
}

#[test]
fn faults_strike_whom_they_should_and_show_in_the_references_as_they_should() {
    let scenario = scenario(
        "events:
  - {what: path, regions: [ams], at: 1m, lasts: 10s}
  - {what: uplink, regions: [fra], at: 1m, lasts: 10s}
  - {what: partition, regions: [iad], at: 1m, lasts: 10s}
  - {what: crash, regions: [sin], at: 1m, lasts: 10s}",
    );
    let world = World::new(&scenario, 1);
    let at = 65_000;
    let seen: Vec<_> = (0..5).map(|agent| (world.probe(agent, at).outcome, world.bad_references(agent, at))).collect();
    assert_eq!(
        seen,
        [(Outcome::Fail, 0), (Outcome::Fail, 0b111), (Outcome::Ok, 0b100), (Outcome::Ok, 0), (Outcome::Ok, 0)]
    );
    assert_eq!(world.away_until(2, at), Some(70_000));
    assert!(!world.is_running(3, at) && world.is_running(3, 70_000));
    let any = self::scenario("events: [{what: path, regions: 2, at: 1m, lasts: 10s}]");
    for seed in 0..50 {
        let world = World::new(&any, seed);
        assert_eq!((0..5).filter(|a| world.probe(*a, at).outcome == Outcome::Fail).count(), 2);
    }
}

#[test]
fn noise_comes_at_the_rate_it_says() {
    let scenario = scenario("false_failures_ppm: 10000\nrtt: {mean_us: 2700000, deviation_us: 250000}");
    let world = World::new(&scenario, 1);
    let answers: Vec<_> = (0..60_000).map(|t| world.probe(0, t * 10).outcome).collect();
    let count = |wanted| answers.iter().filter(|o| **o == wanted).count();
    assert!((450..750).contains(&count(Outcome::Fail)), "{}", count(Outcome::Fail));
    // 3 s lies 1.2 deviations over the mean: 11.5 %.
    assert!((6_000..7_800).contains(&count(Outcome::LateOk)), "{}", count(Outcome::LateOk));
}

use super::{Rule, judge};
use crate::scenario::Scenario;
use crate::spans::total;
use crate::world::World;

/// Downtime in seconds that each rule bills, in the order of the rules.
fn billed(rest: &str) -> Vec<i64> {
    let scenario =
        Scenario::parse(&format!("name: x\ntitle: y\nlength: 10m\nrtt: {{mean_us: 80000, deviation_us: 0}}\n{rest}"));
    let scenario = scenario.unwrap();
    let world = World::new(&scenario, 1);
    Rule::ALL.iter().map(|rule| total(&judge(*rule, &world, 1).down) / 1_000).collect()
}

#[test]
fn nothing_wrong_is_nothing_billed() {
    assert_eq!(billed(""), [0; 6]);
}

#[test]
fn one_region_in_trouble_is_billed_by_those_who_look_from_one_place_or_count_any() {
    // Any region and the two single vantages bill it if it is theirs, the quorums do not.
    assert_eq!(billed("events: [{what: path, regions: [ams], at: 60s, lasts: 60s}]"), [60, 0, 60, 60, 0, 0]);
    assert_eq!(billed("events: [{what: path, regions: [syd], at: 60s, lasts: 60s}]"), [60, 0, 0, 0, 0, 0]);
}

#[test]
fn a_long_outage_is_billed_by_everyone_to_about_an_interval() {
    for (rule, seconds) in Rule::ALL.iter().zip(billed("events: [{what: outage, at: 60s, lasts: 200s}]")) {
        assert!((188..=212).contains(&seconds), "{}: {seconds}", rule.name());
    }
}

#[test]
fn an_outage_of_one_interval_is_missed_by_those_who_wait_for_three() {
    let seconds = billed("events: [{what: outage, at: 61s, lasts: 10s}]");
    assert_eq!((seconds[2], seconds[4]), (0, 0), "Gatus and Route 53");
    assert!(seconds[0] > 0 && seconds[3] > 0);
}

#[test]
fn a_dead_agent_keeps_its_last_word_with_those_who_ask_for_the_last() {
    let seconds = billed(
        "events:
  - {what: path, regions: [ams], at: 60s, lasts: 60s}
  - {what: crash, regions: [ams], at: 100s, lasts: 1h}
  - {what: path, regions: [iad, sin], at: 200s, lasts: 60s}",
    );
    assert!(seconds[0] > 400, "any region");
    assert!((40..=70).contains(&seconds[1]), "majority of last: {}", seconds[1]);
}

#[test]
fn a_decision_never_comes_before_what_it_decides() {
    let scenario = Scenario::parse(
        "name: x\ntitle: y\nlength: 1h\nfalse_failures_ppm: 30000\nevents: [{what: outage, at: 5m, lasts: 50s, times: 9, every: 5m}]",
    )
    .unwrap();
    let world = World::new(&scenario, 4);
    for rule in Rule::ALL {
        let judged = judge(rule, &world, 4);
        assert!(judged.decided.iter().all(|(start, at)| start <= at), "{}", rule.name());
        assert!(judged.down.iter().all(|(start, end)| start < end));
    }
}

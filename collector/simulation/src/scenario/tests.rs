use super::{Range, Scenario, What, Who};
use crate::scenario::span::parse_ms;

#[test]
fn every_built_in_scenario_is_valid_and_named_as_its_file() {
    let all = Scenario::built_in();
    assert_eq!(all.len(), super::BUILT_IN.len());
    for (scenario, (file, _)) in all.iter().zip(super::BUILT_IN) {
        assert_eq!(scenario.name, *file);
    }
}

#[test]
fn durations_are_read_as_written() {
    for (text, ms) in [("45s", 45_000), ("1m30s", 90_000), ("250ms", 250), ("-5s", -5_000), ("30d", 2_592_000_000)] {
        assert_eq!(parse_ms(text), Ok(ms), "{text}");
    }
    for text in ["", "5", "s", "5x", "5 s", "1.5s", "99999999999999999999s"] {
        assert!(parse_ms(text).is_err(), "{text}");
    }
}

#[test]
fn a_users_file_can_say_everything() {
    let text = "
name: mine
title: Two agents a region.
length: 10m
interval: 5s
regions: [{id: a, provider: p, agents: 2}, {id: b, provider: q, interval: 1m}]
quorum: {at_least: 2}
confirm: {retries: 1, after: 500ms, solicit: false}
events:
  - {what: path, regions: [b], at: 1m..2m, lasts: 10s, times: 3, every: 1m}
  - {what: loss, regions: 2, loss_ppm: 5, at: 0s, lasts: 1m}
";
    let scenario = Scenario::parse(text).unwrap();
    assert_eq!(scenario.agents.len(), 3);
    assert_eq!(scenario.agents[2].interval_ms, 60_000);
    assert_eq!(scenario.events[0].at, Range { low_ms: 60_000, high_ms: 120_000 });
    assert!(matches!(&scenario.events[1].what, What::Loss { who: Who::Any(2), ppm: 5 }));
}

#[test]
fn mistakes_are_named_with_their_place() {
    let check = |text: &str, expected: &str| {
        let error = Scenario::parse(&format!("name: x\ntitle: y\nlength: 1m\n{text}")).unwrap_err().to_string();
        assert!(error.contains(expected), "{error} does not say {expected}");
    };
    check("evnts: []", "line 4");
    check("interval: 5", "duration");
    check("interval: 0s", "interval: 0 ms is not allowed");
    check("events: [{what: storm, at: 1s}]", "events[0].what: \"storm\" is not allowed; one of outage,");
    check("events: [{what: path, regions: 9, at: 1s}]", "events[0].regions: 9; allowed are 1 to 5");
    check("events: [{what: path, regions: [xyz], at: 1s}]", "\"xyz\" is not a region");
    check("events: [{what: outage, shows: rain, at: 1s}]", "\"rain\" is not a failure class");
    check("events: [{what: outage, at: 1s, times: 2}]", "events[0].every: is missing");
    check("quorum: {at_least: 9}", "at_least is 9; allowed is 1 to 5");
    check("events: [{what: skew, at: 2s..1s}]", "\"2s..1s\" is not a duration");
}

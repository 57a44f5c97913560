use std::collections::BTreeSet;

use super::*;

fn place(agent: &str, region: &str) -> AgentPlace {
    AgentPlace { agent: AgentId::new(agent).expect("is an id"), region: RegionId::new(region).expect("is an id") }
}

fn config() -> Config {
    Config::parse(
        "regions: [{id: fra, provider: a}, {id: iad, provider: b}, {id: sin, provider: c}]\n\
         checks:\n\
         - {id: shop, tcp: {address: \"192.0.2.1:80\"}, interval: 10s}\n\
         - {id: eu, tcp: {address: \"192.0.2.1:80\"}, regions: [fra], interval: 7s}\n",
    )
    .expect("is a configuration")
}

#[test]
fn an_agent_probes_what_its_region_votes_on() {
    let config = config();
    let ids = |place: &AgentPlace| {
        let made = config.assignment(place, &[], |_| CollectorTime::from_millis(7));
        assert!(made.checks.iter().all(|check| check.effective_from == CollectorTime::from_millis(7)));
        made.checks.iter().map(|check| check.id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&place("f1", "fra")), ["eu", "shop"]);
    assert_eq!(ids(&place("i1", "iad")), ["shop"]);
    assert_eq!(ids(&place("x1", "mars")), [""; 0]);
}

#[test]
fn the_agents_of_a_check_are_spread_evenly_over_the_interval() {
    let config = config();
    let all = [place("f1", "fra"), place("i1", "iad"), place("f2", "fra"), place("s1", "sin"), place("x1", "mars")];
    let shop = CheckId::new("shop").expect("is an id");
    let mut phases: Vec<i64> = all[..4]
        .iter()
        .map(|place| {
            let made = config.assignment(place, &all, |_| CollectorTime::MIN);
            made.checks.iter().find(|check| check.id == shop).expect("every region votes on shop").phase.get()
        })
        .collect();
    phases.sort_unstable();
    let steps: BTreeSet<i64> = phases.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(steps, BTreeSet::from([2500]));
    assert!(phases.iter().all(|phase| (0..10_000).contains(phase)));
}

#[test]
fn the_order_in_which_agents_are_named_does_not_matter() {
    let config = config();
    let mut all = vec![place("f1", "fra"), place("i1", "iad"), place("s1", "sin")];
    let made = config.assignment(&place("i1", "iad"), &all, |_| CollectorTime::MIN);
    all.reverse();
    assert_eq!(config.assignment(&place("i1", "iad"), &all, |_| CollectorTime::MIN), made);
    all.retain(|place| place.agent.as_str() != "i1");
    assert_eq!(config.assignment(&place("i1", "iad"), &all, |_| CollectorTime::MIN), made);
}

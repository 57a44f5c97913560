use quorate_model::{AgentId, RegionId};

use super::*;

fn configured() -> (Config, Histories) {
    let text = "regions: [{id: fra, provider: a}, {id: iad, provider: b}]\n\
                references: [{tcp: {address: \"192.0.2.1:53\"}}]\n\
                checks: [{id: shop, icmp: {host: h}}, {id: eu, icmp: {host: h}, regions: [fra]}]\n";
    let config = Config::parse(text).unwrap_or_else(|errors| panic!("{errors:?}"));
    let mut histories = Histories::default();
    histories.apply(CollectorTime::from_millis(7), &config);
    (config, histories)
}

fn place(agent: &str, region: &str) -> AgentPlace {
    AgentPlace { agent: AgentId::new(agent).expect("is an id"), region: RegionId::new(region).expect("is an id") }
}

fn ids(assignment: &v1::Assignment) -> Vec<&str> {
    assignment.upsert.iter().map(|check| check.id.as_str()).collect()
}

#[test]
fn agents_and_newcomers_get_the_checks_of_their_region() {
    let (config, histories) = configured();
    let table = table(&config, &histories, &[place("f1", "fra"), place("i1", "iad")]);
    let known = AgentId::new("i1").expect("is an id");
    let newcomer = AgentId::new("f2").expect("is an id");
    let fra = RegionId::new("fra").expect("is an id");
    let iad = RegionId::new("iad").expect("is an id");
    let assigned = table.assignment(&known, &iad).expect("something is assigned");
    assert_eq!((ids(assigned), assigned.base_revision, assigned.references.len()), (vec!["shop"], 0, 1));
    assert!(assigned.upsert.iter().all(|check| check.effective_from_ms == 7 && check.version != 0));
    assert_eq!(ids(table.assignment(&newcomer, &fra).expect("something is assigned")), ["eu", "shop"]);
    assert_eq!((table.regions.len(), table.checks.len()), (2, 2));
}

#[test]
fn the_revision_says_whether_the_content_is_the_same() {
    let (config, histories) = configured();
    let revision = |places: &[AgentPlace]| table(&config, &histories, places).by_agent[&places[0].agent].revision;
    let alone = revision(&[place("i1", "iad")]);
    assert_ne!(alone, 0);
    assert_eq!(alone, revision(&[place("i1", "iad")]));
    // Another agent moves the phase of this one.
    assert_ne!(alone, revision(&[place("i1", "iad"), place("f1", "fra")]));
}

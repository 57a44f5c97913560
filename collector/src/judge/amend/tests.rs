use quorate_model::{Bounds, CheckId, IncidentClass, RegionId};

use super::*;

fn at(ms: i64) -> CollectorTime {
    CollectorTime::from_millis(ms)
}

fn incident(id: &str, start: i64, end: Option<i64>) -> Incident {
    let to = end.unwrap_or(9_000);
    Incident {
        id: IncidentId::new(id),
        check: CheckId::new("c").expect("is an id"),
        start: at(start),
        end: end.map(at),
        start_bounds: Bounds { earliest: at(start - 10), latest: at(start + 10) },
        end_bounds: Bounds { earliest: at(to - 10), latest: at(to + 10) },
        class: IncidentClass::Outage,
        billed: Millis::new(to - start),
        runs: vec![(at(start), at(to))],
        regions: vec![RegionId::new("fra").expect("is an id")],
        support: 7,
    }
}

fn written(incident: Incident, ms: i64) -> Written {
    Written { incident, revision: 1, at: at(ms), finality: Finality::Provisional, withdrawn: false }
}

#[test]
fn details_of_an_incident_are_collected() {
    let before = written(incident("i", 1_000, None), 2_000);
    let same = incident("i", 1_000, None);
    let better = incident("i", 1_500, None);
    assert!(is_due(None, &same, Finality::Provisional, at(2_000)));
    assert!(!is_due(Some(&before), &same, Finality::Provisional, at(60_000)));
    assert!(!is_due(Some(&before), &better, Finality::Provisional, at(6_999)));
    assert!(is_due(Some(&before), &better, Finality::Provisional, at(7_000)));
}

#[test]
fn an_end_or_another_class_or_finality_is_written_at_once() {
    let before = written(incident("i", 1_000, None), 2_000);
    assert!(is_due(Some(&before), &incident("i", 1_000, Some(2_500)), Finality::Provisional, at(2_600)));
    let mut blip = incident("i", 1_000, None);
    blip.class = IncidentClass::Blip;
    assert!(is_due(Some(&before), &blip, Finality::Provisional, at(2_600)));
    assert!(is_due(Some(&before), &incident("i", 1_000, None), Finality::Settled, at(2_600)));
    let gone = Written { withdrawn: true, ..before };
    assert!(is_due(Some(&gone), &incident("i", 1_000, None), Finality::Provisional, at(2_600)));
}

fn names(known: &[Incident], mut found: Vec<Incident>) -> Vec<String> {
    let known = known.iter().map(|i| (i.id.clone(), written(i.clone(), 0))).collect();
    adopt_names(&known, &mut found, at(100_000));
    found.iter().map(|incident| incident.id.to_string()).collect()
}

#[test]
fn an_incident_keeps_its_name_when_its_start_moves() {
    assert_eq!(names(&[incident("old", 1_000, None)], vec![incident("new", 400, Some(3_000))]), ["old"]);
}

#[test]
fn of_two_parts_of_one_incident_the_longer_keeps_the_name() {
    let parts = vec![incident("a", 1_000, Some(2_000)), incident("b", 3_000, Some(9_000))];
    assert_eq!(names(&[incident("old", 1_000, Some(9_000))], parts), ["a", "old"]);
}

#[test]
fn of_two_incidents_that_became_one_the_longer_gives_the_name() {
    let known = [incident("a", 1_000, Some(2_000)), incident("b", 3_000, Some(9_000))];
    assert_eq!(names(&known, vec![incident("new", 1_000, Some(9_000))]), ["b"]);
}

#[test]
fn a_name_is_never_given_twice() {
    let known = [incident("a", 1_000, Some(2_000))];
    let found = vec![incident("a", 1_500, Some(2_000)), incident("a", 50_000, Some(60_000))];
    assert_eq!(names(&known, found), ["a", "a.2"]);
}

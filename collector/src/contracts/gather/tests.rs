use quorate_model::{Bounds, CheckId, CollectorTime, Incident, IncidentClass, IncidentId, Millis};

use super::parts;

fn incident(id: &str, check: &str, start: i64, end: Option<i64>) -> Incident {
    let at = CollectorTime::from_millis;
    let bounds = |ms| Bounds { earliest: at(ms), latest: at(ms) };
    Incident {
        id: IncidentId::new(id),
        check: CheckId::new(check).expect("is an id"),
        start: at(start),
        end: end.map(at),
        start_bounds: bounds(start),
        end_bounds: bounds(end.unwrap_or(start)),
        class: IncidentClass::Outage,
        billed: Millis::ZERO,
        runs: Vec::new(),
        regions: Vec::new(),
        support: 0,
    }
}

/// One that was withdrawn while it lasted.
fn seen_to(id: &str, check: &str, start: i64, last: i64) -> Incident {
    Incident { end: None, ..incident(id, check, start, Some(last)) }
}

#[test]
fn what_a_withdrawn_incident_overlaps_has_it_as_its_part() {
    let withdrawn = [
        incident("before", "shop", 0, Some(100)),
        incident("inside", "shop", 150, Some(180)),
        incident("across", "shop", 50, Some(120)),
        incident("other", "api", 150, Some(180)),
        seen_to("seen before", "shop", 10, 90),
        seen_to("seen inside", "shop", 90, 190),
        incident("behind", "shop", 200, Some(300)),
    ];
    let of = |incident: &Incident| parts(incident, &withdrawn).map(|id| id.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(of(&incident("one", "shop", 100, Some(200))), ["inside", "across", "seen inside"]);
    assert_eq!(of(&incident("lasting", "shop", 250, None)), ["behind"]);
}

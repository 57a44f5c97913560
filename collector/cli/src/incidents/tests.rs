use quorate_proto::api::{FieldChange, IncidentChange};

use super::*;

const NOW_MS: i64 = 1_795_633_385_250;

fn incident(id: &str, open: bool) -> Incident {
    Incident {
        id: id.to_owned(),
        check: "shop".to_owned(),
        start_ms: NOW_MS - 600_000,
        end_ms: (!open).then_some(NOW_MS - 300_000),
        start_bounds_ms: [NOW_MS - 601_200, NOW_MS - 599_200],
        end_bounds_ms: if open { [NOW_MS - 1_000, NOW_MS] } else { [NOW_MS - 300_000, NOW_MS - 298_500] },
        class: if open { "outage" } else { "blip" }.to_owned(),
        billed_ms: if open { 600_000 } else { 0 },
        regions: vec!["fra".to_owned(), "iad".to_owned()],
        support: 7,
        revision: if open { 1 } else { 2 },
        settled: !open,
        changes: if open {
            Vec::new()
        } else {
            vec![IncidentChange {
                revision: 2,
                at_ms: NOW_MS - 100_000,
                fields: vec![FieldChange {
                    field: "class".to_owned(),
                    old: "outage".to_owned(),
                    new: "blip".to_owned(),
                }],
            }]
        },
    }
}

#[test]
fn bounds_are_shown_as_distances_and_open_incidents_as_open() {
    let incidents =
        Incidents { now_ms: NOW_MS, incidents: vec![incident("shop-2", true), incident("shop-1", false)], next: None };
    let mut text = render(&incidents, &Look::plain());
    text.push_str(&render_changes(&incidents.incidents, &Look::plain()));
    insta::assert_snapshot!(text);
}

#[test]
fn a_zone_moves_what_is_shown_and_is_named() {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").expect("the zone database is bundled");
    let look = Look { zone, ..Look::plain() };
    let text = render(
        &Incidents { now_ms: NOW_MS, incidents: vec![incident("shop-2", true)], next: Some("shop-2".to_owned()) },
        &look,
    );
    assert!(text.contains("20:03:05 Europe/Berlin"), "{text}");
    assert!(text.contains("19:53:05.250"), "{text}");
    assert!(text.ends_with("there are older ones; see --limit, --from, --to\n"), "{text}");
}

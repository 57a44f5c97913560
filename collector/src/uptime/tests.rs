use quorate_model::{Bounds, CheckId, IncidentId};

use super::*;

fn at(ms: i64) -> CollectorTime {
    CollectorTime::from_millis(ms)
}

fn window(from: i64, to: i64) -> Window {
    Window::new(at(from), at(to)).expect("is not empty")
}

fn segment(start: i64, end: i64, [state, low, high]: [State; 3]) -> Segment {
    Segment { start: at(start), end: at(end), state, state_low: low, state_high: high, regions_bad: Vec::new() }
}

fn plain(start: i64, end: i64, state: State) -> Segment {
    segment(start, end, [state; 3])
}

fn incident(start: i64, end: i64, class: IncidentClass) -> Incident {
    Incident {
        id: IncidentId::new("i"),
        check: CheckId::new("c").expect("is an id"),
        start: at(start),
        end: Some(at(end)),
        start_bounds: Bounds { earliest: at(start - 5), latest: at(start + 5) },
        end_bounds: Bounds { earliest: at(end - 5), latest: at(end + 5) },
        class,
        billed: Millis::ZERO,
        runs: vec![(at(start), at(end))],
        regions: Vec::new(),
        support: 9,
    }
}

/// Up, an outage with ambiguous edges, up, unknown.
fn day() -> Vec<Segment> {
    use State::{Down, Partial, Up};
    vec![
        plain(0, 395, Up),
        segment(395, 400, [Partial, Partial, Down]),
        segment(400, 405, [Down, Partial, Down]),
        plain(405, 495, Down),
        segment(495, 500, [Down, Partial, Down]),
        segment(500, 505, [Partial, Partial, Down]),
        plain(505, 800, Up),
        plain(800, 1_000, State::Unknown),
    ]
}

#[test]
fn an_outage_has_a_least_a_best_and_a_most() {
    let shown = uptime(&sums(&day(), &[incident(401, 499, IncidentClass::Outage)], window(0, 1_000)), window(0, 1_000));
    assert_eq!((shown.down_ms.low, shown.down_ms.point, shown.down_ms.high), (90, 98, 110));
    assert_eq!((shown.unknown_ms, shown.coverage_percent.as_str()), (200, "80.00"));
    let percent = shown.percent.expect("something was measured");
    assert_eq!(
        (percent.low.as_str(), percent.point.as_str(), percent.high.as_str()),
        ("86.2500", "87.7500", "88.7500")
    );
}

#[test]
fn a_blip_is_possible_downtime_only() {
    let sums = sums(&day(), &[incident(401, 499, IncidentClass::Blip)], window(0, 1_000));
    assert_eq!((sums.down_low.get(), sums.down_point.get(), sums.down_high.get()), (0, 0, 110));
}

#[test]
fn the_parts_of_a_window_add_up_to_it() {
    let incidents = [incident(401, 499, IncidentClass::Outage)];
    let whole = sums(&day(), &incidents, window(0, 1_000));
    for cut in [1, 397, 401, 403, 450, 499, 503, 900, 999] {
        let parts = sums(&day(), &incidents, window(0, cut)).plus(&sums(&day(), &incidents, window(cut, 1_000)));
        assert_eq!(parts, whole, "cut at {cut}");
    }
}

#[test]
fn what_no_segment_covers_is_unknown() {
    let shown = uptime(&sums(&day(), &[], window(-1_000, 800)), window(-1_000, 800));
    assert_eq!(shown.unknown_ms, 1_000);
    let nothing = uptime(&sums(&[], &[], window(0, 10)), window(0, 10));
    assert_eq!((nothing.percent, nothing.coverage_percent.as_str(), nothing.unknown_ms), (None, "0.00", 10));
}

#[test]
fn percentages_are_cut_and_never_rounded_up() {
    assert_eq!(percent::<4>(999_999_999, 1_000_000_000), "99.9999");
    assert_eq!(percent::<2>(1, 1), "100.00");
    assert_eq!(percent::<2>(0, 1), "0.00");
    assert_eq!(percent::<4>(998_958, 1_000_000), "99.8958");
}

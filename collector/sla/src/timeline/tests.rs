use alloc::vec;

use proptest::prelude::*;
use quorate_model::{
    Bounds, CheckId, CollectorTime, Incident, IncidentClass, IncidentId, Millis, RegionId, Segment, State,
};

use super::{OverlapError, PlainSegment, Timeline};
use crate::interval::{Interval, IntervalSet};

fn run(start: i64, end: i64) -> Interval {
    Interval::from_millis(start, end).expect("end is after start")
}

fn set(runs: &[(i64, i64)]) -> IntervalSet {
    runs.iter().map(|(start, end)| run(*start, *end)).collect()
}

fn plain(start: i64, end: i64, state: State) -> PlainSegment {
    PlainSegment { interval: run(start, end), state }
}

#[test]
fn plain_segments_have_equal_bounds() {
    let timeline = Timeline::from_plain(&[
        plain(30, 40, State::Unknown),
        plain(0, 10, State::Up),
        plain(10, 20, State::Down),
        plain(20, 25, State::Down),
        plain(25, 28, State::Partial),
        plain(28, 30, State::Degraded),
    ])
    .expect("no overlap");
    for down in [timeline.down_low(), timeline.down_point(), timeline.down_high(), timeline.outages()] {
        assert_eq!(down, &set(&[(10, 25)]));
    }
    assert_eq!(timeline.unknown(), &set(&[(30, 40)]));
    assert_eq!(timeline.covered(), &set(&[(0, 40)]));
    assert_eq!(timeline.known(), set(&[(0, 30)]));
}

#[test]
fn stretches_of_two_states_do_not_overlap() {
    let overlap = |segments: &[PlainSegment]| Timeline::from_plain(segments).map(|_| ());
    assert_eq!(
        overlap(&[plain(0, 10, State::Up), plain(9, 20, State::Down)]),
        Err(OverlapError { first: 0, second: 1 })
    );
    assert_eq!(
        overlap(&[plain(9, 20, State::Down), plain(0, 10, State::Up)]),
        Err(OverlapError { first: 1, second: 0 })
    );
    // The long one reaches over the short one in between.
    let hidden = [plain(0, 100, State::Up), plain(10, 20, State::Up), plain(50, 60, State::Down)];
    assert_eq!(overlap(&hidden), Err(OverlapError { first: 0, second: 2 }));
    assert_eq!(overlap(&[plain(0, 10, State::Up), plain(0, 10, State::Up), plain(10, 20, State::Down)]), Ok(()));
}

proptest! {
    #[test]
    fn an_overlap_is_found_wherever_there_is_one(runs in prop::collection::vec((0i64..50, 1i64..8, any::<bool>()), 0..8)) {
        let segments: Vec<PlainSegment> = runs
            .iter()
            .map(|(start, length, down)| plain(*start, start + length, if *down { State::Down } else { State::Up }))
            .collect();
        let clash = segments.iter().any(|a| {
            segments.iter().any(|b| a.state != b.state && a.interval.intersect(b.interval).is_some())
        });
        prop_assert_eq!(Timeline::from_plain(&segments).is_err(), clash);
    }
}

fn segment(start: i64, end: i64, states: [State; 3]) -> Segment {
    let [state_low, state, state_high] = states;
    let at = CollectorTime::from_millis;
    Segment { start: at(start), end: at(end), state, state_low, state_high, regions_bad: vec![] }
}

fn incident(class: IncidentClass, runs: &[(i64, i64)], start: (i64, i64), end: (i64, i64)) -> Incident {
    let at = CollectorTime::from_millis;
    let bounds = |(earliest, latest): (i64, i64)| Bounds { earliest: at(earliest), latest: at(latest) };
    Incident {
        id: IncidentId::new("i1"),
        check: CheckId::new("shop").expect("an id"),
        start: at(runs[0].0),
        end: Some(at(runs[runs.len() - 1].1)),
        start_bounds: bounds(start),
        end_bounds: bounds(end),
        class,
        billed: Millis::ZERO,
        runs: runs.iter().map(|(start, end)| (at(*start), at(*end))).collect(),
        regions: vec![RegionId::new("fra").expect("an id")],
        support: 3,
    }
}

#[test]
fn a_verdict_bills_outages_and_shows_blips_as_possible() {
    use State::{Down, Partial, Unknown, Up};
    let segments = [
        segment(0, 100, [Up, Up, Up]),
        segment(100, 110, [Up, Up, Down]),
        segment(110, 120, [Up, Down, Down]),
        segment(120, 180, [Down, Down, Down]),
        segment(180, 190, [Up, Up, Down]),
        segment(190, 300, [Up, Up, Up]),
        segment(300, 310, [Down, Down, Down]),
        segment(310, 400, [Unknown, Unknown, Unknown]),
        segment(400, 410, [Partial, Partial, Unknown]),
    ];
    let incidents = [
        incident(IncidentClass::Outage, &[(108, 183)], (100, 120), (180, 190)),
        incident(IncidentClass::Blip, &[(300, 310)], (300, 300), (310, 310)),
    ];
    let timeline = Timeline::from_verdict(&segments, &incidents);
    assert_eq!(timeline.down_low(), &set(&[(120, 180)]));
    assert_eq!(timeline.down_point(), &set(&[(108, 183)]));
    assert_eq!(timeline.down_high(), &set(&[(100, 190), (300, 310), (400, 410)]));
    assert_eq!(timeline.unknown(), &set(&[(310, 400)]));
    assert_eq!(timeline.covered(), &set(&[(0, 410)]));
}

#[test]
fn an_outage_reaches_beyond_the_segments() {
    let segments = [segment(100, 200, [State::Down; 3])];
    let incidents = [incident(IncidentClass::Outage, &[(50, 300)], (40, 60), (290, 310))];
    let timeline = Timeline::from_verdict(&segments, &incidents);
    assert_eq!(timeline.down_point(), &set(&[(100, 200)]));
    assert_eq!(timeline.outages(), &set(&[(50, 300)]));
    assert_eq!(timeline.extension(), set(&[(50, 100), (200, 300)]));
}

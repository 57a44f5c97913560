use quorate_model::State;

use super::*;

fn at(ms: i64) -> CollectorTime {
    CollectorTime::from_millis(ms)
}

fn segment(start: i64, end: i64, state: State) -> Segment {
    Segment { start: at(start), end: at(end), state, state_low: state, state_high: state, regions_bad: Vec::new() }
}

fn unstored(recent: &Recent) -> Option<(i64, i64, usize)> {
    recent.unstored().map(|(window, segments)| (window.from().as_millis(), window.to().as_millis(), segments.len()))
}

#[test]
fn neighbours_of_one_state_become_one_segment() {
    let mut recent = Recent::new(at(0), at(0));
    recent.settle(&[segment(0, 90, State::Up)], at(50));
    recent.settle(&[segment(0, 90, State::Up)], at(80));
    recent.settle(&[segment(0, 90, State::Up), segment(90, 120, State::Down)], at(100));
    assert_eq!(recent.segments(), [segment(0, 90, State::Up), segment(90, 100, State::Down)]);
}

#[test]
fn a_change_is_stored_at_once_and_more_of_the_same_once_a_minute() {
    let mut recent = Recent::new(at(0), at(0));
    assert_eq!(unstored(&recent), None);
    recent.settle(&[segment(0, 500, State::Up)], at(500));
    assert_eq!(unstored(&recent), Some((0, 500, 1)));
    recent.committed(at(500));
    recent.settle(&[segment(500, 60_000, State::Up)], at(60_000));
    assert_eq!(unstored(&recent), None);
    recent.settle(&[segment(60_000, 61_000, State::Up)], at(61_000));
    assert_eq!(unstored(&recent), Some((0, 61_000, 1)));
    recent.committed(at(61_000));
    recent.settle(&[segment(61_000, 62_000, State::Down)], at(62_000));
    assert_eq!(unstored(&recent), Some((0, 62_000, 2)));
}

#[test]
fn going_back_takes_back_what_was_settled() {
    let mut recent = Recent::new(at(0), at(0));
    recent.settle(&[segment(0, 1_000, State::Unknown)], at(1_000));
    recent.committed(at(1_000));
    recent.rewind(at(400), vec![segment(0, 1_000, State::Unknown)]);
    assert_eq!((recent.settled(), recent.segments()), (at(400), &[segment(0, 400, State::Unknown)][..]));
    recent.settle(&[segment(400, 1_000, State::Up)], at(1_000));
    assert_eq!(unstored(&recent), Some((0, 1_000, 2)));
}

#[test]
fn what_the_store_holds_is_not_written_again() {
    // Of a past from 0 on, only the last day was read.
    let mut recent = Recent::new(at(0), at(9_000));
    recent.recall(at(8_000), vec![segment(5_000, 7_000, State::Down), segment(7_000, 9_000, State::Up)]);
    assert_eq!((recent.settled(), unstored(&recent)), (at(8_000), None));
    recent.settle(&[segment(8_000, 8_500, State::Down)], at(8_500));
    assert_eq!(unstored(&recent), Some((7_000, 8_500, 2)));
}

#[test]
fn counters_never_fall() {
    let mut recent = Recent::new(at(0), at(0));
    recent.settle(&[segment(0, 1_000, State::Unknown)], at(1_000));
    recent.count(&[], at(1_000));
    recent.rewind(at(0), Vec::new());
    recent.settle(&[segment(0, 1_000, State::Up)], at(1_000));
    recent.count(&[], at(1_000));
    assert_eq!((recent.totals().judged.get(), recent.totals().unknown.get()), (1_000, 1_000));
}

#[test]
fn what_is_let_go_stays_counted() {
    let day = 24 * 3_600_000;
    let mut recent = Recent::new(at(0), at(0));
    for n in 0..4 {
        let state = if n % 2 == 0 { State::Up } else { State::Partial };
        recent.settle(&[segment(n * day, (n + 1) * day, state)], at((n + 1) * day));
        recent.committed(at((n + 1) * day));
        recent.count(&[], at((n + 1) * day));
    }
    assert_eq!((recent.totals().judged.get(), recent.totals().partial.get()), (4 * day, 2 * day));
    assert_eq!(recent.segments().len(), 2);
}

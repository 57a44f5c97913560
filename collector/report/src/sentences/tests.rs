use super::*;
use crate::complete::document;

fn stretch(start_ms: i64, length: i64) -> Stretch {
    Stretch { start_ms, end_ms: start_ms + length, state: "unknown".to_owned() }
}

#[test]
fn the_longest_unknown_stretches_are_listed_and_the_others_told_of() {
    let mut document = document();
    document.stretches = (0..60).map(|at| stretch(at * 10_000, if at % 2 == 0 { 1000 } else { 2000 + at })).collect();
    let (listed, rest) = document.unknown_stretches();
    assert_eq!(listed.len(), MAX_UNKNOWN);
    assert!(listed.is_sorted_by_key(|stretch| stretch.start_ms));
    let long = listed.iter().filter(|stretch| stretch.end_ms - stretch.start_ms > 2000).count();
    assert_eq!(long, 30);
    assert_eq!(rest.as_deref(), Some("10 shorter stretches, 10 s in all, are in the CSV and the JSON."));
    document.stretches.truncate(MAX_UNKNOWN);
    assert_eq!(document.unknown_stretches().1, None);
}

#[test]
fn what_lasts_says_so() {
    let mut line = document().incidents.remove(0);
    line.end_ms = None;
    line.end_bounds_ms = [0, 90_000];
    assert_eq!(end(&line, &Moments::new("UTC")), "open (last seen 1970-01-01 00:00:00 UTC)");
}

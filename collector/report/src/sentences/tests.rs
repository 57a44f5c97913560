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

/// Nights are left out as a whole, and an exclusion leaves out some of the day.
#[test]
fn what_is_left_out_without_an_exclusion_is_told_as_a_sum() {
    let mut document = document();
    let hour = 3_600_000;
    let left_out =
        |from: i64, to: i64| Stretch { state: "excluded".to_owned(), ..stretch(from * hour, (to - from) * hour) };
    document.stretches = vec![left_out(0, 8), left_out(20, 32), stretch(40 * hour, hour)];
    let told = |sum: &str| {
        Some(format!("Left out without an exclusion, outside service hours or before the service began: {sum}."))
    };
    document.exclusions.clear();
    assert_eq!(document.outside(), told("20 h 00 min 00 s"));
    let exclusion = crate::complete::document().exclusions.remove(0);
    let line = |from: i64, to: i64, excluded_ms: i64| ExclusionLine {
        start_ms: from * hour,
        end_ms: to * hour,
        excluded_ms,
        ..exclusion.clone()
    };
    // From 18 to 21 o'clock, and refused for the night before.
    document.exclusions = vec![line(18, 21, 3 * hour), line(2, 4, 0)];
    document.stretches[1] = left_out(18, 32);
    assert_eq!(document.outside(), told("19 h 00 min 00 s"));
    for text in [document.markdown(), document.html()] {
        assert!(text.contains("before the service began: 19 h 00 min 00 s."), "{text}");
    }
    document.exclusions = vec![line(0, 32, 32 * hour)];
    assert_eq!(document.outside(), None);
}

#[test]
fn what_lasts_says_so() {
    let mut line = document().incidents.remove(0);
    line.end_ms = None;
    line.end_bounds_ms = [0, 90_000];
    assert_eq!(end(&line, &Moments::new("UTC")), "open (last seen 1970-01-01 00:00:00 UTC)");
}

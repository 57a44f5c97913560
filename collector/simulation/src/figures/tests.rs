use super::{Figures, add_judged, mean, percentile};
use crate::baseline::Judged;

#[test]
fn distances_from_the_truth_are_measured_as_said() {
    let mut figures = Figures::default();
    let judged = Judged { down: vec![(90, 130), (300, 310)], decided: vec![(90, 120), (300, 305)], probes: 7 };
    add_judged(&mut figures, &judged, &[(100, 150), (200, 250)], (0, 1_000));
    assert_eq!(figures.false_ms, (20, 20), "90 to 100 and 300 to 310");
    assert_eq!(figures.missed_ms, (70, 70), "130 to 150 and 200 to 250");
    assert_eq!(figures.recall, (2, 1));
    assert_eq!((figures.start_error_ms, figures.end_error_ms), (vec![10], vec![20]));
    // Both outages are followed by a decision within a minute; the second one is late.
    assert_eq!(figures.detection_ms, vec![20, 105]);
}

#[test]
fn percentiles_are_nearest_rank() {
    let values: Vec<i64> = (1..=100).collect();
    assert_eq!(percentile(&values, 50), Some(50));
    assert_eq!(percentile(&values, 99), Some(99));
    assert_eq!(percentile(&[7], 1), Some(7));
    assert_eq!(percentile(&[], 50), None);
    assert_eq!(mean(&[1, 2, 4]), Some(2));
}

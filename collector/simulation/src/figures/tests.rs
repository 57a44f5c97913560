use super::{Figures, add_judged, mean, measure, percentile};
use crate::baseline::Judged;
use crate::run::play;
use crate::scenario::Scenario;
use crate::world::World;

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

/// How many worlds of each scenario the tests look at; `QUORATE_SEEDS` asks for more.
fn seeds() -> u64 {
    std::env::var("QUORATE_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

#[test]
fn promises_hold_in_every_world() {
    for scenario in Scenario::built_in().iter().filter(|s| s.length_ms < 86_400_000) {
        let row = measure(scenario, 0, seeds(), 2);
        let (own, figures) = (&row.own, &row.own.figures);
        assert_eq!(own.engines_differ, 0, "{}: the engines differ", row.name);
        if row.bounds_promised {
            assert_eq!(own.sound, figures.worlds, "{}: the truth lies between certain and possible", row.name);
            assert_eq!(own.bounds.0, own.bounds.1, "{}: the edges lie in their bounds", row.name);
        }
        if figures.recall.0 == 0 && row.name != "slow-target" {
            // Trouble of regions, providers and agents alone is never downtime, by rule.
            assert_eq!(figures.false_ms.0, 0, "{}: {} ms of downtime that was none", row.name, figures.false_ms.0);
        }
    }
}

#[test]
fn what_a_partition_held_back_counts_as_if_it_had_come_at_once() {
    // The same world with and without the partition, and without anything that reacts to what arrives.
    let text = |partition: &str| {
        format!(
            "name: x\ntitle: y\nlength: 20m\nconfirm: {{retries: 0, after: 1s, solicit: false}}\n\
             events:\n  - {{what: outage, at: 6m, lasts: 300s}}\n{partition}"
        )
    };
    let with = Scenario::parse(&text("  - {what: partition, regions: [ams, fra, iad], at: 4m, lasts: 10m}\n")).unwrap();
    let without = Scenario::parse(&text("")).unwrap();
    for seed in 0..seeds() {
        let cut = play(&World::new(&with, seed)).verdict;
        let whole = play(&World::new(&without, seed)).verdict;
        assert_eq!(cut.segments, whole.segments, "seed {seed}");
        assert_eq!(cut.incidents, whole.incidents, "seed {seed}");
    }
}

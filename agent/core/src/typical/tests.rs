use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn it_is_the_nearest_rank_of_the_last_samples(samples in prop::collection::vec(0u64..5_000_000, 0..400)) {
        let mut window = LatencyWindow::new();
        for us in &samples {
            window.push(Micros::new(*us));
        }
        let mut recent: Vec<u64> = samples.iter().rev().take(WINDOW).copied().collect();
        recent.sort_unstable();
        let expected = (recent.len() >= MIN_SAMPLES).then(|| {
            let rank = (recent.len() * 99).div_ceil(100);
            Millis::new(recent[rank - 1].div_ceil(1000).max(1).cast_signed())
        });
        prop_assert_eq!(window.p99(), expected);
    }
}

#[test]
fn a_latency_beyond_the_range_is_the_largest() {
    let mut window = LatencyWindow::new();
    for _ in 0..MIN_SAMPLES {
        window.push(Micros::new(u64::MAX));
    }
    assert_eq!(window.p99(), Some(Millis::new(4_294_968)));
}

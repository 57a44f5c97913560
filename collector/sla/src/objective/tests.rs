use quorate_model::{Micros, RegionId};

use super::{Kept, LatencyAnswer, LatencyObjective, judge_error_rate, judge_latency};
use crate::percent::Percent;

fn percent(text: &str) -> Percent {
    Percent::parse(text).expect("a percentage")
}

#[test]
fn latency_is_under_its_bound_or_missed() {
    let fra = RegionId::new("fra").expect("an id");
    let objective = |region: Option<&RegionId>, percentile: &str| LatencyObjective {
        percentile: percent(percentile),
        under: Micros::new(300_000),
        region: region.cloned(),
    };
    let answer = |region: Option<&RegionId>, percentile: &str, us, count| LatencyAnswer {
        region: region.cloned(),
        percentile: percent(percentile),
        value: Micros::new(us),
        count,
    };
    let answers = [
        answer(None, "95", 299_999, 10),
        answer(None, "99", 300_000, 10),
        answer(Some(&fra), "95", 1, 0),
        answer(Some(&fra), "99.9", 300_001, 1),
    ];
    for (region, percentile, expected) in [
        (None, "95", Kept::Met),
        (None, "99", Kept::Missed),
        (None, "99.9", Kept::NotMeasured),
        (Some(&fra), "95", Kept::NotMeasured),
        (Some(&fra), "99.9", Kept::Missed),
    ] {
        let results = judge_latency(&[objective(region, percentile)], &answers);
        assert_eq!(results.first().map(|result| result.kept), Some(expected), "{region:?} {percentile}");
    }
}

#[test]
fn an_error_rate_is_kept_at_its_bound() {
    for (failed, attempts, expected) in
        [(1, 1000, Kept::Met), (1, 999, Kept::Missed), (0, 1, Kept::Met), (0, 0, Kept::NotMeasured)]
    {
        assert_eq!(judge_error_rate(percent("0.1"), failed, attempts).kept, expected, "{failed}/{attempts}");
    }
}

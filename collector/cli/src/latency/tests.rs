use quorate_proto::api::RegionLatency;

use super::*;

fn figures(base_us: u64) -> Percentiles {
    Percentiles {
        count: 8_640,
        min_us: base_us / 2,
        p50_us: base_us,
        p90_us: base_us * 2,
        p95_us: base_us * 3,
        p99_us: base_us * 10,
        p999_us: base_us * 40,
        max_us: base_us * 100,
    }
}

#[test]
fn regions_stand_above_all_of_them_together() {
    let latency = Latency {
        check: "shop".to_owned(),
        from_ms: 1_795_546_985_250,
        to_ms: 1_795_633_385_250,
        overall: Some(figures(14_000)),
        regions: vec![RegionLatency { region: "fra".to_owned(), latency: figures(12_345) }],
    };
    insta::assert_snapshot!(render(&latency, &Look::plain()));
    let nothing = Latency { overall: None, regions: Vec::new(), ..latency };
    assert!(render(&nothing, &Look::plain()).contains("no right answer was measured"));
}

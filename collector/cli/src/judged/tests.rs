use super::*;

#[test]
fn percentages_are_truncated_never_rounded_up() {
    assert_eq!(percent(9_999_999, 10_000_000).as_deref(), Some("99.9999"));
    assert_eq!(percent(10_000_000, 10_000_000).as_deref(), Some("100.0000"));
    assert_eq!(percent(0, 0), None);
    assert_eq!(percent(i64::MAX, i64::MAX).as_deref(), Some("100.0000"));
}

#[test]
fn unknown_time_leaves_the_denominator_and_shows_as_coverage() {
    let check = JudgedCheck {
        check: "shop".to_owned(),
        from_ms: 0,
        to_ms: 1_000_000,
        segments: Vec::new(),
        down_ms: Spread { low: 90_000, point: 100_000, high: 110_000 },
        unknown_ms: 500_000,
        incidents: Vec::new(),
        single_vantage: false,
        counters: JudgedCounters::default(),
    };
    assert_eq!(Uptime::of(&check).text(), "80.0000 % (78.0000 to 82.0000), covered 50.0000 %");
    let nothing = JudgedCheck { unknown_ms: 1_000_000, ..check };
    assert_eq!(Uptime::of(&nothing).text(), "not measured");
}

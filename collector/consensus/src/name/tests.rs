use super::*;

#[track_caller]
fn check(start_ms: i64, previous: Option<&str>, expected: &str) {
    let check = CheckId::new("shop").expect("a plain word is an id");
    let previous = previous.map(IncidentId::new);
    let name = incident(&check, CollectorTime::from_millis(start_ms), previous.as_ref());
    assert_eq!(name.as_str(), expected);
}

#[test]
fn names_the_nearest_minute() {
    check(0, None, "shop-19700101T0000Z");
    check(29_999, None, "shop-19700101T0000Z");
    check(30_000, None, "shop-19700101T0001Z");
    check(-1, None, "shop-19700101T0000Z");
    check(-31_000, None, "shop-19691231T2359Z");
    check(951_782_400_000, None, "shop-20000229T0000Z");
    check(1_790_000_000_000, None, "shop-20260921T1413Z");
    check(4_107_542_399_000, None, "shop-21000301T0000Z");
}

#[test]
fn numbers_incidents_of_one_minute() {
    check(0, Some("shop-19700101T0000Z"), "shop-19700101T0000Z.2");
    check(0, Some("shop-19700101T0000Z.9"), "shop-19700101T0000Z.10");
    check(0, Some("shop-19691231T2359Z"), "shop-19700101T0000Z");
}

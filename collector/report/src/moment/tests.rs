use super::*;

#[test]
fn lengths_are_exact_to_the_millisecond() {
    let found = [0, 7, 1_000, 61_250, 3_600_000, 90_061_001, -500].map(span);
    let wanted = ["0 s", "7 ms", "1 s", "1 min 01.250 s", "1 h 00 min 00 s", "1 d 01 h 01 min 01.001 s", "-500 ms"];
    assert_eq!(found, wanted);
}

#[test]
fn moments_are_of_the_contracts_zone_and_say_so() {
    let berlin = Moments::new("Europe/Berlin");
    assert_eq!(berlin.second(1_790_805_600_000), "2026-10-01 00:00:00 CEST");
    assert_eq!(berlin.second(1_793_491_200_000), "2026-11-01 01:00:00 CET");
    assert_eq!(Moments::new("Nowhere/At all").minute(0), "1970-01-01 00:00");
    assert_eq!(machine(1), "1970-01-01T00:00:00.001Z");
    assert_eq!(latency(231_450), "231.4 ms");
}

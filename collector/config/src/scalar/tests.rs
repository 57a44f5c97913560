use super::*;
use proptest::prelude::*;

#[test]
fn durations() {
    let check = |text: &str, ms: Option<i64>| assert_eq!(duration(text).ok().map(Millis::get), ms, "{text}");
    check("10s", Some(10_000));
    check("800ms", Some(800));
    check("1h30m", Some(5_400_000));
    check("2d", Some(172_800_000));
    check("0s", Some(0));
    check("1d2h3m4s5ms", Some(93_784_005));
    for bad in ["", "10", "s", "10 s", "-1s", "1.5s", "30m1h", "1s1s", "10S", "1w", "9999999999999999d", "10s ", "ms"] {
        check(bad, None);
    }
}

#[test]
fn shares() {
    let check = |text: &str, ppm: Option<u32>| assert_eq!(share_ppm(text).ok(), ppm, "{text}");
    check("0.6", Some(600_000));
    check("1", Some(1_000_000));
    check("1.0", Some(1_000_000));
    check("60%", Some(600_000));
    check("99.95%", Some(999_500));
    check("99.9999%", Some(999_999));
    check("0.000001", Some(1));
    for bad in ["", "0", "0%", "1.1", "101%", "-0.5", ".5", "1.", "0.0000001", "99.99999%", "half", "1e-1", "%"] {
        check(bad, None);
    }
}

proptest! {
    #[test]
    fn a_written_duration_reads_back(ms in 0_i64..=i64::MAX) {
        prop_assert_eq!(duration(&format_duration(Millis::new(ms))), Ok(Millis::new(ms)));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,20}") {
        let _ = duration(&text).is_ok() | share_ppm(&text).is_ok();
    }
}

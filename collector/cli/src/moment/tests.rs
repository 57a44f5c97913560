use super::*;

/// 2026-11-25T19:03:05.250Z.
const NOW: CollectorTime = CollectorTime::from_millis(1_795_633_385_250);

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").expect("the zone database is bundled")
}

fn check(text: &str, zone: &TimeZone, expected: &str) {
    let at = parse(text, zone, NOW).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(show_millis(at.as_millis(), &TimeZone::UTC), expected, "{text}");
}

#[test]
fn every_form_of_a_time_is_read() {
    let utc = TimeZone::UTC;
    check("now", &utc, "2026-11-25 19:03:05.250");
    check("10m ago", &utc, "2026-11-25 18:53:05.250");
    check("1h30m ago", &utc, "2026-11-25 17:33:05.250");
    check("1795633385250", &utc, "2026-11-25 19:03:05.250");
    check("2026-11-25T19:03:05Z", &utc, "2026-11-25 19:03:05.000");
    check("2026-11-25T19:03:05.5+01:00", &utc, "2026-11-25 18:03:05.500");
    check("2026-11-25 19:03", &utc, "2026-11-25 19:03:00.000");
    check("2026-11-25 19:03", &berlin(), "2026-11-25 18:03:00.000");
    check("19:00", &utc, "2026-11-25 19:00:00.000");
    check("19:04", &utc, "2026-11-24 19:04:00.000");
    check("20:00:30", &berlin(), "2026-11-25 19:00:30.000");
}

#[test]
fn a_text_that_is_no_time_is_told_what_is_allowed() {
    for text in ["", "soon", "10 parrots ago", "25:00", "2026-13-01", "ago", "99999999999999999999"] {
        let error = parse(text, &TimeZone::UTC, NOW).expect_err(text);
        assert!(error.to_string().contains("RFC 3339"), "{error}");
    }
}

#[test]
fn spans_are_read_and_shown() {
    assert_eq!(span_ms("500ms"), Ok(500));
    assert_eq!(span_ms("1h30m"), Ok(5_400_000));
    assert_eq!(span_ms("2 d"), Ok(172_800_000));
    for text in ["", "5", "s", "5 years", "99999999999999d", "-5s"] {
        assert!(span_ms(text).is_err(), "{text}");
    }
    for (ms, expected) in [
        (0, "0 ms"),
        (999, "999 ms"),
        (12_340, "12.3 s"),
        (243_000, "4 min 03 s"),
        (11_100_000, "3 h 05 min"),
        (1_047_600_000, "12 d 03 h"),
        (-1_500, "-1.5 s"),
    ] {
        assert_eq!(show_span(ms), expected);
    }
    assert_eq!(show_micros(1_234), "1.234 ms");
    assert_eq!(show_micros(123_456), "123.4 ms");
    assert_eq!(show_micros(3_000_000), "3000 ms");
}

#[test]
fn times_no_calendar_knows_are_shown_raw() {
    assert_eq!(show_seconds(i64::MAX, &TimeZone::UTC), format!("{} ms", i64::MAX));
}

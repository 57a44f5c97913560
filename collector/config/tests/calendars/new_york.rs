//! `America/New_York`: -05:00, in summer -04:00. In 2026 the clock goes forward at 2026-03-08T07:00Z, from 02:00 to 03:00, and back at
//! 2026-11-01T06:00Z, from 02:00 to 01:00: three weeks before and one week after Europe.

use crate::case;

#[track_caller]
fn check(terms: &str, lines: &str, period: &str, expected: &str) {
    case::check("America/New_York", terms, lines, period, expected);
}

#[test]
fn months_are_an_hour_longer_or_shorter() {
    let month = "window: calendar_month";
    check(month, "", "2026-03", "start 2026-03-01T05:00:00Z end 2026-04-01T04:00:00Z total 2674800000");
    // 30 * 24 + 1 = 721 h = 2,595,600 s; 0.05 % of it are 1,297.8 s.
    check(
        month,
        "down 2026-11-01T01:30-05:00 1297s800ms",
        "2026-11",
        "start 2026-11-01T04:00:00Z end 2026-12-01T05:00:00Z total 2595600000 point 99.9500 breach none credit 0",
    );
    check(month, "down 2026-11-01T01:30-05:00 1297s801ms", "2026-11", "point 99.9499 breach certain credit 10");
    // October ends before the change: 744 h.
    check(month, "", "2026-10", "total 2678400000");
}

#[test]
fn the_nights_are_not_those_of_europe() {
    let day = "window: calendar_day";
    check(day, "", "2026-03-29", "total 86400000");
    check(day, "", "2026-10-25", "total 86400000");
    check(day, "", "2026-03-08", "start 2026-03-08T05:00:00Z end 2026-03-09T04:00:00Z total 82800000");
    // Both half past one, 45 min each: 90 of 1,500 min are 6 %.
    check(
        day,
        "down 2026-11-01T01:30-04:00 45m; down 2026-11-01T01:30-05:00 45m",
        "2026-11-01",
        "start 2026-11-01T04:00:00Z end 2026-11-02T05:00:00Z total 90000000 down 5400000 point 94.0000 credit 100",
    );
}

#[test]
fn an_hour_comes_twice_and_another_never() {
    let hour = "window: calendar_hour";
    // From 01:00-04:00 (05:00Z) to 02:00-05:00 (07:00Z); 6 of 120 min are 5 %.
    check(
        hour,
        "down 2026-11-01T01:00-05:00 6m",
        "2026-11-01T01",
        "start 2026-11-01T05:00:00Z end 2026-11-01T07:00:00Z total 7200000 point 95.0000 credit 25",
    );
    check(hour, "down 2026-11-01T01:00-05:00 6m1ms", "2026-11-01T01", "point 94.9999 credit 100");
    case::refused("America/New_York", hour, "2026-03-08T02", "skips this hour");
}

#[test]
fn longer_windows_hold_what_their_days_hold() {
    // Monday 2026-03-02 to Sunday 2026-03-08: 167 h; Monday 2026-10-26 to Sunday 2026-11-01: 169 h.
    check("window: calendar_week", "", "2026-W10", "total 601200000");
    check("window: calendar_week", "", "2026-W44", "total 608400000");
    check(
        "window: calendar_quarter",
        "",
        "2026-Q4",
        "start 2026-10-01T04:00:00Z end 2027-01-01T05:00:00Z total 7952400000",
    );
    // 7 February to 8 March: 30 d - 1 h.
    check(
        "window: {rolling_days: 30}",
        "",
        "2026-03-08",
        "start 2026-02-07T05:00:00Z end 2026-03-09T04:00:00Z total 2588400000",
    );
    // 31 October to 30 November: 30 d + 1 h.
    let billing = "window: {billing_month: {anchor_day: 31}}";
    check(billing, "", "2026-10", "start 2026-10-31T04:00:00Z end 2026-11-30T05:00:00Z total 2595600000");
}

#[test]
fn work_at_half_past_two_and_half_past_one() {
    let work = |start: &str, end: &str, rule: &str| {
        format!(
            "exclusions: [{{class: maintenance, start: \"{start}\", end: \"{end}\", announced_at: \"2026-01-01T00:00:00Z\", recurrence: {rule}}}]"
        )
    };
    // Second Sundays: 02:30 is skipped on 8 March, so the hour is 03:00 to 04:00 in summer time.
    let second = work("2026-01-11T02:30:00-05:00", "2026-01-11T03:30:00-05:00", "FREQ=MONTHLY;BYDAY=2SU");
    check(&second, "down 2026-03-08T03:00-04:00 1h", "2026-03", "excluded 3600000 down 0");
    check(&second, "down 2026-03-08T01:30-05:00 30m", "2026-03", "excluded 3600000 down 1800000");
    // First Sundays: on 1 November 02:30 comes once, after the change, and 01:30 twice, of which the first counts.
    let half_past_two = work("2026-01-04T02:30:00-05:00", "2026-01-04T03:30:00-05:00", "FREQ=MONTHLY;BYDAY=1SU");
    check(&half_past_two, "down 2026-11-01T02:30-05:00 1h", "2026-11", "excluded 3600000 down 0");
    let half_past_one = work("2026-01-04T01:30:00-05:00", "2026-01-04T02:30:00-05:00", "FREQ=MONTHLY;BYDAY=1SU");
    check(&half_past_one, "down 2026-11-01T01:30-04:00 1h", "2026-11", "excluded 3600000 down 0");
    check(&half_past_one, "down 2026-11-01T01:30-05:00 1h", "2026-11", "excluded 3600000 down 3600000");
}

#[test]
fn leap_days_are_days() {
    // 29 d = 2,505,600 s; 0.05 % of it are 1,252.8 s.
    check(
        "window: calendar_month",
        "down 2028-02-29T12:00-05:00 1252s800ms",
        "2028-02",
        "total 2505600000 point 99.9500 breach none",
    );
    check(
        "window: calendar_month",
        "down 2028-02-29T12:00-05:00 1252s801ms",
        "2028-02",
        "point 99.9499 breach certain",
    );
    check("window: calendar_day", "", "2028-02-29", "start 2028-02-29T05:00:00Z end 2028-03-01T05:00:00Z");
    case::refused("America/New_York", "window: calendar_day", "2027-02-29", "not in the calendar");
    // 366 d; 0.05 % of 31,622,400 s are 15,811.2 s.
    check(
        "window: calendar_year",
        "down 2028-02-29T12:00-05:00 15811s200ms",
        "2028",
        "total 31622400000 point 99.9500 breach none",
    );
    check("window: calendar_year", "down 2028-02-29T12:00-05:00 15811s201ms", "2028", "breach certain credit 10");
}

#[test]
fn nights_are_as_long_as_they_were() {
    let nights = "window: calendar_week, service_hours: [{days: [sat], from: \"22:00\", to: \"06:00\"}]";
    check(nights, "", "2026-W44", "up 32400000");
    check(nights, "", "2026-W10", "up 25200000");
    // 15 min before six o'clock count; of 9 h they are 2.77777 %.
    check(nights, "down 2026-11-01T05:45-05:00 30m", "2026-W44", "down 900000 point 97.2222");
    check("window: calendar_month", "", "2026-02", "claim_before 2026-03-31T04:00:00Z");
}

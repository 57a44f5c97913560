//! `Australia/Lord_Howe`: +10:30, in summer +11:00. In 2026 the clock goes back half an hour at 2026-04-04T15:00Z, from 02:00 to 01:30
//! of 5 April, and forward at 2026-10-03T15:30Z, from 02:00 to 02:30 of 4 October.

use crate::case::check as check_in;

#[track_caller]
fn check(terms: &str, lines: &str, period: &str, expected: &str) {
    check_in("Australia/Lord_Howe", terms, lines, period, expected);
}

#[test]
fn days_have_half_an_hour_more_or_less() {
    let day = "window: calendar_day";
    // The outage lasts from the first 01:45 to the second; 30 of 1,470 min are 2.04081 %.
    check(
        day,
        "down 2026-04-05T01:45+11:00 30m",
        "2026-04-05",
        "start 2026-04-04T13:00:00Z end 2026-04-05T13:30:00Z total 88200000 down 1800000 point 97.9591 credit 25",
    );
    // From 01:45 to 02:45 on the clock is half an hour; 30 of 1,410 min are 2.12765 %.
    check(
        day,
        "down 2026-10-04T01:45+10:30 30m",
        "2026-10-04",
        "start 2026-10-03T13:30:00Z end 2026-10-04T13:00:00Z total 84600000 down 1800000 point 97.8723 credit 25",
    );
}

#[test]
fn an_hour_has_ninety_minutes_and_another_thirty() {
    let hour = "window: calendar_hour";
    // 01:00+11:00 is 14:00Z, 02:00+10:30 is 15:30Z; the half hour repeated is a third of it.
    check(
        hour,
        "down 2026-04-05T01:30+10:30 30m",
        "2026-04-05T01",
        "start 2026-04-04T14:00:00Z end 2026-04-04T15:30:00Z total 5400000 down 1800000 point 66.6666 credit 100",
    );
    // 02:30 to 03:00; 90 of 1,800 s are 5 %.
    check(
        hour,
        "down 2026-10-04T02:45+11:00 90s",
        "2026-10-04T02",
        "start 2026-10-03T15:30:00Z end 2026-10-03T16:00:00Z total 1800000 point 95.0000 credit 25",
    );
}

#[test]
fn months_have_half_an_hour_more_or_less() {
    let month = "window: calendar_month";
    // 720.5 h = 2,593,800 s; 0.05 % of it are 1,296.9 s.
    check(
        month,
        "down 2026-04-05T01:45+11:00 1296s900ms",
        "2026-04",
        "start 2026-03-31T13:00:00Z end 2026-04-30T13:30:00Z total 2593800000 point 99.9500 breach none credit 0",
    );
    check(month, "down 2026-04-05T01:45+11:00 1296s901ms", "2026-04", "point 99.9499 breach certain credit 10");
    // 743.5 h = 2,676,600 s; 0.05 % of it are 1,338.3 s.
    check(
        month,
        "down 2026-10-04T01:45+10:30 1338s300ms",
        "2026-10",
        "start 2026-09-30T13:30:00Z end 2026-10-31T13:00:00Z total 2676600000 point 99.9500 breach none credit 0",
    );
    check(month, "down 2026-10-04T01:45+10:30 1338s301ms", "2026-10", "point 99.9499 breach certain credit 10");
    // 30 + 31 + 30 d + 30 min.
    check("window: calendar_quarter", "", "2026-Q2", "end 2026-06-30T13:30:00Z total 7864200000");
}

#[test]
fn work_comes_once_where_its_time_comes_twice_or_never() {
    let sundays = |start: &str, end: &str| {
        format!(
            "exclusions: [{{class: maintenance, start: \"{start}\", end: \"{end}\", announced_at: \"2026-01-01T00:00:00Z\", recurrence: FREQ=WEEKLY}}]"
        )
    };
    // Four Sundays in April; of 01:45 twice it is the first: 14:45Z to 15:15Z, which the clock shows as 01:45 again.
    let quarter_to_two = sundays("2026-03-29T01:45:00+11:00", "2026-03-29T02:15:00+11:00");
    check(&quarter_to_two, "down 2026-04-05T01:45+11:00 30m", "2026-04", "excluded 7200000 down 0");
    check(&quarter_to_two, "down 2026-04-05T01:45+10:30 15m", "2026-04", "excluded 7200000 down 900000");
    // Four Sundays in October; 02:15 is skipped on the 4th, so it is 02:30 to 03:00.
    let quarter_past_two = sundays("2026-03-29T02:15:00+11:00", "2026-03-29T02:45:00+11:00");
    check(&quarter_past_two, "down 2026-10-04T02:30+11:00 30m", "2026-10", "excluded 7200000 down 0");
    check(&quarter_past_two, "down 2026-10-11T02:30+11:00 30m", "2026-10", "excluded 7200000 down 900000");
}

#[test]
fn two_hours_of_service_last_longer_or_shorter() {
    let early = "window: calendar_week, service_hours: [{days: [sun], from: \"01:00\", to: \"03:00\"}]";
    // 14:00Z to 16:30Z, and 14:30Z to 16:00Z.
    check(early, "", "2026-W14", "up 9000000");
    check(early, "", "2026-W40", "up 5400000");
    // 9 of 90 min are 10 %.
    check(early, "down 2026-10-04T01:55+10:30 9m", "2026-W40", "down 540000 point 90.0000 credit 100");
}

#[test]
fn a_share_of_the_fee_is_a_share_of_the_real_day() {
    // 49 of 1,470 min are a thirtieth.
    let proportional = "window: calendar_day, credit: {proportional: true}";
    check(proportional, "down 2026-04-05T12:00+10:30 49m", "2026-04-05", "point 96.6666 credit 3.3333");
}

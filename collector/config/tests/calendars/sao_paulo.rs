//! `America/Sao_Paulo` in 2018: -03:00, in summer -02:00. The clock went back at 2018-02-18T02:00Z, from midnight to 23:00 of the 17th, and
//! forward at 2018-11-04T03:00Z, from midnight to 01:00: 4 November had no midnight.

use crate::case;

const SAO_PAULO: &str = "America/Sao_Paulo";

#[track_caller]
fn check(terms: &str, lines: &str, period: &str, expected: &str) {
    case::check(SAO_PAULO, terms, lines, period, expected);
}

#[test]
fn a_day_without_midnight_begins_at_one() {
    let day = "window: calendar_day";
    // 15 min on each side: of 1,380 min they are 1.08695 %, of 1,440 min 1.04166 %.
    let across = "down 2018-11-03T23:45-03:00 30m";
    check(
        day,
        across,
        "2018-11-04",
        "start 2018-11-04T03:00:00Z end 2018-11-05T02:00:00Z total 82800000 down 900000 point 98.9130 credit 25",
    );
    check(day, across, "2018-11-03", "end 2018-11-04T03:00:00Z total 86400000 down 900000 point 98.9583 credit 25");
    case::refused(SAO_PAULO, "window: calendar_hour", "2018-11-04T00", "skips this hour");
    check("window: calendar_hour", across, "2018-11-04T01", "start 2018-11-04T03:00:00Z point 75.0000");
}

#[test]
fn a_day_has_its_last_hour_twice() {
    check(
        "window: calendar_day",
        "",
        "2018-02-17",
        "start 2018-02-17T02:00:00Z end 2018-02-18T03:00:00Z total 90000000",
    );
    // 23:00-02:00 is 01:00Z, midnight is 03:00Z; 12 of 120 min are 10 %.
    check(
        "window: calendar_hour",
        "down 2018-02-17T23:30-03:00 12m",
        "2018-02-17T23",
        "start 2018-02-18T01:00:00Z end 2018-02-18T03:00:00Z total 7200000 point 90.0000 credit 100",
    );
}

#[test]
fn months_and_quarters_have_their_real_length() {
    let month = "window: calendar_month";
    // 28 d + 1 h = 2,422,800 s; 0.05 % of it are 1,211.4 s.
    check(
        month,
        "down 2018-02-17T23:30-03:00 1211s400ms",
        "2018-02",
        "start 2018-02-01T02:00:00Z end 2018-03-01T03:00:00Z total 2422800000 point 99.9500 breach none",
    );
    check(month, "down 2018-02-17T23:30-03:00 1211s401ms", "2018-02", "point 99.9499 breach certain credit 10");
    check(month, "", "2018-11", "start 2018-11-01T03:00:00Z end 2018-12-01T02:00:00Z total 2588400000");
    check("window: calendar_quarter", "", "2018-Q4", "total 7945200000");
}

#[test]
fn work_at_a_time_that_is_skipped_or_repeated() {
    let weekly = |start: &str, end: &str| {
        format!(
            "exclusions: [{{class: maintenance, start: \"{start}\", end: \"{end}\", announced_at: \"2018-01-01T00:00:00Z\", recurrence: FREQ=WEEKLY}}]"
        )
    };
    // Four Sundays in November; on the 4th half past midnight is skipped, so it is 01:00 to 02:00.
    let sundays = weekly("2018-10-28T00:30:00-03:00", "2018-10-28T01:30:00-03:00");
    check(&sundays, "down 2018-11-04T01:00-02:00 1h", "2018-11", "excluded 14400000 down 0");
    // Four Saturdays in February; on the 17th 23:30 comes twice, and it is the first: 01:30Z to 02:30Z.
    let saturdays = weekly("2018-02-03T23:30:00-02:00", "2018-02-04T00:30:00-02:00");
    check(&saturdays, "down 2018-02-17T23:30-02:00 1h", "2018-02", "excluded 14400000 down 0");
    check(&saturdays, "down 2018-02-17T23:30-03:00 1h", "2018-02", "excluded 14400000 down 3600000");
}

#[test]
fn service_hours_reach_over_the_change() {
    // From 01:00 on the clock: 5 h. From 18:00 to the midnight after the hour repeated: 7 h. From 22:00 to 02:00: 5 h.
    let hours = |day: &str, from: &str, to: &str| {
        format!("window: calendar_week, service_hours: [{{days: [{day}], from: \"{from}\", to: \"{to}\"}}]")
    };
    check(&hours("sun", "00:00", "06:00"), "", "2018-W44", "up 18000000");
    check(&hours("sat", "18:00", "24:00"), "", "2018-W07", "up 25200000");
    check(&hours("sat", "22:00", "02:00"), "", "2018-W07", "up 18000000");
}

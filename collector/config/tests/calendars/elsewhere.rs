//! Clocks that are set otherwise: by two hours, for a month, a minute after midnight.

use crate::case::{check, refused};

/// Antarctica/Troll: +00:00, in summer +02:00. In 2026 forward at 2026-03-29T01:00Z, from 01:00 to 03:00; back at 2026-10-25T01:00Z, from
/// 03:00 to 01:00.
#[test]
fn a_clock_set_by_two_hours() {
    let zone = "Antarctica/Troll";
    refused(zone, "window: calendar_hour", "2026-03-29T01", "skips this hour");
    refused(zone, "window: calendar_hour", "2026-03-29T02", "skips this hour");
    check(zone, "window: calendar_day", "", "2026-03-29", "total 79200000");
    // 26 h; 39 of 1,560 min are 2.5 %.
    check(
        zone,
        "window: calendar_day",
        "down 2026-10-25T01:30+00:00 39m",
        "2026-10-25",
        "total 93600000 point 97.5000",
    );
    // 01:00 to 02:00 as the clock shows it first. What follows is past two, though it shows less again: up to 03:00+00:00.
    check(zone, "window: calendar_hour", "", "2026-10-25T01", "start 2026-10-24T23:00:00Z end 2026-10-25T00:00:00Z");
    check(
        zone,
        "window: calendar_hour",
        "down 2026-10-25T01:30+00:00 18m",
        "2026-10-25T02",
        "start 2026-10-25T00:00:00Z end 2026-10-25T03:00:00Z total 10800000 point 90.0000",
    );
}

/// Africa/Casablanca: +01:00, in the month of Ramadan +00:00. In 2026 back at 2026-02-15T02:00Z, from 03:00 to 02:00; forward at
/// 2026-03-22T02:00Z, from 02:00 to 03:00.
#[test]
fn a_clock_set_back_in_february() {
    let zone = "Africa/Casablanca";
    // 28 d + 1 h = 2,422,800 s; 0.05 % of it are 1,211.4 s.
    let month = "window: calendar_month";
    check(
        zone,
        month,
        "down 2026-02-15T02:30+00:00 1211s400ms",
        "2026-02",
        "start 2026-01-31T23:00:00Z end 2026-03-01T00:00:00Z total 2422800000 point 99.9500 breach none",
    );
    check(zone, month, "down 2026-02-15T02:30+00:00 1211s401ms", "2026-02", "point 99.9499 breach certain");
    check(zone, month, "", "2026-03", "start 2026-03-01T00:00:00Z end 2026-03-31T23:00:00Z total 2674800000");
    refused(zone, "window: calendar_hour", "2026-03-22T02", "skips this hour");
}

/// `America/St_Johns` in 2009: -03:30, in summer -02:30. Back at 2009-11-01T02:31Z, from 00:01 of 1 November to 23:01 of 31 October.
#[test]
fn a_clock_set_back_over_midnight() {
    let zone = "America/St_Johns";
    // The month begins with the first midnight, and keeps what follows: October has its 31 d and - as summer time ends in November -
    // no hour more; November has 30 d + 1 h.
    let across = "down 2009-10-31T23:01-03:30 30m";
    let month = "window: calendar_month";
    check(
        zone,
        month,
        across,
        "2009-10",
        "start 2009-10-01T02:30:00Z end 2009-11-01T02:30:00Z total 2678400000 down 0",
    );
    check(
        zone,
        month,
        across,
        "2009-11",
        "start 2009-11-01T02:30:00Z end 2009-12-01T03:30:00Z total 2595600000 down 1800000",
    );
    check(zone, "window: calendar_day", across, "2009-11-01", "end 2009-11-02T03:30:00Z total 90000000 down 1800000");
    // 02:30Z to 04:30Z; 30 of 120 min are 25 %.
    check(
        zone,
        "window: calendar_hour",
        across,
        "2009-11-01T00",
        "end 2009-11-01T04:30:00Z total 7200000 point 75.0000",
    );
    // Sunday's first hour, cut by a window that ends while the clock shows Saturday again.
    let hours = "window: calendar_week, service_hours: [{days: [sun], from: \"00:00\", to: \"01:00\"}]";
    check(zone, hours, across, "2009-W44", "up 5400000 down 1800000 point 75.0000");
}

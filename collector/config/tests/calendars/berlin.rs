//! Europe/Berlin: +01:00, in summer +02:00. In 2026 the clock goes forward at 2026-03-29T01:00Z, from 02:00 to 03:00, and back at
//! 2026-10-25T01:00Z, from 03:00 to 02:00.

use crate::case;

#[track_caller]
fn check(terms: &str, lines: &str, period: &str, expected: &str) {
    case::check("Europe/Berlin", terms, lines, period, expected);
}

#[test]
fn months_are_an_hour_longer_or_shorter() {
    let month = "window: calendar_month";
    // 31 * 24 + 1 = 745 h = 2,682,000 s; 0.05 % of it are 1,341 s.
    check(
        month,
        "down 2026-10-25T02:30+02:00 1341s",
        "2026-10",
        "start 2026-09-30T22:00:00Z end 2026-10-31T23:00:00Z total 2682000000 down 1341000 point 99.9500 breach none credit 0",
    );
    check(
        month,
        "down 2026-10-25T02:30+02:00 1341s1ms",
        "2026-10",
        "down 1341001 point 99.9499 breach certain credit 10",
    );
    // 31 * 24 - 1 = 743 h = 2,674,800 s; 0.05 % of it are 1,337.4 s.
    check(
        month,
        "down 2026-03-29T01:59+01:00 1337s400ms",
        "2026-03",
        "start 2026-02-28T23:00:00Z end 2026-03-31T22:00:00Z total 2674800000 point 99.9500 breach none credit 0",
    );
    check(month, "down 2026-03-29T01:59+01:00 1337s401ms", "2026-03", "point 99.9499 breach certain credit 10");
}

#[test]
fn days_have_25_and_23_hours() {
    let day = "window: calendar_day";
    // Both half past two, 15 min each: 30 of 1,500 min are 2 %.
    check(
        day,
        "down 2026-10-25T02:30+02:00 15m; down 2026-10-25T02:30+01:00 15m",
        "2026-10-25",
        "start 2026-10-24T22:00:00Z end 2026-10-25T23:00:00Z total 90000000 down 1800000 point 98.0000 breach certain credit 25",
    );
    // From 01:30 to 03:30 on the clock is one hour; 60 of 1,380 min are 4.34782 %.
    check(
        day,
        "down 2026-03-29T01:30+01:00 1h",
        "2026-03-29",
        "start 2026-03-28T23:00:00Z end 2026-03-29T22:00:00Z total 82800000 down 3600000 point 95.6521 credit 25",
    );
    // The midnights beside them are 24 h apart.
    check(day, "", "2026-10-26", "start 2026-10-25T23:00:00Z total 86400000 point 100.0000 breach none");
}

#[test]
fn an_hour_comes_twice_and_another_never() {
    let hour = "window: calendar_hour";
    // From the first 02:00 (00:00Z) to 03:00 (02:00Z); 30 of 120 min are 25 %.
    check(
        hour,
        "down 2026-10-25T02:45+02:00 30m",
        "2026-10-25T02",
        "start 2026-10-25T00:00:00Z end 2026-10-25T02:00:00Z total 7200000 down 1800000 point 75.0000 credit 100",
    );
    check(hour, "", "2026-10-25T03", "start 2026-10-25T02:00:00Z total 3600000");
    case::refused("Europe/Berlin", hour, "2026-03-29T02", "skips this hour");
    check(hour, "", "2026-03-29T03", "start 2026-03-29T01:00:00Z end 2026-03-29T02:00:00Z");
}

#[test]
fn longer_windows_hold_what_their_days_hold() {
    // 31 + 28 + 31 = 90 d - 1 h; 31 + 30 + 31 = 92 d + 1 h; the whole year has both changes.
    check("window: calendar_quarter", "", "2026-Q1", "total 7772400000 end 2026-03-31T22:00:00Z");
    check("window: calendar_quarter", "", "2026-Q4", "total 7952400000 start 2026-09-30T22:00:00Z");
    check("window: calendar_year", "", "2026", "total 31536000000 start 2025-12-31T23:00:00Z");
    // Monday 2026-10-19 to Sunday 2026-10-25: 7 * 24 + 1 = 169 h. The outage begins a second before Monday.
    let edge = "down 2026-10-18T23:59:59+02:00 2s";
    check("window: calendar_week", edge, "2026-W43", "start 2026-10-18T22:00:00Z total 608400000 down 1000");
    check("window: {rolling_days: 7}", edge, "2026-10-25", "end 2026-10-25T23:00:00Z total 608400000 down 1000");
    // February has no 31: from the 28th to 31 March, 31 d - 1 h. From 30 September to 31 October, 31 d + 1 h.
    let billing = "window: {billing_month: {anchor_day: 31}}";
    check(billing, "", "2026-02", "start 2026-02-27T23:00:00Z end 2026-03-30T22:00:00Z total 2674800000");
    check(billing, "", "2026-09", "start 2026-09-29T22:00:00Z end 2026-10-30T23:00:00Z total 2682000000");
}

#[test]
fn work_at_half_past_two_comes_in_both_nights() {
    let last_sundays = "exclusions: [{class: maintenance, start: \"2026-01-25T02:30:00+01:00\", end: \"2026-01-25T03:30:00+01:00\", \
                        announced_at: \"2026-01-01T00:00:00Z\", recurrence: FREQ=MONTHLY;BYDAY=-1SU}]";
    // 02:30 is skipped, so the hour begins with the change: 03:00 to 04:00 in summer time.
    check(last_sundays, "down 2026-03-29T03:00+02:00 1h", "2026-03", "excluded 3600000 down 0 breach none");
    check(last_sundays, "down 2026-03-29T03:30+02:00 1h", "2026-03", "excluded 3600000 down 1800000");
    // 02:30 comes twice, so the hour begins with the first and ends with the second.
    check(last_sundays, "down 2026-10-25T02:30+02:00 1h", "2026-10", "excluded 3600000 down 0 breach none");
    // 1 of 745 - 1 h is 0.13440 %.
    check(
        last_sundays,
        "down 2026-10-25T02:30+01:00 1h",
        "2026-10",
        "excluded 3600000 down 3600000 point 99.8655 credit 10",
    );
}

#[test]
fn work_that_begins_in_the_hour_repeated_begins_there() {
    let weekly = "exclusions: [{class: maintenance, start: \"2026-10-25T02:30:00+01:00\", end: \"2026-10-25T03:30:00+01:00\", \
                  announced_at: \"2026-10-01T00:00:00Z\", recurrence: FREQ=WEEKLY;COUNT=2}]";
    check(weekly, "down 2026-10-25T02:30+01:00 1h", "2026-10", "excluded 3600000 down 0 breach none");
    check(weekly, "down 2026-11-01T02:30+01:00 1h", "2026-11", "excluded 3600000 down 0 breach none");
}

#[test]
fn caps_are_those_of_local_months() {
    let capped = "maintenance: {cap_per_month: 2h}, exclusions: [\
                  {class: maintenance, start: \"2026-10-10T01:00:00+02:00\", end: \"2026-10-10T02:00:00+02:00\", announced_at: \"2026-10-01T00:00:00Z\"}, \
                  {class: maintenance, start: \"2026-10-31T23:00:00+01:00\", end: \"2026-11-01T01:00:00+01:00\", announced_at: \"2026-10-02T00:00:00Z\"}]";
    // October: 1 h and the hour before midnight, just 2 h. By UTC, whose midnight is later, it would be 3.
    check(capped, "down 2026-10-31T23:00+01:00 2h", "2026-10", "excluded 7200000 down 0");
    check(capped, "down 2026-10-31T23:00+01:00 2h", "2026-11", "excluded 3600000 down 0");
}

#[test]
fn service_hours_follow_the_clock() {
    let office = "service_hours: [{days: [mon, tue, wed, thu, fri], from: \"08:00\", to: \"20:00\"}]";
    // 22 working days of 12 h; half an hour of each outage lies after 08:00; 1 of 264 h is 0.37878 %.
    check(
        office,
        "down 2026-10-23T07:30+02:00 1h; down 2026-10-26T07:30+01:00 1h",
        "2026-10",
        "up 946800000 down 3600000 excluded 1731600000 point 99.6212 credit 10",
    );
    let early = "window: calendar_week, service_hours: [{days: [sun], from: \"00:00\", to: \"06:00\"}]";
    check(early, "", "2026-W43", "up 25200000");
    check(early, "", "2026-W13", "up 18000000");
}

#[test]
fn a_claim_is_due_at_the_same_local_time() {
    // 30 dates after 2026-03-01T00:00+01:00 it is 2026-03-31T00:00+02:00.
    check("window: calendar_month", "", "2026-02", "end 2026-02-28T23:00:00Z claim_before 2026-03-30T22:00:00Z");
}

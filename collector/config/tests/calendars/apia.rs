//! Pacific/Apia in 2011: -10:00 in summer, up to 2011-12-30T10:00Z, when 29 December ended and 31 December began at +14:00. There was
//! no 30 December.

use crate::case;

const APIA: &str = "Pacific/Apia";

#[track_caller]
fn check(terms: &str, lines: &str, period: &str, expected: &str) {
    case::check(APIA, terms, lines, period, expected);
}

/// From 23:30 of the 29th to 00:30 of the 31st.
const ACROSS: &str = "down 2011-12-29T23:30-10:00 1h";

#[test]
fn a_day_that_was_left_out_is_no_period() {
    case::refused(APIA, "window: calendar_day", "2011-12-30", "skips this day");
    case::refused(APIA, "window: {rolling_days: 1}", "2011-12-30", "skips this day");
    case::refused(APIA, "window: {rolling_days: 30}", "2011-12-30", "skips this day");
    case::refused(APIA, "window: calendar_hour", "2011-12-30T12", "skips this hour");
}

#[test]
fn the_days_beside_it_meet() {
    let day = "window: calendar_day";
    // 30 of 1,440 min are 2.08333 %.
    check(
        day,
        ACROSS,
        "2011-12-29",
        "start 2011-12-29T10:00:00Z end 2011-12-30T10:00:00Z total 86400000 down 1800000 point 97.9166 credit 25",
    );
    check(
        day,
        ACROSS,
        "2011-12-31",
        "start 2011-12-30T10:00:00Z end 2011-12-31T10:00:00Z total 86400000 down 1800000 point 97.9166 credit 25",
    );
    check("window: calendar_hour", ACROSS, "2011-12-29T23", "end 2011-12-30T10:00:00Z point 50.0000");
    check("window: calendar_hour", ACROSS, "2011-12-31T00", "start 2011-12-30T10:00:00Z point 50.0000");
}

#[test]
fn longer_windows_are_a_day_shorter() {
    // 30 d = 2,592,000 s; an hour of it is 0.13888 %.
    check(
        "window: calendar_month",
        ACROSS,
        "2011-12",
        "start 2011-12-01T10:00:00Z end 2011-12-31T10:00:00Z total 2592000000 down 3600000 point 99.8611 credit 10",
    );
    check("window: calendar_month", "down 2011-12-29T23:50-10:00 1296s", "2011-12", "point 99.9500 breach none");
    check("window: calendar_month", "down 2011-12-29T23:50-10:00 1296s1ms", "2011-12", "point 99.9499 breach certain");
    // Monday the 26th to Sunday 1 January: 6 d; October to December: 91 d; the year: 364 d.
    check(
        "window: calendar_week",
        "",
        "2011-W52",
        "start 2011-12-26T10:00:00Z end 2012-01-01T10:00:00Z total 518400000",
    );
    check("window: calendar_quarter", "", "2011-Q4", "total 7862400000");
    check("window: calendar_year", "", "2011", "start 2011-01-01T10:00:00Z end 2011-12-31T10:00:00Z total 31449600000");
    // Rolling days go by date: the 25th to the 31st are six that took place.
    check(
        "window: {rolling_days: 7}",
        "",
        "2011-12-31",
        "start 2011-12-25T10:00:00Z end 2011-12-31T10:00:00Z total 518400000",
    );
}

#[test]
fn a_month_that_would_begin_on_it_begins_behind_it() {
    let billing = "window: {billing_month: {anchor_day: 30}}";
    check(
        billing,
        ACROSS,
        "2011-11",
        "start 2011-11-30T10:00:00Z end 2011-12-30T10:00:00Z total 2592000000 down 1800000",
    );
    check(
        billing,
        ACROSS,
        "2011-12",
        "start 2011-12-30T10:00:00Z end 2012-01-29T10:00:00Z total 2592000000 down 1800000",
    );
}

#[test]
fn its_hours_of_service_were_not_served() {
    let fridays = "window: calendar_week, service_hours: [{days: [fri], from: \"08:00\", to: \"20:00\"}]";
    check(fridays, ACROSS, "2011-W52", "up 0 down 0 excluded 518400000 point none breach none credit 0");
    // Monday to Thursday, 12 h each.
    let office =
        "window: calendar_week, service_hours: [{days: [mon, tue, wed, thu, fri], from: \"08:00\", to: \"20:00\"}]";
    check(office, "", "2011-W52", "up 172800000");
}

#[test]
fn days_of_service_are_out_of_those_that_took_place() {
    // 3 of 30 days.
    let days = "objectives: {availability: 99.9%}, credit: {service_days: [{below: 99.9%, days: 3}]}";
    check(days, ACROSS, "2011-12", "point 99.8611 credit 10");
}

#[test]
fn work_over_the_end_of_the_year_is_of_both_months() {
    // 2012-01-01T00:00+14:00 is 2011-12-31T10:00Z: an hour on each side.
    let work = "maintenance: {cap_per_month: 1h}, exclusions: [{class: maintenance, start: \"2011-12-31T23:00:00+14:00\", \
                end: \"2012-01-01T01:00:00+14:00\", announced_at: \"2011-12-01T00:00:00Z\"}]";
    check(work, "down 2011-12-31T23:00+14:00 2h", "2011-12", "excluded 3600000 down 0");
    check(work, "down 2011-12-31T23:00+14:00 2h", "2012-01", "excluded 3600000 down 0");
}

//! Asia/Kathmandu: +05:45 all year, since the clock went forward at 1985-12-31T18:30Z, from 00:00 to 00:15 of 1 January 1986.

use crate::case::check as check_in;

#[track_caller]
fn check(terms: &str, lines: &str, period: &str, expected: &str) {
    check_in("Asia/Kathmandu", terms, lines, period, expected);
}

#[test]
fn hours_begin_a_quarter_past_those_of_utc() {
    let hour = "window: calendar_hour";
    // 30 s on each side; of 3,600 s they are 0.83333 %.
    let edge = "down 2026-10-04T13:59:30+05:45 60s";
    check(
        hour,
        edge,
        "2026-10-04T13",
        "start 2026-10-04T07:15:00Z end 2026-10-04T08:15:00Z down 30000 point 99.1666 breach certain credit 10",
    );
    check(hour, edge, "2026-10-04T14", "start 2026-10-04T08:15:00Z down 30000 point 99.1666");
    check("window: calendar_day", "", "2026-10-04", "start 2026-10-03T18:15:00Z end 2026-10-04T18:15:00Z");
    check(
        "window: calendar_month",
        "",
        "2026-10",
        "start 2026-09-30T18:15:00Z end 2026-10-31T18:15:00Z total 2678400000",
    );
}

#[test]
fn a_day_lacked_a_quarter_of_an_hour() {
    // 23.75 h; the first hour had 45 min, of which 135 s are 5 %.
    check(
        "window: calendar_day",
        "",
        "1986-01-01",
        "start 1985-12-31T18:30:00Z end 1986-01-01T18:15:00Z total 85500000",
    );
    check(
        "window: calendar_hour",
        "down 1986-01-01T00:15+05:45 135s",
        "1986-01-01T00",
        "start 1985-12-31T18:30:00Z end 1985-12-31T19:15:00Z total 2700000 down 135000 point 95.0000 credit 25",
    );
    // 365 d - 15 min.
    check("window: calendar_year", "", "1986", "total 31535100000");
}

#[test]
fn hours_of_utc_are_cut_by_local_days() {
    // The hour from 18:00Z belongs to both days; each takes the rate of its own part. The first 15 of the 45 min that are of the
    // 4th are down: a third of 45 of 1,440 min is 1.04166 %.
    let hourly = "window: calendar_day, basis: {interval_error_rate_mean: {interval: 1h}}";
    let first = "down 2026-10-04T00:00+05:45 15m";
    check(hourly, first, "2026-10-04", "point 98.9583 breach certain credit 25");
    check(hourly, first, "2026-10-03", "point 100.0000 breach none credit 0");
}

#[test]
fn caps_are_those_of_local_months() {
    let work = |end: &str| {
        format!(
            "maintenance: {{cap_per_month: 2h}}, exclusions: [{{class: maintenance, start: \"2026-10-31T23:45:00+05:45\", end: \"{end}\", \
             announced_at: \"2026-10-01T00:00:00Z\"}}]"
        )
    };
    // 15 min of October and 2 h of November, though by UTC all 135 min are of October.
    let fits = work("2026-11-01T02:00:00+05:45");
    check(&fits, "down 2026-10-31T23:45+05:45 135m", "2026-10", "excluded 900000 down 0");
    check(&fits, "down 2026-10-31T23:45+05:45 135m", "2026-11", "excluded 7200000 down 0");
    // A minute more is over November's cap, and the window is refused as a whole.
    let over = work("2026-11-01T02:01:00+05:45");
    let refused = "refused it_wants_2h1m_more_in_2026-11,_of_which_0s_of_2h_are_used";
    check(&over, "down 2026-10-31T23:45+05:45 135m", "2026-10", &format!("excluded 0 down 900000 {refused}"));
    check(&over, "down 2026-10-31T23:45+05:45 135m", "2026-11", &format!("excluded 0 down 7200000 {refused}"));
}

#[test]
fn service_hours_follow_the_clock() {
    // 04:00Z is 09:45: 15 min lie after ten; of 8 h they are 3.125 %.
    let sundays = "window: calendar_day, service_hours: [{days: [sun], from: \"10:00\", to: \"18:00\"}]";
    check(sundays, "down 2026-10-04T04:00:00Z 30m", "2026-10-04", "up 27900000 down 900000 point 96.8750 credit 25");
}

#[test]
fn a_month_from_the_31st_ends_with_the_leap_day() {
    let billing = "window: {billing_month: {anchor_day: 31}}";
    check(billing, "", "2028-01", "start 2028-01-30T18:15:00Z end 2028-02-28T18:15:00Z total 2505600000");
    check(billing, "", "2028-02", "start 2028-02-28T18:15:00Z end 2028-03-30T18:15:00Z total 2678400000");
    check(billing, "", "2027-01", "end 2027-02-27T18:15:00Z total 2419200000");
}

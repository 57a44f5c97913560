//! Ledgers, thresholds, windows, minimum outages, unknown time, service hours.

use quorate_model::Millis;

use super::{at, check, hours, percent};
use crate::contract::{ContractDraft, UnknownRule};
use crate::service_hours::{DailyHours, ServiceHours};
use crate::window::WindowKind;
use crate::zone::Weekday;

fn plain(_: &mut ContractDraft) {}

fn berlin(draft: &mut ContractDraft) {
    draft.timezone = "Europe/Berlin".into();
}

fn window(kind: WindowKind) -> impl Fn(&mut ContractDraft) {
    move |draft| draft.window = kind
}

#[test]
fn ledgers_sum_and_thresholds_hold_to_the_millisecond() {
    // A month of 30 days has 2,592,000,000 ms: 0.05 % are 1,296,000 ms, 1 % are 25,920,000, 5 % are 129,600,000.
    for (lines, expected) in [
        ("", "total 2592000000 up 2592000000 down 0 unknown 0 excluded 0 point 100.0000 breach none credit 0"),
        (
            "down 2026-11-10T08:00:00Z 1h30m",
            "up 2586600000 down 5400000 low 99.7916 point 99.7916 high 99.7916 breach certain credit 10",
        ),
        ("down 2026-11-10T08:00:00Z 1296s", "down 1296000 point 99.9500 breach none credit 0"),
        ("down 2026-11-10T08:00:00Z 1296s1ms", "down 1296001 point 99.9499 breach certain credit 10"),
        ("down 2026-11-10T08:00:00Z 25920s", "point 99.0000 breach certain credit 10"),
        ("down 2026-11-10T08:00:00Z 25920s1ms", "point 98.9999 credit 25"),
        ("down 2026-11-10T08:00:00Z 129600s", "point 95.0000 credit 25"),
        ("down 2026-11-10T08:00:00Z 129600s1ms", "point 94.9999 credit 100"),
        ("down 2026-11-01T00:00:00Z 30d", "up 0 down 2592000000 point 0.0000 breach certain credit 100"),
        ("down 2026-11-01T00:00:00Z 1ms; down 2026-11-30T23:59:59.999Z 1ms", "down 2 outages 2 point 99.9999"),
    ] {
        check(plain, lines, "2026-11", expected);
    }
    // 31 days: 0.05 % are 1,339,200 ms.
    check(plain, "down 2026-10-04T00:00:00Z 1339200ms", "2026-10", "point 99.9500 breach none");
    check(plain, "down 2026-10-04T00:00:00Z 1339201ms", "2026-10", "point 99.9499 breach certain");
}

#[test]
fn windows_clip_outages_and_have_their_real_length() {
    let edge = "down 2026-10-31T23:30:00Z 1h";
    check(plain, edge, "2026-10", "down 1800000 outages 1");
    check(plain, edge, "2026-11", "down 1800000 outages 1");
    check(plain, edge, "2026-12", "down 0 outages 0");
    check(berlin, "", "2026-10", "total 2682000000 point 100.0000");
    check(berlin, "", "2026-03", "total 2674800000 point 100.0000");
    // Midnight of Berlin is 22:00 UTC in summer.
    check(berlin, "down 2026-09-30T21:00:00Z 2h", "2026-10", "down 3600000");
    check(plain, "", "2028-02", "total 2505600000");
    check(plain, "", "2026-02", "total 2419200000");
    let day = |draft: &mut ContractDraft| {
        berlin(draft);
        draft.window = WindowKind::CalendarDay;
    };
    // The second 02:00-03:00 of the day with 25 hours.
    check(day, "down 2026-10-25T01:00:00Z 1h", "2026-10-25", "total 90000000 down 3600000 point 96.0000");
    check(day, "down 2026-03-29T01:00:00Z 23m", "2026-03-29", "total 82800000 point 98.3333");
    let hour = |draft: &mut ContractDraft| {
        berlin(draft);
        draft.window = WindowKind::CalendarHour;
    };
    check(hour, "down 2026-10-25T00:30:00Z 1h", "2026-10-25T02", "total 7200000 down 3600000 point 50.0000");
    let quarter = window(WindowKind::CalendarQuarter);
    // 92 days: 0.1 % are 7,948,800 ms.
    check(&quarter, "down 2026-11-04T00:00:00Z 7948800ms", "2026-Q4", "total 7948800000 point 99.9000 credit 10");
    check(&quarter, "down 2026-11-04T00:00:00Z 7948801ms", "2026-Q4", "point 99.8999 credit 10");
    check(window(WindowKind::CalendarYear), "", "2026", "total 31536000000");
    check(window(WindowKind::CalendarYear), "", "2028", "total 31622400000");
    check(window(WindowKind::CalendarWeek), "down 2026-10-04T23:59:00Z 2m", "2026-W41", "total 604800000 down 60000");
    let rolling = window(WindowKind::RollingDays(30));
    check(&rolling, "down 2026-10-01T23:00:00Z 2h", "2026-10-31", "total 2592000000 down 3600000");
    let billing = window(WindowKind::BillingMonth { anchor_day: 15 });
    check(&billing, "down 2026-10-14T23:00:00Z 2h; down 2026-11-14T23:00:00Z 2h", "2026-10", "down 7200000");
    // At 99.99 an hour allows 360 ms.
    let fine = |draft: &mut ContractDraft| {
        draft.window = WindowKind::CalendarHour;
        draft.objectives.availability = Some(percent("99.99"));
    };
    check(fine, "down 2026-10-04T13:00:00Z 360ms", "2026-10-04T13", "point 99.9900 breach none");
    check(fine, "down 2026-10-04T13:00:00Z 361ms", "2026-10-04T13", "point 99.9899 breach certain");
}

#[test]
fn a_minimum_outage_tests_the_whole_outage() {
    let minute = |draft: &mut ContractDraft| draft.min_outage = Millis::from_secs(60);
    for (lines, period, expected) in [
        ("down 2026-10-04T01:00:00Z 60s", "2026-10", "down 60000 down_low 60000 down_high 60000"),
        ("down 2026-10-04T01:00:00Z 59s999ms", "2026-10", "down 0 outages 1 point 100.0000"),
        // 30 s in October, 60 s in November.
        ("down 2026-10-31T23:59:30Z 90s", "2026-10", "down 30000"),
        ("down 2026-10-31T23:59:30Z 90s", "2026-11", "down 60000"),
        ("down 2026-10-31T23:59:30Z 59s", "2026-10", "down 0"),
        ("down 2026-10-31T23:59:30Z 59s", "2026-11", "down 0"),
        // Two outages with a gap are two.
        ("down 2026-10-04T01:00:00Z 40s; down 2026-10-04T01:00:50Z 40s", "2026-10", "down 0 outages 2"),
        // Only what is covered counts, the whole outage decides.
        (
            "gap 2024-01-01T00:00:00Z 1004d; outage 2026-09-30T23:59:15Z 45s; down 2026-10-01T00:00:00Z 45s",
            "2026-10",
            "down 45000 unknown 0",
        ),
        ("gap 2024-01-01T00:00:00Z 1004d; down 2026-10-01T00:00:00Z 45s", "2026-10", "down 0 unknown 0"),
        // Each bound is tested by its own length: 50 s are certain, 65 s likely.
        (
            "down 2026-10-04T01:00:10Z 50s; point 2026-10-04T01:00:00Z 65s",
            "2026-10",
            "down_low 0 down 65000 down_high 65000",
        ),
        ("point 2026-10-04T01:00:00Z 50s; high 2026-10-04T01:00:00Z 65s", "2026-10", "down 0 down_high 65000"),
    ] {
        check(minute, lines, period, expected);
    }
    let five = |draft: &mut ContractDraft| draft.min_outage = Millis::from_secs(300);
    check(five, "down 2026-10-04T01:00:00Z 5m", "2026-10", "down 300000");
    check(five, "down 2026-10-04T01:00:00Z 4m59s999ms", "2026-10", "down 0");
}

#[test]
fn unknown_time_counts_as_the_contract_rules() {
    let rule = |rule: UnknownRule| move |draft: &mut ContractDraft| draft.unknown = rule;
    let day = "unknown 2026-11-05T00:00:00Z 24h; down 2026-11-10T08:00:00Z 1296s";
    // 1,296 s of 29 days are over 0.05 %, of 30 days just not.
    check(rule(UnknownRule::Exclude), day, "2026-11", "unknown 86400000 point 99.9482 breach possible credit 10");
    check(rule(UnknownRule::Up), day, "2026-11", "unknown 86400000 point 99.9500 breach possible credit 0");
    check(
        rule(UnknownRule::Down),
        day,
        "2026-11",
        "unknown 86400000 down 1296000 low 96.6166 point 96.6166 high 99.9500 breach possible credit 25",
    );
    let exclude = rule(UnknownRule::Exclude);
    check(exclude, "gap 2026-11-05T00:00:00Z 1h", "2026-11", "unknown 3600000 up 2588400000 coverage 99.86");
    // 1,296 s unknown are within the budget even if they were down, a millisecond more are not.
    check(exclude, "gap 2026-11-05T00:00:00Z 1296s", "2026-11", "breach none point 100.0000");
    check(exclude, "gap 2026-11-05T00:00:00Z 1296s1ms", "2026-11", "breach possible point 100.0000 credit 0");
    let all = "unknown 2026-11-01T00:00:00Z 30d";
    check(exclude, all, "2026-11", "unknown 2592000000 point none breach possible credit 0 coverage 0.00");
    check(rule(UnknownRule::Up), all, "2026-11", "point 100.0000 breach possible credit 0");
    check(rule(UnknownRule::Down), all, "2026-11", "low 0.0000 point 0.0000 high 100.0000 breach possible credit 100");
    // What is down is not unknown.
    check(
        exclude,
        "unknown 2026-11-05T00:00:00Z 2h; down 2026-11-05T01:00:00Z 2h",
        "2026-11",
        "unknown 3600000 down 7200000",
    );
}

#[test]
fn bounds_make_a_breach_certain_or_possible() {
    for (lines, expected) in [
        (
            "down 2026-11-10T08:00:00Z 600s; high 2026-11-10T08:10:00Z 1000s",
            "low 99.9382 point 99.9768 high 99.9768 breach possible credit 0",
        ),
        ("down 2026-11-10T08:00:00Z 600s; high 2026-11-10T08:10:00Z 696s", "low 99.9500 point 99.9768 breach none"),
        (
            "down 2026-11-10T08:00:00Z 600s; high 2026-11-10T08:10:00Z 696s; unknown 2026-11-20T00:00:00Z 1ms",
            "breach possible",
        ),
        (
            "down 2026-11-10T08:00:00Z 600s; point 2026-11-10T08:10:00Z 1000s",
            "low 99.9382 point 99.9382 high 99.9768 breach possible credit 10",
        ),
        ("down 2026-11-10T08:00:00Z 1296s1ms; high 2026-11-10T08:21:36Z 1h", "high 99.9499 breach certain credit 10"),
    ] {
        check(plain, lines, "2026-11", expected);
    }
    let nothing_promised = |draft: &mut ContractDraft| {
        draft.objectives.availability = None;
        draft.credit = None;
    };
    check(nothing_promised, "down 2026-11-10T08:00:00Z 1d", "2026-11", "breach none credit 0 point 96.6666");
    let by_credit = |draft: &mut ContractDraft| draft.objectives.availability = None;
    check(by_credit, "down 2026-11-10T08:00:00Z 1d", "2026-11", "breach certain credit 25");
}

#[test]
fn only_service_hours_count() {
    use Weekday::{Fri, Mon, Sun, Thu, Tue, Wed};
    let weekly = |days: &[Weekday], from: i64, to: i64| {
        ServiceHours::Weekly(alloc::vec![DailyHours { days: days.to_vec(), from: hours(from), to: hours(to) }])
    };
    let office = |draft: &mut ContractDraft| draft.service_hours = weekly(&[Mon, Tue, Wed, Thu, Fri], 8, 20);
    // October 2026 has 22 working days of 12 hours: 950,400,000 ms.
    check(office, "", "2026-10", "total 2678400000 up 950400000 excluded 1728000000 point 100.0000");
    check(office, "down 2026-10-03T00:00:00Z 2d", "2026-10", "down 0 credit 0");
    check(office, "down 2026-10-02T19:00:00Z 2h", "2026-10", "down 3600000 point 99.6212 credit 10");
    check(office, "unknown 2026-10-03T00:00:00Z 2d", "2026-10", "unknown 0 breach none");
    let sundays = |draft: &mut ContractDraft| {
        berlin(draft);
        draft.window = WindowKind::CalendarWeek;
        draft.service_hours = weekly(&[Sun], 0, 24);
    };
    check(sundays, "", "2026-W43", "up 90000000");
    check(sundays, "", "2026-W13", "up 82800000");
    check(sundays, "", "2026-W42", "up 86400000");
    // Nights from 22:00 to 06:00 local: nine hours when the clock is set back, seven when it is set forward.
    let nights = |draft: &mut ContractDraft| {
        berlin(draft);
        draft.window = WindowKind::CalendarWeek;
        draft.service_hours = weekly(&[Weekday::Sat], 22, 6);
    };
    check(nights, "", "2026-W43", "up 32400000");
    check(nights, "", "2026-W13", "up 25200000");
    // Two entries that overlap count once.
    let twice = |draft: &mut ContractDraft| {
        draft.window = WindowKind::CalendarDay;
        let entry = |from, to| DailyHours { days: alloc::vec![Sun], from: hours(from), to: hours(to) };
        draft.service_hours = ServiceHours::Weekly(alloc::vec![entry(8, 12), entry(10, 14)]);
    };
    check(twice, "", "2026-10-04", "up 21600000");
    let late_start = |draft: &mut ContractDraft| draft.service_start = Some(at("2026-11-16T00:00:00Z"));
    check(late_start, "down 2026-11-15T23:00:00Z 2h", "2026-11", "excluded 1296000000 down 3600000 point 99.7222");
    check(late_start, "down 2026-11-20T00:00:00Z 1296s", "2026-11", "point 99.9000 breach certain");
    check(late_start, "", "2026-10", "excluded 2678400000 point none breach none");
}

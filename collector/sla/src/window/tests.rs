use alloc::string::ToString;

use quorate_model::CollectorTime;

use super::WindowKind;
use crate::interval::Interval;
use crate::tests::{berlin, changing, samoa, utc_ms};
use crate::zone::Zone;

/// The window's start and end in UTC, or the error.
fn check(kind: WindowKind, zone: &Zone, period: &str, expected: Result<(&str, &str), &str>) {
    match (kind.window(period, zone), expected) {
        (Ok(window), Ok((start, end))) => {
            let want = Interval::from_millis(utc_ms(start), utc_ms(end)).expect("end is after start");
            assert_eq!(window.interval, want, "{period}");
            let rolling = matches!(kind, WindowKind::RollingDays(_));
            let inside = if rolling { CollectorTime::from_millis(want.end().as_millis() - 1) } else { want.start() };
            assert_eq!(kind.at(inside, zone), window, "{period} from a time inside");
            assert_eq!(window.label, period);
        }
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{period}: {error}"),
        (got, want) => panic!("{period}: got {got:?}, want {want:?}"),
    }
}

#[test]
fn periods_name_windows() {
    use WindowKind::*;
    let (utc, berlin) = (Zone::utc(), berlin());
    for (kind, zone, period, start, end) in [
        (CalendarMonth, &utc, "2026-10", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        (CalendarMonth, &berlin, "2026-10", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
        (CalendarMonth, &berlin, "2026-03", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
        (CalendarMonth, &utc, "2028-02", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
        (CalendarMonth, &utc, "2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        (CalendarQuarter, &utc, "2026-Q4", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        (CalendarQuarter, &berlin, "2026-Q1", "2025-12-31T23:00:00Z", "2026-03-31T22:00:00Z"),
        (CalendarYear, &utc, "2026", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        (CalendarDay, &berlin, "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        (CalendarDay, &berlin, "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        (CalendarWeek, &utc, "2026-W41", "2026-10-05T00:00:00Z", "2026-10-12T00:00:00Z"),
        (CalendarWeek, &utc, "2026-W53", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"),
        (CalendarWeek, &utc, "2026-W01", "2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z"),
        (CalendarHour, &berlin, "2026-10-25T02", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"),
        (CalendarHour, &berlin, "2026-10-25T03", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"),
        (CalendarHour, &utc, "2026-10-04T23", "2026-10-04T23:00:00Z", "2026-10-05T00:00:00Z"),
        (RollingDays(30), &berlin, "2026-10-31", "2026-10-01T22:00:00Z", "2026-10-31T23:00:00Z"),
        (RollingDays(1), &utc, "2026-10-31", "2026-10-31T00:00:00Z", "2026-11-01T00:00:00Z"),
        (BillingMonth { anchor_day: 15 }, &utc, "2026-10", "2026-10-15T00:00:00Z", "2026-11-15T00:00:00Z"),
        (BillingMonth { anchor_day: 31 }, &utc, "2026-02", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"),
        (BillingMonth { anchor_day: 31 }, &utc, "2026-01", "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z"),
    ] {
        check(kind, zone, period, Ok((start, end)));
    }
}

#[test]
fn other_texts_say_what_is_allowed() {
    use WindowKind::*;
    let (utc, berlin, samoa) = (Zone::utc(), berlin(), samoa());
    for (kind, zone, period, part) in [
        (CalendarMonth, &utc, "2026-Q4", "such as 2026-10"),
        (CalendarMonth, &utc, "2026-13", "not in the calendar"),
        (CalendarMonth, &utc, "2026-1", "such as 2026-10"),
        (CalendarMonth, &utc, "", "such as 2026-10"),
        (CalendarMonth, &utc, "26-10", "such as 2026-10"),
        (CalendarMonth, &utc, "0001-10", "not in the calendar"),
        (CalendarQuarter, &utc, "2026-Q5", "not in the calendar"),
        (CalendarQuarter, &utc, "2026-Q0", "not in the calendar"),
        (CalendarYear, &utc, "2026-10", "such as 2026"),
        (CalendarDay, &utc, "2026-02-29", "not in the calendar"),
        (CalendarWeek, &utc, "2025-W53", "not in the calendar"),
        (CalendarWeek, &utc, "2025-W00", "not in the calendar"),
        (CalendarHour, &utc, "2026-10-04T24", "not in the calendar"),
        (CalendarHour, &berlin, "2026-03-29T02", "skips this hour"),
        (RollingDays(30), &utc, "2026-10", "such as 2026-10-04"),
        (CalendarDay, &samoa, "2011-12-30", "skips this day"),
        (RollingDays(1), &samoa, "2011-12-30", "skips this day"),
        (RollingDays(30), &samoa, "2011-12-30", "skips this day"),
    ] {
        check(kind, zone, period, Err(part));
    }
}

#[test]
fn kinds_partition_the_year() {
    use WindowKind::*;
    let berlin = berlin();
    let year = CalendarYear.window("2026", &berlin).expect("a year").interval;
    for (kind, count) in [
        (CalendarHour, 8759),
        (CalendarDay, 365),
        (CalendarMonth, 12),
        (CalendarQuarter, 4),
        (CalendarWeek, 53),
        (BillingMonth { anchor_day: 15 }, 13),
    ] {
        let windows = kind.windows(year, &berlin);
        assert_eq!(windows.len(), count, "{kind:?}");
        for pair in windows.windows(2) {
            assert_eq!(pair[0].interval.end(), pair[1].interval.start(), "{kind:?}");
        }
        assert!(windows[0].interval.start() <= year.start());
        assert!(windows[count - 1].interval.end() >= year.end());
    }
}

/// The clock shows the hour from one to two again, or the last hour of the day before: both are over.
#[test]
fn a_moment_the_clock_shows_again_is_of_the_window_that_began_last() {
    use WindowKind::*;
    let from_three_to_one = changing("2026-10-25T01:00:00Z", 7200, 0);
    let over_midnight = changing("2009-11-01T02:31:00Z", -9000, -12_600);
    for (kind, zone, time, period) in [
        (CalendarHour, &from_three_to_one, "2026-10-25T01:30:00Z", "2026-10-25T02"),
        (CalendarHour, &from_three_to_one, "2026-10-25T02:59:59Z", "2026-10-25T02"),
        (CalendarHour, &from_three_to_one, "2026-10-25T03:00:00Z", "2026-10-25T03"),
        (CalendarHour, &over_midnight, "2009-11-01T02:45:00Z", "2009-11-01T00"),
        (CalendarDay, &over_midnight, "2009-11-01T02:45:00Z", "2009-11-01"),
        (CalendarMonth, &over_midnight, "2009-11-01T02:45:00Z", "2009-11"),
    ] {
        let window = kind.at(CollectorTime::from_millis(utc_ms(time)), zone);
        assert_eq!(window.label, period, "{time}");
        assert!(window.interval.contains(CollectorTime::from_millis(utc_ms(time))), "{time}");
    }
    let rest =
        Interval::from_millis(utc_ms("2026-10-25T01:30:00Z"), utc_ms("2026-10-25T04:00:00Z")).expect("some time");
    let hours: Vec<String> =
        CalendarHour.windows(rest, &from_three_to_one).into_iter().map(|window| window.label).collect();
    assert_eq!(hours, ["2026-10-25T02", "2026-10-25T03"]);
}

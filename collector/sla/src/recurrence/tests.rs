use alloc::string::ToString;

use proptest::prelude::*;
use quorate_model::{CollectorTime, Millis};

use super::Recurrence;
use crate::interval::Interval;
use crate::tests::{berlin, utc_ms};
use crate::zone::{Date, Zone, days_in_month};

/// The local dates on which the rule comes between 2026 and 2028, from two hours at the given local time.
fn dates(rule: &str, first: &str, zone: &Zone) -> Vec<String> {
    let start = CollectorTime::from_millis(utc_ms(first));
    let first = Interval::new(start, start + Millis::from_secs(7200)).expect("some time");
    let within = Interval::from_millis(utc_ms("2026-01-01T00:00:00Z"), utc_ms("2029-01-01T00:00:00Z")).expect("years");
    let rule = Recurrence::parse(rule).expect("a rule");
    let found = rule.occurrences(first, within, zone);
    found.iter().map(|run| zone.local(run.start()).0.to_string()).collect()
}

#[test]
fn rules_give_dates() {
    let utc = Zone::utc();
    for (rule, first, expected) in [
        ("FREQ=WEEKLY;COUNT=3", "2026-10-04T01:00:00Z", vec!["2026-10-04", "2026-10-11", "2026-10-18"]),
        (
            "FREQ=WEEKLY;BYDAY=SU,WE;COUNT=4",
            "2026-10-04T01:00:00Z",
            vec!["2026-10-04", "2026-10-07", "2026-10-11", "2026-10-14"],
        ),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;UNTIL=20261101", "2026-10-05T01:00:00Z", vec!["2026-10-05", "2026-10-19"]),
        ("FREQ=WEEKLY;UNTIL=20261011", "2026-10-04T01:00:00Z", vec!["2026-10-04", "2026-10-11"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", "2026-01-31T01:00:00Z", vec!["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=29;INTERVAL=12;COUNT=1", "2027-02-28T01:00:00Z", vec!["2028-02-29"]),
        ("FREQ=MONTHLY;BYDAY=-1SU;COUNT=2", "2026-10-25T01:00:00Z", vec!["2026-10-25", "2026-11-29"]),
        ("FREQ=MONTHLY;BYDAY=5SU;COUNT=2", "2026-10-01T01:00:00Z", vec!["2026-11-29", "2027-01-31"]),
        (
            "FREQ=MONTHLY;BYDAY=2SU;INTERVAL=3;UNTIL=20270430",
            "2026-10-11T01:00:00Z",
            vec!["2026-10-11", "2027-01-10", "2027-04-11"],
        ),
    ] {
        assert_eq!(dates(rule, first, &utc), expected, "{rule}");
    }
}

#[test]
fn occurrences_keep_the_local_time_and_the_length() {
    let zone = berlin();
    let start = CollectorTime::from_millis(utc_ms("2026-03-22T01:30:00Z"));
    let first = Interval::new(start, start + Millis::from_secs(7200)).expect("some time");
    let rule = Recurrence::parse("FREQ=WEEKLY;BYDAY=SU;COUNT=3").expect("a rule");
    let within = Interval::new(start, start + Millis::from_secs(60 * 86_400)).expect("two months");
    let starts: Vec<i64> = rule.occurrences(first, within, &zone).iter().map(|run| run.start().as_millis()).collect();
    // 02:30 does not exist on March 29: the clock goes from 02:00 to 03:00 at 01:00 UTC.
    let expected = ["2026-03-22T01:30:00Z", "2026-03-29T01:00:00Z", "2026-04-05T00:30:00Z"].map(utc_ms);
    assert_eq!(starts, expected);
}

#[test]
fn other_texts_name_the_part() {
    for (text, part) in [
        ("", "\"\" is not understood"),
        ("FREQ=DAILY", "FREQ=WEEKLY or FREQ=MONTHLY"),
        ("BYDAY=SU", "FREQ=WEEKLY or FREQ=MONTHLY"),
        ("FREQ=WEEKLY;BYHOUR=1", "\"BYHOUR=1\" is not understood"),
        ("FREQ=WEEKLY;FREQ=WEEKLY", "FREQ stands twice"),
        ("FREQ=WEEKLY;BYDAY=2SU", "\"BYDAY=2SU\" has a value"),
        ("FREQ=WEEKLY;INTERVAL=0", "\"INTERVAL=0\" has a value"),
        ("FREQ=WEEKLY;INTERVAL=100", "\"INTERVAL=100\" has a value"),
        ("FREQ=WEEKLY;COUNT=0", "\"COUNT=0\" has a value"),
        ("FREQ=WEEKLY;COUNT=1;UNTIL=20260101", "exclude each other"),
        ("FREQ=WEEKLY;UNTIL=20260230", "\"UNTIL=20260230\" has a value"),
        ("FREQ=WEEKLY;UNTIL=2026é", "has a value"),
        ("FREQ=MONTHLY", "one of BYMONTHDAY and BYDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=1;BYDAY=1MO", "one of BYMONTHDAY and BYDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "\"BYMONTHDAY=32\" has a value"),
        ("FREQ=MONTHLY;BYDAY=6MO", "\"BYDAY=6MO\" has a value"),
        ("FREQ=MONTHLY;BYDAY=0MO", "\"BYDAY=0MO\" has a value"),
        ("FREQ=MONTHLY;BYDAY=é", "has a value"),
    ] {
        let error = Recurrence::parse(text).expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

proptest! {
    /// Against a walk over every day: weekly rules come on their days in every n-th week from the first's.
    #[test]
    fn weekly_rules_equal_a_walk_over_days(start in 0i32..400, every in 1u8..5, mask in 1u8..128, count in 1u16..40) {
        let names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
        let days: Vec<&str> = (0..7).filter(|day| mask >> day & 1 == 1).map(|day| names[day]).collect();
        let rule = format!("FREQ=WEEKLY;INTERVAL={every};BYDAY={};COUNT={count}", days.join(","));
        let first = Date::new(2026, 1, 1).expect("a date").plus_days(start);
        let found = dates(&rule, &format!("{first}T01:00:00Z"), &Zone::utc());
        let comes = |date: &Date| {
            let weeks = (date.monday().days() - first.monday().days()) / 7;
            weeks % i32::from(every) == 0 && mask >> date.weekday().index() & 1 == 1
        };
        let walk = (0..).map(|day| first.plus_days(day)).filter(comes).take(count.into());
        let limit = Date::new(2029, 1, 1).expect("a date");
        let expected: Vec<String> = walk.take_while(|date| *date < limit).map(|date| date.to_string()).collect();
        prop_assert_eq!(found, expected);
    }

    /// Against a walk over every day: monthly rules on a day of the month, or on the n-th weekday from either end.
    #[test]
    fn monthly_rules_equal_a_walk_over_days(start in 0i32..400, every in 1u8..5, kind in 0u8..3, n in 1u8..=31, day in 0usize..7) {
        let names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
        let nth = (n - 1) % 5 + 1;
        let by = match kind {
            0 => format!("BYMONTHDAY={n}"),
            1 => format!("BYDAY={nth}{}", names[day]),
            _ => format!("BYDAY=-{nth}{}", names[day]),
        };
        let first = Date::new(2026, 1, 1).expect("a date").plus_days(start);
        let found = dates(&format!("FREQ=MONTHLY;{by};INTERVAL={every}"), &format!("{first}T01:00:00Z"), &Zone::utc());
        let months = |date: Date| date.ymd().0 * 12 + i32::from(date.ymd().1);
        let comes = |date: &Date| {
            let (year, month, of_month) = date.ymd();
            let matches = match kind {
                0 => of_month == n,
                1 => usize::from(date.weekday().index()) == day && (of_month - 1) / 7 + 1 == nth,
                _ => usize::from(date.weekday().index()) == day && (days_in_month(year, month) - of_month) / 7 + 1 == nth,
            };
            matches && (months(*date) - months(first)) % i32::from(every) == 0
        };
        let limit = Date::new(2029, 1, 1).expect("a date");
        let walk = (0..).map(|day| first.plus_days(day)).take_while(|date| *date < limit).filter(comes);
        prop_assert_eq!(found, walk.map(|date| date.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn a_rule_reads_as_it_is_written(weekly in any::<bool>(), every in 1u8..100, n in 1u8..=31, count in 0u16..100) {
        let by = if weekly { "FREQ=WEEKLY;BYDAY=MO,SU".into() } else { format!("FREQ=MONTHLY;BYMONTHDAY={n}") };
        let end = if count == 0 { ";UNTIL=20271231".into() } else { format!(";COUNT={count}") };
        let rule = Recurrence::parse(&format!("{by};INTERVAL={every}{end}")).expect("a rule");
        prop_assert_eq!(Recurrence::parse(&rule.to_string()), Ok(rule));
    }
}

/// 2026-10-25T01:30Z is the second half past two of that night.
#[test]
fn a_window_in_the_hour_repeated_is_its_own_first() {
    let zone = berlin();
    let start = CollectorTime::from_millis(utc_ms("2026-10-25T01:30:00Z"));
    let first = Interval::new(start, start + Millis::from_secs(3600)).expect("some time");
    let rule = Recurrence::parse("FREQ=WEEKLY;COUNT=2").expect("a rule");
    let within = Interval::new(start, start + Millis::from_secs(60 * 86_400)).expect("two months");
    let starts: Vec<i64> = rule.occurrences(first, within, &zone).iter().map(|run| run.start().as_millis()).collect();
    assert_eq!(starts, ["2026-10-25T01:30:00Z", "2026-11-01T01:30:00Z"].map(utc_ms));
}

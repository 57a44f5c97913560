//! What the tests of several modules need: dates in UTC and a zone with summer time.

use alloc::vec::Vec;

use quorate_model::CollectorTime;

use crate::zone::{DAY_MS, Date, Transition, Zone};

/// Milliseconds of `2026-10-04T13:00:00Z`, or with `.123` before the `Z`.
pub(crate) fn utc_ms(text: &str) -> i64 {
    let text = text.strip_suffix('Z').expect("UTC");
    let (date, clock) = text.split_once('T').expect("a date and a time");
    let mut date = date.split('-').map(|part| part.parse::<i32>().expect("a number"));
    let mut next = || date.next().expect("year, month and day");
    let (year, month, day) = (next(), next(), next());
    let date = Date::new(year, month.try_into().expect("a month"), day.try_into().expect("a day")).expect("a date");
    let (clock, millis) = clock.split_once('.').unwrap_or((clock, "0"));
    let clock: Vec<i64> = clock.split(':').map(|part| part.parse().expect("a number")).collect();
    i64::from(date.days()) * DAY_MS
        + clock[0] * 3_600_000
        + clock[1] * 60_000
        + clock[2] * 1000
        + millis.parse::<i64>().expect("milliseconds")
}

/// Central European time from 2024 to 2029, by the rule of its last Sundays.
pub(crate) fn berlin() -> Zone {
    let last_sunday = |year: i32, month: u8| {
        let date = Date::new(year, month, 31).expect("March and October have 31 days");
        date.plus_days(-((i32::from(date.weekday().index()) + 1) % 7))
    };
    let at = |date: Date, offset_s| Transition {
        at: CollectorTime::from_millis(i64::from(date.days()) * DAY_MS + 3_600_000),
        offset_s,
    };
    let changes = (2024..=2029).flat_map(|year| [at(last_sunday(year, 3), 7200), at(last_sunday(year, 10), 3600)]);
    Zone::new("Europe/Berlin", 3600, changes.collect()).expect("the changes are in order")
}

/// A zone whose clock changes once, from one offset to another.
pub(crate) fn changing(at: &str, from_s: i32, to_s: i32) -> Zone {
    let change = Transition { at: CollectorTime::from_millis(utc_ms(at)), offset_s: to_s };
    Zone::new("changing", from_s, alloc::vec![change]).expect("one change is in order")
}

/// Samoa, which moved over the date line and had no 2011-12-30.
pub(crate) fn samoa() -> Zone {
    changing("2011-12-30T10:00:00Z", -36_000, 50_400)
}

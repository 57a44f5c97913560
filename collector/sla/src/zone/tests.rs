use alloc::string::ToString;
use alloc::vec;

use quorate_model::{CollectorTime, Millis};

use super::{DAY_MS, Date, Transition, Weekday, Zone, ZoneError};
use crate::tests::{berlin, changing, samoa, utc_ms};

#[test]
fn dates_go_there_and_back() {
    let mut date = Date::new(1, 1, 1).expect("the first date");
    let mut weekday = date.weekday().index();
    let last = Date::new(9999, 12, 31).expect("the last date");
    let mut count = 0u32;
    while date < last {
        let (year, month, day) = date.ymd();
        assert_eq!(Date::new(year, month, day), Some(date));
        date = date.plus_days(1);
        weekday = (weekday + 1) % 7;
        assert_eq!(date.weekday().index(), weekday);
        count += 1;
    }
    assert_eq!(count, 3_652_058, "400 years have 146,097 days");
}

#[test]
fn known_dates() {
    assert_eq!(Date::new(1970, 1, 1).map(Date::days), Some(0));
    assert_eq!(Date::new(2000, 3, 1).map(Date::days), Some(11_017));
    assert_eq!(Date::new(2026, 10, 4).map(Date::weekday), Some(Weekday::Sun));
    assert_eq!(Date::new(2028, 2, 29).map(|d| d.to_string()), Some("2028-02-29".into()));
    assert_eq!(Date::new(2026, 2, 29), None);
    assert_eq!(Date::new(1900, 2, 29), None);
    assert_eq!(Date::new(2026, 13, 1), None);
    assert_eq!(Date::new(2026, 4, 31), None);
    assert_eq!(Date::new(2026, 4, 0), None);
}

#[test]
fn days_have_23_24_or_25_hours() {
    let zone = berlin();
    let hours = |year, month, day| {
        let date = Date::new(year, month, day).expect("a date");
        (zone.midnight(date.plus_days(1)) - zone.midnight(date)).get() / 3_600_000
    };
    assert_eq!(hours(2026, 3, 29), 23);
    assert_eq!(hours(2026, 10, 25), 25);
    assert_eq!(hours(2026, 10, 26), 24);
}

#[test]
fn a_clock_set_forward_or_back_has_one_first_moment() {
    let zone = berlin();
    let clock = |h: i64, m: i64| Millis::from_secs(h * 3600 + m * 60);
    let spring = Date::new(2026, 3, 29).expect("a date");
    let autumn = Date::new(2026, 10, 25).expect("a date");
    // 2026-03-29T01:00:00Z and 2026-10-25T01:00:00Z are the changes.
    let change = zone.midnight(spring) + clock(2, 0);
    for (h, m) in [(2, 0), (2, 30), (2, 59), (3, 0)] {
        assert_eq!(zone.instant(spring, clock(h, m)), change, "{h}:{m}");
    }
    assert_eq!(zone.instant(autumn, clock(2, 30)), zone.midnight(autumn) + clock(2, 30));
    assert_eq!(zone.instant(autumn, clock(3, 0)), zone.midnight(autumn) + clock(4, 0));
    assert_eq!(zone.local(zone.midnight(autumn) + clock(3, 30)), (autumn, clock(2, 30)));
}

#[test]
fn a_zone_refuses_disorder() {
    let at = |ms, offset_s| Transition { at: CollectorTime::from_millis(ms), offset_s };
    assert_eq!(Zone::new("X", 0, vec![at(5, 0), at(5, 3600)]), Err(ZoneError::OutOfOrder(1)));
    assert_eq!(Zone::new("X", 100_000, vec![]), Err(ZoneError::Offset(100_000)));
    assert_eq!(Zone::utc().midnight(Date::from_days(1)).as_millis(), DAY_MS);
}

#[test]
fn a_clock_that_was_set_back_has_come_further_than_it_shows() {
    let date = Date::new(2026, 10, 25).expect("a date");
    let at = |text: &str| CollectorTime::from_millis(utc_ms(text));
    let clock = |minutes: i64| Millis::from_secs(minutes * 60);
    // From 03:00 to 01:00; it is past 02:59 until it shows 03:00 again.
    let zone = changing("2026-10-25T01:00:00Z", 7200, 0);
    for (time, shows, has_come_to) in [
        ("2026-10-25T00:30:00Z", clock(150), clock(150)),
        ("2026-10-25T01:00:00Z", clock(60), clock(180) - Millis::new(1)),
        ("2026-10-25T02:59:00Z", clock(179), clock(180) - Millis::new(1)),
        ("2026-10-25T03:00:00Z", clock(180), clock(180)),
    ] {
        assert_eq!(zone.local(at(time)), (date, shows), "{time}");
        assert_eq!(zone.furthest(at(time)), (date, has_come_to), "{time}");
        let (date, clock) = zone.furthest(at(time));
        assert!(zone.instant(date, clock) <= at(time), "{time}");
    }
    // A clock that only ever goes forward shows how far it has come.
    let spring = at("2026-03-29T01:00:00Z");
    assert_eq!(berlin().furthest(spring), berlin().local(spring));
}

#[test]
fn a_zone_that_moves_over_the_date_line_lacks_a_date() {
    let has = |day| samoa().has(Date::new(2011, 12, day).expect("a date"));
    assert_eq!([29, 30, 31].map(has), [true, false, true]);
}

//! Windows partition time in every zone of the database.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::{TimeZone, db};
use quorate_collector_config::contract::zone;
use quorate_collector_sla::WindowKind::{CalendarDay, CalendarHour, CalendarMonth, CalendarWeek, RollingDays};
use quorate_collector_sla::{Interval, WindowKind};
use quorate_model::{CollectorTime, Millis};

/// Around each change of a clock, in minutes from it.
const AROUND: [i64; 6] = [-61, -1, 0, 31, 121, 1441];

/// Up to here clocks are looked at; later years repeat the rules of these.
const UNTIL: &str = "2038-01-01T00:00:00Z";

/// Every moment lies in the window that is said to hold it, and that window is found again by its name.
#[test]
fn a_window_holds_the_moments_it_is_of() {
    let until: Timestamp = UNTIL.parse().expect("a moment");
    let mut looked_at = 0;
    let mut seen = BTreeSet::new();
    for name in db().available() {
        let known = TimeZone::get(name.as_str()).expect("the database has what it lists");
        let zone = zone(name.as_str()).expect("the database has what it lists");
        // The first days of 1970 and what lies before are no periods.
        let begin = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24 * 70);
        let changes = known.following(begin).take_while(|change| change.timestamp() < until);
        let changes: Vec<(i64, i32)> =
            changes.map(|change| (change.timestamp().as_millisecond(), change.offset().seconds())).collect();
        // Many names are of one zone.
        if !seen.insert(changes.clone()) {
            continue;
        }
        for (change_ms, _) in changes {
            for minutes in AROUND {
                let time = CollectorTime::from_millis(change_ms + minutes * 60_000);
                for kind in [CalendarHour, CalendarDay, CalendarWeek, CalendarMonth, RollingDays(3)] {
                    let window = kind.at(time, &zone);
                    assert!(
                        window.interval.contains(time),
                        "{} {kind:?} at {}: {window:?}",
                        name.as_str(),
                        time.as_millis()
                    );
                    assert_eq!(kind.window(&window.label, &zone).as_ref(), Ok(&window), "{}", name.as_str());
                    looked_at += 1;
                }
            }
        }
    }
    assert!(looked_at > 50_000, "only {looked_at} windows were looked at");
}

/// From wherever a range begins, its windows follow each other without a gap and cover it.
#[test]
fn windows_meet_from_every_moment_on() {
    for (name, change) in [
        ("Europe/Berlin", "2026-10-25T01:00:00Z"),
        ("America/New_York", "2026-03-08T07:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00:00Z"),
        ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
        ("Antarctica/Troll", "2026-10-25T01:00:00Z"),
        ("America/St_Johns", "2009-11-01T02:31:00Z"),
    ] {
        let zone = zone(name).expect("a zone");
        let change = crate::case::moment(change);
        for minutes in (-180..180).step_by(5) {
            let start = change + Millis::from_secs(minutes * 60);
            let range = Interval::new(start, start + Millis::from_secs(3 * 86_400)).expect("three days");
            for kind in [CalendarHour, CalendarDay, WindowKind::BillingMonth { anchor_day: 1 }] {
                let windows = kind.windows(range, &zone);
                let edges = windows.windows(2).all(|pair| pair[0].interval.end() == pair[1].interval.start());
                let covers = windows.first().is_some_and(|first| first.interval.start() <= range.start())
                    && windows.last().is_some_and(|last| last.interval.end() >= range.end());
                assert!(edges && covers, "{name} {kind:?} from {} ms", start.as_millis());
            }
        }
    }
}

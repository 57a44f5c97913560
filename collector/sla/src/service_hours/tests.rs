use quorate_model::Millis;

use super::{DailyHours, ServiceHours};
use crate::interval::Interval;
use crate::tests::{changing, utc_ms};
use crate::zone::Weekday;

/// Sunday's first hour begins at 02:30Z; at 02:31Z the clock is set back to 23:01 of Saturday.
#[test]
fn hours_that_began_go_on_while_the_clock_shows_the_day_before_again() {
    let zone = changing("2009-11-01T02:31:00Z", -9000, -12_600);
    let first = DailyHours { days: vec![Weekday::Sun], from: Millis::ZERO, to: Millis::from_secs(3600) };
    let hours = ServiceHours::Weekly(vec![first]);
    for until in ["2009-11-01T02:45:00Z", "2009-11-01T03:45:00Z", "2009-11-01T04:30:00Z"] {
        let within = Interval::from_millis(utc_ms("2009-11-01T02:00:00Z"), utc_ms(until)).expect("some time");
        let served = Interval::from_millis(utc_ms("2009-11-01T02:30:00Z"), utc_ms(until)).expect("some time");
        assert_eq!(hours.inside(within, &zone), served.into(), "{until}");
    }
}

//! The stretches of time a contract is judged over, and how they are named.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use quorate_model::{CollectorTime, Millis};

use crate::interval::Interval;
use crate::zone::{Date, Weekday, Zone, days_in_month};

/// What kind of stretch a contract is judged over. Days begin at the midnight of the contract's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowKind {
    /// An hour of the local clock; the one the clock shows twice in autumn lasts two.
    CalendarHour,
    /// A local day of 23, 24 or 25 hours.
    CalendarDay,
    /// From Monday to Sunday.
    CalendarWeek,
    /// A month.
    CalendarMonth,
    /// Three months from January, April, July or October.
    CalendarQuarter,
    /// A year.
    CalendarYear,
    /// So many local days up to the end of the day named, 1 to [`WindowKind::MAX_ROLLING_DAYS`].
    RollingDays(u16),
    /// A month from this day, 1 to 31, to the same of the next; the last day where a month is shorter.
    BillingMonth {
        /// The day it starts.
        anchor_day: u8,
    },
}

/// A window with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its kind.
    pub kind: WindowKind,
    /// Its name, such as `2026-10`.
    pub label: String,
    /// From when to when.
    pub interval: Interval,
}

/// Why a text names no window.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeriodError {
    /// It is not written as the kind of window asks.
    Form {
        /// What was given.
        given: String,
        /// The kind, in words.
        kind: &'static str,
        /// A text that would do.
        example: &'static str,
    },
    /// The calendar has no such date, or its year is outside 1970 to 9998.
    NoSuchDate(String),
    /// The local clock skips the whole hour.
    SkippedHour(String),
    /// The zone moved over the date line and skipped the whole day.
    SkippedDay(String),
}

impl fmt::Display for PeriodError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form { given, kind, example } => {
                write!(f, "{given:?} is not a period of the contract's window {kind}; allowed is one such as {example}")
            }
            Self::NoSuchDate(given) => {
                write!(f, "{given:?} is not in the calendar; allowed are the years 1970 to 9998")
            }
            Self::SkippedHour(given) => write!(f, "{given:?} does not exist: the local clock skips this hour"),
            Self::SkippedDay(given) => write!(f, "{given:?} does not exist: the local calendar skips this day"),
        }
    }
}

impl core::error::Error for PeriodError {}

const HOUR: Millis = Millis::from_secs(3600);

impl WindowKind {
    /// The most days of a rolling window.
    pub const MAX_ROLLING_DAYS: u16 = 3660;

    /// Its word in contracts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CalendarHour => "calendar_hour",
            Self::CalendarDay => "calendar_day",
            Self::CalendarWeek => "calendar_week",
            Self::CalendarMonth => "calendar_month",
            Self::CalendarQuarter => "calendar_quarter",
            Self::CalendarYear => "calendar_year",
            Self::RollingDays(_) => "rolling_days",
            Self::BillingMonth { .. } => "billing_month",
        }
    }

    /// A period as this kind writes it.
    pub const fn example(self) -> &'static str {
        match self {
            Self::CalendarHour => "2026-10-04T13",
            Self::CalendarDay | Self::RollingDays(_) => "2026-10-04",
            Self::CalendarWeek => "2026-W41",
            Self::CalendarMonth | Self::BillingMonth { .. } => "2026-10",
            Self::CalendarQuarter => "2026-Q4",
            Self::CalendarYear => "2026",
        }
    }

    /// The window that `period` names: `2026-10-04T13` an hour, `2026-10-04` a day or the last of rolling days,
    /// `2026-W41` a week of ISO 8601, `2026-10` a month or the billing month that starts in it, `2026-Q4` a quarter,
    /// `2026` a year.
    ///
    /// # Errors
    /// A text of another form, a date the calendar does not have, an hour or a day the local clock skips.
    pub fn window(self, period: &str, zone: &Zone) -> Result<Window, PeriodError> {
        let form = || PeriodError::Form { given: period.into(), kind: self.as_str(), example: self.example() };
        let missing = || PeriodError::NoSuchDate(period.into());
        let parts = Parts::parse(period).ok_or_else(form)?;
        if !(1970..=9998).contains(&parts.year) {
            return Err(missing());
        }
        let date = |month: u8, day: u8| Date::new(parts.year, month, day).ok_or_else(missing);
        match (self, parts.rest) {
            (Self::CalendarHour, Rest::Hour(month, day, hour)) => {
                let start = date(month, day)?;
                if hour > 23 {
                    return Err(missing());
                }
                self.hour(start, hour, zone).ok_or_else(|| PeriodError::SkippedHour(period.into()))
            }
            (Self::CalendarDay | Self::RollingDays(_), Rest::Day(month, day)) => {
                let day = date(month, day)?;
                if zone.has(day) { Ok(self.on_date(day, zone)) } else { Err(PeriodError::SkippedDay(period.into())) }
            }
            (Self::CalendarWeek, Rest::Week(week)) => {
                let monday = iso_week_monday(parts.year, week).ok_or_else(missing)?;
                Ok(self.on_date(monday, zone))
            }
            (Self::CalendarMonth, Rest::Month(month)) => Ok(self.on_date(date(month, 1)?, zone)),
            (Self::BillingMonth { anchor_day }, Rest::Month(month)) => {
                date(month, 1)?;
                let day = anchor_day.min(days_in_month(parts.year, month));
                Ok(self.on_date(date(month, day)?, zone))
            }
            (Self::CalendarQuarter, Rest::Quarter(quarter)) => {
                if !(1..=4).contains(&quarter) {
                    return Err(missing());
                }
                Ok(self.on_date(date(quarter * 3 - 2, 1)?, zone))
            }
            (Self::CalendarYear, Rest::None) => Ok(self.on_date(date(1, 1)?, zone)),
            _ => Err(form()),
        }
    }

    /// The window that holds `time`; for rolling days, the one that ends with the local day of `time`.
    ///
    /// Times outside the years 1970 to 9998 count as the nearest inside.
    pub fn at(self, time: CollectorTime, zone: &Zone) -> Window {
        let time = time.max(CollectorTime::from_millis(FIRST_MS)).min(CollectorTime::from_millis(LAST_MS));
        let (date, clock) = zone.furthest(time);
        let (year, month, day) = date.ymd();
        let of_month = |month: u8| Date::new(year, month, 1).expect("a first of a month exists");
        match self {
            Self::CalendarHour => {
                let hour = u8::try_from(clock.get() / HOUR.get()).expect("a day has at most 24 hours");
                self.hour(date, hour, zone).expect("the clock has come to this hour and not past it")
            }
            Self::CalendarDay | Self::RollingDays(_) => self.on_date(date, zone),
            Self::CalendarWeek => self.on_date(date.monday(), zone),
            Self::CalendarMonth => self.on_date(of_month(month), zone),
            Self::CalendarQuarter => self.on_date(of_month((month - 1) / 3 * 3 + 1), zone),
            Self::CalendarYear => self.on_date(of_month(1), zone),
            Self::BillingMonth { anchor_day } => {
                let this = billing_start(year, i32::from(month) - 1, anchor_day);
                let start = if i32::from(day) >= i32::from(this.ymd().2) {
                    this
                } else {
                    billing_start(year, i32::from(month) - 2, anchor_day)
                };
                self.on_date(start, zone)
            }
        }
    }

    /// The windows that touch `within`, in order: for calendar kinds and billing months they partition time, for rolling
    /// days there is one for each local day.
    pub fn windows(self, within: Interval, zone: &Zone) -> Vec<Window> {
        let mut out = Vec::new();
        let mut time = within.start();
        let last = within.end().min(CollectorTime::from_millis(LAST_MS));
        while time < last {
            let window = self.at(time, zone);
            let next = window.interval.end();
            if next <= time {
                break;
            }
            time = next;
            out.push(window);
        }
        out
    }

    fn hour(self, date: Date, hour: u8, zone: &Zone) -> Option<Window> {
        let start = zone.instant(date, HOUR.times(hour.into()));
        let end = zone.instant(date, HOUR.times(i64::from(hour) + 1));
        let interval = Interval::new(start, end)?;
        Some(Window { kind: self, label: format!("{date}T{hour:02}"), interval })
    }

    /// The window of a kind of days that starts on `date`; for rolling days, that ends with it.
    fn on_date(self, date: Date, zone: &Zone) -> Window {
        let (year, month, _) = date.ymd();
        let month0 = i32::from(month) - 1;
        let first = |months: i32| Date::first_of_month(year, month0 + months).unwrap_or(date.plus_days(1));
        let (start, end, label) = match self {
            Self::CalendarHour | Self::CalendarDay => (date, date.plus_days(1), date.to_string()),
            Self::CalendarWeek => {
                let (iso_year, week) = iso_week(date);
                (date, date.plus_days(7), format!("{iso_year:04}-W{week:02}"))
            }
            Self::CalendarMonth => (date, first(1), format!("{year:04}-{month:02}")),
            Self::CalendarQuarter => (date, first(3), format!("{year:04}-Q{}", month0 / 3 + 1)),
            Self::CalendarYear => (date, first(12), format!("{year:04}")),
            Self::RollingDays(days) => (date.plus_days(1 - i32::from(days)), date.plus_days(1), date.to_string()),
            Self::BillingMonth { anchor_day } => {
                (date, billing_start(year, month0 + 1, anchor_day), format!("{year:04}-{month:02}"))
            }
        };
        let interval = Interval::new(zone.midnight(start), zone.midnight(end))
            .expect("a later date begins later, and the one day a zone may skip was refused");
        Window { kind: self, label, interval }
    }
}

/// 1970-01-02 and 9998-12-30 in UTC: inside the allowed years in every zone.
const FIRST_MS: i64 = 86_400_000;
const LAST_MS: i64 = 253_370_678_400_000;

fn billing_start(year: i32, month0: i32, anchor_day: u8) -> Date {
    let first = Date::first_of_month(year, month0).expect("the year was held between 1970 and 9998");
    let (year, month, _) = first.ymd();
    first.plus_days(i32::from(anchor_day.clamp(1, days_in_month(year, month))) - 1)
}

/// The Monday of a week of ISO 8601: week 1 holds January 4.
fn iso_week_monday(year: i32, week: u8) -> Option<Date> {
    let first = Date::new(year, 1, 4)?.monday();
    let next = Date::new(year + 1, 1, 4)?.monday();
    let monday = first.plus_days((i32::from(week) - 1) * 7);
    (first <= monday && monday < next).then_some(monday)
}

/// The ISO year and week of a Monday.
fn iso_week(monday: Date) -> (i32, i32) {
    debug_assert_eq!(monday.weekday(), Weekday::Mon, "weeks start on Mondays");
    // The Thursday of a week decides its year.
    let year = monday.plus_days(3).ymd().0;
    let first = Date::new(year, 1, 4).map_or(monday, Date::monday);
    (year, (monday.days() - first.days()) / 7 + 1)
}

struct Parts {
    year: i32,
    rest: Rest,
}

enum Rest {
    None,
    Month(u8),
    Quarter(u8),
    Week(u8),
    Day(u8, u8),
    Hour(u8, u8, u8),
}

impl Parts {
    fn parse(text: &str) -> Option<Self> {
        let (year, rest) = text.split_once('-').map_or((text, None), |(year, rest)| (year, Some(rest)));
        let year = digits(year, 4)?.into();
        let rest = match rest {
            None => Rest::None,
            Some(rest) => {
                if let Some(quarter) = rest.strip_prefix('Q') {
                    Rest::Quarter(small(quarter, 1)?)
                } else if let Some(week) = rest.strip_prefix('W') {
                    Rest::Week(small(week, 2)?)
                } else if let Some((month, day)) = rest.split_once('-') {
                    match day.split_once('T') {
                        Some((day, hour)) => Rest::Hour(small(month, 2)?, small(day, 2)?, small(hour, 2)?),
                        None => Rest::Day(small(month, 2)?, small(day, 2)?),
                    }
                } else {
                    Rest::Month(small(rest, 2)?)
                }
            }
        };
        Some(Self { year, rest })
    }
}

fn digits(text: &str, count: usize) -> Option<u16> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn small(text: &str, count: usize) -> Option<u8> {
    digits(text, count).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests;

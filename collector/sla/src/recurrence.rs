//! Maintenance that comes again: a small part of the recurrence rules of RFC 5545 (section 3.3.10).

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::interval::Interval;
use crate::zone::{Date, Weekday, Zone, days_in_month};

/// When a window comes again: each time at the local time of the first, and as long as the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    pattern: Pattern,
    /// Every so many weeks or months, 1 to 99.
    every: u8,
    end: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// On these days of the week; on that of the first where none is given.
    Weekly(BTreeSet<Weekday>),
    /// On this day of the month; months without it are skipped.
    MonthDay(u8),
    /// On the n-th such day of the month; counted from the end where negative. Months without it are skipped.
    MonthWeekday(i8, Weekday),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Never,
    /// After so many occurrences.
    Count(u16),
    /// None starts after this date.
    Until(Date),
}

/// Why a text is not a recurrence; holds the part at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecurrenceError {
    /// `FREQ` is missing or not `WEEKLY` or `MONTHLY`.
    Frequency,
    /// A part is not one of those understood.
    UnknownPart(String),
    /// A part stands twice.
    Twice(String),
    /// The value of a part is not allowed.
    Value(String),
    /// `COUNT` and `UNTIL` exclude each other.
    CountAndUntil,
    /// A monthly rule needs one of `BYMONTHDAY` and `BYDAY`.
    MonthlyDay,
}

impl fmt::Display for RecurrenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frequency => f.write_str("needs FREQ=WEEKLY or FREQ=MONTHLY"),
            Self::UnknownPart(part) => {
                write!(f, "{part:?} is not understood; allowed are FREQ, INTERVAL, BYDAY, BYMONTHDAY, COUNT and UNTIL")
            }
            Self::Twice(part) => write!(f, "{part} stands twice"),
            Self::Value(part) => write!(
                f,
                "{part:?} has a value that is not allowed; such as INTERVAL=2 (1 to 99), BYDAY=SU,WE (weekly) or \
                 BYDAY=2SU or -1SU (monthly), BYMONTHDAY=15, COUNT=12 (1 to 10000), UNTIL=20261231"
            ),
            Self::CountAndUntil => f.write_str("COUNT and UNTIL exclude each other"),
            Self::MonthlyDay => f.write_str("FREQ=MONTHLY needs one of BYMONTHDAY and BYDAY"),
        }
    }
}

impl core::error::Error for RecurrenceError {}

impl Recurrence {
    /// The most occurrences `COUNT` may ask for.
    pub const MAX_COUNT: u16 = 10_000;

    /// Parses a rule such as `FREQ=WEEKLY;BYDAY=SU` or `FREQ=MONTHLY;BYDAY=2SU;COUNT=12`.
    ///
    /// # Errors
    /// Names the part that is not understood or not allowed.
    pub fn parse(text: &str) -> Result<Self, RecurrenceError> {
        let mut parts: Vec<(&str, &str)> = Vec::new();
        for part in text.split(';') {
            let (key, value) = part.split_once('=').ok_or_else(|| RecurrenceError::UnknownPart(part.into()))?;
            if !["FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "COUNT", "UNTIL"].contains(&key) {
                return Err(RecurrenceError::UnknownPart(part.into()));
            }
            if parts.iter().any(|(known, _)| *known == key) {
                return Err(RecurrenceError::Twice(key.into()));
            }
            parts.push((key, value));
        }
        let get = |key: &str| parts.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
        let wrong = |key: &str| RecurrenceError::Value(alloc::format!("{key}={}", get(key).unwrap_or("")));
        let every = match get("INTERVAL") {
            None => 1,
            Some(text) => number(text)
                .filter(|n| (1..=99).contains(n))
                .and_then(|n| u8::try_from(n).ok())
                .ok_or_else(|| wrong("INTERVAL"))?,
        };
        let end = match (get("COUNT"), get("UNTIL")) {
            (Some(_), Some(_)) => return Err(RecurrenceError::CountAndUntil),
            (Some(text), None) => {
                End::Count(number(text).filter(|n| (1..=Self::MAX_COUNT).contains(n)).ok_or_else(|| wrong("COUNT"))?)
            }
            (None, Some(text)) => End::Until(until(text).ok_or_else(|| wrong("UNTIL"))?),
            (None, None) => End::Never,
        };
        let pattern = match get("FREQ") {
            Some("WEEKLY") => {
                if get("BYMONTHDAY").is_some() {
                    return Err(wrong("BYMONTHDAY"));
                }
                let days = get("BYDAY").map(|text| text.split(',').map(weekday).collect::<Option<BTreeSet<_>>>());
                Pattern::Weekly(days.unwrap_or(Some(BTreeSet::new())).ok_or_else(|| wrong("BYDAY"))?)
            }
            Some("MONTHLY") => match (get("BYMONTHDAY"), get("BYDAY")) {
                (Some(text), None) => {
                    let day = number(text).filter(|n| (1..=31).contains(n)).and_then(|n| u8::try_from(n).ok());
                    Pattern::MonthDay(day.ok_or_else(|| wrong("BYMONTHDAY"))?)
                }
                (None, Some(text)) => {
                    let (nth, day) = nth_weekday(text).ok_or_else(|| wrong("BYDAY"))?;
                    Pattern::MonthWeekday(nth, day)
                }
                _ => return Err(RecurrenceError::MonthlyDay),
            },
            _ => return Err(RecurrenceError::Frequency),
        };
        Ok(Self { pattern, every, end })
    }

    /// The date that no occurrence starts after, where the rule names one.
    pub fn until(&self) -> Option<Date> {
        match self.end {
            End::Until(date) => Some(date),
            End::Never | End::Count(_) => None,
        }
    }

    /// The occurrences that touch `within`, in order. The first window is one of them where the rule names its day, also
    /// where it begins in an hour that comes twice; the others begin at the first moment of their local time.
    pub fn occurrences(&self, first: Interval, within: Interval, zone: &Zone) -> Vec<Interval> {
        let (first_date, clock) = zone.local(first.start());
        let mut out = Vec::new();
        let mut count = 0u16;
        // A rule that never matches (such as a fifth Sunday every 99 months) still ends: each step moves the date on.
        for step in 0i32.. {
            let dates = self.dates(first_date, step);
            let Some(earliest) = dates.floor else { break };
            if zone.midnight(earliest) >= within.end() || earliest.days() > MAX_DATE_DAYS {
                break;
            }
            for date in dates.dates {
                let start = if date == first_date { first.start() } else { zone.instant(date, clock) };
                if start < first.start() {
                    continue;
                }
                let done = match self.end {
                    End::Never => false,
                    End::Count(most) => count >= most,
                    End::Until(last) => date > last,
                };
                if done {
                    return out;
                }
                count = count.saturating_add(1);
                out.extend(Interval::new(start, start + first.length()).filter(|run| run.intersect(within).is_some()));
            }
        }
        out
    }

    /// The dates of the step-th week or month of the rule.
    fn dates(&self, first: Date, step: i32) -> Step {
        let stride = step.saturating_mul(i32::from(self.every));
        match &self.pattern {
            Pattern::Weekly(days) => {
                let monday = first.monday().plus_days(stride.saturating_mul(7));
                let on = |day: &Weekday| monday.plus_days(day.index().into());
                let dates =
                    if days.is_empty() { alloc::vec![on(&first.weekday())] } else { days.iter().map(on).collect() };
                Step { floor: Some(monday), dates }
            }
            Pattern::MonthDay(day) => {
                let start = month_start(first, stride);
                let date = start.and_then(|start| {
                    let (year, month, _) = start.ymd();
                    Date::new(year, month, *day)
                });
                Step { floor: start, dates: date.into_iter().collect() }
            }
            Pattern::MonthWeekday(nth, day) => {
                let start = month_start(first, stride);
                let date = start.and_then(|start| nth_of_month(start, *nth, *day));
                Step { floor: start, dates: date.into_iter().collect() }
            }
        }
    }
}

/// 9998-12-31: no occurrence is looked for beyond.
const MAX_DATE_DAYS: i32 = 2_932_531;

struct Step {
    /// No date of this step is before it; `None` ends the calendar.
    floor: Option<Date>,
    dates: Vec<Date>,
}

fn month_start(first: Date, months: i32) -> Option<Date> {
    let (year, month, _) = first.ymd();
    Date::first_of_month(year, (i32::from(month) - 1).saturating_add(months))
}

fn nth_of_month(start: Date, nth: i8, day: Weekday) -> Option<Date> {
    let (year, month, _) = start.ymd();
    let length = i32::from(days_in_month(year, month));
    let ahead = (i32::from(day.index()) - i32::from(start.weekday().index())).rem_euclid(7);
    let matching: Vec<i32> = (0..5).map(|week| ahead + week * 7).filter(|offset| *offset < length).collect();
    let place = if nth > 0 {
        usize::try_from(nth).ok()?.checked_sub(1)?
    } else {
        matching.len().checked_sub(usize::from(nth.unsigned_abs()))?
    };
    matching.get(place).map(|offset| start.plus_days(*offset))
}

fn number(text: &str) -> Option<u16> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

fn weekday(text: &str) -> Option<Weekday> {
    let place = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].iter().position(|name| *name == text)?;
    Weekday::ALL.get(place).copied()
}

fn nth_weekday(text: &str) -> Option<(i8, Weekday)> {
    let (nth, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let nth: i8 = nth.parse().ok()?;
    ((1..=5).contains(&nth) || (-5..=-1).contains(&nth)).then_some((nth, weekday(day)?))
}

fn until(text: &str) -> Option<Date> {
    if text.len() != 8 || !text.is_ascii() {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to).and_then(number);
    Date::new(part(0, 4)?.into(), u8::try_from(part(4, 6)?).ok()?, u8::try_from(part(6, 8)?).ok()?)
}

impl fmt::Display for Recurrence {
    /// The rule as [`Recurrence::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |day: Weekday| {
            let mut text = day.as_str().to_string();
            text.truncate(2);
            text.make_ascii_uppercase();
            text
        };
        match &self.pattern {
            Pattern::Weekly(days) => {
                f.write_str("FREQ=WEEKLY")?;
                for (place, day) in days.iter().enumerate() {
                    write!(f, "{}{}", if place == 0 { ";BYDAY=" } else { "," }, name(*day))?;
                }
            }
            Pattern::MonthDay(day) => write!(f, "FREQ=MONTHLY;BYMONTHDAY={day}")?,
            Pattern::MonthWeekday(nth, day) => write!(f, "FREQ=MONTHLY;BYDAY={nth}{}", name(*day))?,
        }
        if self.every != 1 {
            write!(f, ";INTERVAL={}", self.every)?;
        }
        match self.end {
            End::Never => Ok(()),
            End::Count(count) => write!(f, ";COUNT={count}"),
            End::Until(date) => {
                let (year, month, day) = date.ymd();
                write!(f, ";UNTIL={year:04}{month:02}{day:02}")
            }
        }
    }
}

#[cfg(test)]
mod tests;

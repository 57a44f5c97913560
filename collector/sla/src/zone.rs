//! Civil dates, and time zones given as transitions.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use quorate_model::{CollectorTime, Millis};

/// Milliseconds of a day of 24 hours.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Weekday {
    /// All seven, Monday first.
    pub const ALL: [Self; 7] = [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// Its place in the week, Monday 0.
    pub const fn index(self) -> u8 {
        self as u8
    }

    /// Its short English name in small letters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }
}

/// A day of the proleptic Gregorian calendar, counted from 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

impl Date {
    /// A date; `None` where the calendar has no such day or the year is outside 1..=9999.
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        // March is month 0 of the counting year, so that the leap day is its last.
        let counting_year = if month <= 2 { year - 1 } else { year };
        let counting_month = (i32::from(month) + 9) % 12;
        let before_month = (153 * counting_month + 2) / 5;
        let before_year = 365 * counting_year + counting_year / 4 - counting_year / 100 + counting_year / 400;
        // 719,468 days lie between 0000-03-01 and 1970-01-01.
        Some(Self(before_year + before_month + i32::from(day) - 1 - 719_468))
    }

    /// The first of a month, months counted on past December.
    pub(crate) fn first_of_month(year: i32, month0: i32) -> Option<Self> {
        let year = year + month0.div_euclid(12);
        Self::new(year, u8::try_from(month0.rem_euclid(12)).ok()? + 1, 1)
    }

    /// The date so many days after 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Days after 1970-01-01.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// The date `days` later.
    pub const fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Year, month (1 to 12) and day (1 to 31).
    pub fn ymd(self) -> (i32, u8, u8) {
        let days = i64::from(self.0) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        let small = |value: i64| u8::try_from(value).expect("a month or a day of a month is below 32");
        let year =
            i32::try_from(year_of_era + era * 400 + carry).expect("an i32 of days spans fewer years than an i32");
        (year, small(month), small(day))
    }

    /// The day of the week.
    pub fn weekday(self) -> Weekday {
        // 1970-01-01 was a Thursday.
        let index = (i64::from(self.0) + 3).rem_euclid(7);
        let [mon, tue, wed, thu, fri, sat, sun] = Weekday::ALL;
        match index {
            0 => mon,
            1 => tue,
            2 => wed,
            3 => thu,
            4 => fri,
            5 => sat,
            _ => sun,
        }
    }

    /// The Monday of its week.
    pub fn monday(self) -> Self {
        self.plus_days(-i32::from(self.weekday().index()))
    }
}

impl fmt::Display for Date {
    /// `2026-10-04`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The days of a month (1 to 12) of the Gregorian calendar.
pub fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// A change of a zone's offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// From when on the offset holds.
    pub at: CollectorTime,
    /// Local time minus UTC, in seconds.
    pub offset_s: i32,
}

/// Why transitions are not a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ZoneError {
    /// A transition is not after the one before; holds its place, from 0.
    OutOfOrder(usize),
    /// An offset is over [`Zone::MAX_OFFSET_S`]; holds it.
    Offset(i32),
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfOrder(place) => write!(f, "transition {place} is not after the one before it"),
            Self::Offset(offset) => {
                write!(f, "an offset of {offset} s; allowed are {} s both ways", Zone::MAX_OFFSET_S)
            }
        }
    }
}

impl core::error::Error for ZoneError {}

/// A time zone over the stretch of time somebody asked about: the offset before its first transition, and the
/// transitions in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: String,
    first_offset_s: i32,
    transitions: Vec<Transition>,
}

impl Zone {
    /// The largest offset of either sign: 26 hours.
    pub const MAX_OFFSET_S: i32 = 26 * 3600;

    /// A zone of that name.
    ///
    /// # Errors
    /// Transitions out of order, an offset out of range.
    pub fn new(name: impl Into<String>, first_offset_s: i32, transitions: Vec<Transition>) -> Result<Self, ZoneError> {
        let offsets = core::iter::once(first_offset_s).chain(transitions.iter().map(|change| change.offset_s));
        for offset in offsets {
            if !(-Self::MAX_OFFSET_S..=Self::MAX_OFFSET_S).contains(&offset) {
                return Err(ZoneError::Offset(offset));
            }
        }
        for (place, pair) in transitions.windows(2).enumerate() {
            if let [before, after] = pair
                && before.at >= after.at
            {
                return Err(ZoneError::OutOfOrder(place + 1));
            }
        }
        Ok(Self { name: name.into(), first_offset_s, transitions })
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { name: "UTC".into(), first_offset_s: 0, transitions: Vec::new() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Local time minus UTC at `time`.
    pub fn offset(&self, time: CollectorTime) -> Millis {
        let after = self.transitions.partition_point(|change| change.at <= time);
        let last = after.checked_sub(1).and_then(|place| self.transitions.get(place));
        Millis::from_secs(last.map_or(self.first_offset_s, |change| change.offset_s).into())
    }

    /// The local date and the milliseconds the local clock shows since midnight.
    pub fn local(&self, time: CollectorTime) -> (Date, Millis) {
        date_and_clock((time + self.offset(time)).as_millis())
    }

    /// The furthest the local clock has come by `time`: what it shows, or the last it showed before it was set back, until
    /// it shows more. Of all dates and hours this is in the one that began last, as [`Zone::instant`] tells beginnings.
    pub fn furthest(&self, time: CollectorTime) -> (Date, Millis) {
        let mut furthest_ms = (time + self.offset(time)).as_millis();
        let over = self.transitions.partition_point(|change| change.at <= time);
        // No clock is set back by more than from one largest offset to the other, so what was before that is outrun.
        let recent = time - Millis::from_secs(Self::MAX_OFFSET_S.into()).times(2);
        for (place, change) in self.transitions.iter().enumerate().take(over).rev() {
            if change.at < recent {
                break;
            }
            let before = place.checked_sub(1).and_then(|place| self.transitions.get(place));
            let offset_s = before.map_or(self.first_offset_s, |before| before.offset_s);
            furthest_ms = furthest_ms.max((change.at + Millis::from_secs(offset_s.into())).as_millis() - 1);
        }
        date_and_clock(furthest_ms)
    }

    /// True if the local calendar has this date. Where a zone moves over the date line, it skips one.
    pub fn has(&self, date: Date) -> bool {
        self.midnight(date) < self.midnight(date.plus_days(1))
    }

    /// The first moment at which the local clock shows `clock` of `date` or later: the first of the two where the clock
    /// is set back over it, the moment of the change where it is set forward over it.
    pub fn instant(&self, date: Date, clock: Millis) -> CollectorTime {
        let local_ms = i64::from(date.days()) * DAY_MS + clock.get();
        // No offset exceeds the largest, so the transitions before that much earlier are surely over.
        let local = CollectorTime::from_millis(local_ms);
        let surely = local - Millis::from_secs(Self::MAX_OFFSET_S.into());
        let over = self.transitions.partition_point(|change| change.at <= surely);
        let last = over.checked_sub(1).and_then(|place| self.transitions.get(place));
        let mut from = last.map_or(CollectorTime::MIN, |change| change.at);
        let mut offset_s = last.map_or(self.first_offset_s, |change| change.offset_s);
        for change in self.transitions.iter().skip(over) {
            let candidate = local - Millis::from_secs(offset_s.into());
            if candidate.max(from) < change.at {
                return candidate.max(from);
            }
            from = change.at;
            offset_s = change.offset_s;
        }
        (local - Millis::from_secs(offset_s.into())).max(from)
    }

    /// The start of a local day.
    pub fn midnight(&self, date: Date) -> CollectorTime {
        self.instant(date, Millis::ZERO)
    }
}

/// Milliseconds of the local clock since 1970-01-01 as a date and the time since its midnight.
fn date_and_clock(local_ms: i64) -> (Date, Millis) {
    let days = local_ms.div_euclid(DAY_MS);
    let days = i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX });
    (Date::from_days(days), Millis::new(local_ms.rem_euclid(DAY_MS)))
}

#[cfg(test)]
mod tests;

//! The time window of an SLO.

use quorate_collector_sla::WindowKind;

/// A duration shorthand of OpenSLO: a number and one of m, h, d, w, M, Q and Y.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shorthand {
    /// At least 1.
    pub(super) count: u32,
    /// The letter.
    pub(super) unit: char,
}

impl Shorthand {
    /// Reads `5m`, `28d` or `1M`; the error says what is allowed.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is no duration of OpenSLO; write a number with m, h, d, w, M, Q or Y, such as 28d");
        let unit = text.chars().next_back().filter(|unit| "mhdwMQY".contains(*unit)).ok_or_else(wrong)?;
        let digits = text.strip_suffix(unit).unwrap_or_default();
        let count = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
        match count {
            Some(count) if count > 0 => Ok(Self { count, unit }),
            _ => Err(wrong()),
        }
    }

    /// Its length, where it has a fixed one.
    pub(super) fn millis(self) -> Option<i64> {
        let unit = match self.unit {
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => 86_400_000,
            'w' => 7 * 86_400_000,
            _ => return None,
        };
        Some(i64::from(self.count) * unit)
    }

    /// The days of a rolling window, and whether that is exact.
    pub(super) fn days(self) -> Option<(u16, bool)> {
        let (days, exact) = match (self.unit, self.millis()) {
            (_, Some(millis)) if millis % 86_400_000 == 0 => (millis / 86_400_000, true),
            ('M', _) => (i64::from(self.count) * 30, false),
            ('Q', _) => (i64::from(self.count) * 90, false),
            ('Y', _) => (i64::from(self.count) * 365, false),
            _ => return None,
        };
        let days = u16::try_from(days).ok().filter(|days| *days <= WindowKind::MAX_ROLLING_DAYS)?;
        Some((days, exact))
    }
}

/// When a calendar window starts: `2024-01-15 00:00:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start(jiff::civil::DateTime);

impl Start {
    /// Reads a local moment, with a blank or a `T` between date and time, or a date alone.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| {
            format!("{text:?} is no local moment; write a date and a time of day, such as 2024-01-01 00:00:00")
        })
    }

    /// The contract's window that lasts `duration`, and whether it starts there; `None` if it has none such.
    pub(super) fn window(self, duration: Shorthand) -> Option<CalendarWindow> {
        let time = self.0.time();
        let whole_hour = time.minute() == 0 && time.second() == 0 && time.subsec_nanosecond() == 0;
        let midnight = time == jiff::civil::Time::midnight();
        let (month, day) = (self.0.month(), self.0.day());
        let (kind, exact, starts) = match (duration.count, duration.unit) {
            (1, 'h') | (60, 'm') => (WindowKind::CalendarHour, whole_hour, "on the whole hour"),
            (1, 'd') | (24, 'h') => (WindowKind::CalendarDay, midnight, "at midnight"),
            (1, 'w') | (7, 'd') => {
                let monday = self.0.weekday() == jiff::civil::Weekday::Monday;
                (WindowKind::CalendarWeek, midnight && monday, "at midnight on Monday")
            }
            (1, 'M') if day == 1 => (WindowKind::CalendarMonth, midnight, "at midnight"),
            (1, 'M') => {
                let anchor_day = day.unsigned_abs();
                (WindowKind::BillingMonth { anchor_day }, midnight, "at midnight of that day")
            }
            (1, 'Q') | (3, 'M') => {
                let first = day == 1 && month % 3 == 1;
                let starts = "at midnight on the first of January, April, July and October";
                (WindowKind::CalendarQuarter, midnight && first, starts)
            }
            (1, 'Y') | (4, 'Q') | (12, 'M') => {
                let first = day == 1 && month == 1;
                (WindowKind::CalendarYear, midnight && first, "at midnight on the first of January")
            }
            _ => return None,
        };
        Some(CalendarWindow { kind, exact, starts })
    }
}

/// The contract's window for a start and a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CalendarWindow {
    pub(super) kind: WindowKind,
    /// Whether a window of this kind starts at that start.
    pub(super) exact: bool,
    /// When windows of this kind start, in words.
    pub(super) starts: &'static str,
}

//! Times and lengths of time as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Writes moments in one zone.
pub(crate) struct Moments(TimeZone);

impl Moments {
    /// In a zone by its IANA name; in UTC where nobody knows it, and the times say so.
    pub(crate) fn new(zone: &str) -> Self {
        Self(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
    }

    /// To the second, such as `2026-10-04 03:00:00 CEST`.
    pub(crate) fn second(&self, ms: i64) -> String {
        self.print(ms, "%Y-%m-%d %H:%M:%S %Z")
    }

    /// To the minute, without the zone.
    pub(crate) fn minute(&self, ms: i64) -> String {
        self.print(ms, "%Y-%m-%d %H:%M")
    }

    /// The day of the month.
    pub(crate) fn day(&self, ms: i64) -> String {
        self.print(ms, "%-d")
    }

    fn print(&self, ms: i64, format: &str) -> String {
        match Timestamp::from_millisecond(ms) {
            Ok(moment) => moment.to_zoned(self.0.clone()).strftime(format).to_string(),
            Err(_) => format!("{ms} ms"),
        }
    }
}

/// To the millisecond in UTC, for machines.
pub(crate) fn machine(ms: i64) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(moment) => moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        Err(_) => format!("{ms} ms"),
    }
}

/// A length of time such as `1 h 05 min 03.250 s`, exact to the millisecond.
pub(crate) fn span(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    let (days, hours, minutes) = (ms / 86_400_000, ms / 3_600_000 % 24, ms / 60_000 % 60);
    let (seconds, rest) = (ms / 1000 % 60, ms % 1000);
    let decimals = if rest == 0 { String::new() } else { format!(".{rest:03}") };
    let text = match (days, hours, minutes, seconds) {
        (0, 0, 0, 0) if rest > 0 => format!("{rest} ms"),
        (0, 0, 0, _) => format!("{seconds}{decimals} s"),
        (0, 0, _, _) => format!("{minutes} min {seconds:02}{decimals} s"),
        (0, _, _, _) => format!("{hours} h {minutes:02} min {seconds:02}{decimals} s"),
        _ => format!("{days} d {hours:02} h {minutes:02} min {seconds:02}{decimals} s"),
    };
    format!("{sign}{text}")
}

/// How long it is from one moment to another; what no number holds is the longest that one does.
pub(crate) fn length(from: i64, to: i64) -> i64 {
    to.saturating_sub(from)
}

/// Microseconds as milliseconds, such as `231.4 ms`.
pub(crate) fn latency(us: u64) -> String {
    format!("{}.{} ms", us / 1000, us % 1000 / 100)
}

#[cfg(test)]
mod tests;

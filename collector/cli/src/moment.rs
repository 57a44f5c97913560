//! Times and spans as people write and read them. Inside the program they are milliseconds on the collector's clock.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use quorate_model::time::CollectorTime;

/// Why a text is not a time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a time; allowed are RFC 3339 such as 2026-11-25T19:03:05Z, the same without a zone (then in --zone), \
     HH:MM or HH:MM:SS (its last occurrence), milliseconds since the epoch, now, or a span ago such as \"10m ago\""
)]
pub(crate) struct MomentError {
    text: String,
}

/// Why a text is not a span.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a span; allowed are a number with a unit, such as 500ms, 10s, 5m, 2h, 7d, or several, such as 1h30m"
)]
pub(crate) struct SpanError {
    text: String,
}

/// The time that `text` means, read in `zone` where it names none of its own.
///
/// # Errors
/// Says what is allowed.
pub(crate) fn parse(text: &str, zone: &TimeZone, now: CollectorTime) -> Result<CollectorTime, MomentError> {
    let trimmed = text.trim();
    let error = || MomentError { text: text.to_owned() };
    if trimmed == "now" {
        return Ok(now);
    }
    if let Some(span) = trimmed.strip_suffix("ago") {
        let span = span_ms(span).map_err(|_| error())?;
        return Ok(CollectorTime::from_millis(now.as_millis().saturating_sub(span)));
    }
    if !trimmed.is_empty() && trimmed.bytes().all(|b| b.is_ascii_digit()) {
        return trimmed.parse().map(CollectorTime::from_millis).map_err(|_| error());
    }
    if let Ok(timestamp) = trimmed.parse::<Timestamp>() {
        return Ok(CollectorTime::from_millis(timestamp.as_millisecond()));
    }
    let in_zone = |civil: civil::DateTime| {
        let zoned = civil.to_zoned(zone.clone()).map_err(|_| error())?;
        Ok(CollectorTime::from_millis(zoned.timestamp().as_millisecond()))
    };
    if let Ok(civil) = trimmed.parse::<civil::DateTime>() {
        return in_zone(civil);
    }
    let clock: civil::Time = trimmed.parse().map_err(|_| error())?;
    let today = zoned(now, zone).ok_or_else(error)?.date();
    let at = in_zone(today.to_datetime(clock))?;
    if at <= now {
        return Ok(at);
    }
    in_zone(today.yesterday().map_err(|_| error())?.to_datetime(clock))
}

/// The milliseconds that a text such as `1h30m` means; never negative.
///
/// # Errors
/// Says what is allowed.
pub(crate) fn span_ms(text: &str) -> Result<i64, SpanError> {
    let error = || SpanError { text: text.to_owned() };
    let mut rest = text.trim();
    let mut total: i64 = 0;
    if rest.is_empty() {
        return Err(error());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let factor: i64 = match unit.trim() {
            "ms" => 1,
            "s" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            _ => return Err(error()),
        };
        let number: i64 = number.parse().map_err(|_| error())?;
        total = number.checked_mul(factor).and_then(|part| total.checked_add(part)).ok_or_else(error)?;
        rest = tail;
    }
    Ok(total)
}

/// The same as a [`Duration`].
///
/// # Errors
/// Says what is allowed.
pub(crate) fn span(text: &str) -> Result<Duration, SpanError> {
    let ms = span_ms(text)?;
    u64::try_from(ms).map(Duration::from_millis).map_err(|_| SpanError { text: text.to_owned() })
}

fn zoned(at: CollectorTime, zone: &TimeZone) -> Option<jiff::Zoned> {
    Some(Timestamp::from_millisecond(at.as_millis()).ok()?.to_zoned(zone.clone()))
}

/// Date and time to the second, without the zone's name; the raw milliseconds where no calendar has that day.
pub(crate) fn show_seconds(at_ms: i64, zone: &TimeZone) -> String {
    show(at_ms, zone, "%Y-%m-%d %H:%M:%S")
}

/// Date and time to the millisecond, without the zone's name.
pub(crate) fn show_millis(at_ms: i64, zone: &TimeZone) -> String {
    show(at_ms, zone, "%Y-%m-%d %H:%M:%S%.3f")
}

/// Time of day to the millisecond.
pub(crate) fn show_clock(at_ms: i64, zone: &TimeZone) -> String {
    show(at_ms, zone, "%H:%M:%S%.3f")
}

fn show(at_ms: i64, zone: &TimeZone, format: &str) -> String {
    zoned(CollectorTime::from_millis(at_ms), zone)
        .map_or_else(|| format!("{at_ms} ms"), |zoned| zoned.strftime(format).to_string())
}

/// The zone's name for headings, such as `UTC` or `Europe/Berlin`.
pub(crate) fn zone_name(zone: &TimeZone) -> &str {
    if *zone == TimeZone::UTC { "UTC" } else { zone.iana_name().unwrap_or("local time") }
}

/// A length of time in the two largest units that matter, such as `4 min 03 s`; a minus sign where it is negative.
pub(crate) fn show_span(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    let seconds = ms / 1_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let text = if ms < 1_000 {
        format!("{ms} ms")
    } else if seconds < 60 {
        format!("{seconds}.{} s", ms % 1_000 / 100)
    } else if minutes < 60 {
        format!("{minutes} min {:02} s", seconds % 60)
    } else if hours < 24 {
        format!("{hours} h {:02} min", minutes % 60)
    } else {
        format!("{days} d {:02} h", hours % 24)
    };
    format!("{sign}{text}")
}

/// Microseconds as milliseconds with three decimals below 10 ms, one decimal below 1 s, none above.
pub(crate) fn show_micros(us: u64) -> String {
    if us < 10_000 {
        format!("{}.{:03} ms", us / 1_000, us % 1_000)
    } else if us < 1_000_000 {
        format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
    } else {
        format!("{} ms", us / 1_000)
    }
}

#[cfg(test)]
mod tests;

//! Texts with a unit: durations, shares.

use quorate_model::Millis;
use thiserror::Error;

/// Why a text is not a duration or a share.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScalarError {
    /// Not a number with a unit, or several from the largest unit to the smallest.
    #[error("{0:?} is not a duration; write 800ms, 10s, 5m, 1h30m or 2d")]
    Duration(String),
    /// Not a decimal number or percentage over 0 up to 1.
    #[error(
        "{0:?} is not a share; write a decimal over 0 up to 1 such as 0.6, or a percentage such as 60%, with at most six decimals"
    )]
    Share(String),
}

/// The units of durations, largest first, in milliseconds.
const UNITS: [(&str, i64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Parses `800ms`, `10s`, `5m`, `1h30m`, `2d`: whole numbers, each with its unit, larger units first, each once.
///
/// # Errors
/// Says what may be written.
pub fn duration(text: &str) -> Result<Millis, ScalarError> {
    parse_duration(text).ok_or_else(|| ScalarError::Duration(text.to_owned()))
}

fn parse_duration(text: &str) -> Option<Millis> {
    let mut rest = text;
    let mut units = UNITS.as_slice();
    let mut total: i64 = 0;
    while !rest.is_empty() || units.len() == UNITS.len() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, behind) = rest.split_at_checked(digits)?;
        let letters = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_lowercase()).len();
        let (unit, behind) = behind.split_at_checked(letters)?;
        let index = units.iter().position(|(name, _)| *name == unit)?;
        let (_, factor) = units.get(index)?;
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*factor)?)?;
        units = units.get(index + 1..)?;
        rest = behind;
    }
    Some(Millis::new(total))
}

/// A duration as [`duration`] reads it, in the fewest units: `90s` for 90,000 ms is written `1m30s`.
pub fn format_duration(span: Millis) -> String {
    let mut rest = span.get().max(0);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, factor) in UNITS {
        if rest >= factor {
            text.push_str(&(rest / factor).to_string());
            text.push_str(unit);
            rest %= factor;
        }
    }
    text
}

/// Parses a share over 0 up to 1 as parts per million: `0.6`, `1`, `60%`, `99.95%`; exact, at most six decimals of the share.
///
/// # Errors
/// Says what may be written.
pub fn share_ppm(text: &str) -> Result<u32, ScalarError> {
    parse_share(text).filter(|ppm| (1..=1_000_000).contains(ppm)).ok_or_else(|| ScalarError::Share(text.to_owned()))
}

fn parse_share(text: &str) -> Option<u32> {
    let (number, decimals) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 4),
        None => (text, 6),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || number.ends_with('.') || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals {
        return None;
    }
    format!("{whole}{fraction:0<decimals$}").parse().ok()
}

#[cfg(test)]
mod tests;

//! Names of incidents.

use alloc::format;

use quorate_model::{CheckId, CollectorTime, IncidentId};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// The name of an incident: its check and the minute its start is nearest to, in UTC, such as `shop-20261125T1912Z`.
///
/// Rounding to the nearest minute keeps the name through most late data, as outages that start by the clock start near
/// full minutes. What was named before keeps its name through [`crate::adopt_ids`]. Where the incident before has the
/// same name, a number is added.
pub(crate) fn incident(check: &CheckId, start: CollectorTime, previous: Option<&IncidentId>) -> IncidentId {
    let minute = start.as_millis().saturating_add(MINUTE_MS / 2).div_euclid(MINUTE_MS).saturating_mul(MINUTE_MS);
    let (year, month, day) = civil(minute.div_euclid(DAY_MS));
    let of_day = minute.rem_euclid(DAY_MS) / MINUTE_MS;
    let base = format!("{check}-{year:04}{month:02}{day:02}T{:02}{:02}Z", of_day / 60, of_day % 60);
    let Some(previous) = previous else { return IncidentId::new(base) };
    if previous.as_str() == base {
        return IncidentId::new(format!("{base}.2"));
    }
    let number = previous.as_str().strip_prefix(base.as_str()).and_then(|rest| rest.strip_prefix('.'));
    match number.and_then(|text| text.parse::<u32>().ok()) {
        Some(number) => IncidentId::new(format!("{base}.{}", number.saturating_add(1))),
        None => IncidentId::new(base),
    }
}

/// The civil date of a day counted from 1970-01-01, in the proleptic Gregorian calendar (the method of days since
/// 0000-03-01 in eras of 400 years).
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests;

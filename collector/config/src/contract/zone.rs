//! Time zones of the bundled database as transitions.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use quorate_collector_sla::Zone;
use quorate_collector_sla::zone::Transition;
use quorate_model::CollectorTime;
use thiserror::Error;

use crate::yaml::closest;

/// A text names no time zone.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is not an IANA time zone; {hint}", hint = hint(.0))]
pub struct ZoneNameError(pub String);

/// The zone that may have been meant: one spelled nearly so, or that of a city. Short names such as EST are not offered, as
/// those of other zones are as near.
fn hint(name: &str) -> String {
    let known: Vec<String> =
        jiff::tz::db().available().map(|zone| zone.to_string()).filter(|zone| zone.contains('/')).collect();
    let of_city =
        || known.iter().find(|zone| zone.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(name)));
    match closest(name, known.iter().map(String::as_str)).or_else(|| of_city().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => "allowed are UTC, Europe/Berlin and the like".to_owned(),
    }
}

/// Zones are asked for from here on.
const FIRST_YEAR: i64 = 1970;
/// Zones are asked for at least up to here: transitions are cheap, and few contracts look further.
const USUAL_LAST_YEAR: i64 = 2100;

/// The name of a zone as the database spells it.
pub(crate) fn canonical(name: &str) -> Result<String, ZoneNameError> {
    let zone = TimeZone::get(name).map_err(|_| ZoneNameError(name.to_owned()))?;
    Ok(zone.iana_name().unwrap_or(name).to_owned())
}

/// The zone of that name with its transitions from 1970 up to the end of 2100.
///
/// # Errors
/// No zone has this name.
pub fn zone(name: &str) -> Result<Zone, ZoneNameError> {
    zone_until(name, USUAL_LAST_YEAR)
}

/// The zone of that name up to the end of `last_year`, or of 2100 if that is later.
fn zone_until(name: &str, last_year: i64) -> Result<Zone, ZoneNameError> {
    let unknown = || ZoneNameError(name.to_owned());
    let zone = TimeZone::get(name).map_err(|_| unknown())?;
    let name = zone.iana_name().unwrap_or(name).to_owned();
    // Years of 365.2425 days, as only the rough place of the last transition matters.
    let years = last_year.clamp(USUAL_LAST_YEAR, 9998) - FIRST_YEAR + 1;
    let end = Timestamp::from_second(years.saturating_mul(31_556_952)).unwrap_or(Timestamp::MAX);
    let transitions = zone
        .following(Timestamp::UNIX_EPOCH)
        .take_while(|change| change.timestamp() < end)
        .map(|change| Transition {
            at: CollectorTime::from_millis(change.timestamp().as_millisecond()),
            offset_s: change.offset().seconds(),
        })
        .collect();
    Zone::new(name, zone.to_offset(Timestamp::UNIX_EPOCH).seconds(), transitions).map_err(|_| unknown())
}

/// The zone of that name, far enough for a period such as `2026-10` and the deadlines after it.
///
/// # Errors
/// No zone has this name.
pub fn zone_for_period(name: &str, period: &str) -> Result<Zone, ZoneNameError> {
    let year = period.get(..4).and_then(|year| year.parse::<i64>().ok()).unwrap_or(FIRST_YEAR);
    zone_until(name, year.saturating_add(12))
}

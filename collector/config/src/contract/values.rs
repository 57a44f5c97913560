//! Values with a form of their own: moments, times of day, percentages, money.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use quorate_collector_sla::objective::LatencyObjective;
use quorate_collector_sla::{Currency, DailyHours, Money, Percent, ServiceHours, Weekday};
use quorate_model::{CheckId, CollectorTime, IdError, Micros, Millis};

use super::gaps::Gaps;
use crate::read::values::text;
use crate::scalar::duration;
use crate::yaml::{Cursor, hint};

/// The most bytes of a text for people.
const MAX_TEXT_BYTES: usize = 4096;

/// The most entries of weekly hours.
const MAX_HOURS: usize = 64;

/// The currencies in use as ISO 4217 lists them, without funds, metals and test codes.
const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
                          CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD \
                          GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD \
                          KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO \
                          NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE \
                          SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND \
                          VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// The times of contracts: 1970-01-01 up to 9999-01-01.
pub(super) const TIMES: RangeInclusive<CollectorTime> =
    CollectorTime::from_millis(0)..=CollectorTime::from_millis(253_370_764_800_000);

/// A moment with its offset, such as `2026-10-04T01:00:00Z`.
pub(super) fn moment(cursor: &Cursor<'_>) -> Option<CollectorTime> {
    let Ok(moment) = cursor.text()?.parse::<Timestamp>() else {
        cursor.expected("a moment with its offset, such as 2026-10-04T01:00:00Z or 2026-10-04T03:00:00+02:00");
        return None;
    };
    let moment = CollectorTime::from_millis(moment.as_millisecond());
    if !TIMES.contains(&moment) {
        cursor.expected("a moment of the years 1970 to 9998");
        return None;
    }
    Some(moment)
}

/// A duration of any length.
pub(super) fn span(cursor: &Cursor<'_>) -> Option<Millis> {
    cursor.parse(duration)
}

/// A bound of latency.
pub(super) fn bound(cursor: &Cursor<'_>) -> Option<Micros> {
    let span = crate::read::values::span(cursor, Millis::new(1)..=LatencyObjective::MAX_UNDER.as_millis())?;
    Some(Micros::new(span.get().unsigned_abs() * 1000))
}

/// A percentage, with or without its sign.
pub(super) fn percent(cursor: &Cursor<'_>) -> Option<Percent> {
    let text = cursor.text()?;
    match Percent::parse(text) {
        Ok(percent) => Some(percent),
        Err(error) => {
            cursor.error(format_args!("{text:?} {error}"));
            None
        }
    }
}

/// An id by its own rule.
pub(super) fn id<T>(cursor: &Cursor<'_>, new: fn(&str) -> Result<T, IdError>) -> Option<T> {
    cursor.parse(new)
}

/// A check's id.
pub(super) fn check(cursor: &Cursor<'_>) -> Option<CheckId> {
    id(cursor, CheckId::new)
}

/// A text for people; may have several lines.
pub(super) fn words(cursor: &Cursor<'_>) -> Option<String> {
    text(cursor, MAX_TEXT_BYTES).map(str::to_owned)
}

/// An amount with its currency: `499.00 EUR`.
pub(super) fn money(cursor: &Cursor<'_>) -> Option<Money> {
    let text = cursor.text()?;
    let Some((amount, currency)) = text.split_once(' ').and_then(|(amount, code)| Some((amount, Currency::new(code)?)))
    else {
        cursor.expected("an amount with the code of its currency, such as 499.00 EUR");
        return None;
    };
    if !CURRENCIES.split(' ').any(|known| known == currency.code()) {
        let hint = hint(currency.code(), CURRENCIES.split(' '));
        cursor.error(format_args!("no currency of ISO 4217 has the code {}{hint}", currency.code()));
        return None;
    }
    match Money::parse(amount, currency) {
        Ok(money) => Some(money),
        Err(error) => {
            cursor.error(format_args!("{amount:?} {error}"));
            None
        }
    }
}

/// Weekly hours; an empty list is always.
pub(super) fn hours(cursor: &Cursor<'_>, gaps: &mut Gaps) -> Option<ServiceHours> {
    let count = cursor.list()?.len();
    if count > MAX_HOURS {
        cursor.error(format_args!("has {count} entries; allowed are {MAX_HOURS}"));
        return None;
    }
    let mut read = |item| {
        let entry = daily_hours(item, gaps);
        gaps.fill(entry, whole_monday())
    };
    let entries: Vec<DailyHours> = cursor.list()?.iter().map(&mut read).collect();
    Some(if entries.is_empty() { ServiceHours::Always } else { ServiceHours::Weekly(entries) })
}

/// Hours that contradict nothing.
fn whole_monday() -> DailyHours {
    DailyHours { days: vec![Weekday::Mon], from: Millis::ZERO, to: Millis::from_secs(86_400) }
}

fn daily_hours(cursor: &Cursor<'_>, gaps: &mut Gaps) -> Option<DailyHours> {
    let mut fields = cursor.fields()?;
    let whole = whole_monday();
    let mut days = |c: Cursor<'_>| {
        let all = c.list()?;
        let read: Vec<Weekday> = all
            .iter()
            .filter_map(|day| gaps.fill(day.choice(&Weekday::ALL, Weekday::as_str).map(Some), None))
            .collect();
        (all.is_empty() || !read.is_empty()).then_some(read)
    };
    let days = fields.required("days").and_then(&mut days);
    let from = fields.required("from").and_then(|c| clock(&c));
    let to = fields.required("to").and_then(|c| clock(&c));
    fields.finish();
    // Where one of the two could not be read, they are not compared.
    let (from, to) = gaps.fill(from.zip(to), (whole.from, whole.to));
    Some(DailyHours { days: gaps.fill(days, whole.days), from, to })
}

/// A time of day, 00:00 to 24:00.
fn clock(cursor: &Cursor<'_>) -> Option<Millis> {
    let parsed = parse_clock(cursor.text()?);
    if parsed.is_none() {
        cursor.expected("a time of day from 00:00 to 24:00, such as \"08:00\"");
    }
    parsed
}

fn parse_clock(text: &str) -> Option<Millis> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str, max: i64| {
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<i64>().ok())?.filter(|number| *number <= max)
    };
    let (hours, minutes) = (number(hours, 24)?, number(minutes, 59)?);
    let of_day = hours * 60 + minutes;
    (of_day <= 24 * 60).then(|| Millis::from_secs(of_day * 60))
}

//! The hours in which a service or its support has to be there.

use alloc::vec::Vec;

use quorate_model::{CollectorTime, Millis};

use crate::interval::{Interval, IntervalSet};
use crate::zone::{DAY_MS, Weekday, Zone};

/// Hours on some days of the week, on the local clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyHours {
    /// The days they start on.
    pub days: Vec<Weekday>,
    /// From this time of the local clock on, 00:00 up to 24:00.
    pub from: Millis,
    /// Up to this one; where it is not after `from`, on the next day.
    pub to: Millis,
}

/// When a service counts: always, or in weekly hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ServiceHours {
    /// Around the clock.
    #[default]
    Always,
    /// In these hours.
    Weekly(Vec<DailyHours>),
}

impl ServiceHours {
    /// The service time inside `within`.
    pub fn inside(&self, within: Interval, zone: &Zone) -> IntervalSet {
        match self {
            Self::Always => within.into(),
            Self::Weekly(hours) => weekly(hours, within, zone).clip(within),
        }
    }

    /// The moment by which `span` of service time has passed since `from`; `None` if that takes over ten years.
    pub fn after(&self, from: CollectorTime, span: Millis, zone: &Zone) -> Option<CollectorTime> {
        if matches!(self, Self::Always) {
            return Some(from + span);
        }
        let mut left = span;
        let mut start = from;
        // Ten years of four-week steps: every weekly pattern repeats within one step.
        for _ in 0..132 {
            let step = Interval::new(start, start + Millis::new(28 * DAY_MS))?;
            for run in self.inside(step, zone).iter() {
                if run.length() >= left {
                    return Some(run.start() + left);
                }
                left = left - run.length();
            }
            start = step.end();
        }
        None
    }
}

fn weekly(hours: &[DailyHours], within: Interval, zone: &Zone) -> IntervalSet {
    // One day more on both sides, as hours may reach past midnight.
    let (first, _) = zone.local(within.start());
    let (last, _) = zone.furthest(within.end());
    let mut out = Vec::new();
    for day in first.days().saturating_sub(1)..=last.days() {
        let date = crate::zone::Date::from_days(day);
        for entry in hours.iter().filter(|entry| entry.days.contains(&date.weekday())) {
            let end_date = if entry.to > entry.from { date } else { date.plus_days(1) };
            out.extend(Interval::new(zone.instant(date, entry.from), zone.instant(end_date, entry.to)));
        }
    }
    out.into_iter().collect()
}

#[cfg(test)]
mod tests;

//! Uptime of a window with its bounds, from segments and incidents.

use quorate_collector_http::Window;
use quorate_model::{CollectorTime, Incident, IncidentClass, Millis, Segment, State};
use quorate_proto::api;

/// Time spent in each state in a window, and downtime with its bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// All time that segments cover.
    pub(crate) judged: Millis,
    /// Surely down, in outages.
    pub(crate) down_low: Millis,
    /// Outages, by the best estimate of their starts and ends.
    pub(crate) down_point: Millis,
    /// Down at most, blips included.
    pub(crate) down_high: Millis,
    /// Too few votes.
    pub(crate) unknown: Millis,
    /// Slow or failing answers in a quorum of regions, but not failing ones.
    pub(crate) degraded: Millis,
    /// Some bad regions, fewer than a quorum.
    pub(crate) partial: Millis,
}

impl Sums {
    /// Two stretches of time together.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self {
            judged: self.judged + other.judged,
            down_low: self.down_low + other.down_low,
            down_point: self.down_point + other.down_point,
            down_high: self.down_high + other.down_high,
            unknown: self.unknown + other.unknown,
            degraded: self.degraded + other.degraded,
            partial: self.partial + other.partial,
        }
    }
}

/// Adds up a window. `segments` are sorted and do not overlap; `incidents` are all that touch the window.
pub(crate) fn sums(segments: &[Segment], incidents: &[Incident], window: Window) -> Sums {
    let mut sums = Sums::default();
    let outages = || incidents.iter().filter(|incident| incident.class == IncidentClass::Outage);
    let first = segments.partition_point(|segment| segment.end <= window.from());
    for segment in segments.iter().skip(first).take_while(|segment| segment.start < window.to()) {
        let length = overlap(window, segment.start, segment.end);
        sums.judged += length;
        match segment.state {
            State::Unknown => sums.unknown += length,
            State::Degraded => sums.degraded += length,
            State::Partial => sums.partial += length,
            State::Up | State::Down => {}
        }
        if segment.state_high == State::Down {
            sums.down_high += length;
        }
        if segment.state_low == State::Down && outages().any(|outage| holds(outage, segment)) {
            sums.down_low += length;
        }
    }
    for (from, to) in outages().flat_map(|outage| &outage.runs) {
        sums.down_point += overlap(window, *from, *to);
    }
    sums
}

/// True if the segment lies in one of the incident's runs. What is down by the best estimate can reach beyond a run's
/// refined ends, but a run and its segments always overlap or touch, and never those of another incident.
fn holds(incident: &Incident, segment: &Segment) -> bool {
    let from = incident.start_bounds.earliest.min(incident.start);
    let to = incident.end.map_or(CollectorTime::MAX, |end| end.max(incident.end_bounds.latest));
    segment.start < to && from < segment.end
}

fn overlap(window: Window, start: CollectorTime, end: CollectorTime) -> Millis {
    (end.min(window.to()) - start.max(window.from())).max(Millis::ZERO)
}

/// The sums as the API tells them. Time that no segment covers counts as unknown.
pub(crate) fn uptime(sums: &Sums, window: Window) -> api::Uptime {
    let total = window.length().get();
    let unknown = (sums.unknown.get() + (total - sums.judged.get()).max(0)).clamp(0, total);
    let measured = total - unknown;
    let point = sums.down_point.get().clamp(0, measured);
    let low = sums.down_low.get().clamp(0, point);
    let high = sums.down_high.get().clamp(point, measured.max(point));
    let up_share = |down: i64| percent::<4>(measured - down, measured);
    api::Uptime {
        from_ms: window.from().as_millis(),
        to_ms: window.to().as_millis(),
        down_ms: api::Spread { low, point, high },
        unknown_ms: unknown,
        percent: (measured > 0).then(|| api::SpreadText {
            low: up_share(high),
            point: up_share(point),
            high: up_share(low),
        }),
        coverage_percent: percent::<2>(measured, total),
    }
}

/// `part / whole` in percent, cut (never rounded up) to `DECIMALS` decimals.
fn percent<const DECIMALS: u32>(part: i64, whole: i64) -> String {
    let scale = 10_i128.pow(DECIMALS);
    let share = if whole > 0 { i128::from(part.max(0)) * 100 * scale / i128::from(whole) } else { 0 };
    let width = usize::try_from(DECIMALS).expect("a few decimals");
    format!("{}.{:0width$}", share / scale, share % scale)
}

#[cfg(test)]
mod tests;

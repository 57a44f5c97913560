//! How the checks of a service make its state.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use quorate_model::CheckId;

use crate::basis::Leaf;
use crate::interval::IntervalSet;
use crate::percent::gcd;
use crate::steps::Steps;

/// A service: a check, or a combination of services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// One check.
    Check(CheckId),
    /// Down as soon as one of them is.
    AnyDown(Vec<Service>),
    /// Down only while all of them are.
    AllDown(Vec<Service>),
    /// Down by the share of the weight that is.
    Weights(Vec<(Service, u32)>),
}

impl Service {
    /// The most levels of nested services.
    pub const MAX_DEPTH: usize = 8;
    /// The most checks of a service.
    pub const MAX_CHECKS: usize = 1000;
    /// The most parts a service's weight may have in all, nested weights multiplied.
    pub const MAX_SCALE: u64 = 1_000_000;

    /// The checks it is made of, in order of mention.
    pub fn checks(&self) -> Vec<&CheckId> {
        let mut out = Vec::new();
        self.collect(&mut out);
        out
    }

    fn collect<'a>(&'a self, out: &mut Vec<&'a CheckId>) {
        match self {
            Self::Check(check) => out.push(check),
            Self::AnyDown(parts) | Self::AllDown(parts) => parts.iter().for_each(|part| part.collect(out)),
            Self::Weights(parts) => parts.iter().for_each(|(part, _)| part.collect(out)),
        }
    }

    /// The checks with the path of each in a contract, such as `service.any_down[1]`, in order of mention.
    pub fn places(&self) -> Vec<(String, &CheckId)> {
        let mut out = Vec::new();
        self.collect_places("service", &mut out);
        out
    }

    fn collect_places<'a>(&'a self, path: &str, out: &mut Vec<(String, &'a CheckId)>) {
        match self {
            Self::Check(check) => out.push((path.into(), check)),
            Self::AnyDown(parts) | Self::AllDown(parts) => {
                let name = if matches!(self, Self::AnyDown(_)) { "any_down" } else { "all_down" };
                for (place, part) in parts.iter().enumerate() {
                    part.collect_places(&format!("{path}.{name}[{place}]"), out);
                }
            }
            Self::Weights(parts) => {
                for (place, (part, _)) in parts.iter().enumerate() {
                    part.collect_places(&weight_path(path, place, part), out);
                }
            }
        }
    }

    /// Into how many parts its weight divides: 1 without weights. `None` if that is over [`Service::MAX_SCALE`].
    pub(crate) fn scale(&self) -> Option<u64> {
        match self {
            Self::Check(_) => Some(1),
            Self::AnyDown(parts) | Self::AllDown(parts) => common_multiple(parts.iter().map(Self::scale)),
            Self::Weights(parts) => {
                let total = parts.iter().try_fold(0u64, |sum, (_, weight)| sum.checked_add((*weight).into()))?;
                let inner = common_multiple(parts.iter().map(|(part, _)| part.scale()))?;
                inner.checked_mul(total).filter(|scale| (1..=Self::MAX_SCALE).contains(scale))
            }
        }
    }

    /// The level of the service from those of its checks, which are 0 or 1: any = the worst, all = the best,
    /// weights = the mean.
    fn level(&self, leaf: &dyn Fn(&CheckId) -> Steps) -> Steps {
        let scale = self.scale().unwrap_or(1);
        let part_level = |part: &Service, to: u64| {
            let factor = to / part.scale().unwrap_or(1);
            part.level(leaf).map(|level| level * factor)
        };
        let fold = |parts: &[Service], f: fn(u64, u64) -> u64| {
            parts.iter().map(|part| part_level(part, scale)).reduce(|a, b| a.zip(&b, f)).unwrap_or(Steps::constant(0))
        };
        match self {
            Self::Check(check) => leaf(check),
            Self::AnyDown(parts) => fold(parts, u64::max),
            Self::AllDown(parts) => fold(parts, u64::min),
            Self::Weights(parts) => {
                let total: u64 = parts.iter().map(|(_, weight)| u64::from(*weight)).sum();
                let inner = scale / total.max(1);
                parts
                    .iter()
                    .map(|(part, weight)| part_level(part, inner).map(|level| level * u64::from(*weight)))
                    .reduce(|a, b| a.zip(&b, |x, y| x + y))
                    .unwrap_or(Steps::constant(0))
            }
        }
    }
}

/// The path of a part with a weight: a check's by its id.
pub(crate) fn weight_path(path: &str, place: usize, part: &Service) -> String {
    match part {
        Service::Check(check) => format!("{path}.weights.{check}"),
        _ => format!("{path}.weights[{place}]"),
    }
}

/// The least scale all parts divide.
fn common_multiple(mut scales: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    scales.try_fold(1u64, |sum, scale| {
        let scale = scale?;
        let divisor = u64::try_from(gcd(sum.into(), scale.into())).ok()?;
        (sum / divisor).checked_mul(scale).filter(|scale| *scale <= Service::MAX_SCALE)
    })
}

/// The state of a service over time, in parts of its weight.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// The whole weight.
    pub(crate) scale: u64,
    /// Certainly down.
    pub(crate) low: Steps,
    /// Down by the best estimate. With `unknown` never over `scale`.
    pub(crate) point: Steps,
    /// Possibly down, where it is known at all. With `unknown` never over `scale`.
    pub(crate) high: Steps,
    /// Not known.
    pub(crate) unknown: Steps,
    /// The outages by the best estimate, unclipped.
    pub(crate) runs: IntervalSet,
}

impl Profile {
    /// Combines the checks and drops outages shorter than `min_outage`, each bound by its own unclipped runs.
    pub(crate) fn new<'a>(
        service: &Service,
        leaf: &dyn Fn(&CheckId) -> Option<&'a Leaf>,
        min_outage: quorate_model::Millis,
    ) -> Self {
        let scale = service.scale().unwrap_or(1);
        let combine = |pick: &dyn Fn(&Leaf) -> Steps, missing: u64| {
            service.level(&|check| leaf(check).map_or(Steps::constant(missing), pick))
        };
        let raw = |pick: fn(&Leaf) -> &IntervalSet| combine(&|leaf| Steps::of_set(pick(leaf), 1, 0), 0);
        // A run is the outage as a whole, also beyond what is covered.
        let whole = |pick: fn(&Leaf) -> &IntervalSet| {
            combine(&|leaf| Steps::of_set(&pick(leaf).union(&leaf.extension), 1, 0), 0).positive()
        };
        let possible = combine(&|leaf| Steps::of_set(&leaf.known.subtract(&leaf.point), 0, 1), 1);
        let point = raw(|leaf| &leaf.point);
        let runs = whole(|leaf| &leaf.point);
        let unknown = possible.zip(&point, u64::saturating_sub);
        // An outage too short to count is no downtime, so it hides nothing of what other checks do not know.
        let short = runs.subtract(&runs.at_least(min_outage));
        let beside = combine(&|leaf| Steps::of_set(&leaf.known.union(&leaf.point), 0, 1), 1).only_on(&short);
        let unknown = unknown.zip(&Steps::of_set(&short, 0, 1), |level, kept| level * kept).zip(&beside, |a, b| a + b);
        let long = |steps: Steps, runs: &IntervalSet| match min_outage.get() {
            0 => steps,
            _ => steps.only_on(&runs.at_least(min_outage)),
        };
        let high = long(raw(|leaf| &leaf.high), &whole(|leaf| &leaf.high));
        Self {
            scale,
            low: long(raw(|leaf| &leaf.low), &whole(|leaf| &leaf.low)),
            point: long(point, &runs),
            high: high.zip(&unknown, |high, unknown| high.min(scale - unknown)),
            unknown,
            runs,
        }
    }
}

#[cfg(test)]
mod tests;

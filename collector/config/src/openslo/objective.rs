//! The objectives of an SLO as those of a contract.

use quorate_collector_sla::objective::{LatencyObjective, Objectives};
use quorate_collector_sla::percent::PercentError;
use quorate_collector_sla::{Basis, Percent};
use quorate_model::{Micros, Millis, RegionId};

use super::MINUTE_MS;
use super::indicator::{Indicator, Measure, indicator};
use super::keys::{Keys, Remarks, remark};
use super::objects::Objects;
use super::window::Shorthand;
use crate::yaml::Cursor;

/// The highest bound of latency, in milliseconds: what a contract allows.
const MAX_LATENCY_MS: u64 = LatencyObjective::MAX_UNDER.get() / 1000;

/// The longest slice: a day.
const MAX_SLICE_MS: i64 = 86_400_000;

/// The budgeting methods of OpenSLO.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Occurrences,
    Timeslices,
    RatioTimeslices,
}

impl Method {
    pub(super) const ALL: [Self; 3] = [Self::Occurrences, Self::Timeslices, Self::RatioTimeslices];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Occurrences => "Occurrences",
            Self::Timeslices => "Timeslices",
            Self::RatioTimeslices => "RatioTimeslices",
        }
    }
}

/// What the objectives make.
pub(super) struct Made<'a, 'r> {
    method: Method,
    shared: Indicator,
    objects: &'r Objects<'a>,
    remarks: &'r Remarks,
    basis: Option<Basis>,
    objectives: Objectives,
}

impl<'a, 'r> Made<'a, 'r> {
    /// Nothing so far. `shared` is the indicator of the whole SLO, none where it could not be read.
    pub(super) fn new(
        method: Method,
        shared: Option<&Indicator>,
        objects: &'r Objects<'a>,
        remarks: &'r Remarks,
    ) -> Self {
        let shared = shared.cloned().unwrap_or(Indicator::Elsewhere);
        Self { method, shared, objects, remarks, basis: None, objectives: Objectives::default() }
    }

    /// The basis that an objective asks for, and what is promised.
    pub(super) fn finish(self) -> (Option<Basis>, Objectives) {
        (self.basis, self.objectives)
    }

    /// Reads one objective.
    pub(super) fn objective(&mut self, cursor: &Cursor<'_>) -> Option<()> {
        let mut keys = Keys::open(cursor, self.remarks)?;
        keys.leave(&["displayName", "compositeWeight"]);
        let own = indicator(&mut keys, self.objects);
        let op = keys.get("op").map(|c| Some((c.choice(&["lt", "lte", "gt", "gte"], |word| word)?, c)));
        let value = keys.get("value");
        let target = target(&mut keys);
        let slice_target = keys.get("timeSliceTarget").map(|c| Some((c.parse(share)?, c)));
        let slice = keys.get("timeSliceWindow").map(|c| Some((c.parse(slice_window)?, c)));
        keys.finish();
        let (own, target) = (own?, target?);
        let (op, slice_target, slice) = (whole(op)?, whole(slice_target)?, whole(slice)?);
        match self.measure(cursor, own, value.is_some())? {
            Measure::Threshold => {
                let bound = value.as_ref().unwrap_or(cursor);
                remark(
                    self.remarks,
                    bound,
                    format_args!(
                        "OpenSLO does not say what the bound measures nor its unit, so the objective with target {target}% is \
                     left out; if it is latency, give objectives.latency with percentile {target} and under"
                    ),
                );
                Some(())
            }
            Measure::Latency(region) => self.latency(cursor, target, region, op.as_ref(), value.as_ref()),
            measure @ (Measure::Good | Measure::Failed) => {
                for bound in op.map(|(_, at)| at).iter().chain(value.iter()) {
                    remark(self.remarks, bound, "is left out, as a ratio has no bound but its target");
                }
                if measure == Measure::Failed {
                    self.error_rate(cursor, target);
                    return Some(());
                }
                self.availability(cursor, target, slice_target, slice)
            }
        }
    }

    /// What the objective is about, by its own indicator or that of the whole SLO.
    fn measure(&self, cursor: &Cursor<'_>, own: Indicator, has_value: bool) -> Option<Measure> {
        let indicator = match (own, &self.shared) {
            (Indicator::Missing, Indicator::Missing) => {
                let why =
                    "has no indicator, nor has the SLO, though OpenSLO asks for one; the contract measures its check";
                remark(self.remarks, cursor, why);
                Indicator::Missing
            }
            (Indicator::Missing, shared) => shared.clone(),
            (own, Indicator::Missing) => own,
            (_, _) => {
                cursor.error("has an indicator beside that of the whole SLO; give one of them");
                return None;
            }
        };
        Some(match indicator {
            Indicator::Known(measure) => measure,
            _ if has_value => Measure::Threshold,
            _ => Measure::Good,
        })
    }

    fn availability(
        &mut self,
        cursor: &Cursor<'_>,
        target: Percent,
        slice_target: Option<(Percent, Cursor<'_>)>,
        slice: Option<(i64, Cursor<'_>)>,
    ) -> Option<()> {
        if let Some(first) = self.objectives.availability {
            remark(
                self.remarks,
                cursor,
                format_args!(
                    "the objective with target {target}% is left out, as a contract has one availability, here {first}%"
                ),
            );
            return Some(());
        }
        if self.promises(cursor, target) {
            self.objectives.availability = Some(target);
        }
        // Slices are read of an objective without a promise too, as they say what is counted.
        let basis = self.slices(cursor, slice_target, slice)?;
        self.basis = basis.or(self.basis);
        Some(())
    }

    /// Whether a target promises anything; says so where not.
    fn promises(&self, cursor: &Cursor<'_>, target: Percent) -> bool {
        let promises = target > Percent::ZERO;
        if !promises {
            remark(self.remarks, cursor, "promises nothing with its target of 0, so the contract does not have it");
        }
        promises
    }

    /// Whether an objective of occurrences can be told; says so where not.
    fn occurrences(&self, cursor: &Cursor<'_>) -> bool {
        let fits = self.method == Method::Occurrences;
        if !fits {
            remark(
                self.remarks,
                cursor,
                "is left out, as a contract counts failures and latency by attempts, not by slices",
            );
        }
        fits
    }

    fn error_rate(&mut self, cursor: &Cursor<'_>, target: Percent) {
        if !self.occurrences(cursor) || !self.promises(cursor, target) {
            return;
        }
        if self.objectives.error_rate.is_some() {
            remark(self.remarks, cursor, "is left out, as a contract has one error rate");
            return;
        }
        self.objectives.error_rate = Some(target.rest());
    }

    fn latency(
        &mut self,
        cursor: &Cursor<'_>,
        percentile: Percent,
        region: Option<RegionId>,
        op: Option<&(&str, Cursor<'_>)>,
        value: Option<&Cursor<'_>>,
    ) -> Option<()> {
        let (Some((op, op_at)), Some(value)) = (op, value) else {
            cursor.error("misses the key `op` or `value`, which go with a thresholdMetric");
            return None;
        };
        match *op {
            "lt" => {}
            "lte" => {
                remark(self.remarks, op_at, "the contract's latency is under the bound; at the bound it is missed");
            }
            _ => {
                op_at.expected("lt or lte, as latency is bounded from above");
                return None;
            }
        }
        let bound = value.parse(milliseconds)?;
        if !self.occurrences(cursor) || !self.promises(cursor, percentile) {
            return Some(());
        }
        let same = |other: &&LatencyObjective| other.percentile == percentile && other.region == region;
        if let Some(first) = self.objectives.latency.iter().find(same) {
            let first = first.under.get() / 1000;
            remark(
                self.remarks,
                cursor,
                format_args!(
                    "is left out, as a contract has one bound for percentile {percentile} of a region, here {first} ms"
                ),
            );
            return Some(());
        }
        let under = Micros::new(bound * 1000);
        self.objectives.latency.push(LatencyObjective { percentile, under, region });
        Some(())
    }

    /// The basis that the slices of an objective make; `Some(None)` of occurrences, which have none.
    #[expect(clippy::option_option, reason = "what has no slices is not what cannot be read")]
    fn slices(
        &self,
        cursor: &Cursor<'_>,
        target: Option<(Percent, Cursor<'_>)>,
        slice: Option<(i64, Cursor<'_>)>,
    ) -> Option<Option<Basis>> {
        let unused = |at: &Cursor<'_>| {
            remark(self.remarks, at, format_args!("is left out, as {} does not use it", self.method.word()));
        };
        let missing =
            |name: &str| cursor.error(format_args!("misses the key `{name}`, which goes with the budgeting method"));
        match self.method {
            Method::Occurrences => {
                if let Some((_, at)) = &target {
                    unused(at);
                }
                if let Some((_, at)) = &slice {
                    unused(at);
                }
                Some(None)
            }
            Method::Timeslices => {
                let Some((target, target_at)) = target else {
                    missing("timeSliceTarget");
                    return None;
                };
                let Some((length, at)) = slice else {
                    missing("timeSliceWindow");
                    return None;
                };
                if target == Percent::ZERO {
                    target_at.error("is 0, by which no slice is ever bad; allowed is over 0 up to 1");
                    return None;
                }
                if length != MINUTE_MS {
                    remark(self.remarks, &at, "a contract's slices are minutes; the contract has slices of 1m");
                }
                Some(Some(Basis::MinuteErrorRate { over: target.rest() }))
            }
            Method::RatioTimeslices => {
                if let Some((_, at)) = &target {
                    unused(at);
                }
                let Some((length, at)) = slice else {
                    missing("timeSliceWindow");
                    return None;
                };
                if MAX_SLICE_MS % length != 0 {
                    at.expected("a divisor of a day, such as 5m or 1h, which a contract's intervals are");
                    return None;
                }
                Some(Some(Basis::IntervalErrorRateMean { interval: Millis::new(length) }))
            }
        }
    }
}

/// `None` where a key is there and could not be read.
#[expect(clippy::option_option, reason = "a key that is missing is not a key that is wrong")]
fn whole<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
        None => Some(None),
    }
}

/// `target` or `targetPercent`, from 0 to under the whole.
fn target(keys: &mut Keys<'_, '_>) -> Option<Percent> {
    let (target, at, whole) = match (keys.get("target"), keys.get("targetPercent")) {
        (Some(at), None) => (at.parse(share)?, at, "1"),
        (None, Some(at)) => (at.parse(percent)?, at, "100"),
        (Some(_), Some(at)) => {
            at.error("stands beside target; give one of them");
            return None;
        }
        (None, None) => {
            keys.cursor.error("misses the key `target` or `targetPercent`");
            return None;
        }
    };
    if target == Percent::HUNDRED {
        at.expected(format_args!("a number from 0 to under {whole}, as OpenSLO has no target of {whole}"));
        return None;
    }
    Some(target)
}

/// 99.95 % for `99.95`.
fn percent(text: &str) -> Result<Percent, String> {
    let plain = !text.ends_with('%') && text.trim() == text;
    let wrong = match Percent::parse(text) {
        Ok(percent) if plain => return Ok(percent),
        Err(PercentError::OverHundred) => "is over 100",
        Err(PercentError::TooFine) => "has more than six decimals, which is as fine as a contract is",
        _ => "is no decimal number; write one such as 99.95",
    };
    Err(format!("{text:?} {wrong}"))
}

/// 99.95 % for `0.9995`, exactly.
fn share(text: &str) -> Result<Percent, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(format!("{text:?} is no decimal number; write one such as 0.9995"));
    }
    let fraction = fraction.trim_end_matches('0');
    let padded = format!("{fraction:0<3}");
    let (hundredths, rest) = padded.split_at(2);
    Percent::parse(&format!("{whole}{hundredths}.{rest}")).map_err(|error| match error {
        PercentError::TooFine => format!("{text:?} has more than eight decimals, which is as fine as a contract is"),
        _ => format!("{text:?} is over 1; write a share such as 0.9995"),
    })
}

/// The length of a slice in milliseconds; a number alone counts minutes.
fn slice_window(text: &str) -> Result<i64, String> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let length = if is_number { Shorthand::parse(&format!("{text}m")) } else { Shorthand::parse(text) };
    let length = length.map_err(|_| {
        format!("{text:?} is no length of a slice; write minutes, or a number with m, h, d, w, M, Q or Y, such as 5m")
    })?;
    length
        .millis()
        .filter(|ms| *ms <= MAX_SLICE_MS)
        .ok_or_else(|| format!("{text:?} is too long for a contract's slice; allowed is up to 1d"))
}

/// Whole milliseconds; `300.0` are 300.
fn milliseconds(text: &str) -> Result<u64, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit());
    let is_whole = digits && fraction.bytes().all(|b| b == b'0');
    is_whole
        .then(|| whole.parse().ok())
        .flatten()
        .filter(|ms| (1..=MAX_LATENCY_MS).contains(ms))
        .ok_or_else(|| format!("expected a whole number from 1 to {MAX_LATENCY_MS}, found {text:?}"))
}

//! An SLO as a contract.

use std::cell::RefCell;
use std::fmt::Display;

use quorate_collector_sla::objective::{LatencyObjective, Objectives};
use quorate_collector_sla::{Basis, Contract, ContractDraft, ContractId, Percent, Service, WindowKind};
use quorate_model::{CheckId, Micros, RegionId};

use super::window::{Shorthand, Start};
use super::{API_VERSION, MINUTE_MS, OWN_SOURCE};
use crate::contract::canonical;
use crate::read::values::name;
use crate::yaml::{Cursor, Diagnostic};

/// The longest bound of latency that is read, in milliseconds: a day.
const MAX_LATENCY_MS: i64 = 86_400_000;

/// The most objectives of an SLO.
const MAX_OBJECTIVES: usize = 64;

/// What cannot be expressed, as it is found.
type Remarks = RefCell<Vec<Diagnostic>>;

fn remark(remarks: &Remarks, cursor: &Cursor<'_>, message: impl Display) {
    remarks.borrow_mut().push(Diagnostic::new(cursor.position(), cursor.path().to_owned(), message.to_string()));
}

/// A map whose other keys are remarks and not errors.
struct Keys<'a, 'r> {
    cursor: Cursor<'a>,
    left: Vec<(&'a str, Cursor<'a>)>,
    remarks: &'r Remarks,
}

impl<'a, 'r> Keys<'a, 'r> {
    fn open(cursor: &Cursor<'a>, remarks: &'r Remarks) -> Option<Self> {
        Some(Self { cursor: cursor.clone(), left: cursor.entries()?, remarks })
    }

    /// The value of a key, if it has one.
    fn get(&mut self, name: &str) -> Option<Cursor<'a>> {
        let at = self.left.iter().position(|(key, _)| *key == name)?;
        Some(self.left.remove(at).1).filter(|cursor| !cursor.is_empty())
    }

    fn required(&mut self, name: &str) -> Option<Cursor<'a>> {
        let found = self.get(name);
        if found.is_none() {
            self.cursor.error(format_args!("misses the key `{name}`"));
        }
        found
    }

    /// Says of a key of OpenSLO that a contract has no place for it.
    fn leave(&mut self, names: &[&str]) {
        for name in names {
            if let Some(cursor) = self.get(name) {
                remark(self.remarks, &cursor, "is left out, as a contract has no place for it");
            }
        }
    }

    /// Says of every other key that nobody knows it.
    fn finish(self) {
        for (_, cursor) in &self.left {
            remark(self.remarks, cursor, "is left out, as OpenSLO v1 is not known to have this key");
        }
    }
}

/// The budgeting methods of OpenSLO.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Occurrences,
    Timeslices,
    RatioTimeslices,
}

impl Method {
    const ALL: [Self; 3] = [Self::Occurrences, Self::Timeslices, Self::RatioTimeslices];

    fn word(self) -> &'static str {
        match self {
            Self::Occurrences => "Occurrences",
            Self::Timeslices => "Timeslices",
            Self::RatioTimeslices => "RatioTimeslices",
        }
    }
}

/// What an indicator measures.
#[derive(Clone, PartialEq, Eq)]
enum Measure {
    /// Good events out of all.
    Good,
    /// Failed attempts out of all, of our own.
    Failed,
    /// Latency in milliseconds, of our own.
    Latency(Option<RegionId>),
    /// A value without a unit.
    Threshold,
}

/// Reads the document.
pub(super) fn slo(cursor: &Cursor<'_>) -> Option<(Contract, Vec<Diagnostic>)> {
    let remarks = Remarks::default();
    let mut keys = Keys::open(cursor, &remarks)?;
    let version = keys.required("apiVersion").and_then(|c| c.choice(&[API_VERSION], |word| word));
    let kind = keys.required("kind").and_then(|c| c.choice(&["SLO"], |word| word));
    let named = keys.required("metadata").and_then(|c| metadata(&c, &remarks));
    let spec = keys.required("spec").and_then(|c| spec(&c, &remarks));
    keys.finish();
    let (_, _, (id, display), spec) = (version?, kind?, named?, spec?);
    let mut draft = ContractDraft::new(id, Service::Check(spec.service));
    if let Some(display) = display {
        draft.name = display;
    }
    (draft.window, draft.timezone) = spec.window;
    draft.basis = spec.basis;
    draft.objectives = spec.objectives;
    match Contract::new(draft) {
        Ok(contract) => Some((contract, remarks.into_inner())),
        Err(faults) => {
            for fault in faults {
                cursor.error(format_args!("the contract is not allowed: {}: {}", fault.path, fault.problem));
            }
            None
        }
    }
}

fn metadata(cursor: &Cursor<'_>, remarks: &Remarks) -> Option<(ContractId, Option<String>)> {
    let mut keys = Keys::open(cursor, remarks)?;
    let id = keys.required("name").and_then(|c| c.parse(ContractId::new));
    let display = match keys.get("displayName") {
        Some(cursor) if cursor.is_list() => {
            remark(remarks, &cursor, "is left out, as a contract has one name");
            Some(None)
        }
        Some(cursor) => name(&cursor).map(Some),
        None => Some(None),
    };
    keys.leave(&["labels", "annotations"]);
    keys.finish();
    Some((id?, display?))
}

struct Spec {
    service: CheckId,
    window: (WindowKind, String),
    basis: Basis,
    objectives: Objectives,
}

fn spec(cursor: &Cursor<'_>, remarks: &Remarks) -> Option<Spec> {
    let mut keys = Keys::open(cursor, remarks)?;
    let service = keys.required("service").and_then(|c| c.parse(CheckId::new));
    let window = keys.required("timeWindow").and_then(|c| time_window(&c, remarks));
    let method = keys.required("budgetingMethod");
    let method = method.and_then(|c| Some((c.choice(&Method::ALL, Method::word)?, c)));
    let shared = indicator(&mut keys);
    let objectives = keys.required("objectives");
    keys.leave(&["description", "alertPolicies"]);
    keys.finish();
    // Objectives are read whatever else is wrong, so that their own errors are told too.
    let counted = method.as_ref().map_or(Method::Occurrences, |(method, _)| *method);
    let list = objectives?;
    let count = list.list()?.len();
    if count > MAX_OBJECTIVES {
        list.error(format_args!("has {count} entries; allowed are {MAX_OBJECTIVES}"));
        return None;
    }
    let mut made = Made {
        method: counted,
        shared: shared.clone().flatten(),
        basis: None,
        objectives: Objectives::default(),
        remarks,
    };
    list.each(|item| made.objective(item))?;
    let (_, (method, method_at)) = (shared?, method?);
    let basis = made.basis.unwrap_or(if method == Method::Occurrences { Basis::Requests } else { Basis::Continuous });
    if made.basis.is_none() && method != Method::Occurrences {
        remark(remarks, &method_at, "no objective says of which slices; the contract's basis is continuous");
    }
    Some(Spec { service: service?, window: window?, basis, objectives: made.objectives })
}

fn time_window(cursor: &Cursor<'_>, remarks: &Remarks) -> Option<(WindowKind, String)> {
    let windows = cursor.list()?;
    let [window] = windows.as_slice() else {
        cursor.error(format_args!("has {} entries; allowed is one", windows.len()));
        return None;
    };
    let mut keys = Keys::open(window, remarks)?;
    let duration = keys.required("duration").and_then(|c| Some((c.parse(Shorthand::parse)?, c)));
    let rolling = keys.required("isRolling").and_then(|c| c.flag());
    let calendar = keys.get("calendar");
    keys.finish();
    let ((duration, at), rolling) = (duration?, rolling?);
    if rolling {
        if let Some(calendar) = calendar {
            calendar.error("stands beside isRolling: true; give one of them");
            return None;
        }
        let Some((days, exact)) = duration.days() else {
            at.error(format_args!(
                "a contract's rolling window has 1 to {} whole days; give so many",
                WindowKind::MAX_ROLLING_DAYS
            ));
            return None;
        };
        if !exact {
            remark(remarks, &at, format_args!("has no fixed length; the contract's rolling window has {days} days"));
        }
        return Some((WindowKind::RollingDays(days), "UTC".to_owned()));
    }
    let Some(calendar) = calendar else {
        window.error("misses the key `calendar`, which goes with isRolling: false");
        return None;
    };
    let mut keys = Keys::open(&calendar, remarks)?;
    let start = keys.required("startTime").and_then(|c| Some((c.parse(Start::parse)?, c)));
    let zone = keys.required("timeZone").and_then(|c| c.parse(canonical));
    keys.finish();
    let ((start, start_at), zone) = (start?, zone?);
    let Some(kind) = start.window(duration) else {
        start_at.error(
            "a contract has no calendar window with this start and duration; allowed are 1h from a whole hour, and from \
             midnight 1d, 1w from a Monday, 1M from any day, 1Q from the first of January, April, July or October, and 1Y \
             from the first of January",
        );
        return None;
    };
    Some((kind, zone))
}

/// What the `indicator` or `indicatorRef` of this map measures; `Some(None)` where there is neither.
#[expect(clippy::option_option, reason = "a key that is missing is not a key that is wrong")]
fn indicator(keys: &mut Keys<'_, '_>) -> Option<Option<Measure>> {
    let remarks = keys.remarks;
    let reference = keys.get("indicatorRef");
    if let Some(reference) = &reference {
        remark(remarks, reference, "is left out, as the contract measures its check; what it refers to is not read");
    }
    let Some(cursor) = keys.get("indicator") else { return Some(None) };
    if let Some(reference) = reference {
        reference.error("stands beside indicator; give one of them");
        return None;
    }
    let mut keys = Keys::open(&cursor, remarks)?;
    let name = keys.get("metadata");
    let spec = keys.required("spec");
    keys.finish();
    let mut keys = Keys::open(&spec?, remarks)?;
    keys.leave(&["description"]);
    let threshold = keys.get("thresholdMetric");
    let ratio = keys.get("ratioMetric");
    keys.finish();
    let (measure, own) = match (threshold, ratio) {
        (Some(threshold), None) => metric(&threshold, remarks)?,
        (None, Some(ratio)) => ratio_metric(&ratio, remarks)?,
        _ => {
            cursor.error("expected either thresholdMetric or ratioMetric in its spec");
            return None;
        }
    };
    // The name of an indicator that an export made says nothing.
    if let Some(name) = name {
        let mut keys = Keys::open(&name, remarks)?;
        if own {
            keys.get("name");
        }
        keys.leave(&["name", "displayName", "labels", "annotations"]);
        keys.finish();
    }
    Some(Some(measure))
}

/// A ratio, and whether all of it is our own.
fn ratio_metric(cursor: &Cursor<'_>, remarks: &Remarks) -> Option<(Measure, bool)> {
    let mut keys = Keys::open(cursor, remarks)?;
    let counter = keys.get("counter");
    let parts = [keys.get("good"), keys.get("bad"), keys.get("total")];
    keys.leave(&["raw", "rawType"]);
    keys.finish();
    if let Some(counter) = counter {
        counter.flag()?;
    }
    let mut all_own = true;
    let mut failed = false;
    for part in parts.into_iter().flatten() {
        let (measure, own) = metric(&part, remarks)?;
        all_own &= own;
        failed |= measure == Measure::Failed;
    }
    Some((if failed { Measure::Failed } else { Measure::Good }, all_own))
}

/// A metric with its source, and whether it is our own.
fn metric(cursor: &Cursor<'_>, remarks: &Remarks) -> Option<(Measure, bool)> {
    let mut keys = Keys::open(cursor, remarks)?;
    let source = keys.required("metricSource");
    keys.finish();
    let source = source?;
    let mut keys = Keys::open(&source, remarks)?;
    let kind = keys.get("type").and_then(|c| c.text());
    if kind != Some(OWN_SOURCE) {
        remark(remarks, &source, "is left out, as the contract measures its check and asks no other source");
        return Some((Measure::Threshold, false));
    }
    let spec = keys.required("spec");
    keys.finish();
    let mut keys = Keys::open(&spec?, remarks)?;
    let words = ["good_attempts", "all_attempts", "failed_attempts", "latency_ms"];
    let word = keys.required("measure").and_then(|c| c.choice(&words, |word| word));
    let region_at = keys.get("region");
    let region = match &region_at {
        Some(cursor) => cursor.parse(RegionId::new).map(Some),
        None => Some(None),
    };
    keys.finish();
    let region = region?;
    let measure = match word? {
        "failed_attempts" => Measure::Failed,
        "latency_ms" => Measure::Latency(region),
        _ => Measure::Good,
    };
    if let (Some(at), false) = (region_at, matches!(measure, Measure::Latency(_))) {
        remark(remarks, &at, "is left out, as only latency is promised by region");
    }
    Some((measure, true))
}

/// What the objectives make.
struct Made<'r> {
    method: Method,
    shared: Option<Measure>,
    basis: Option<Basis>,
    objectives: Objectives,
    remarks: &'r Remarks,
}

impl Made<'_> {
    fn objective(&mut self, cursor: &Cursor<'_>) -> Option<()> {
        let mut keys = Keys::open(cursor, self.remarks)?;
        keys.leave(&["displayName", "compositeWeight"]);
        let own = indicator(&mut keys);
        let op = keys.get("op").map(|c| Some((c.choice(&["lt", "lte", "gt", "gte"], |word| word)?, c)));
        let value = keys.get("value");
        let target = target(&mut keys);
        let slice_target = keys.get("timeSliceTarget").map(|c| Some((c.parse(percent_of_ratio)?, c)));
        let slice = keys.get("timeSliceWindow").map(|c| Some((c.parse(slice_window)?, c)));
        keys.finish();
        let (own, target) = (own?, target?);
        let (op, slice_target, slice) = (whole(op)?, whole(slice_target)?, whole(slice)?);
        let measure = own.or_else(|| self.shared.clone());
        let measure = measure.unwrap_or(if value.is_some() { Measure::Threshold } else { Measure::Good });
        match measure {
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
            Measure::Good | Measure::Failed => {
                for bound in op.map(|(_, at)| at).iter().chain(value.iter()) {
                    remark(self.remarks, bound, "is left out, as a ratio has no bound but its target");
                }
                if measure == Measure::Failed {
                    self.error_rate(cursor, target);
                    return Some(());
                }
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
                self.objectives.availability = Some(target);
                self.slices(cursor, slice_target, slice)
            }
        }
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
        if !self.occurrences(cursor) {
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
        let bound = value.integer(1..=MAX_LATENCY_MS)?;
        if self.occurrences(cursor) {
            let under = Micros::new(bound.unsigned_abs().saturating_mul(1000));
            self.objectives.latency.push(LatencyObjective { percentile, under, region });
        }
        Some(())
    }

    fn slices(
        &mut self,
        cursor: &Cursor<'_>,
        target: Option<(Percent, Cursor<'_>)>,
        slice: Option<(i64, Cursor<'_>)>,
    ) -> Option<()> {
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
                self.basis = Some(Basis::MinuteErrorRate { over: target.rest() });
            }
            Method::RatioTimeslices => {
                if let Some((_, at)) = &target {
                    unused(at);
                }
                let Some((length, at)) = slice else {
                    missing("timeSliceWindow");
                    return None;
                };
                if 86_400_000 % length != 0 {
                    at.expected("a divisor of a day, such as 5m or 1h");
                    return None;
                }
                self.basis = Some(Basis::IntervalErrorRateMean { interval: quorate_model::Millis::new(length) });
            }
        }
        Some(())
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

/// `target` or `targetPercent`, over 0.
fn target(keys: &mut Keys<'_, '_>) -> Option<Percent> {
    let (share, percent) = (keys.get("target"), keys.get("targetPercent"));
    let (read, at) = match (share, percent) {
        (Some(at), None) => (at.parse(percent_of_ratio)?, at),
        (None, Some(at)) => {
            let parse = |text: &str| Percent::parse(text).map_err(|error| format!("{text:?} {error}"));
            (at.parse(parse)?, at)
        }
        (Some(_), Some(at)) => {
            at.error("stands beside target; give one of them");
            return None;
        }
        (None, None) => {
            keys.cursor.error("misses the key `target` or `targetPercent`");
            return None;
        }
    };
    if read == Percent::ZERO {
        at.expected("a target over 0");
        return None;
    }
    Some(read)
}

/// 99.95 % for `0.9995`, exactly.
fn percent_of_ratio(text: &str) -> Result<Percent, String> {
    let wrong = || format!("{text:?} is no target; write a decimal number from 0 to 1 with at most eight decimals");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Err(wrong());
    }
    let padded = format!("{fraction:0<3}");
    let (hundredths, rest) = padded.split_at(2);
    let rest = rest.trim_end_matches('0');
    let rest = if rest.is_empty() { "0" } else { rest };
    Percent::parse(&format!("{whole}{hundredths}.{rest}")).map_err(|_| wrong())
}

/// The length of a slice in milliseconds.
fn slice_window(text: &str) -> Result<i64, String> {
    let length = Shorthand::parse(text)?.millis();
    length
        .filter(|ms| *ms <= 86_400_000)
        .ok_or_else(|| format!("{text:?} is too long for a slice; allowed is up to 1d"))
}

//! What the indicator of an SLO measures.

use quorate_model::RegionId;

use super::keys::{Keys, Remarks, remark};
use super::objects::Objects;
use super::{API_VERSION, OWN_SOURCE};
use crate::yaml::Cursor;

/// What an indicator measures.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Measure {
    /// Good events out of all.
    Good,
    /// Failed attempts out of all, of our own.
    Failed,
    /// Latency in milliseconds, of our own.
    Latency(Option<RegionId>),
    /// A value without a unit.
    Threshold,
}

/// The `indicator` or `indicatorRef` of an SLO or of an objective.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Indicator {
    /// There is neither.
    Missing,
    /// It refers to an SLI that the file does not have.
    Elsewhere,
    /// It can be read.
    Known(Measure),
}

/// Reads `indicator` or `indicatorRef` of this map.
pub(super) fn indicator(keys: &mut Keys<'_, '_>, objects: &Objects<'_>) -> Option<Indicator> {
    let remarks = keys.remarks;
    match (keys.get("indicatorRef"), keys.get("indicator")) {
        (None, None) => Some(Indicator::Missing),
        (Some(reference), Some(_)) => {
            reference.error("stands beside indicator; give one of them");
            None
        }
        (None, Some(inline)) => {
            let mut keys = Keys::open(&inline, remarks)?;
            let metadata = keys.get("metadata");
            let spec = keys.required("spec");
            keys.finish();
            let (measure, own) = sli(&spec?, remarks)?;
            // The name of an indicator that an export made says nothing.
            named(metadata.as_ref(), own, remarks)?;
            Some(Indicator::Known(measure))
        }
        (Some(reference), None) => {
            let Some(object) = objects.sli(reference.text()?)? else {
                remark(
                    remarks,
                    &reference,
                    "is left out, as the contract measures its check; what it refers to is not in the file",
                );
                return Some(Indicator::Elsewhere);
            };
            let mut keys = Keys::open(&object, remarks)?;
            let version = keys.required("apiVersion").and_then(|c| c.choice(&[API_VERSION], |word| word));
            keys.get("kind");
            let metadata = keys.get("metadata");
            let spec = keys.required("spec");
            keys.finish();
            version?;
            let (measure, _) = sli(&spec?, remarks)?;
            named(metadata.as_ref(), true, remarks)?;
            Some(Indicator::Known(measure))
        }
    }
}

/// Says what is left of an indicator's metadata.
fn named(metadata: Option<&Cursor<'_>>, name_is_known: bool, remarks: &Remarks) -> Option<()> {
    let Some(metadata) = metadata else { return Some(()) };
    let mut keys = Keys::open(metadata, remarks)?;
    if name_is_known {
        keys.get("name");
    }
    keys.leave(&["name", "displayName", "labels", "annotations"]);
    keys.finish();
    Some(())
}

/// What the spec of an SLI measures, and whether all of it is our own.
fn sli(cursor: &Cursor<'_>, remarks: &Remarks) -> Option<(Measure, bool)> {
    let mut keys = Keys::open(cursor, remarks)?;
    keys.leave(&["description"]);
    let threshold = keys.get("thresholdMetric");
    let ratio = keys.get("ratioMetric");
    keys.finish();
    match (threshold, ratio) {
        (Some(threshold), None) => Some(match source(&threshold, &["latency_ms"], remarks)? {
            Some(region) => (Measure::Latency(region), true),
            None => (Measure::Threshold, false),
        }),
        (None, Some(ratio)) => ratio_metric(&ratio, remarks),
        _ => {
            cursor.error("expected either thresholdMetric or ratioMetric");
            None
        }
    }
}

/// A ratio: `good` or `bad` of `total`, or `raw` with its `rawType`.
fn ratio_metric(cursor: &Cursor<'_>, remarks: &Remarks) -> Option<(Measure, bool)> {
    let mut keys = Keys::open(cursor, remarks)?;
    let counter = keys.get("counter");
    let (good, bad, total) = (keys.get("good"), keys.get("bad"), keys.get("total"));
    let (raw, raw_type) = (keys.get("raw"), keys.get("rawType"));
    keys.finish();
    if let Some(counter) = counter {
        counter.flag()?;
    }
    let raw_type = match raw_type {
        Some(at) => Some((at.choice(&["success", "failure"], |word| word)?, at)),
        None => None,
    };
    if let Some((_, at)) = raw_type.as_ref().filter(|_| raw.is_none()) {
        remark(remarks, at, "is left out, as it goes with raw");
    }
    match (good, bad, total, raw) {
        (Some(part), None, Some(total), None) => ratio(&part, "good_attempts", &total, Measure::Good, remarks),
        (None, Some(part), Some(total), None) => ratio(&part, "failed_attempts", &total, Measure::Failed, remarks),
        (None, None, None, Some(raw)) => {
            let Some((word, at)) = raw_type else {
                cursor.error("misses the key `rawType`, which goes with raw");
                return None;
            };
            if word == "failure" {
                remark(remarks, &at, "the target is read as the share of what is not a failure");
            }
            source(&raw, &[], remarks)?;
            Some((Measure::Good, false))
        }
        _ => {
            cursor.error("expected good and total, bad and total, or raw");
            None
        }
    }
}

/// A ratio of two sources; of our own only if both are.
fn ratio(
    part: &Cursor<'_>,
    word: &'static str,
    total: &Cursor<'_>,
    measure: Measure,
    remarks: &Remarks,
) -> Option<(Measure, bool)> {
    let part = source(part, &[word], remarks);
    let total = source(total, &["all_attempts"], remarks);
    let own = part?.is_some() && total?.is_some();
    Some((if own { measure } else { Measure::Good }, own))
}

/// The region that a metric of our own with one of the words is for; `Some(None)` of any other source.
#[expect(clippy::option_option, reason = "a source of others is not one that is wrong, and a region may be missing")]
fn source(cursor: &Cursor<'_>, words: &[&'static str], remarks: &Remarks) -> Option<Option<Option<RegionId>>> {
    let mut keys = Keys::open(cursor, remarks)?;
    let source = keys.required("metricSource");
    keys.finish();
    let source = source?;
    let mut keys = Keys::open(&source, remarks)?;
    let kind = match keys.get("type") {
        Some(kind) => Some(kind.text()?),
        None => None,
    };
    if kind != Some(OWN_SOURCE) {
        remark(remarks, &source, "is left out, as the contract measures its check and asks no other source");
        return Some(None);
    }
    if words.is_empty() {
        source.error(format_args!("has the type {OWN_SOURCE}, which has no ratio that is stored"));
        return None;
    }
    if let Some(reference) = keys.get("metricSourceRef") {
        remark(remarks, &reference, format_args!("is left out, as the type {OWN_SOURCE} needs no data source"));
    }
    let spec = keys.required("spec");
    keys.finish();
    let mut keys = Keys::open(&spec?, remarks)?;
    let word = keys.required("measure").and_then(|c| c.choice(words, |word| word));
    let region_at = keys.get("region");
    let region = match &region_at {
        Some(cursor) => cursor.parse(RegionId::new).map(Some),
        None => Some(None),
    };
    keys.finish();
    let (word, region) = (word?, region?);
    if let Some(at) = region_at.filter(|_| word != "latency_ms") {
        remark(remarks, &at, "is left out, as only latency is promised by region");
    }
    Some(Some(region))
}

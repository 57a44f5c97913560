//! What a contract promises besides uptime, and whether it was kept.

use alloc::vec::Vec;

use quorate_model::{Micros, RegionId};

use crate::percent::{Percent, Ratio};

/// A percentile of the latency under a bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatencyObjective {
    /// The percentile, over 0 up to 100.
    pub percentile: Percent,
    /// The bound; at it the objective is missed.
    pub under: Micros,
    /// The region it is promised for; overall without.
    pub region: Option<RegionId>,
}

impl LatencyObjective {
    /// The highest bound: 366 days.
    pub const MAX_UNDER: Micros = Micros::new(366 * 86_400 * 1_000_000);
}

/// What a contract promises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objectives {
    /// The least uptime.
    pub availability: Option<Percent>,
    /// Bounds of latency.
    pub latency: Vec<LatencyObjective>,
    /// The most failed attempts out of all.
    pub error_rate: Option<Percent>,
}

/// A percentile as it was merged from histograms somewhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatencyAnswer {
    /// The region; overall without.
    pub region: Option<RegionId>,
    /// The percentile.
    pub percentile: Percent,
    /// Its value; meaningless where `count` is 0.
    pub value: Micros,
    /// How many probes it is made of.
    pub count: u64,
}

/// Whether a promise was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was.
    Met,
    /// It was not.
    Missed,
    /// Nothing was measured.
    NotMeasured,
}

/// A latency objective with what was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatencyResult {
    /// What was promised.
    pub objective: LatencyObjective,
    /// What was measured.
    pub measured: Option<Micros>,
    /// Whether it was kept.
    pub kept: Kept,
}

/// Judges each latency objective by the answer for the same region and percentile.
pub fn judge_latency(objectives: &[LatencyObjective], answers: &[LatencyAnswer]) -> Vec<LatencyResult> {
    let judge = |objective: &LatencyObjective| {
        let same = |answer: &&LatencyAnswer| {
            answer.region == objective.region && answer.percentile == objective.percentile && answer.count > 0
        };
        let measured = answers.iter().find(same).map(|answer| answer.value);
        let kept = match measured {
            None => Kept::NotMeasured,
            Some(value) if value < objective.under => Kept::Met,
            Some(_) => Kept::Missed,
        };
        LatencyResult { objective: objective.clone(), measured, kept }
    };
    objectives.iter().map(judge).collect()
}

/// An error rate with what was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorRateResult {
    /// The most promised.
    pub objective: Percent,
    /// What was measured; `None` without an attempt.
    pub measured: Option<Ratio>,
    /// Whether it was kept.
    pub kept: Kept,
}

/// Judges an error rate by counts of failed and all attempts; at the bound it is kept.
pub fn judge_error_rate(objective: Percent, failed: u128, attempts: u128) -> ErrorRateResult {
    let measured = Ratio::new(failed.min(attempts), attempts);
    let kept = match measured {
        None => Kept::NotMeasured,
        Some(rate) if rate <= objective.ratio() => Kept::Met,
        Some(_) => Kept::Missed,
    };
    ErrorRateResult { objective, measured, kept }
}

#[cfg(test)]
mod tests;

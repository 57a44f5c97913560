//! What the exporter tells beyond the API's objects: totals, ingest, store, configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_model::{CheckId, CollectorTime, Millis};
use quorate_proto::api::SlaStatus;

use crate::tally::ProbeTally;

/// The figures of one moment that only the exporter tells.
#[derive(Clone, Debug)]
pub struct Counters {
    /// When this process started.
    pub started_at: CollectorTime,
    /// The configuration in force.
    pub config: ConfigState,
    /// Time spent in each state, of every check that was judged for some time.
    pub totals: BTreeMap<CheckId, CheckTotals>,
    /// Probe outcomes, phases and certificates.
    pub probes: ProbeTally,
    /// What came in from agents.
    pub ingest: IngestCounters,
    /// How contracts are doing, as last worked out.
    pub slas: Arc<Vec<SlaStatus>>,
    /// What the store takes on disk; `None` where it was not measured yet.
    pub store: Option<StoreSize>,
}

/// The configuration in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigState {
    /// Whether the last attempt to load the configuration took effect; a start counts as one.
    pub last_load: LoadResult,
    /// When that attempt was.
    pub last_load_at: CollectorTime,
}

/// How an attempt to load the configuration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadResult {
    /// It is in force.
    Applied,
    /// It was refused, and the one before stays in force.
    Refused,
}

/// Settled time of one check since the process started, by state.
///
/// Settled time is what no late sample of a live agent can change any more. An agent that was cut off for long can still
/// revise it; the API and the reports tell the revised past, while these counters must never fall. [`CheckTotals::raise`]
/// sees to that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckTotals {
    /// All settled time.
    pub judged: Millis,
    /// Downtime: surely.
    pub down_low: Millis,
    /// Downtime: by the best estimate.
    pub down_point: Millis,
    /// Downtime: at most.
    pub down_high: Millis,
    /// Time without enough votes.
    pub unknown: Millis,
    /// Time with a quorum of slow or failing answers but not of failing ones.
    pub degraded: Millis,
    /// Time with some bad regions, fewer than a quorum.
    pub partial: Millis,
    /// Verdicts that were found to break an invariant.
    pub breaches: u64,
}

impl CheckTotals {
    /// Takes each figure of `newer` that is larger than the one before, so that a counter never falls.
    pub fn raise(&mut self, newer: &Self) {
        self.judged = self.judged.max(newer.judged);
        self.down_low = self.down_low.max(newer.down_low);
        self.down_point = self.down_point.max(newer.down_point);
        self.down_high = self.down_high.max(newer.down_high);
        self.unknown = self.unknown.max(newer.unknown);
        self.degraded = self.degraded.max(newer.degraded);
        self.partial = self.partial.max(newer.partial);
        self.breaches = self.breaches.max(newer.breaches);
    }
}

/// What came in from agents since the process started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IngestCounters {
    /// Batches stored.
    pub batches: u64,
    /// Samples stored, each counted once.
    pub samples: u64,
    /// Samples that were stored already.
    pub duplicates: u64,
    /// Samples under an identity that was stored with another payload.
    pub equivocations: u64,
    /// Samples that came late but count.
    pub late: u64,
    /// Samples that ended after they were received, and were cut back.
    pub capped: u64,
    /// Samples kept apart, which never count, by the closed word of the reason.
    pub apart: BTreeMap<&'static str, u64>,
    /// Ranges refused for good, by the closed word of the reason.
    pub rejects: BTreeMap<&'static str, u64>,
    /// From a batch's arrival to its acknowledgement.
    pub ack: HistogramCounts,
}

/// A histogram with fixed buckets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistogramCounts {
    /// Each bucket's inclusive upper end in seconds, ascending, with how many values fell into it and no earlier one.
    pub buckets: Vec<(f64, u64)>,
    /// How many values were above the last bucket.
    pub above: u64,
    /// The sum of all values in seconds.
    pub sum_seconds: f64,
}

/// What the store takes on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSize {
    /// The database file.
    pub database_bytes: u64,
    /// Its write-ahead log.
    pub wal_bytes: u64,
}

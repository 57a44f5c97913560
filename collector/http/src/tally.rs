//! Counts what agents measured: outcomes, phases, certificates, by check and region.

use std::collections::BTreeMap;
use std::sync::Arc;

use quorate_model::{CertificateFacts, CheckId, CollectorTime, Failure, Micros, Outcome, Record, RegionId, Trigger};

/// The inclusive upper ends of the phase histograms' buckets, in microseconds: 1 ms to 10 s in steps of 2 to 2.5.
pub const BUCKETS_US: [u64; 13] = [
    1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
];

/// A part of a probe that is timed by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Name look-up.
    Dns,
    /// Connection set-up.
    Connect,
    /// TLS handshake.
    Tls,
    /// From the request's last byte to the answer's first.
    FirstByte,
    /// From the answer's first byte to its last.
    Transfer,
    /// The whole probe.
    Total,
}

impl Phase {
    /// Every phase, in the order in which they happen.
    pub const ALL: [Self; 6] = [Self::Dns, Self::Connect, Self::Tls, Self::FirstByte, Self::Transfer, Self::Total];

    /// The word in metric labels.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::FirstByte => "first_byte",
            Self::Transfer => "transfer",
            Self::Total => "total",
        }
    }
}

/// A histogram of one phase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseHistogram {
    counts: [u64; BUCKETS_US.len()],
    above: u64,
    sum_us: u64,
}

impl PhaseHistogram {
    /// Counts one duration.
    pub fn observe(&mut self, value: Micros) {
        let bucket = BUCKETS_US.partition_point(|upper| *upper < value.get());
        let count = self.counts.get_mut(bucket).unwrap_or(&mut self.above);
        *count = count.saturating_add(1);
        self.sum_us = self.sum_us.saturating_add(value.get());
    }

    /// Each bucket's inclusive upper end in microseconds with how many values fell into it and no earlier one.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        BUCKETS_US.iter().copied().zip(self.counts.iter().copied())
    }

    /// How many values were above the last bucket.
    pub fn above(&self) -> u64 {
        self.above
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum::<u64>().saturating_add(self.above)
    }

    /// The sum of all values.
    pub fn sum(&self) -> Micros {
        Micros::new(self.sum_us)
    }
}

/// What one region's agents measured of one check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegionTally {
    outcomes: BTreeMap<(Outcome, Option<Failure>), u64>,
    triggers: BTreeMap<Trigger, u64>,
    phases: [PhaseHistogram; Phase::ALL.len()],
    certificate: Option<(CollectorTime, CertificateFacts)>,
}

impl RegionTally {
    /// How many probes ended so, for every end that was seen.
    pub fn outcomes(&self) -> impl Iterator<Item = (Outcome, Option<Failure>, u64)> + '_ {
        self.outcomes.iter().map(|((outcome, failure), count)| (*outcome, *failure, *count))
    }

    /// How many probes had this cause, for every cause that was seen.
    pub fn triggers(&self) -> impl Iterator<Item = (Trigger, u64)> + '_ {
        self.triggers.iter().map(|(trigger, count)| (*trigger, *count))
    }

    /// The phases of right answers, for every phase that took place.
    pub fn phases(&self) -> impl Iterator<Item = (Phase, &PhaseHistogram)> + '_ {
        Phase::ALL.into_iter().zip(&self.phases).filter(|(_, histogram)| histogram.count() > 0)
    }

    /// The certificate of the newest probe that saw one.
    pub fn certificate(&self) -> Option<&CertificateFacts> {
        self.certificate.as_ref().map(|(_, facts)| facts)
    }

    fn observe(&mut self, record: &Record) {
        let sample = &record.sample;
        let seen = self.outcomes.entry((sample.outcome, sample.failure)).or_default();
        *seen = seen.saturating_add(1);
        let caused = self.triggers.entry(sample.trigger).or_default();
        *caused = caused.saturating_add(1);
        if matches!(sample.outcome, Outcome::Ok | Outcome::Slow | Outcome::LateOk) {
            let phases = &record.phases;
            let times =
                [phases.dns, phases.connect, phases.tls, phases.first_byte, phases.transfer, Some(phases.total)];
            for (histogram, time) in self.phases.iter_mut().zip(times) {
                if let Some(time) = time {
                    histogram.observe(time);
                }
            }
        }
        if let Some(facts) = record.evidence.certificate {
            let seen_at = sample.end_corrected();
            if self.certificate.is_none_or(|(before, _)| before <= seen_at) {
                self.certificate = Some((seen_at, facts));
            }
        }
    }
}

/// The tallies of all checks and regions since the process started. Cloning is cheap: what does not change is shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeTally {
    checks: BTreeMap<CheckId, BTreeMap<RegionId, Arc<RegionTally>>>,
}

impl ProbeTally {
    /// Counts one stored record. The caller leaves duplicates out.
    ///
    /// Phases count for right answers only: how long a failed probe waited says something of its timeout, not of the
    /// target.
    pub fn observe(&mut self, record: &Record) {
        let sample = &record.sample;
        let regions = self.checks.entry(sample.check.clone()).or_default();
        let tally = regions.entry(sample.region.clone()).or_default();
        Arc::make_mut(tally).observe(record);
    }

    /// Forgets every check for which `keep` says no, so that the labels stay bounded by the configuration.
    pub fn retain(&mut self, mut keep: impl FnMut(&CheckId) -> bool) {
        self.checks.retain(|check, _| keep(check));
    }

    /// Every check and region that was counted, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&CheckId, &RegionId, &RegionTally)> + '_ {
        self.checks
            .iter()
            .flat_map(|(check, regions)| regions.iter().map(move |(region, tally)| (check, region, &**tally)))
    }
}

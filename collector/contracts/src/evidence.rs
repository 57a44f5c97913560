//! What samples say besides the verdict: attempts by minute, classes of failure, samples to look up.

use std::collections::{BTreeMap, BTreeSet};

use quorate_collector_consensus::{MIN_REFERENCES, UNHEALTHY_FROM};
use quorate_collector_sla::{AttemptBucket, Attempts};
use quorate_model::policy::LateOk;
use quorate_model::{CollectorTime, Failure, Outcome, Sample, SampleId, Trigger};

/// The most samples named as evidence of one incident.
pub const MAX_EVIDENCE: usize = 20;

const MINUTE_MS: i64 = 60_000;

/// Counts attempts by the minute they began in.
///
/// Only scheduled probes are attempts: retries and probes on demand come when something is wrong, and would count failures
/// twice. What an agent could not try at all, and failures that it doubts itself, are no attempts.
#[derive(Clone, Debug, Default)]
pub struct AttemptCount(BTreeMap<i64, (u64, u64)>);

impl AttemptCount {
    /// Counts a sample, by the policy's rule for late answers.
    pub fn add(&mut self, sample: &Sample, late_ok: LateOk) {
        if sample.trigger != Trigger::Scheduled {
            return;
        }
        let failed = match sample.outcome {
            Outcome::Ok | Outcome::Slow => false,
            Outcome::LateOk => late_ok == LateOk::Bad,
            Outcome::Fail => true,
            Outcome::Local => return,
        };
        if failed && is_doubted(sample) {
            return;
        }
        let minute = sample.start_corrected().as_millis().div_euclid(MINUTE_MS);
        let (attempts, failures) = self.0.entry(minute).or_default();
        *attempts += 1;
        *failures += u64::from(failed);
    }

    /// The counts.
    pub fn finish(self) -> Attempts {
        let bucket = |(minute, (attempts, failed))| AttemptBucket {
            start: CollectorTime::from_millis(minute * MINUTE_MS),
            attempts,
            failed,
        };
        Attempts::new(self.0.into_iter().map(bucket).collect()).expect("minutes of a map ascend, failures are attempts")
    }
}

/// True if the agent itself is in doubt: it is not well, or half of its references failed too (CONSENSUS section 2).
fn is_doubted(sample: &Sample) -> bool {
    let references = sample.references;
    let bad = references.total() - references.ok();
    let by_references = references.total() >= MIN_REFERENCES && bad * 2 >= references.total();
    sample.health.get() >= UNHEALTHY_FROM || by_references
}

/// Gathers what speaks for an incident.
#[derive(Clone, Debug, Default)]
pub struct IncidentEvidence {
    failures: BTreeMap<Failure, u64>,
    first: BTreeSet<(CollectorTime, SampleId)>,
}

impl IncidentEvidence {
    /// Takes a sample from the time of the incident.
    pub fn add(&mut self, sample: &Sample) {
        let failure = match (sample.outcome, sample.failure) {
            (Outcome::Fail, failure) => failure.unwrap_or(Failure::Unspecified),
            (Outcome::LateOk, _) => Failure::Timeout,
            (Outcome::Ok | Outcome::Slow | Outcome::Local, _) => return,
        };
        *self.failures.entry(failure).or_default() += 1;
        self.first.insert((sample.start_corrected(), sample.id.clone()));
        if self.first.len() > MAX_EVIDENCE {
            self.first.pop_last();
        }
    }

    /// How often each class of failure was seen, most often first, and the first failing samples.
    pub fn finish(self) -> (Vec<(Failure, u64)>, Vec<SampleId>) {
        let mut failures: Vec<(Failure, u64)> = self.failures.into_iter().collect();
        failures.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
        (failures, self.first.into_iter().map(|(_, id)| id).collect())
    }
}

#[cfg(test)]
mod tests;

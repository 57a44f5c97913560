//! One hash of everything a verdict rests on, so that replicas and reports can be compared (SHA-256, FIPS 180-4).
//!
//! Every number is written as 8 bytes, most significant first, every text and list with its length before it, so that
//! two different inputs never write the same bytes.

use alloc::vec::Vec;
use core::fmt;

use quorate_model::{
    Bounds, CollectorTime, Confirm, Incident, Millis, Policy, PolicyHistory, Quorum, RegionId, Sample, SampleId,
    Segment,
};
use sha2::{Digest as _, Sha256};

use crate::verdict::{Down, Verdict};

/// A SHA-256 hash; shows as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The hashes of what went in and what came out, one each, so that replicas that differ see where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Of the set of samples of this check, duplicates left out.
    pub samples: Hash,
    /// Of the policies with their times.
    pub policy: Hash,
    /// Of the verdict: window, segments, incidents, sums. Counters are left out, as they count what was sent, not what
    /// is known.
    pub verdict: Hash,
    /// Of the three.
    pub whole: Hash,
}

/// Hashes the samples, the policies and the verdict made of them.
pub fn digest(samples: &[Sample], history: &PolicyHistory, verdict: &Verdict) -> Digest {
    let (samples, policy, verdict) = (of_samples(samples, history), of_history(history), of_verdict(verdict));
    let mut ink = Ink::default();
    for part in [&samples, &policy, &verdict] {
        ink.0.update(part.bytes());
    }
    Digest { samples, policy, verdict, whole: ink.dry() }
}

#[derive(Default)]
struct Ink(Sha256);

impl Ink {
    fn dry(self) -> Hash {
        Hash(self.0.finalize().into())
    }

    fn number(&mut self, number: u64) {
        self.0.update(number.to_be_bytes());
    }

    fn signed(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn length(&mut self, length: usize) {
        self.number(u64::try_from(length).unwrap_or(u64::MAX));
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.update(text.as_bytes());
    }

    fn time(&mut self, time: CollectorTime) {
        self.signed(time.as_millis());
    }

    fn span(&mut self, span: Millis) {
        self.signed(span.get());
    }

    fn maybe(&mut self, number: Option<i64>) {
        self.number(u64::from(number.is_some()));
        self.signed(number.unwrap_or(0));
    }

    fn regions(&mut self, regions: &[RegionId]) {
        self.length(regions.len());
        for region in regions {
            self.text(region.as_str());
        }
    }

    fn bounds(&mut self, bounds: Bounds) {
        let Bounds { earliest, latest } = bounds;
        self.time(earliest);
        self.time(latest);
    }
}

fn of_samples(samples: &[Sample], history: &PolicyHistory) -> Hash {
    let mut sorted: Vec<&Sample> = samples.iter().filter(|sample| sample.check == *history.first().check()).collect();
    sorted.sort();
    sorted.dedup_by(|a, b| a.id == b.id);
    let mut ink = Ink::default();
    ink.length(sorted.len());
    for sample in sorted {
        write_sample(&mut ink, sample);
    }
    ink.dry()
}

fn write_sample(ink: &mut Ink, sample: &Sample) {
    // Taken apart by name, so that a new field cannot be forgotten here.
    let Sample {
        id: SampleId { agent, boot, seq },
        check,
        region,
        provider,
        start,
        end,
        outcome,
        failure,
        interval,
        timeout,
        typical,
        clock,
        references,
        health,
        lag,
        trigger,
        check_version,
    } = sample;
    for text in [agent.as_str(), check.as_str(), region.as_str(), provider.as_str()] {
        ink.text(text);
    }
    ink.number(boot.get());
    ink.number(seq.get());
    ink.signed(start.as_millis());
    ink.signed(end.as_millis());
    ink.number(u64::from(outcome.number()));
    ink.number(failure.map_or(0, |failure| u64::from(failure.number())));
    ink.span(*interval);
    ink.span(*timeout);
    ink.maybe(typical.map(Millis::get));
    ink.span(clock.offset);
    ink.span(clock.error);
    ink.number(u64::from(references.ok()));
    ink.number(u64::from(references.total()));
    ink.number(u64::from(references.bad_mask()));
    ink.number(u64::from(health.get()));
    ink.span(*lag);
    ink.number(u64::from(trigger.number()));
    ink.number(check_version.get());
}

fn of_history(history: &PolicyHistory) -> Hash {
    let mut ink = Ink::default();
    write_policy(&mut ink, history.first());
    ink.length(history.changes().len());
    for (from, policy) in history.changes() {
        ink.time(*from);
        write_policy(&mut ink, policy);
    }
    ink.dry()
}

fn write_policy(ink: &mut Ink, policy: &Policy) {
    ink.text(policy.check().as_str());
    ink.length(policy.regions().len());
    for seat in policy.regions() {
        ink.text(seat.region.as_str());
        ink.text(seat.provider.as_str());
    }
    match policy.quorum() {
        Quorum::Majority => ink.number(1),
        Quorum::AtLeast(k) => {
            ink.number(2);
            ink.number(u64::from(*k));
        }
        Quorum::Fraction(ppm) => {
            ink.number(3);
            ink.number(u64::from(*ppm));
        }
        Quorum::All => ink.number(4),
        Quorum::Weights(weights) => {
            ink.number(5);
            ink.length(weights.len());
            for (region, weight) in weights {
                ink.text(region.as_str());
                ink.number(u64::from(*weight));
            }
        }
    }
    ink.number(u64::from(policy.min_regions()));
    ink.number(u64::from(policy.min_providers()));
    ink.number(u64::from(policy.late_ok.number()));
    let Confirm { retries, after, solicit } = policy.confirm;
    ink.number(u64::from(retries));
    ink.span(after);
    ink.number(u64::from(solicit.number()));
    ink.span(policy.merge_gap);
}

fn of_verdict(verdict: &Verdict) -> Hash {
    let mut ink = Ink::default();
    ink.text(verdict.check.as_str());
    ink.time(verdict.window.from);
    ink.time(verdict.window.to);
    ink.length(verdict.segments.len());
    for Segment { start, end, state, state_low, state_high, regions_bad } in &verdict.segments {
        ink.time(*start);
        ink.time(*end);
        for state in [state, state_low, state_high] {
            ink.number(u64::from(state.number()));
        }
        ink.regions(regions_bad);
    }
    ink.length(verdict.incidents.len());
    for incident in &verdict.incidents {
        write_incident(&mut ink, incident);
    }
    let Down { low, point, high } = verdict.down;
    for span in [low, point, high, verdict.unknown] {
        ink.span(span);
    }
    ink.dry()
}

fn write_incident(ink: &mut Ink, incident: &Incident) {
    let Incident { id, check, start, end, start_bounds, end_bounds, class, billed, runs, regions, support } = incident;
    ink.text(id.as_str());
    ink.text(check.as_str());
    ink.time(*start);
    ink.maybe(end.map(CollectorTime::as_millis));
    ink.bounds(*start_bounds);
    ink.bounds(*end_bounds);
    ink.number(u64::from(class.number()));
    ink.span(*billed);
    ink.length(runs.len());
    for (from, to) in runs {
        ink.time(*from);
        ink.time(*to);
    }
    ink.regions(regions);
    ink.number(u64::from(*support));
}

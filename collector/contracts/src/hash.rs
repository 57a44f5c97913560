//! The hash of everything a report is made from.
//!
//! Each part is written as its length (8 bytes, big-endian) and its bytes, so that no two materials have the same text, and
//! the whole begins with the name of the encoding. Sets of moments are their numbers; terms, incidents and customers are
//! written as the program shows them, so that hashes compare between programs of one version.

use std::fmt::Debug;

use quorate_collector_sla::report::InputHash;
use quorate_collector_sla::{Attempts, CheckInput, IntervalSet};
use quorate_model::CheckId;
use sha2::{Digest, Sha256};

use crate::material::Material;

/// The hash of the material; the same for the same material on every machine.
pub fn input_hash(material: &Material) -> InputHash {
    let mut hash = Parts::new();
    let Material {
        contract,
        zone,
        window,
        known_to,
        checks,
        incidents,
        latency,
        methods,
        plans,
        customers,
        credited_before,
    } = material;
    hash.shown(contract.terms());
    hash.bytes(zone.name().as_bytes());
    hash.bytes(window.label.as_bytes());
    // Of a window that is over it does not matter when it was asked about.
    let known_to = (*known_to).min(window.interval.end());
    hash.numbers(&[window.interval.start().as_millis(), window.interval.end().as_millis(), known_to.as_millis()]);
    for (id, input) in checks {
        hash.check(id, input);
    }
    hash.shown(incidents);
    hash.shown(latency);
    hash.shown(methods);
    hash.shown(plans);
    hash.shown(customers);
    hash.shown(credited_before);
    InputHash(hash.0.finalize().into())
}

struct Parts(Sha256);

impl Parts {
    fn new() -> Self {
        let mut parts = Self(Sha256::new());
        parts.bytes(b"quorate report input 1");
        parts
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn shown(&mut self, value: &impl Debug) {
        self.bytes(format!("{value:?}").as_bytes());
    }

    fn numbers(&mut self, numbers: &[i64]) {
        self.0.update((numbers.len() as u64).to_be_bytes());
        for number in numbers {
            self.0.update(number.to_be_bytes());
        }
    }

    fn check(&mut self, id: &CheckId, input: &CheckInput) {
        let timeline = &input.timeline;
        self.bytes(id.as_str().as_bytes());
        let sets = [
            timeline.down_low(),
            timeline.down_point(),
            timeline.down_high(),
            timeline.unknown(),
            timeline.covered(),
            timeline.outages(),
        ];
        for set in sets {
            self.numbers(&edges(set));
        }
        self.numbers(&input.attempts.as_ref().map(counts).unwrap_or_default());
    }
}

fn edges(set: &IntervalSet) -> Vec<i64> {
    set.iter().flat_map(|interval| [interval.start().as_millis(), interval.end().as_millis()]).collect()
}

fn counts(attempts: &Attempts) -> Vec<i64> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let buckets = attempts.as_slice().iter();
    buckets.flat_map(|bucket| [bucket.start.as_millis(), count(bucket.attempts), count(bucket.failed)]).collect()
}

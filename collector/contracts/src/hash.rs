//! The hash of everything a report is made from.
//!
//! Each part is written as its length (8 bytes, big-endian) and its bytes, so that no two materials have the same text, and
//! the whole begins with the name of the encoding. Sets of moments and incidents are their numbers and names; terms and
//! customers are written as the program shows them, so that hashes compare between programs of one version.

use std::fmt::Debug;

use quorate_collector_sla::report::{InputHash, ReportIncident};
use quorate_collector_sla::{Attempts, CheckInput, IntervalSet};
use quorate_model::{CheckId, CollectorTime, Incident, RegionId};
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
    hash.numbers(&[count(incidents.len() as u64)]);
    for entry in incidents {
        hash.incident(entry);
    }
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
        parts.bytes(b"quorate report input 2");
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

    fn incident(&mut self, entry: &ReportIncident) {
        let ReportIncident { incident, failures, evidence, response } = entry;
        let Incident { id, check, start, end, start_bounds, end_bounds, class, billed, runs, regions, support } =
            incident;
        self.bytes(id.as_str().as_bytes());
        self.bytes(check.as_str().as_bytes());
        self.bytes(class.word().as_bytes());
        let moments = [Some(*start), *end, Some(start_bounds.earliest), Some(start_bounds.latest)];
        let moments = moments.into_iter().chain([Some(end_bounds.earliest), Some(end_bounds.latest)]);
        let mut numbers: Vec<i64> = moments.map(|at| at.map_or(i64::MIN, CollectorTime::as_millis)).collect();
        numbers.extend([billed.get(), i64::from(*support)]);
        numbers.extend(runs.iter().flat_map(|(from, to)| [from.as_millis(), to.as_millis()]));
        self.numbers(&numbers);
        self.list(regions.iter().map(RegionId::as_str));
        self.list(failures.iter().map(|(failure, _)| failure.word()));
        self.numbers(&failures.iter().map(|(_, times)| count(*times)).collect::<Vec<_>>());
        self.list(evidence.iter().map(|sample| sample.agent.as_str()));
        let places = evidence.iter().flat_map(|sample| [count(sample.boot.get()), count(sample.seq.get())]);
        self.numbers(&places.collect::<Vec<_>>());
        self.shown(response);
    }

    fn list<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        let texts: Vec<&str> = texts.collect();
        self.numbers(&[count(texts.len() as u64)]);
        for text in texts {
            self.bytes(text.as_bytes());
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

/// A count as the number that is hashed; no two have the same.
const fn count(count: u64) -> i64 {
    count.cast_signed()
}

fn edges(set: &IntervalSet) -> Vec<i64> {
    set.iter().flat_map(|interval| [interval.start().as_millis(), interval.end().as_millis()]).collect()
}

fn counts(attempts: &Attempts) -> Vec<i64> {
    let buckets = attempts.as_slice().iter();
    buckets.flat_map(|bucket| [bucket.start.as_millis(), count(bucket.attempts), count(bucket.failed)]).collect()
}

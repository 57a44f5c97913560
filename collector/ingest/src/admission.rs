//! What is believed of a sample's times, and whether its check is known. Pure: the moment of receipt is an argument.

use std::collections::BTreeSet;

use quorate_collector_store::{Mark, cap};
use quorate_model::{CheckId, CollectorTime, Millis, Record};

/// Which times are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkewLimits {
    /// A sample ending more than this after it was received, beyond what its clock's error explains, is kept apart.
    pub max_future: Millis,
    /// A sample that started more than this before it was received is kept apart.
    pub max_age: Millis,
    /// A sample that ended more than this before it was received is counted as late.
    pub late_after: Millis,
}

impl Default for SkewLimits {
    fn default() -> Self {
        Self {
            max_future: Millis::from_secs(600),
            max_age: Millis::from_secs(30 * 86_400),
            late_after: Millis::from_secs(60),
        }
    }
}

/// What admission found in a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// One mark per sample, or none where all are clean.
    pub marks: Vec<Mark>,
    /// Samples cut back to when they were received.
    pub capped: u64,
    /// Samples kept apart as too far in the future.
    pub future: u64,
    /// Samples kept apart as too old.
    pub stale: u64,
    /// Samples kept apart as of a check nobody configured.
    pub unknown_check: u64,
    /// Samples that came late but count.
    pub late: u64,
}

/// Judges the samples of a batch, and cuts those back that ended after they were received. Within its clock's error a sample
/// may end after it was received: that is what the error says, and the verdict's bounds already hold it.
pub(crate) fn admit(
    records: &mut [Record],
    received: CollectorTime,
    limits: SkewLimits,
    known: &BTreeSet<CheckId>,
) -> Admission {
    let mut found = Admission::default();
    let mut marks = Vec::with_capacity(records.len());
    // Samples of one batch share the text of their check, so neighbours are often known by the place of that text.
    let mut seen: Vec<(*const u8, bool)> = Vec::new();
    for record in records {
        let sample = &mut record.sample;
        let latest = received + sample.clock.error;
        let end = sample.end_corrected();
        let mark = if end > latest + limits.max_future {
            found.future += 1;
            Mark::Future
        } else if sample.start_corrected() < received - limits.max_age {
            found.stale += 1;
            Mark::Stale
        } else if !is_known(&mut seen, &sample.check, known) {
            found.unknown_check += 1;
            Mark::UnknownCheck
        } else if end > latest {
            found.capped += 1;
            cap(sample, received);
            Mark::Capped
        } else {
            found.late += u64::from(end < received - limits.late_after);
            Mark::Clean
        };
        marks.push(mark);
    }
    if marks.iter().any(|mark| *mark != Mark::Clean) {
        found.marks = marks;
    }
    found
}

fn is_known(seen: &mut Vec<(*const u8, bool)>, check: &CheckId, known: &BTreeSet<CheckId>) -> bool {
    /// A linear look is faster than a tree's up to about here.
    const REMEMBERED: usize = 32;
    let place = check.as_str().as_ptr();
    if let Some((_, is_known)) = seen.iter().find(|(p, _)| *p == place) {
        return *is_known;
    }
    let is_known = known.contains(check);
    if seen.len() < REMEMBERED {
        seen.push((place, is_known));
    }
    is_known
}

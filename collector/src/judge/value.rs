//! What one sample makes its agent say, as far as it is a reason to ask others.
//!
//! The verdict has its own, finer reading of samples; this one only says when a second look is worth a probe. It never
//! takes a failure for one that the verdict would not believe, so that a sick agent does not make all others probe.

use quorate_collector_consensus::{MIN_REFERENCES, UNHEALTHY_FROM};
use quorate_model::{LateOk, Millis, Outcome, Sample};

/// What an agent says of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Good,
    Bad,
}

/// `None` where the sample has no vote.
pub(crate) fn value_of(sample: &Sample, late_ok: LateOk) -> Option<Value> {
    if sample.clock.error.times(2) > sample.interval {
        return None;
    }
    match (sample.outcome, late_ok) {
        (Outcome::Local, _) => None,
        (Outcome::Ok | Outcome::Slow, _) | (Outcome::LateOk, LateOk::Good) => Some(Value::Good),
        (Outcome::Fail, _) | (Outcome::LateOk, LateOk::Bad) => is_believed(sample).then_some(Value::Bad),
    }
}

fn is_believed(sample: &Sample) -> bool {
    let references = sample.references;
    let failing = references.total() - references.ok();
    let references_fail = references.total() >= MIN_REFERENCES && failing >= references.ok();
    sample.health.get() < UNHEALTHY_FROM && !references_fail && sample.lag.times(4) <= sample.timeout
}

/// How long a sample's value is held where no other follows (CONSENSUS section 3).
pub(crate) fn reach(sample: &Sample) -> Millis {
    sample.interval.times(2) + sample.timeout + sample.clock.error.max(Millis::ZERO)
}

//! The tasks that probe.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::join_all;
use quorate_agent_core::{Finding, RoundId, StartProbe, Value};
use quorate_agent_probe::{Context, Prepared};
use quorate_model::{Evidence, Failure, Micros, Outcome, Phases};

use super::Ended;
use crate::clock::Clock;

/// Probes a check once.
pub(super) fn probe(
    start: &StartProbe,
    prepared: Arc<Prepared>,
    context: Context,
    clock: Clock,
) -> impl Future<Output = Ended> + Send + 'static {
    let (check, probe) = (start.spec.id.clone(), start.probe);
    async move {
        let started = clock.now();
        let run = AssertUnwindSafe(prepared.run(&context)).catch_unwind();
        let finding = match run.await {
            Ok(found) => Finding {
                outcome: found.outcome,
                failure: found.failure,
                phases: found.phases,
                evidence: found.evidence,
            },
            Err(_) => broken(clock.now().since(started)),
        };
        Ended::Probe { check, probe, started, finding }
    }
}

/// A probe that panicked is a mistake of ours and says nothing of the target.
fn broken(total: Micros) -> Finding {
    Finding {
        outcome: Outcome::Local,
        failure: Some(Failure::Unspecified),
        phases: Phases { total, ..Phases::default() },
        evidence: Evidence { detail: Some("the probe broke off".into()), ..Evidence::default() },
    }
}

/// Probes all references once, all at the same time.
pub(super) async fn references(round: RoundId, references: Arc<[Prepared]>, context: Context) -> Ended {
    let found = join_all(references.iter().map(|reference| reference.run(&context))).await;
    let bad = found.iter().enumerate().filter(|(_, found)| Value::of(found.outcome) != Some(Value::Good));
    let bad_mask =
        bad.fold(0u32, |mask, (i, _)| mask | u32::try_from(i).ok().and_then(|i| 1u32.checked_shl(i)).unwrap_or(0));
    Ended::Round { round, bad_mask }
}

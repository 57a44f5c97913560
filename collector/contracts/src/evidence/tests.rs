use quorate_model::sample::{ClockReading, Health, References};
use quorate_model::{AgentId, AgentTime, Boot, CheckId, CheckVersion, Millis, ProviderId, RegionId, SampleId, Seq};

use super::*;

fn sample(seq: u64, start_ms: i64, outcome: Outcome) -> Sample {
    let failed = outcome == Outcome::Fail;
    Sample {
        id: SampleId { agent: AgentId::new("fra-1").expect("is an id"), boot: Boot::new(1), seq: Seq::new(seq) },
        check: CheckId::new("shop").expect("is an id"),
        region: RegionId::new("fra").expect("is an id"),
        provider: ProviderId::new("hetzner").expect("is an id"),
        start: AgentTime::from_millis(start_ms),
        end: AgentTime::from_millis(start_ms + 100),
        outcome,
        failure: failed.then_some(if seq.is_multiple_of(3) { Failure::Timeout } else { Failure::ConnectRefused }),
        interval: Millis::from_secs(10),
        timeout: Millis::from_secs(3),
        typical: None,
        clock: ClockReading::default(),
        references: References::default(),
        health: Health::WELL,
        lag: Millis::ZERO,
        trigger: Trigger::Scheduled,
        check_version: CheckVersion::new(1),
    }
}

fn count(samples: &[Sample], late_ok: LateOk) -> Vec<(i64, u64, u64)> {
    let mut count = AttemptCount::default();
    for sample in samples {
        count.add(sample, late_ok);
    }
    let attempts = count.finish();
    attempts.as_slice().iter().map(|bucket| (bucket.start.as_millis(), bucket.attempts, bucket.failed)).collect()
}

#[test]
fn attempts_are_counted_by_the_minute_they_began_in() {
    let samples = [
        sample(1, 59_999, Outcome::Ok),
        sample(2, 60_000, Outcome::Fail),
        sample(3, 61_000, Outcome::Slow),
        sample(4, 119_999, Outcome::LateOk),
        sample(5, 240_000, Outcome::Fail),
    ];
    assert_eq!(count(&samples, LateOk::Bad), [(0, 1, 0), (60_000, 3, 2), (240_000, 1, 1)]);
    assert_eq!(count(&samples, LateOk::Good), [(0, 1, 0), (60_000, 3, 1), (240_000, 1, 1)]);
}

#[test]
fn retries_and_what_an_agent_doubts_are_no_attempts() {
    let retry = Sample { trigger: Trigger::Retry, ..sample(1, 0, Outcome::Fail) };
    let solicited = Sample { trigger: Trigger::Solicited, ..sample(2, 0, Outcome::Ok) };
    let local = sample(3, 0, Outcome::Local);
    let ill = Sample { health: Health::new(Health::MAX).expect("is in range"), ..sample(4, 0, Outcome::Fail) };
    let cut_off = References::counts(1, 4).expect("is in range");
    let alone = Sample { references: cut_off, ..sample(5, 0, Outcome::Fail) };
    // A right answer is one, however the agent feels.
    let well = Sample { references: cut_off, ..sample(6, 0, Outcome::Ok) };
    assert_eq!(count(&[retry, solicited, local, ill, alone, well], LateOk::Bad), [(0, 1, 0)]);
}

#[test]
fn evidence_names_the_first_failing_samples_and_counts_all() {
    let mut evidence = IncidentEvidence::default();
    for seq in (1..=40).rev() {
        evidence.add(&sample(seq, i64::try_from(seq).expect("is small") * 1_000, Outcome::Fail));
    }
    evidence.add(&sample(41, 500, Outcome::Ok));
    let (failures, first) = evidence.finish();
    assert_eq!(failures, [(Failure::ConnectRefused, 27), (Failure::Timeout, 13)]);
    assert_eq!(first.len(), MAX_EVIDENCE);
    assert_eq!((first[0].seq, first[19].seq), (Seq::new(1), Seq::new(20)));
}

use quorate_proto::api::RefusedCheck;

use super::*;

const NOW_MS: i64 = 1_795_633_385_250;

fn agent(id: &str, connected: bool) -> Agent {
    Agent {
        id: id.to_owned(),
        region: "fra".to_owned(),
        provider: "hetzner".to_owned(),
        connected,
        last_seen_ms: connected.then_some(NOW_MS - 1_200),
        status_at_ms: Some(NOW_MS - 2_000),
        boot: 3,
        durable_seq: 4_242,
        software: "0.1.0".to_owned(),
        health: if connected { 0 } else { 5 },
        clock_offset_ms: -12,
        clock_error_ms: 11,
        spool_samples: 3,
        samples_dropped: if connected { 0 } else { 17 },
        probes_started: 4_300,
        probes_extra: 58,
        probes_skipped: 0,
        resident_bytes: 11_800_000,
        assignment_current: connected,
        refused: if connected {
            Vec::new()
        } else {
            vec![RefusedCheck {
                check: "lan".to_owned(),
                reason: "10.0.0.1 is in a network this agent must not probe".to_owned(),
            }]
        },
    }
}

#[test]
fn a_lost_agent_an_old_assignment_and_a_refusal_are_visible() {
    let silent = Agent { status_at_ms: None, ..agent("fra-3", true) };
    let agents = vec![agent("fra-1", true), agent("fra-2", false), silent];
    let samples = SampleCounts { stored: 12_930, equivocations: 2, unknown_check: 7, ..SampleCounts::default() };
    let agents = Agents { now_ms: NOW_MS, agents, samples };
    insta::assert_snapshot!(render(&agents, &Look::plain()));
}

#[test]
fn shares_and_bytes_are_truncated_never_rounded_up() {
    assert_eq!(share(0, 0), "0");
    assert_eq!(share(5, 0), "5");
    assert_eq!(share(29_999, 1_000_000), "29999 (2.9 %)");
    assert_eq!(show_bytes(0), "-");
    assert_eq!(show_bytes((1 << 20) * 12 - 1), "11.9 MiB");
}

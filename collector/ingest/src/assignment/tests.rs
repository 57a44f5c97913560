use std::collections::BTreeMap;

use prost::Message;
use quorate_proto::v1;

use super::{MAX_PART_BYTES, messages};

fn check(id: u32, interval_ms: u32, padding: usize) -> v1::Check {
    let probe = v1::Probe {
        kind: Some(v1::probe::Kind::Tcp(v1::TcpProbe { address: "x".repeat(padding), ..Default::default() })),
    };
    v1::Check { id: format!("check-{id}"), interval_ms, probe: Some(probe), ..Default::default() }
}

fn whole(revision: u64, checks: impl IntoIterator<Item = v1::Check>) -> v1::Assignment {
    v1::Assignment { revision, upsert: checks.into_iter().collect(), ..Default::default() }
}

/// What an agent does with them.
fn apply(before: Option<&v1::Assignment>, messages: &[v1::Assignment]) -> (u64, BTreeMap<String, v1::Check>) {
    let mut revision = before.map_or(0, |b| b.revision);
    let mut checks: BTreeMap<_, _> =
        before.map(|b| b.upsert.iter().map(|c| (c.id.clone(), c.clone())).collect()).unwrap_or_default();
    for message in messages {
        if message.base_revision == 0 {
            checks.clear();
        } else {
            assert_eq!(message.base_revision, revision, "each change is based on what the agent has");
        }
        for id in &message.remove {
            checks.remove(id);
        }
        checks.extend(message.upsert.iter().map(|c| (c.id.clone(), c.clone())));
        revision = message.revision;
    }
    (revision, checks)
}

#[test]
fn messages_lead_to_the_wanted_state_and_stay_small() {
    let many = |revision, interval, count| whole(revision, (0..count).map(|i| check(i, interval, 300)));
    let cases = [
        (None, 0, many(5, 1_000, 3)),
        (None, 4, many(5, 1_000, 3_000)),
        (Some(many(4, 1_000, 3_000)), 4, many(5, 2_000, 2_900)),
        (Some(many(4, 1_000, 3)), 4, many(5, 1_000, 0)),
        // What is known here is not what the agent has.
        (Some(many(4, 1_000, 3)), 3, many(5, 1_000, 4)),
    ];
    for (known, agent_revision, wanted) in cases {
        let sent = messages(&wanted, agent_revision, known.as_ref());
        let agent_has = known.as_ref().filter(|k| k.revision == agent_revision);
        let (revision, checks) = apply(agent_has, &sent);
        assert_eq!(revision, 5);
        assert_eq!(checks.into_values().collect::<Vec<_>>().len(), wanted.upsert.len());
        assert_eq!(apply(agent_has, &sent).1, apply(None, &[wanted]).1);
        assert!(sent.iter().all(|m| m.encoded_len() < MAX_PART_BYTES + 100_000));
    }
}

#[test]
fn nothing_is_said_to_an_agent_that_has_it() {
    assert_eq!(messages(&whole(5, [check(1, 1, 1)]), 5, None), []);
}

#[test]
fn only_differences_are_sent() {
    let known = whole(4, [check(1, 10, 1), check(2, 10, 1), check(3, 10, 1)]);
    let wanted = whole(5, [check(1, 10, 1), check(2, 20, 1), check(4, 10, 1)]);
    let sent = messages(&wanted, 4, Some(&known));
    let upsert: Vec<_> = sent[0].upsert.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(
        (sent.len(), upsert, sent[0].remove.clone()),
        (1, vec!["check-2", "check-4"], vec!["check-3".to_owned()])
    );
}

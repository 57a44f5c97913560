//! What a stream does with what agents send.

use std::time::Duration;

use quorate_collector_store::{Mark, Wanted, Window};
use quorate_model::{Boot, Millis, Outcome};
use quorate_proto::batch;
use quorate_proto::v1::RejectReason::{Malformed, TooLarge};
use quorate_proto::v1::{self, agent_message, collector_message};
use tonic::Code;

use super::lab::{Agent, Lab, PATIENCE, agent_id, check_id, config, hello, sample, soon};
use crate::{Answer, Event};

fn is_ack(kind: &collector_message::Kind) -> bool {
    matches!(kind, collector_message::Kind::Ack(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_go_from_the_agent_to_the_disk_and_then_on() {
    let mut lab = Lab::start();
    let mut agent = lab.agent("fra-1").await;
    let resume = agent.resume().await;
    assert_eq!((resume.durable_seq, resume.max_message_bytes, resume.heartbeat_interval_ms), (0, 524_288, 10_000));
    agent.heartbeat(1).await;
    agent.send_batch(1..=100).await;
    agent.send_batch(101..=150).await;
    agent.acked(150).await;
    assert_eq!(lab.on_disk("shop"), (1..=150).collect::<Vec<_>>());
    assert_eq!(lab.next_committed().await, (1..=100).collect::<Vec<_>>());
    assert_eq!(lab.next_committed().await, (101..=150).collect::<Vec<_>>());
    let counters = lab.handle.counters();
    assert_eq!((counters.batches, counters.samples, counters.duplicates, counters.streams), (2, 150, 0, 1));
    assert_eq!(counters.ack_latency.count(), 2);
    let view = lab.handle.agents().remove(0);
    assert_eq!((view.agent, view.connected, view.boot), (agent_id("fra-1"), true, Boot::new(7)));
    assert_eq!((view.provider.as_str(), view.software.as_str()), ("hetzner", "0.1.0-test"));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_before_it_is_committed() {
    let lab = Lab::start();
    let mut agent = lab.agent("fra-1").await;
    agent.resume().await;
    // While another connection holds the write lock, no commit can be made.
    let blocker = rusqlite::Connection::open(lab.file()).expect("opens");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("locks");
    agent.send_batch(1..=10).await;
    for id in 1..=3 {
        assert!(!agent.heartbeat(id).await.iter().any(is_ack));
    }
    assert_eq!(lab.on_disk("shop"), Vec::<u64>::new());
    assert_eq!(lab.handle.counters().commits, 0);
    blocker.execute_batch("ROLLBACK").expect("unlocks");
    agent.acked(10).await;
    assert_eq!(lab.on_disk("shop").len(), 10);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_cut_the_agent_is_told_where_to_go_on_and_duplicates_vanish() {
    let mut lab = Lab::start();
    let mut agent = lab.agent("fra-1").await;
    agent.send_batch(1..=50).await;
    agent.acked(50).await;
    drop(agent);
    assert_eq!(lab.next_committed().await.len(), 50);
    let mut agent = lab.agent("fra-1").await;
    assert_eq!(agent.resume().await.durable_seq, 50);
    // As if the acknowledgement had been lost.
    agent.send_batch(31..=60).await;
    agent.acked(60).await;
    assert_eq!(lab.next_committed().await, (51..=60).collect::<Vec<_>>());
    assert_eq!(lab.on_disk("shop"), (1..=60).collect::<Vec<_>>());
    let counters = lab.handle.counters();
    assert_eq!((counters.samples, counters.duplicates, counters.equivocations), (60, 20, 0));
    // A new life starts from nothing.
    let mut reborn = Agent::open(lab.channel().await, "fra-1", "fra", 8).await;
    assert_eq!(reborn.resume().await.durable_seq, 0);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_batch_is_refused_and_the_stream_goes_on() {
    let lab = Lab::start();
    let mut agent = lab.agent("fra-1").await;
    agent.resume().await;
    agent.send_batch(1..=5).await;
    let poison = v1::Batch { columns: "not zstd".into(), ..agent.batch(6..=9) };
    agent.send(agent_message::Kind::Batch(poison)).await;
    let too_large = v1::Batch { raw_bytes: 1 << 30, ..agent.batch(10..=12) };
    agent.send(agent_message::Kind::Batch(too_large)).await;
    let wrong_range = v1::Batch { last_seq: 14, ..agent.batch(13..=13) };
    agent.send(agent_message::Kind::Batch(wrong_range)).await;
    agent.send_batch(15..=20).await;
    let mut rejects = Vec::new();
    agent
        .expect(|kind| match kind {
            collector_message::Kind::Reject(reject) => {
                rejects.push((reject.first_seq, reject.last_seq, reject.reason()));
                None
            }
            collector_message::Kind::Ack(ack) => (ack.durable_seq == 20).then_some(()),
            _ => None,
        })
        .await;
    assert_eq!(rejects, [(6, 9, Malformed), (10, 12, TooLarge), (13, 14, Malformed)]);
    assert_eq!(lab.on_disk("shop"), [1, 2, 3, 4, 5, 15, 16, 17, 18, 19, 20]);
    let stored = lab.store.rejections().expect("reads");
    assert_eq!(stored.iter().map(|r| (r.first.get(), r.last.get())).collect::<Vec<_>>(), [(6, 9), (10, 12), (13, 14)]);
    assert!(stored[2].detail.contains("the batch says samples 13 to 14"), "{}", stored[2].detail);
    let rejects = lab.handle.counters().rejects;
    assert_eq!((rejects.malformed, rejects.too_large, rejects.out_of_range), (2, 1, 0));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_settles_what_the_agent_dropped() {
    let lab = Lab::start();
    let mut agent = lab.agent("fra-1").await;
    agent.send(agent_message::Kind::Gap(v1::Gap { boot: 7, first_seq: 1, last_seq: 40, start_ms: 5, end_ms: 9 })).await;
    agent.send_batch(41..=42).await;
    agent.acked(42).await;
    let gap = lab.store.gaps().expect("reads").remove(0);
    assert_eq!((gap.first.get(), gap.last.get(), gap.start.as_millis(), gap.end.as_millis()), (1, 40, 5, 9));
    assert_eq!(lab.handle.counters().dropped_by_agents, 40);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_cannot_be_and_unknown_checks_are_kept_apart() {
    let mut lab = Lab::start();
    let mut agent = lab.agent("fra-1").await;
    let mut records: Vec<_> = (1..=6).map(|seq| sample("fra-1", 7, seq)).collect();
    let shift = |record: &mut quorate_model::Record, ms: i64| {
        record.sample.start = record.sample.start + Millis::new(ms);
        record.sample.end = record.sample.end + Millis::new(ms);
    };
    shift(&mut records[1], 90_000); // Ends about a minute from now: cut back.
    shift(&mut records[2], 3_600_000); // An hour from now.
    shift(&mut records[3], -31 * 86_400_000);
    records[4].sample.check = check_id("nobodys");
    shift(&mut records[5], -300_000); // Late, and counts.
    agent.send(agent_message::Kind::Batch(batch::encode(&records).expect("a batch"))).await;
    agent.acked(6).await;
    assert_eq!(lab.next_committed().await, [1, 2, 6]);
    let counters = lab.handle.counters();
    assert_eq!((counters.capped, counters.future, counters.stale), (1, 1, 1));
    assert_eq!((counters.unknown_check, counters.late, counters.samples), (1, 1, 3));
    let all = lab.store.records(&check_id("shop"), Window::ALWAYS, Wanted::All).expect("reads");
    assert_eq!(
        all.iter().map(|r| r.mark).collect::<Vec<_>>(),
        [Mark::Clean, Mark::Capped, Mark::Future, Mark::Stale, Mark::Clean]
    );
    assert!(all[1].record.sample.end < records[1].sample.end);
    let apart = lab.store.records(&check_id("nobodys"), Window::ALWAYS, Wanted::All).expect("reads");
    assert_eq!(apart.len(), 1);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn within_the_error_of_its_clock_a_sample_may_end_after_it_came() {
    let mut lab = Lab::start();
    let mut agent = lab.agent("fra-1").await;
    let mut record = sample("fra-1", 7, 1);
    record.sample.end = record.sample.end + Millis::new(90_000);
    record.sample.clock.error = Millis::new(120_000);
    agent.send(agent_message::Kind::Batch(batch::encode(&[record.clone()]).expect("a batch"))).await;
    agent.acked(1).await;
    let one = soon(lab.committed.recv()).await.expect("committed");
    assert_eq!(one.records, [record]);
    assert_eq!(lab.handle.counters().capped, 0);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_payload_under_a_known_identity_is_counted() {
    let lab = Lab::start();
    let mut agent = lab.agent("fra-1").await;
    agent.send_batch(1..=3).await;
    agent.acked(3).await;
    let mut other = sample("fra-1", 7, 2);
    other.sample.outcome = Outcome::Fail;
    agent.send(agent_message::Kind::Batch(batch::encode(&[other]).expect("a batch"))).await;
    agent.acked(3).await;
    assert_eq!(lab.handle.counters().equivocations, 1);
    assert_eq!(lab.on_disk("shop"), [1, 2, 3]);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_stream_of_an_agent_replaces_the_first() {
    let lab = Lab::start();
    let mut first = lab.agent("fra-1").await;
    first.resume().await;
    let mut second = lab.agent("fra-1").await;
    second.resume().await;
    assert_eq!(first.failure().await.code(), Code::Aborted);
    second.send_batch(1..=2).await;
    second.acked(2).await;
    assert_eq!(lab.handle.counters().streams_replaced, 1);
    assert!(lab.handle.agents().remove(0).connected);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_stream_is_drained_with_its_acknowledgements() {
    let lab = Lab::limited(|limits| {
        limits.stream_life = Duration::from_millis(1);
        limits.drain_grace = PATIENCE;
    });
    let mut agent = lab.agent("fra-1").await;
    let drain = agent
        .expect(|kind| match kind {
            collector_message::Kind::Drain(drain) => Some(drain),
            _ => None,
        })
        .await;
    assert_eq!(drain.reason, "age");
    assert!(drain.reconnect_after_ms <= 2_000);
    // What was under way still counts, and only then the stream ends.
    agent.send_batch(1..=5).await;
    agent.finish();
    agent.acked(5).await;
    agent.end().await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_drains_commits_and_ends() {
    let mut lab = Lab::limited(|limits| limits.drain_grace = PATIENCE);
    let mut agent = lab.agent("fra-1").await;
    agent.send_batch(1..=5).await;
    agent.resume().await;
    lab.begin_shutdown();
    let reason = agent
        .expect(|kind| match kind {
            collector_message::Kind::Drain(drain) => Some(drain.reason),
            _ => None,
        })
        .await;
    assert_eq!(reason, "shutdown");
    agent.finish();
    agent.end().await;
    assert_eq!(lab.next_committed().await, [1, 2, 3, 4, 5]);
    assert_eq!(lab.on_disk("shop").len(), 5);
    let store = lab.store.clone();
    lab.ended().await.expect("ends well");
    assert_eq!(store.durable(&agent_id("fra-1"), Boot::new(7)).expect("reads").get(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_receiver_slows_agents_and_loses_nothing() {
    let mut lab = Lab::with(config(), 1);
    let mut agent = lab.agent("fra-1").await;
    agent.resume().await;
    let mut expected = Vec::new();
    for first in (1..=200u64).step_by(2) {
        expected.push(vec![first, first + 1]);
    }
    let sending = async {
        for pair in &expected {
            agent.send_batch(pair.clone()).await;
        }
        agent.acked(200).await;
    };
    let receiving = async {
        let mut found = Vec::new();
        while found.len() < expected.len() {
            found.push(lab.next_committed().await);
        }
        found
    };
    let ((), found) = tokio::join!(sending, receiving);
    assert_eq!(found, expected);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_ends_the_service() {
    let mut lab = Lab::start();
    lab.committed.close();
    let mut agent = lab.agent("fra-1").await;
    agent.send_batch(1..=2).await;
    assert!(matches!(lab.ended().await, Err(crate::Error::SinkClosed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_are_passed_on_before_the_commit() {
    let mut lab = Lab::start();
    let mut agent = lab.agent("fra-1").await;
    agent.send(agent_message::Kind::Suspect(v1::Suspect { check: "shop".to_owned(), start_ms: 42 })).await;
    match lab.next_hint().await {
        Event::Suspect { origin, check, start } => {
            assert_eq!((origin.agent, check, start.as_millis()), (agent_id("fra-1"), check_id("shop"), 42));
        }
        other => panic!("{other:?}"),
    }
    let mut records: Vec<_> = (1..=5).map(|seq| sample("fra-1", 7, seq)).collect();
    records[2].sample.outcome = Outcome::Fail;
    records[3].sample.outcome = Outcome::Local; // Says nothing.
    agent.send(agent_message::Kind::Batch(batch::encode(&records).expect("a batch"))).await;
    for (answer, record) in [(Answer::Wrong, &records[2]), (Answer::Right, &records[4])] {
        match lab.next_hint().await {
            Event::Changed { check, answer: found, at, .. } => {
                assert_eq!((check, found, at), (check_id("shop"), answer, record.sample.end_corrected()));
            }
            other => panic!("{other:?}"),
        }
    }
    // An older sample that comes late says nothing about now.
    let mut late = sample("fra-1", 7, 6);
    late.sample.start = late.sample.start - Millis::new(5_000);
    late.sample.end = late.sample.start + Millis::new(1);
    late.sample.outcome = Outcome::Fail;
    agent.send(agent_message::Kind::Batch(batch::encode(&[late]).expect("a batch"))).await;
    agent.acked(6).await;
    agent.send(agent_message::Kind::Suspect(v1::Suspect { check: "api".to_owned(), start_ms: 1 })).await;
    assert!(matches!(lab.next_hint().await, Event::Suspect { .. }));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_hellos_are_refused_with_the_reason() {
    let lab = Lab::start();
    let refused = async |kind: agent_message::Kind, code: Code, says: &str| {
        let mut agent = Agent::silent(lab.channel().await, "fra-1", 7).await.expect("a stream");
        agent.send(kind).await;
        let status = agent.failure().await;
        assert_eq!(status.code(), code, "{status:?}");
        assert!(status.message().contains(says), "{:?} does not say {says:?}", status.message());
    };
    let hello = |agent: &str, region: &str, boot| agent_message::Kind::Hello(hello(agent, region, boot));
    refused(hello("fra 1", "fra", 7), Code::InvalidArgument, "hello: agent").await;
    refused(hello("fra-1", "", 7), Code::InvalidArgument, "hello: region is empty").await;
    refused(hello("fra-1", "sin", 7), Code::FailedPrecondition, "region sin is not configured").await;
    refused(hello("fra-1", "fra", 0), Code::InvalidArgument, "boot is 0").await;
    refused(hello("fra-1", "fra", u64::MAX), Code::InvalidArgument, "allowed is 1 to 2^63 - 1").await;
    let early = agent_message::Kind::Heartbeat(v1::Heartbeat::default());
    refused(early, Code::InvalidArgument, "the first message has to be a hello").await;
    assert_eq!(lab.handle.counters().streams_refused, 6);
    assert_eq!(lab.handle.agents(), []);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_out_of_place_end_the_stream() {
    let lab = Lab::start();
    let refused = async |kind: agent_message::Kind, says: &str| {
        let mut agent = lab.agent("fra-1").await;
        agent.resume().await;
        agent.send(kind).await;
        let status = agent.failure().await;
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert!(status.message().contains(says), "{:?} does not say {says:?}", status.message());
    };
    let head = |boot, first_seq, last_seq| {
        agent_message::Kind::Batch(v1::Batch { boot, first_seq, last_seq, ..Default::default() })
    };
    refused(agent_message::Kind::Hello(hello("fra-1", "fra", 7)), "a second hello").await;
    refused(head(8, 1, 1), "boot is 8; allowed is 1 to the boot in hello, 7").await;
    refused(head(7, 0, 1), "samples 0 to 1").await;
    refused(head(7, 3, 2), "samples 3 to 2").await;
    refused(head(7, 1, 2_001), "2001 samples; at most 2000").await;
    let gap =
        |first_seq, last_seq| agent_message::Kind::Gap(v1::Gap { boot: 7, first_seq, last_seq, ..Default::default() });
    refused(gap(5, 4), "gap: samples 5 to 4").await;
    refused(gap(5, u64::MAX), "gap: samples 5 to").await;
    assert!(lab.store.rejections().expect("reads").is_empty());
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_says_of_itself_is_shown() {
    let lab = Lab::start();
    let mut agent = lab.agent("fra-1").await;
    let status = v1::AgentStatus {
        health: 9,
        clock_offset_ms: -5,
        spool_samples: 3,
        refused: vec![v1::CheckRefusal { check: "api".to_owned(), reason: "ä".repeat(300) }],
        ..Default::default()
    };
    agent.send(agent_message::Kind::Status(status)).await;
    agent.heartbeat(1).await;
    let shown = lab.handle.agents().remove(0).status.expect("said");
    assert_eq!((shown.health, shown.clock_offset.get(), shown.spool_samples), (7, -5, 3));
    assert_eq!(shown.refused[0].reason, "ä".repeat(128));
    drop(agent);
    lab.stop().await;
}

//! What is sent, acknowledged, cut, rejected and sent again.

use quorate_model::{Millis, Outcome, Trigger};
use quorate_proto::v1::Drain;
use quorate_proto::v1::collector_message::Kind as To;

use crate::collector::{Mood, TestCollector};
use crate::node::{Node, config};
use crate::target::{Target, assignment};

#[tokio::test]
async fn samples_arrive_with_what_is_known_of_the_clock() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let node = Node::start(config(&[&collector], dir.path()));
    collector.say(assignment(1, vec![target.check("shop", 100)])).await;
    let record = collector.until("20 samples", |s| s.records.get(20).cloned()).await;
    assert_eq!(record.sample.outcome, Outcome::Ok);
    assert_eq!((record.sample.trigger, record.sample.interval), (Trigger::Scheduled, Millis::new(100)));
    assert_eq!(record.sample.check_version.get(), 1);
    assert!(record.sample.typical.is_some(), "after 10 good samples");
    let clock = record.sample.clock;
    assert!(clock.offset.get().abs() <= clock.error.get() && clock.error >= Millis::new(10), "{clock:?}");
    let hello = collector.with(|s| s.hellos.first().cloned()).expect("one");
    assert_eq!((hello.agent.as_str(), hello.region.as_str(), hello.boot), ("fra-1", "fra", node.boot));
    assert_eq!((hello.assignment_revision, hello.spool_last_seq), (0, 0));
    let status =
        collector.until("a later state", |s| s.statuses.iter().find(|s| s.probes_started >= 20).cloned()).await;
    assert_eq!((status.assignment_revision, status.probes_skipped, status.samples_dropped), (1, 0, 0));
    assert!(status.resident_bytes > 0);
    node.stop().await;
}

/// Batches that arrived but were not stored are sent again; those that were stored are not, even if the acknowledgement was
/// lost. The collector asserts both.
#[tokio::test]
async fn after_cuts_nothing_is_lost_or_doubled() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let node = Node::start(config(&[&collector], dir.path()));
    let checks = (0..5).map(|i| target.check(&format!("check-{i}"), 100)).collect();
    collector.say(assignment(1, checks)).await;
    for mood in [Mood::Slow, Mood::Mute, Mood::Slow, Mood::Mute, Mood::Well] {
        collector.set_mood(mood);
        let batches = collector.with(|s| s.batches);
        collector.until("batches under way", |s| (s.batches >= batches + 2).then_some(())).await;
        let streams = collector.with(|s| s.hellos.len());
        collector.cut();
        collector.set_mood(Mood::Well);
        collector.until("another stream", |s| (s.hellos.len() > streams).then_some(())).await;
    }
    node.stop().await;
    let seqs: Vec<u64> = collector.with(|s| s.records.iter().map(|r| r.sample.id.seq.get()).collect());
    let last = collector.with(|s| s.durable.values().copied().collect::<Vec<_>>());
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    assert_eq!(last, [seqs.len() as u64]);
}

#[tokio::test]
async fn a_rejected_batch_does_not_block() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let node = Node::start(config(&[&collector], dir.path()));
    collector.set_mood(Mood::RejectsOne);
    collector.say(assignment(1, vec![target.check("shop", 100)])).await;
    collector.until("a rejection", |s| s.rejected.first().copied()).await;
    collector.until("samples behind it", |s| s.records.get(10).map(|_| ())).await;
    let status = collector.until("a later state", |s| s.statuses.get(3).cloned()).await;
    assert!(status.spool_samples < 10, "what was rejected is not kept: {status:?}");
    assert_eq!(collector.with(|s| s.hellos.len()), 1, "on the same stream");
    node.stop().await;
}

#[tokio::test]
async fn a_drain_ends_the_stream_and_another_follows() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let node = Node::start(config(&[&collector], dir.path()));
    collector.say(assignment(1, vec![target.check("shop", 100)])).await;
    collector.until("samples", |s| s.records.get(3).map(|_| ())).await;
    collector.say(To::Drain(Drain { reconnect_after_ms: 50, reason: "a test".to_owned() })).await;
    collector.until("another stream", |s| s.hellos.get(1).map(|_| ())).await;
    let count = collector.with(|s| s.records.len());
    collector.until("samples on it", |s| s.records.get(count + 5).map(|_| ())).await;
    node.stop().await;
}

#[tokio::test]
async fn what_the_spool_dropped_is_reported_as_a_gap() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let mut small = config(&[&collector], dir.path());
    small.spool_samples = 5;
    let node = Node::start(small);
    collector.say(assignment(1, vec![target.check("shop", 20)])).await;
    collector.until("samples", |s| s.records.get(3).map(|_| ())).await;
    collector.set_mood(Mood::Away);
    collector.cut();
    collector.until("refused streams", |s| (s.refused_streams >= 2).then_some(())).await;
    // In this time the target is asked far more often than the spool can hold.
    let asked = target.callers().len();
    target.until_asked(asked + 20).await;
    collector.set_mood(Mood::Well);
    let gap = collector.until("a gap", |s| s.gaps.first().copied()).await;
    assert!(gap.start_ms <= gap.end_ms && gap.start_ms > 0, "{gap:?}");
    collector
        .until("samples behind it", |s| s.records.iter().find(|r| r.sample.id.seq.get() > gap.last_seq).map(|_| ()))
        .await;
    node.stop().await;
    let (records, gaps, durable) =
        collector.with(|s| (s.records.len() as u64, s.gaps.clone(), s.durable.values().sum::<u64>()));
    let dropped: u64 = gaps.iter().map(|gap| gap.last_seq - gap.first_seq + 1).sum();
    assert_eq!(records + dropped, durable, "every number is a sample or in a gap");
}

#[tokio::test]
async fn every_collector_gets_everything_on_its_own() {
    let dir = tempfile::tempdir().expect("a directory");
    let (one, two, target) = (TestCollector::start().await, TestCollector::start().await, Target::start().await);
    two.set_mood(Mood::Away);
    let node = Node::start(config(&[&one, &two], dir.path()));
    one.say(assignment(1, vec![target.check("shop", 50)])).await;
    one.until("samples", |s| s.records.get(20).map(|_| ())).await;
    two.set_mood(Mood::Well);
    two.until("the same samples", |s| s.records.get(20).map(|_| ())).await;
    node.stop().await;
    let ids = |c: &TestCollector| c.with(|s| s.records.iter().map(|r| r.sample.id.clone()).collect::<Vec<_>>());
    assert_eq!(ids(&one), ids(&two));
}

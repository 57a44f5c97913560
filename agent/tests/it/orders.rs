//! What collectors want probed, and when.

use std::net::IpAddr;

use quorate_model::{Failure, Outcome, Trigger};
use quorate_proto::v1;
use quorate_proto::v1::collector_message::Kind as To;

use crate::collector::TestCollector;
use crate::node::{Node, config};
use crate::target::{Target, assignment};

#[tokio::test]
async fn a_change_adds_and_removes_and_one_that_does_not_fit_is_asked_for_in_full() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let node = Node::start(config(&[&collector], dir.path()));
    collector.say(assignment(1, vec![target.check("old", 50), target.check("stays", 50)])).await;
    collector.until("both", |s| s.of("old").next().and(s.of("stays").next()).map(|_| ())).await;
    let change = v1::Assignment {
        revision: 2,
        base_revision: 1,
        upsert: vec![target.check("new", 50)],
        remove: vec!["old".to_owned()],
        ..v1::Assignment::default()
    };
    collector.say(To::Assignment(change.clone())).await;
    collector.until("the new one", |s| s.of("new").next().map(|_| ())).await;
    let old = collector.with(|s| s.of("old").count());
    let stays = collector.with(|s| s.of("stays").count());
    collector.until("the one that stays", |s| (s.of("stays").count() > stays + 5).then_some(())).await;
    // One may have been under way.
    assert!(collector.with(|s| s.of("old").count()) <= old + 1);

    collector.say(To::Assignment(v1::Assignment { revision: 9, base_revision: 8, ..change })).await;
    let hello = collector.until("another greeting", |s| s.hellos.get(1).cloned()).await;
    assert_eq!(hello.assignment_revision, 2, "the one that did not fit changed nothing");
    node.stop().await;
}

#[tokio::test]
async fn a_check_that_cannot_be_probed_is_refused_by_itself() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let node = Node::start(config(&[&collector], dir.path()));
    let mut bad_pattern = target.check("pattern", 50);
    if let Some(v1::Probe { kind: Some(v1::probe::Kind::Tcp(tcp)) }) = &mut bad_pattern.probe {
        tcp.expect = Some("(".to_owned());
    }
    let no_probe = v1::Check { probe: None, ..target.check("nothing", 50) };
    collector.say(assignment(1, vec![bad_pattern, no_probe, target.check("good", 50)])).await;
    collector.until("the good one", |s| s.of("good").next().map(|_| ())).await;
    let status = collector.until("refusals", |s| s.statuses.iter().find(|s| !s.refused.is_empty()).cloned()).await;
    let refused: Vec<&str> = status.refused.iter().map(|r| r.check.as_str()).collect();
    assert_eq!(refused, ["nothing", "pattern"]);
    assert!(status.refused.iter().all(|r| !r.reason.is_empty()));
    node.stop().await;
}

#[tokio::test]
async fn a_sample_is_taken_when_the_collector_asks() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let node = Node::start(config(&[&collector], dir.path()));
    // The next slot is many hours away.
    let check = v1::Check { phase_ms: 1, ..target.check("shop", 86_400_000) };
    collector.say(assignment(1, vec![check])).await;
    collector.say(To::ProbeNow(v1::ProbeNow { checks: vec!["shop".to_owned()], request: 1, hasten_until_ms: 0 })).await;
    let record = collector.until("a sample", |s| s.of("shop").next().cloned()).await;
    assert_eq!((record.sample.trigger, record.sample.outcome), (Trigger::Solicited, Outcome::Ok));
    node.stop().await;
}

#[tokio::test]
async fn a_change_is_looked_at_again_soon() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, mut target) = (TestCollector::start().await, Target::start().await);
    let node = Node::start(config(&[&collector], dir.path()));
    collector.say(assignment(1, vec![target.check("shop", 500)])).await;
    collector.until("a good sample", |s| s.of("shop").next().map(|_| ())).await;
    target.close().await;
    let retries = collector
        .until("two retries", |s| {
            let retries: Vec<_> = s.of("shop").filter(|r| r.sample.trigger == Trigger::Retry).cloned().collect();
            (retries.len() == 2).then_some(retries)
        })
        .await;
    for retry in retries {
        assert_eq!((retry.sample.outcome, retry.sample.failure), (Outcome::Fail, Some(Failure::ConnectRefused)));
    }
    node.stop().await;
}

#[tokio::test]
async fn a_silent_target_is_hinted_at_before_the_timeout() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let node = Node::start(config(&[&collector], dir.path()));
    collector.say(assignment(1, vec![target.check("shop", 100)])).await;
    collector.until("enough to know what is typical", |s| (s.of("shop").count() > 12).then_some(())).await;
    target.fall_silent();
    collector
        .until("a hint, and no failure yet", |s| {
            let failed = s.of("shop").any(|r| r.sample.outcome == Outcome::Fail);
            assert!(!failed || !s.suspects.is_empty(), "the failure came before the hint");
            s.suspects.iter().find(|hint| hint.check == "shop").map(|_| ())
        })
        .await;
    node.stop().await;
}

#[tokio::test]
async fn references_are_asked_around_a_failing_probe() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, mut target, reference) =
        (TestCollector::start().await, Target::start().await, Target::start().await);
    let mut gone = Target::start().await;
    gone.close().await;
    let node = Node::start(config(&[&collector], dir.path()));
    collector
        .say(To::Assignment(v1::Assignment {
            revision: 1,
            upsert: vec![target.check("shop", 200)],
            references: vec![reference.probe(), gone.probe(), reference.probe()],
            reference_interval_ms: 3_600_000,
            ..v1::Assignment::default()
        }))
        .await;
    collector.until("a good sample", |s| s.of("shop").next().map(|_| ())).await;
    target.close().await;
    let record = collector
        .until("a failing sample", |s| s.of("shop").find(|r| r.sample.outcome == Outcome::Fail).cloned())
        .await;
    let references = record.sample.references;
    assert_eq!((references.total(), references.ok(), references.bad_mask()), (3, 2, 0b010));
    node.stop().await;
}

#[tokio::test]
async fn what_is_not_allowed_here_is_not_probed_whatever_the_collector_says() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let mut closed = config(&[&collector], dir.path());
    closed.networks.allow.clear();
    let node = Node::start(closed);
    collector.say(assignment(1, vec![target.check("shop", 50)])).await;
    let record = collector.until("a sample", |s| s.of("shop").next().cloned()).await;
    assert_eq!(record.sample.failure, Some(Failure::Forbidden));
    assert_eq!(target.callers(), Vec::<IpAddr>::new());
    node.stop().await;
}

#[tokio::test]
async fn probes_leave_from_the_source_address() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let mut bound = config(&[&collector], dir.path());
    bound.source_addresses = vec!["127.0.0.77".parse().expect("an address")];
    let node = Node::start(bound);
    collector.say(assignment(1, vec![target.check("shop", 50)])).await;
    collector.until("a sample", |s| s.of("shop").next().map(|_| ())).await;
    let expected: IpAddr = "127.0.0.77".parse().expect("an address");
    assert!(target.callers().iter().all(|caller| *caller == expected), "{:?}", target.callers());
    node.stop().await;
}

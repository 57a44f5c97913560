//! Starts, stops and crashes.

use quorate_agent::{Agent, StartError};

use crate::collector::{Mood, TestCollector};
use crate::node::{Node, config};
use crate::target::{Target, assignment};

#[tokio::test]
async fn it_probes_without_a_collector_also_after_its_own_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let node = Node::start(config(&[&collector], dir.path()));
    collector.say(assignment(5, vec![target.check("shop", 50)])).await;
    collector.until("samples", |s| s.records.get(3).map(|_| ())).await;
    let first_boot = node.boot;
    node.stop().await;

    collector.set_mood(Mood::Away);
    let before = target.callers().len();
    let node = Node::start(config(&[&collector], dir.path()));
    assert!(node.boot > first_boot);
    target.until_asked(before + 5).await;
    collector.set_mood(Mood::Well);
    let boot = node.boot;
    collector
        .until("samples taken meanwhile", |s| (s.durable.get(&boot).copied().unwrap_or(0) >= 5).then_some(()))
        .await;
    let hello = collector.with(|s| s.hellos.last().cloned()).expect("one");
    assert_eq!((hello.boot, hello.assignment_revision, hello.spool_first_seq), (boot, 5, 1));
    node.stop().await;
}

#[tokio::test]
async fn a_stop_lets_nothing_be_lost() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let mut patient = config(&[&collector], dir.path());
    // So that the last samples wait in the spool when the stop comes.
    patient.flush_after = quorate_model::Millis::new(10_000);
    let node = Node::start(patient);
    collector.say(assignment(1, vec![target.check("shop", 20)])).await;
    target.until_asked(15).await;
    node.stop().await;
    collector.until("the stream's end", |s| (s.open == 0).then_some(())).await;
    let records = collector.with(|s| s.records.len());
    assert!(records >= target.callers().len() - 1, "{records} of {}", target.callers().len());
}

#[tokio::test]
async fn after_a_crash_numbers_begin_anew_in_a_new_boot() {
    let dir = tempfile::tempdir().expect("a directory");
    let (collector, target) = (TestCollector::start().await, Target::start().await);
    let node = Node::start(config(&[&collector], dir.path()));
    collector.say(assignment(1, vec![target.check("shop", 50)])).await;
    collector.until("samples", |s| s.records.get(3).map(|_| ())).await;
    let first_boot = node.boot;
    node.kill().await;
    let node = Node::start(config(&[&collector], dir.path()));
    let boot = node.boot;
    assert!(boot > first_boot);
    collector.until("samples of the new boot", |s| s.durable.get(&boot).filter(|seq| **seq > 3).map(|_| ())).await;
    node.stop().await;
}

#[tokio::test]
async fn two_agents_do_not_share_a_data_directory() {
    let dir = tempfile::tempdir().expect("a directory");
    let collector = TestCollector::start().await;
    let node = Node::start(config(&[&collector], dir.path()));
    let second = Agent::new(config(&[&collector], dir.path())).expect_err("refused");
    assert!(matches!(second, StartError::InUse(_)), "{second}");
    node.stop().await;
    Agent::new(config(&[&collector], dir.path())).expect("free again");
}

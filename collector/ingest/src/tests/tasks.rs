//! What agents are told: assignments, requests to probe.

use std::sync::Arc;

use quorate_proto::v1::{self, agent_message, collector_message};
use tonic::Code;

use super::lab::{Agent, Lab, agent_id, assignment, check_id, hello, region_id};
use crate::AssignmentTable;

fn ids(assignment: &v1::Assignment) -> Vec<&str> {
    assignment.upsert.iter().map(|c| c.id.as_str()).collect()
}

fn change(lab: &Lab, change: impl FnOnce(&mut AssignmentTable)) {
    lab.table.send_modify(|table| change(Arc::make_mut(table)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_told_its_checks_and_then_only_what_changes() {
    let lab = Lab::start();
    let mut agent = lab.agent("fra-1").await;
    let full = agent.assignment().await;
    assert_eq!((full.revision, full.base_revision, ids(&full)), (11, 0, vec!["shop"]));
    change(&lab, |t| {
        t.by_region.insert(region_id("fra"), assignment(12, &[("shop", 10_000), ("api", 5_000)]));
    });
    let delta = agent.assignment().await;
    assert_eq!((delta.revision, delta.base_revision, ids(&delta), delta.remove.len()), (12, 11, vec!["api"], 0));
    // One for this agent alone wins over its region's.
    change(&lab, |t| {
        t.by_agent.insert(agent_id("fra-1"), assignment(13, &[("api", 6_000)]));
    });
    let delta = agent.assignment().await;
    assert_eq!((delta.base_revision, ids(&delta), delta.remove.join(",")), (12, vec!["api"], "shop".to_owned()));
    assert_eq!(lab.handle.agents().remove(0).assignment_sent, 13);

    // Back after a cut with that assignment: nothing to say; with an older one: in full.
    for (has, told) in [(13, None), (12, Some(0)), (0, Some(0))] {
        let mut agent = Agent::silent(lab.channel().await, "fra-1", 7).await.expect("a stream");
        let back = v1::Hello { assignment_revision: has, ..hello("fra-1", "fra", 7) };
        agent.send(agent_message::Kind::Hello(back)).await;
        let assignments: Vec<_> = agent
            .heartbeat(1)
            .await
            .into_iter()
            .filter_map(|kind| match kind {
                collector_message::Kind::Assignment(a) => Some(a.base_revision),
                _ => None,
            })
            .collect();
        assert_eq!(assignments, told.into_iter().collect::<Vec<_>>(), "has {has}");
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_agent_is_cut_off_and_kept_out() {
    let lab = Lab::start();
    let mut agent = lab.agent("fra-1").await;
    agent.resume().await;
    change(&lab, |t| {
        t.revoked.insert(agent_id("fra-1"));
    });
    assert_eq!(agent.failure().await.code(), Code::PermissionDenied);
    let mut again = lab.agent("fra-1").await;
    assert!(again.failure().await.message().contains("agent fra-1 is revoked"));
    lab.agent("fra-2").await.resume().await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_asked_to_probe_but_not_too_often() {
    let lab = Lab::start();
    let mut one = lab.agent("fra-1").await;
    let mut two = lab.agent("fra-2").await;
    one.assignment().await;
    two.assignment().await;
    one.heartbeat(1).await;
    two.heartbeat(1).await;
    let request = async |agent: &mut Agent| {
        agent
            .expect(|kind| match kind {
                collector_message::Kind::ProbeNow(request) => Some(request),
                _ => None,
            })
            .await
    };
    let (shop, api) = (check_id("shop"), check_id("api"));
    assert_eq!(lab.handle.probe_now(&shop, Some(&agent_id("fra-1"))), 1);
    assert_eq!(request(&mut two).await.checks, ["shop"]);
    // Once in two seconds; and nobody has the other check.
    assert_eq!(lab.handle.probe_now(&shop, None), 0);
    assert_eq!(lab.handle.probe_now(&api, None), 0);
    let until = quorate_model::CollectorTime::from_millis(99);
    assert_eq!(lab.handle.hasten(&shop, until), 2);
    assert_eq!(request(&mut one).await.hasten_until_ms, 99);
    assert_eq!(lab.handle.counters().probe_requests, 3);
    lab.stop().await;
}

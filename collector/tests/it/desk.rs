//! What people decide is signed, kept, and there again after the process was killed.

use quorate_collector_report::Document;
use quorate_proto::api;
use serde_json::Value;

use crate::lab::{Agent, Place, decide, get, now_ms, ready, request, slots, state, until};
use crate::process::Program;

/// What stands behind the list of checks; its own bracket closes the last list.
const CONFIG: &str = "{id: shop, name: Shop, icmp: {host: h}, timeout: 1s}]
slas: [{id: gold, service: shop, window: {rolling_days: 2}, objectives: {availability: \"99.99%\"}}]
plans: [{id: pro, contract: gold, support: {channels: [mail], targets: {critical: {acknowledge: 15m}}}}]
customers: [{id: acme, plan: pro, fee: 499.99 EUR}";

const REPORT: &str = "/api/v1/slas/gold/report";

/// A minute of outage, seen by all; gives the incident and when it began and ended.
async fn outage(program: &Program) -> (api::Incident, i64, i64) {
    let now = now_ms();
    let (broke, back) = (now - 120_000, now - 60_000);
    for index in 0..5 {
        let mut agent = Agent::connect(program.grpc, index).await;
        agent.send(slots(index, now - 300_000, now), |start| (broke..back).contains(&start)).await;
    }
    state(program.http, "up").await;
    let ended = |told: &api::Incidents| told.incidents.first().is_some_and(|incident| incident.end_ms.is_some());
    (until(program.http, "/api/v1/incidents", ended).await.incidents.remove(0), broke, back)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_decided_is_there_again_after_a_kill() {
    let place = Place::new(CONFIG);
    let program = Program::start(&place);
    let (incident, broke, back) = outage(&program).await;
    let id = &incident.id;
    for action in [
        "{\"kind\":\"severity\",\"severity\":\"critical\"}",
        "{\"kind\":\"acknowledge\"}",
        "{\"kind\":\"update\",\"text\":\"We look into it.\"}",
        "{\"kind\":\"resolve\",\"text\":\"A cable.\"}",
    ] {
        let body = format!(
            "{{\"author\":\"anna\",\"decision\":{{\"kind\":\"incident\",\"incident\":\"{id}\",\"action\":{action}}}}}"
        );
        let (status, answer) = decide(program.http, "", &body).await;
        assert_eq!(status, 200, "{answer}");
    }
    let before = until(program.http, REPORT, |report: &Document| report.ledger.down_ms > 40_000).await;
    let (from, to) = (broke - 30_000, back + 30_000);
    let excluded = format!(
        "{{\"author\":\"anna\",\"decision\":{{\"kind\":\"exclude\",\"class\":\"third_party\",\"start_ms\":{from},\"end_ms\":{to},\
         \"contracts\":[\"gold\"],\"reason\":\"a cable of the carrier\",\"approver\":\"carol\"}}}}"
    );
    let (status, answer) = decide(program.http, "", &excluded).await;
    assert_eq!(status, 200, "{answer}");
    let after: Document = get(program.http, REPORT).await;
    assert_eq!((after.ledger.down_ms, after.ledger.excluded_ms), (0, to - from));
    assert!(before.exclusions.is_empty() && after.exclusions.len() == 1);
    assert_eq!(after.exclusions[0].approver.as_deref(), Some("carol"));
    program.signal("-KILL");
    program.ended();

    let program = Program::start(&place);
    ready(program.http).await;
    let handled: Value = get(program.http, &format!("/api/v1/incidents/{id}")).await;
    assert_eq!(handled["handling"]["severity"], "critical");
    assert_eq!(handled["handling"]["resolved"]["author"], "anna");
    let told = handled["handling"]["updates"].as_array().expect("a list");
    assert_eq!(
        told.iter().map(|told| told["text"].as_str()).collect::<Vec<_>>(),
        [Some("We look into it."), Some("A cable.")]
    );
    let promises = handled["promises"].as_array().expect("a list");
    assert_eq!((promises.len(), &promises[0]["kept"]), (1, &Value::from("met")));
    let again = until(program.http, REPORT, |report: &Document| report.ledger.down_ms == 0).await;
    assert_eq!(again.exclusions, after.exclusions);
    let trail: Value = get(program.http, "/api/v1/audit").await;
    let deeds: Vec<_> =
        trail["entries"].as_array().expect("a list").iter().map(|line| line["action"].as_str()).collect();
    let five = [Some("incident"), Some("incident"), Some("incident"), Some("incident"), Some("exclude")];
    assert!(deeds.ends_with(&five), "{deeds:?}");

    // A window that runs is not claimed, and what is wrong is named.
    for (decision, words) in [
        (
            format!(
                "{{\"kind\":\"claim\",\"contract\":\"gold\",\"period\":\"{}\",\"customer\":\"acme\"}}",
                again.period.label
            ),
            "is not over",
        ),
        (
            "{\"kind\":\"claim\",\"contract\":\"none\",\"period\":\"2026-10\",\"customer\":\"acme\"}".to_owned(),
            "no contract",
        ),
        (
            "{\"kind\":\"incident\",\"incident\":\"none\",\"action\":{\"kind\":\"acknowledge\"}}".to_owned(),
            "there is no incident none",
        ),
    ] {
        let (status, answer) =
            decide(program.http, "", &format!("{{\"author\":\"anna\",\"decision\":{decision}}}")).await;
        assert!(status == 422 && answer.contains(words), "{status} {answer}");
    }
    program.signal("-TERM");
    assert_eq!(program.ended(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_operators_a_change_needs_the_token_of_one() {
    // The SHA-256 of "secret".
    let hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    let place = Place::new(&format!("{CONFIG}]\noperators: [{{name: anna, token_sha256: {hash}}}"));
    let program = Program::start(&place);
    let exclude = |author: &str| {
        let start = now_ms() + 3_600_000;
        format!(
            "{{{author}\"decision\":{{\"kind\":\"exclude\",\"class\":\"maintenance\",\"start_ms\":{start},\"end_ms\":{},\"reason\":\"an upgrade\"}}}}",
            start + 60_000
        )
    };
    for (head, author, status) in [
        ("", "", 401),
        ("Authorization: Bearer guess\r\n", "", 401),
        ("Authorization: Bearer secret\r\n", "\"author\":\"ben\",", 403),
        ("Authorization: Bearer secret\r\nOrigin: https://evil.example\r\n", "", 403),
        ("Authorization: Bearer secret\r\n", "", 200),
        ("Authorization: Bearer secret\r\n", "\"author\":\"anna\",", 200),
    ] {
        let (found, answer) = decide(program.http, head, &exclude(author)).await;
        assert_eq!(found, status, "{head}{author}: {answer}");
    }
    let (_, told) = request(program.http, "GET", "/api/v1/exclusions").await;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let entered: Vec<_> =
        told["exclusions"].as_array().expect("a list").iter().map(|line| line["entered"]["author"].as_str()).collect();
    assert_eq!(entered, [Some("anna"), Some("anna")]);
    program.signal("-TERM");
    assert_eq!(program.ended(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_operators_a_name_that_leads_here_is_not_believed() {
    let place = Place::new(CONFIG);
    let program = Program::start(&place);
    let start = now_ms() + 3_600_000;
    let body = format!(
        r#"{{"author": "anna", "decision": {{"kind": "exclude", "class": "maintenance", "start_ms": {start}, "end_ms": {},
            "reason": "an upgrade"}}}}"#,
        start + 60_000
    );
    let rebound = "Host: evil.example:7480\r\nOrigin: http://evil.example:7480\r\n";
    for (head, status) in
        [(rebound, 403), ("Host: evil.example\r\n", 403), ("Host: localhost:7480\r\n", 200), ("", 200)]
    {
        let (found, answer) = decide(program.http, head, &body).await;
        assert_eq!(found, status, "{head}: {answer}");
    }
    program.signal("-TERM");
    assert_eq!(program.ended(), 0);
}

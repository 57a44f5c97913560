//! The document of the API says what the code does: the same routes, parameters and fields.

use std::collections::BTreeSet;

use quorate_model::{CheckId, CollectorTime, IncidentClass, Millis, Outcome, State, Trigger};
use quorate_proto::api;
use serde::Serialize;
use serde_json::Value;

use crate::api::incidents::IncidentInFull;
use crate::api::{OPENAPI, Operation};
use crate::fixture::{Archive, explanation, segments, snapshot, summary};
use crate::limits;
use crate::queries::{Queries, Window};

fn document() -> Value {
    serde_json::from_str(OPENAPI).expect("the document is JSON")
}

fn texts(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn operation(document: &Value, operation: Operation) -> Value {
    let method = if operation.allowed() == "POST" { "post" } else { "get" };
    document["paths"][operation.path()][method].clone()
}

#[test]
fn the_document_has_every_route_and_no_other() {
    let document = document();
    let paths = document["paths"].as_object().expect("an object");
    let written: BTreeSet<(&str, &str)> = paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().into_iter().flatten().map(move |(method, _)| (path.as_str(), method.as_str()))
        })
        .collect();
    let served: BTreeSet<(&str, &str)> = Operation::ALL
        .iter()
        .map(|operation| (operation.path(), if operation.allowed() == "POST" { "post" } else { "get" }))
        .collect();
    assert_eq!(written, served);
}

#[test]
fn the_document_has_every_parameter_and_no_other() {
    let document = document();
    for route in Operation::ALL {
        let operation = operation(&document, route);
        let of = |place: &str| -> Vec<String> {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let here = parameters.filter(|parameter| parameter["in"] == place);
            here.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned).collect()
        };
        assert_eq!(of("query"), route.parameters(), "{route:?}");
        let in_path: Vec<String> =
            route.path().split('{').skip(1).filter_map(|rest| rest.split('}').next()).map(str::to_owned).collect();
        assert_eq!(of("path"), in_path, "{route:?}");
    }
    let limit = operation(&document, Operation::Incidents)["parameters"][5]["schema"]["maximum"].as_u64();
    assert_eq!(limit, Some(limits::INCIDENTS as u64));
}

#[test]
fn the_document_has_every_word() {
    let document = document();
    let words =
        |schema: &str, field: &str| texts(&document["components"]["schemas"][schema]["properties"][field]["enum"]);
    let all = |words: Vec<&str>| -> BTreeSet<String> { words.into_iter().map(str::to_owned).collect() };
    let states = all(State::ALL.iter().map(|word| word.word()).collect());
    for (schema, field) in [("CheckStatus", "state"), ("Segment", "state"), ("Explanation", "state_low")] {
        assert_eq!(words(schema, field), states, "{schema}.{field}");
    }
    assert_eq!(words("Incident", "class"), all(IncidentClass::ALL.iter().map(|word| word.word()).collect()));
    assert_eq!(words("SampleSummary", "outcome"), all(Outcome::ALL.iter().map(|word| word.word()).collect()));
    assert_eq!(words("SampleSummary", "trigger"), all(Trigger::ALL.iter().map(|word| word.word()).collect()));
}

/// Says where a value differs from its schema. Every field of an object has to be in the schema and the other way round.
fn differences(document: &Value, schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.trim_start_matches("#/components/schemas/");
        let target = &document["components"]["schemas"][name];
        assert!(target.is_object(), "{place}: there is no schema {name}");
        return differences(document, target, value, place, found);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let fits = choices.iter().any(|choice| {
            let mut found = Vec::new();
            differences(document, choice, value, place, &mut found);
            found.is_empty()
        });
        if !fits {
            found.push(format!("{place}: fits no choice"));
        }
        return;
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if schema["type"] != kind && !texts(&schema["type"]).contains(kind) {
        found.push(format!("{place}: is {kind}, not {}", schema["type"]));
    }
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                differences(document, &schema["items"], item, &format!("{place}[{number}]"), found);
            }
        }
        Value::Object(fields) if schema["properties"].is_object() => {
            let written: BTreeSet<String> =
                schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
            let there: BTreeSet<String> = fields.keys().cloned().collect();
            if written != there || texts(&schema["required"]) != there {
                found.push(format!("{place}: has {there:?}, the schema {written:?}"));
            }
            for (name, field) in fields {
                differences(document, &schema["properties"][name.as_str()], field, &format!("{place}.{name}"), found);
            }
        }
        _ => {}
    }
}

fn conforms(route: Operation, value: &impl Serialize) {
    let document = document();
    let schema = &operation(&document, route)["responses"]["200"]["content"]["application/json"]["schema"];
    let value = serde_json::to_value(value).expect("answers are JSON");
    let mut found = Vec::new();
    differences(&document, schema, &value, route.path(), &mut found);
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test]
async fn every_answer_has_the_fields_of_the_document() {
    let archive = Archive::new();
    let picture = snapshot();
    let shop = CheckId::new("shop").expect("an id");
    let now = CollectorTime::from_millis(picture.status().now_ms);
    let window = Window::new(now - Millis::from_secs(60), now).expect("not empty");
    conforms(Operation::Status, picture.status());
    conforms(Operation::Agents, picture.agents());
    conforms(Operation::Checks, &api::Checks { now_ms: 0, checks: picture.status().checks.clone() });
    for check in &picture.status().checks {
        conforms(Operation::Check, check);
        let mut unmeasured = check.clone();
        unmeasured.last_day.percent = None;
        conforms(Operation::Check, &unmeasured);
    }
    conforms(Operation::Segments, &segments(&shop, window));
    let mut explained = explanation(&shop, 0);
    conforms(Operation::Explain, &explained);
    explained.incident = None;
    for agent in &mut explained.agents {
        agent.last_bad = None;
        agent.next = Some(api::SampleSummary { failure: None, total_us: None, detail: None, ..summary() });
    }
    conforms(Operation::Explain, &explained);
    let ask = |incidents: Vec<api::Incident>, next| api::Incidents { now_ms: 0, incidents, next };
    conforms(Operation::Incidents, &ask(archive.incidents.clone(), None));
    conforms(Operation::Incidents, &ask(Vec::new(), Some("1~x".to_owned())));
    for incident in archive.incidents.iter().take(2) {
        for handled in [crate::fixture::handled(), crate::Handled { handling: None, promises: Vec::new() }] {
            conforms(Operation::Incident, &IncidentInFull { incident: incident.clone(), handled });
        }
    }
    let reply = super::get::<Value>("/api/v1/checks/shop/latency").await;
    conforms(Operation::Latency, &reply);
    let empty = api::Latency { check: String::new(), from_ms: 0, to_ms: 0, overall: None, regions: Vec::new() };
    conforms(Operation::Latency, &empty);
    conforms(Operation::ProbeNow, &archive.probe_now(&shop).await.expect("shop can be probed"));
    let bare = api::SlaStatus { objective_percent: None, uptime_percent: None, budget: None, ..crate::fixture::sla() };
    conforms(Operation::Slas, &api::Slas { now_ms: 0, slas: vec![crate::fixture::sla(), bare] });
    let mut ledger = crate::fixture::sla_ledger();
    conforms(Operation::SlaLedger, &ledger);
    for window in &mut ledger.windows {
        (window.uptime_percent, window.objective_percent) = (None, None);
    }
    conforms(Operation::SlaLedger, &ledger);
    conforms(Operation::Ready, &archive.readiness());
    conforms(Operation::Exclusions, &super::get::<Value>("/api/v1/exclusions").await);
    conforms(Operation::Claims, &super::get::<Value>("/api/v1/claims").await);
    conforms(Operation::Audit, &super::get::<Value>("/api/v1/audit").await);
}

#[test]
fn the_codes_of_refusals_are_the_documents() {
    let document = document();
    let written = texts(&document["components"]["schemas"]["ErrorBody"]["properties"]["code"]["enum"]);
    let source = include_str!("../error.rs");
    let used: BTreeSet<String> =
        written.iter().filter(|code| source.contains(&format!("\"{code}\""))).cloned().collect();
    assert_eq!(written, used);
}

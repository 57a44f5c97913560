//! What people decide: who may, in which form, and what is said where it is not taken.

use http::StatusCode;
use serde_json::Value;

use super::{app, post};
use quorate_proto::api;

const ACKNOWLEDGE: &str =
    "{\"decision\":{\"kind\":\"incident\",\"incident\":\"shop-1\",\"action\":{\"kind\":\"acknowledge\"}}}";
const JSON: (&str, &str) = ("content-type", "application/json");
const SIGNED: (&str, &str) = ("authorization", "Bearer right");

#[tokio::test]
async fn a_decision_is_signed_by_the_operator_whose_token_it_carries() {
    let reply = post(&app(), "/api/v1/decisions", &[JSON, SIGNED], ACKNOWLEDGE.to_owned()).await;
    assert_eq!(reply.status, StatusCode::OK);
    let decided: Value = reply.json();
    assert_eq!(decided["kind"], "handling");
    assert_eq!(decided["record"]["acknowledged"]["author"], "anna");

    let named = ACKNOWLEDGE.replacen('{', "{\"author\":\"ben\",", 1);
    for (headers, body, status) in [
        (&[JSON][..], ACKNOWLEDGE, StatusCode::UNAUTHORIZED),
        (&[JSON, ("authorization", "Bearer wrong")], ACKNOWLEDGE, StatusCode::UNAUTHORIZED),
        (&[JSON, ("authorization", "Basic right")], ACKNOWLEDGE, StatusCode::UNAUTHORIZED),
        (&[JSON, SIGNED], &named, StatusCode::FORBIDDEN),
        (&[JSON, SIGNED, ("sec-fetch-site", "cross-site")], ACKNOWLEDGE, StatusCode::FORBIDDEN),
        (&[JSON, SIGNED, ("host", "here"), ("origin", "https://evil.example")], ACKNOWLEDGE, StatusCode::FORBIDDEN),
    ] {
        let reply = post(&app(), "/api/v1/decisions", headers, body.to_owned()).await;
        assert_eq!(reply.status, status, "{headers:?}");
    }
}

#[tokio::test]
async fn what_is_no_decision_is_refused_with_its_place() {
    let long = format!("{{\"decision\":\"{}\"}}", "x".repeat(70_000));
    for (headers, body, status, words) in [
        (&[SIGNED][..], ACKNOWLEDGE, StatusCode::BAD_REQUEST, "Content-Type: allowed is application/json"),
        (&[("content-type", "text/plain"), SIGNED], ACKNOWLEDGE, StatusCode::BAD_REQUEST, "Content-Type"),
        (&[JSON, SIGNED], "", StatusCode::BAD_REQUEST, "body: EOF"),
        (&[JSON, SIGNED], "{\"decision\":{\"kind\":\"forget\"}}", StatusCode::BAD_REQUEST, "unknown variant `forget`"),
        (&[JSON, SIGNED], &long, StatusCode::BAD_REQUEST, "65536 bytes"),
        (
            &[JSON, SIGNED],
            "{\"decision\":{\"kind\":\"withdraw\",\"id\":\"maintenance-9\",\"reason\":\"no\"}}",
            StatusCode::UNPROCESSABLE_ENTITY,
            "id: there is no exclusion maintenance-9",
        ),
    ] {
        let reply = post(&app(), "/api/v1/decisions", headers, body.to_owned()).await;
        assert_eq!(reply.status, status, "{words}");
        let message = reply.json::<api::ErrorBody>().message;
        assert!(message.contains(words), "{message}");
    }
}

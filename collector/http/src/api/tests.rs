use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request as HttpRequest, StatusCode};
use quorate_proto::{api, jsonl};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::{Admission, App, router};
use crate::fixture::{Archive, NOW_MS};

mod desk;
mod document;

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("answers are text")
    }

    fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }
}

fn app_of(archive: Archive, streams: usize, deadline: Duration) -> Arc<App> {
    let admission = Admission {
        deadline,
        requests: Semaphore::new(16),
        reads: Semaphore::new(2),
        streams: Arc::new(Semaphore::new(streams)),
        expositions: Semaphore::new(1),
    };
    Arc::new(App::new(Arc::new(archive), admission))
}

fn app() -> Arc<App> {
    app_of(Archive::new(), 2, Duration::from_secs(30))
}

async fn send(app: &Arc<App>, method: &str, uri: &str, headers: &[(&str, &str)]) -> Reply {
    send_body(app, method, uri, headers, Body::empty()).await
}

async fn post(app: &Arc<App>, uri: &str, headers: &[(&str, &str)], body: String) -> Reply {
    send_body(app, "POST", uri, headers, Body::from(body)).await
}

async fn send_body(app: &Arc<App>, method: &str, uri: &str, headers: &[(&str, &str)], body: Body) -> Reply {
    let mut request = HttpRequest::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body).expect("the test's request is well-formed");
    let response = router(Arc::clone(app)).oneshot(request).await.expect("the router answers everything");
    let (head, body) = response.into_parts();
    let body = to_bytes(body, 1 << 24).await.expect("the body has an end").to_vec();
    Reply { status: head.status, headers: head.headers, body }
}

async fn get<T: DeserializeOwned>(uri: &str) -> T {
    let reply = send(&app(), "GET", uri, &[]).await;
    assert_eq!(reply.status, StatusCode::OK, "{uri}: {}", reply.text());
    reply.json()
}

/// A refusal has the status, the code, and a message with every one of the words.
async fn refused(method: &str, uri: &str, status: u16, code: &str, words: &[&str]) {
    let reply = send(&app(), method, uri, &[]).await;
    let error: api::ErrorBody = reply.json();
    assert_eq!((reply.status.as_u16(), error.code.as_str()), (status, code), "{uri}: {}", error.message);
    for word in words {
        assert!(error.message.contains(word), "{uri}: {word:?} is not in {:?}", error.message);
    }
}

#[tokio::test]
async fn reports_come_in_every_format_as_what_they_are() {
    let formats = [("json", "application/json"), ("csv", "text/csv"), ("md", "text/markdown"), ("html", "text/html")];
    for (format, media) in formats {
        let uri = format!("/api/v1/slas/gold/report?period=2026-09&format={format}&revision=1");
        let reply = send(&app(), "GET", &uri, &[]).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        let kind = reply.headers["content-type"].to_str().expect("is ASCII");
        assert!(kind.starts_with(media), "{kind}");
        assert_eq!(reply.headers.contains_key("content-security-policy"), format == "html");
    }
    let slas: api::Slas = get("/api/v1/slas").await;
    assert_eq!(slas.slas[0].contract, "gold");
}

#[tokio::test]
async fn a_report_that_cannot_be_is_refused_with_the_reason() {
    refused("GET", "/api/v1/slas/silver/report", 404, "unknown_contract", &["silver"]).await;
    refused("GET", "/api/v1/slas/gold/report?period=2031-01", 400, "bad_parameter", &["period", "not begun"]).await;
    refused("GET", "/api/v1/slas/gold/report?revision=7", 404, "unknown_revision", &["7", "there is revision 1"]).await;
    refused("GET", "/api/v1/slas/gold/report?revision=0", 400, "bad_parameter", &["revision"]).await;
    refused("GET", "/api/v1/slas/gold/report?format=pdf", 400, "bad_parameter", &["json, csv, md, html"]).await;
}

#[tokio::test]
async fn the_present_is_answered_sorted_by_id() {
    let status: api::Status = get("/api/v1/status").await;
    let ids: Vec<&str> = status.checks.iter().map(|check| check.id.as_str()).collect();
    assert_eq!(ids, ["api", "mail", "shop"]);
    assert_eq!(status.now_ms, NOW_MS);

    let checks: api::Checks = get("/api/v1/checks").await;
    assert_eq!(checks.checks, status.checks);
    let down: api::Checks = get("/api/v1/checks?state=down").await;
    assert_eq!(down.checks.iter().map(|check| check.id.as_str()).collect::<Vec<_>>(), ["shop"]);
    let none: api::Checks = get("/api/v1/checks?state=down&kind=tcp").await;
    assert_eq!(none.checks, []);

    let shop: api::CheckStatus = get("/api/v1/checks/shop").await;
    assert_eq!(Some(&shop), status.checks.last());
    let agents: api::Agents = get("/api/v1/agents").await;
    assert_eq!(agents.agents.len(), 2);
}

#[tokio::test]
async fn an_answer_made_once_is_equal_the_second_time() {
    let app = app();
    for uri in ["/api/v1/status", "/api/v1/checks", "/api/v1/agents"] {
        let first = send(&app, "GET", uri, &[]).await;
        let second = send(&app, "GET", uri, &[]).await;
        assert_eq!(first.body, second.body);
        assert_eq!(first.headers.get("content-type").map(http::HeaderValue::as_bytes), Some(&b"application/json"[..]));
        assert_eq!(first.headers.get("cache-control").map(http::HeaderValue::as_bytes), Some(&b"no-store"[..]));
    }
}

#[tokio::test]
async fn windows_default_to_the_last_day_and_end_at_now() {
    let day: api::Segments = get("/api/v1/checks/shop/segments").await;
    assert_eq!((day.uptime.from_ms, day.uptime.to_ms), (NOW_MS - 86_400_000, NOW_MS));
    let later = NOW_MS + 30_000;
    let from = NOW_MS - 5_000;
    let clipped: api::Segments = get(&format!("/api/v1/checks/shop/segments?from_ms={from}&to_ms={later}")).await;
    assert_eq!(clipped.uptime.to_ms, NOW_MS);
}

#[tokio::test]
async fn latency_has_each_region_and_all_together() {
    let latency: api::Latency = get("/api/v1/checks/shop/latency").await;
    let counts: Vec<(&str, u64)> =
        latency.regions.iter().map(|region| (region.region.as_str(), region.latency.count)).collect();
    assert_eq!(counts, [("fra", 24), ("iad", 23)]);
    let overall = latency.overall.expect("something was measured");
    assert_eq!(overall.count, 47);
    assert!((39_900..=40_100).contains(&overall.p50_us), "{}", overall.p50_us);
    assert!((119_900..=120_100).contains(&overall.p99_us), "{}", overall.p99_us);
}

#[tokio::test]
async fn samples_come_in_order_and_can_be_read_back() {
    let reply = send(&app(), "GET", "/api/v1/checks/shop/samples", &[]).await;
    assert_eq!(reply.status, StatusCode::OK);
    let mut reader = jsonl::SampleReader::new();
    let read: Vec<_> =
        reply.text().lines().map(|line| reader.read(line).expect("a line of ours").expect("not blank")).collect();
    let kept: Vec<_> = Archive::new().records.into_iter().map(|record| record.sample).collect();
    assert_eq!(read, kept);

    let one = send(&app(), "GET", &format!("/api/v1/checks/shop/samples?from_ms={}", NOW_MS - 3_600_000), &[]).await;
    assert_eq!(one.text().lines().count(), 2);
}

#[tokio::test]
async fn downloads_of_samples_have_places() {
    let app = app_of(Archive::new(), 1, Duration::from_secs(30));
    let request = HttpRequest::get("/api/v1/checks/shop/samples").body(Body::empty()).expect("well-formed");
    let held = router(Arc::clone(&app)).oneshot(request).await.expect("the router answers everything");
    let second = send(&app, "GET", "/api/v1/checks/shop/samples", &[]).await;
    assert_eq!(second.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(second.headers.contains_key("retry-after"));
    drop(held);
    let third = send(&app, "GET", "/api/v1/checks/shop/samples", &[]).await;
    assert_eq!(third.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_of_incidents_join_without_loss_or_repetition() {
    for (query, limit) in [("", 7), ("check=shop&", 7), ("", 1000), ("class=blip&", 3), ("open=false&", 60)] {
        let whole: api::Incidents = get(&format!("/api/v1/incidents?{query}limit=1000")).await;
        let mut pages = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let after = next.map(|next| format!("&after={next}")).unwrap_or_default();
            let page: api::Incidents = get(&format!("/api/v1/incidents?{query}limit={limit}{after}")).await;
            pages.extend(page.incidents);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert!(!pages.is_empty(), "{query}");
        assert_eq!(pages, whole.incidents, "{query}");
    }
}

#[tokio::test]
async fn a_report_for_one_customer_is_asked_for_by_name() {
    let reply = send(&app(), "GET", "/api/v1/slas/gold/report?customer=acme&format=md", &[]).await;
    assert_eq!(reply.status, StatusCode::OK);
    refused("GET", "/api/v1/slas/gold/report?customer=zoo", 404, "unknown_customer", &["\"zoo\"", "gold"]).await;
}

#[tokio::test]
async fn histories_are_tables_where_asked_for_and_name_their_next_page() {
    let page = send(&app(), "GET", "/api/v1/incidents?format=csv&limit=2&check=shop", &[]).await;
    assert_eq!(page.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(page.text().lines().count(), 3);
    let link = page.headers["link"].to_str().expect("is text");
    let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).expect("is a link");
    let second = send(&app(), "GET", next, &[]).await;
    assert_ne!(second.text(), page.text());
    let whole: api::Incidents = get("/api/v1/incidents?limit=4&check=shop").await;
    let ids: Vec<String> = whole.incidents.into_iter().map(|incident| incident.id).collect();
    let lines = page.text().lines().skip(1).chain(second.text().lines().skip(1));
    let told: Vec<&str> = lines.filter_map(|line| line.split(',').next()).collect();
    assert_eq!(told, ids);

    let window = format!("from_ms={}&to_ms={NOW_MS}", NOW_MS - 60_000);
    let csv = send(&app(), "GET", &format!("/api/v1/checks/shop/segments?format=csv&{window}"), &[]).await;
    assert!(csv.text().starts_with("check,state,start,end,"), "{}", csv.text());
    let lines = send(&app(), "GET", &format!("/api/v1/checks/shop/segments?format=jsonl&{window}"), &[]).await;
    assert_eq!(lines.headers["content-type"], "application/jsonl");
    assert_eq!(lines.text().lines().count() + 1, csv.text().lines().count());
    assert!(lines.text().starts_with("{\"check\":\"shop\","), "{}", lines.text());

    let ledger: api::SlaLedger = get("/api/v1/slas/gold/ledger?from=2026-09").await;
    assert_eq!(ledger.windows.len(), 1);
    let csv = send(&app(), "GET", "/api/v1/slas/gold/ledger?format=csv", &[]).await;
    assert!(csv.text().contains("\r\ngold,2026-09,"), "{}", csv.text());
    refused("GET", "/api/v1/slas/gold/ledger?from=2031-01", 400, "bad_parameter", &["2031-01"]).await;
    refused("GET", "/api/v1/slas/none/ledger", 404, "unknown_contract", &["none"]).await;
    refused("GET", "/api/v1/slas/gold/ledger?format=xml", 400, "bad_parameter", &["json, csv"]).await;
}

#[tokio::test]
async fn incidents_are_filtered_by_time_and_by_whether_they_last() {
    let open: api::Incidents = get("/api/v1/incidents?open=true").await;
    assert_eq!(open.incidents.len(), 1);
    let hour = NOW_MS - 3_600_000;
    let recent: api::Incidents = get(&format!("/api/v1/incidents?from_ms={hour}")).await;
    assert_eq!(recent.incidents.len(), 4, "two of the last hour and two that ended in it");
    let one: api::Incident = get("/api/v1/incidents/shop-017").await;
    assert_eq!(one.id, "shop-017");
    let whole: serde_json::Value = get("/api/v1/incidents/shop-017").await;
    assert_eq!(whole["handling"]["acknowledged"]["author"], "anna");
    assert_eq!(whole["promises"][0]["kept"], "met");
}

#[tokio::test]
async fn bad_requests_name_the_place_and_what_is_allowed() {
    let future = NOW_MS + 3_600_000;
    for (uri, words) in [
        ("/api/v1/status?verbose=1".to_owned(), &["\"verbose\"", "none is allowed"][..]),
        ("/api/v1/checks?stat=down".to_owned(), &["\"stat\"", "state, kind"][..]),
        (
            "/api/v1/checks?state=sideways".to_owned(),
            &["state", "\"sideways\"", "up, degraded, partial, down, unknown"][..],
        ),
        ("/api/v1/checks?state=up&state=down".to_owned(), &["state is given twice"][..]),
        ("/api/v1/checks/-x".to_owned(), &["check", "\"-x\"", "letters and digits"][..]),
        ("/api/v1/checks/%FF".to_owned(), &[][..]),
        (
            "/api/v1/checks/shop/segments?from_ms=yesterday".to_owned(),
            &["from_ms", "\"yesterday\"", "milliseconds"][..],
        ),
        ("/api/v1/checks/shop/segments?from_ms=-1".to_owned(), &["from_ms", "milliseconds"][..]),
        (format!("/api/v1/checks/shop/segments?to_ms={future}"), &["to_ms", "in the future", "1790000000000"][..]),
        ("/api/v1/checks/shop/segments?from_ms=1".to_owned(), &["from_ms", "400 days"][..]),
        ("/api/v1/checks/shop/samples?from_ms=1700000000000".to_owned(), &["from_ms", "31 days"][..]),
        (
            "/api/v1/checks/shop/segments?from_ms=1789999999999&to_ms=1789999999999".to_owned(),
            &["from_ms", "not before"][..],
        ),
        ("/api/v1/checks/shop/explain?at_ms=99999999999999999999".to_owned(), &["at_ms", "milliseconds"][..]),
        ("/api/v1/incidents?limit=0".to_owned(), &["limit", "1 to 1000"][..]),
        ("/api/v1/incidents?limit=1001".to_owned(), &["limit", "1 to 1000"][..]),
        ("/api/v1/incidents?open=maybe".to_owned(), &["open", "true, false"][..]),
        ("/api/v1/incidents?class=x".to_owned(), &["class", "outage, blip"][..]),
        ("/api/v1/incidents?after=17".to_owned(), &["after", "\"17\""][..]),
        ("/api/v1/incidents?check=..".to_owned(), &["check"][..]),
        ("/api/v1/incidents?from_ms=2&to_ms=1".to_owned(), &["from_ms", "not before"][..]),
        (format!("/api/v1/incidents/{}", "x".repeat(300)), &["incident", "256"][..]),
        (format!("/api/v1/incidents?check={}", "x".repeat(3000)), &["query", "2048"][..]),
    ] {
        refused("GET", &uri, 400, "bad_parameter", words).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    refused("GET", "/api/v2/status", 404, "unknown_path", &["/api/v2/status", "openapi.json"]).await;
    refused("GET", "/api/v1/checks/nope", 404, "unknown_check", &["\"nope\""]).await;
    refused("GET", "/api/v1/checks/nope/segments", 404, "unknown_check", &["\"nope\""]).await;
    refused("GET", "/api/v1/checks/nope/samples", 404, "unknown_check", &["\"nope\""]).await;
    refused("GET", "/api/v1/incidents/nope", 404, "unknown_incident", &["\"nope\""]).await;
    refused("GET", "/api/v1/checks/shop/explain?at_ms=1700000000000", 410, "not_retained", &["1787408000000"]).await;
    refused("POST", "/api/v1/status", 405, "method_not_allowed", &["GET, HEAD"]).await;
    refused("GET", "/api/v1/checks/shop/probe-now", 405, "method_not_allowed", &["POST"]).await;
}

#[tokio::test]
async fn probes_on_demand_have_a_pause_and_no_foreign_origin() {
    let reply = send(&app(), "POST", "/api/v1/checks/shop/probe-now", &[]).await;
    assert_eq!(reply.json::<api::ProbeNow>().agents_asked, 1);
    let soon = send(&app(), "POST", "/api/v1/checks/mail/probe-now", &[]).await;
    assert_eq!(soon.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(soon.headers.get("retry-after").map(http::HeaderValue::as_bytes), Some(&b"2"[..]));
    let starting = send(&app(), "POST", "/api/v1/checks/api/probe-now", &[]).await;
    assert_eq!(starting.status, StatusCode::SERVICE_UNAVAILABLE);

    let host = ("host", "127.0.0.1:7480");
    for (origin, status) in [
        ("http://127.0.0.1:7480", StatusCode::OK),
        ("https://evil.example", StatusCode::FORBIDDEN),
        ("null", StatusCode::FORBIDDEN),
    ] {
        let reply = send(&app(), "POST", "/api/v1/checks/shop/probe-now", &[host, ("origin", origin)]).await;
        assert_eq!(reply.status, status, "{origin}");
    }
}

#[tokio::test]
async fn readiness_is_a_status_and_liveness_is_not_readiness() {
    let app = app_of(Archive { ready: false, ..Archive::new() }, 1, Duration::from_secs(30));
    let ready = send(&app, "GET", "/readyz", &[]).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json::<api::Readiness>().reasons.len(), 1);
    assert_eq!(send(&app, "GET", "/healthz", &[]).await.status, StatusCode::OK);
    assert!(get::<api::Readiness>("/readyz").await.ready);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_ends_in_a_refusal() {
    let app = app_of(Archive { stuck: true, ..Archive::new() }, 1, Duration::from_secs(10));
    for uri in ["/api/v1/checks/shop/segments", "/api/v1/checks/shop/samples", "/api/v1/incidents"] {
        let reply = send(&app, "GET", uri, &[]).await;
        assert_eq!(reply.status, StatusCode::GATEWAY_TIMEOUT, "{uri}");
        assert!(reply.json::<api::ErrorBody>().message.contains("10000 ms"));
    }
    assert_eq!(send(&app, "GET", "/api/v1/status", &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_exposition_comes_in_the_format_asked_for() {
    let app = app();
    let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let open = send(&app, "GET", "/metrics", &[("accept", accept)]).await;
    assert!(open.text().ends_with("# EOF\n"));
    assert!(open.headers["content-type"].as_bytes().starts_with(b"application/openmetrics-text"));
    let plain = send(&app, "GET", "/metrics", &[]).await;
    assert!(plain.headers["content-type"].as_bytes().starts_with(b"text/plain; version=0.0.4"));
    assert!(!plain.text().contains("# EOF") && plain.text().contains("# TYPE quorate_probes_total counter\n"));
    assert!(plain.text().contains("quorate_http_requests_total{route=\"/metrics\",code=\"2xx\"} 1.0\n"));
}

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use crate::tests::quorate;

use super::*;

/// An HTTP server that answers one request with a status.
fn serve_once(status: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let address = listener.local_addr().expect("a bound socket has an address");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the probe connects");
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("the request can be read") > 0 {
            request.extend_from_slice(&byte);
        }
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 5\r\n\r\nhello");
        stream.write_all(answer.as_bytes()).expect("the answer can be written");
        String::from_utf8(request).expect("the request is ASCII")
    });
    (format!("http://{address}/health"), server)
}

#[test]
fn a_right_answer_is_drawn_and_code_0() {
    let (url, server) = serve_once("200 OK");
    let (exit, out, err) = quorate(&["probe", &url, "--header", "X-Test: 1", "--expect-body", "^hel+o$"]);
    let request = server.join().expect("the server does not panic");
    assert_eq!((exit, err.as_str()), (Exit::Fine, ""), "{out}");
    assert!(request.to_lowercase().contains("x-test: 1\r\n"), "{request}");
    for expected in ["OK in", "connect", "first byte", "total", "address      127.0.0.1", "status       200"] {
        assert!(out.contains(expected), "{expected} is missing in {out}");
    }
}

#[test]
fn a_wrong_answer_is_code_1_and_its_json_holds_the_phases() {
    let (url, server) = serve_once("503 Service Unavailable");
    let (exit, out, _) = quorate(&["probe", &url, "--output", "json"]);
    server.join().expect("the server does not panic");
    assert_eq!(exit, Exit::No);
    let json: serde_json::Value = serde_json::from_str(&out).expect("the answer is JSON");
    assert_eq!(
        (&json["outcome"], &json["failure"], &json["status"]),
        (&"fail".into(), &"http_status".into(), &503.into())
    );
    assert!(json["phases_us"]["total"].as_u64() > Some(0), "{out}");
    assert!(json["phases_us"]["connect"].is_u64() && json["phases_us"]["tls"].is_null(), "{out}");
}

#[test]
fn wrong_targets_and_settings_are_refused() {
    for (line, expected) in [
        (&["probe", "gopher://x"][..], "TARGET"),
        (&["probe", "example.com"], "tcp://HOST:PORT"),
        (&["probe", "tcp://example.com"], "HOST:PORT"),
        (&["probe", "tcp://127.0.0.1:1", "--timeout", "soon"], "--timeout"),
        (&["probe", "tcp://127.0.0.1:1", "--timeout", "1h"], "300000 ms"),
        (&["probe", "http://127.0.0.1:1", "--header", "nothing"], "Name: value"),
        (&["probe", "http://127.0.0.1:1", "--expect-body", "("], "regular expression"),
    ] {
        let (exit, out, err) = quorate(line);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{line:?}: {err}");
        assert!(err.contains(expected), "{line:?}: {err}");
    }
}

fn found() -> Report {
    Report {
        target: "https://shop.example.com/health".to_owned(),
        kind: "http",
        start_ms: 1_795_633_385_250,
        outcome: "fail",
        failure: Some("http_status"),
        phases_us: PhasesUs {
            dns: Some(12_000),
            connect: Some(24_000),
            tls: Some(48_500),
            first_byte: Some(36_000),
            transfer: Some(90),
            total: 122_000,
        },
        address: Some("192.0.2.7".parse().expect("an address")),
        status: Some(503),
        detail: Some("status 503, expected 200 to 299".to_owned()),
        certificate: Some(Certificate {
            not_after_s: 1_796_000_000,
            chain_not_after_s: 1_796_000_000,
            chain_length: 2,
            verified: true,
            days_left: 4,
        }),
    }
}

#[test]
fn the_waterfall_shows_every_phase_where_it_took_place() {
    insta::assert_snapshot!(render(&found(), &Look::plain()));
}

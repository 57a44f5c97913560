use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use quorate_proto::api::Agents;

use super::*;

/// A server that reads one request and answers with `reply`, byte for byte; joined, it gives the request.
fn serve_once(reply: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let url = format!("http://{}", listener.local_addr().expect("a bound socket has an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the client connects");
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).expect("the request can be read") > 0 {
            request.extend_from_slice(&byte);
        }
        stream.write_all(reply.as_bytes()).expect("the answer can be written");
        if reply.is_empty() {
            // Silence: held open until the client gives up.
            assert_eq!(stream.read(&mut byte).expect("the client closes in order"), 0);
        }
        String::from_utf8(request).expect("a request line is ASCII")
    });
    (url, server)
}

fn ask(reply: &'static str, path: &[&str], query: &[(&str, String)]) -> (Result<Agents, ApiError>, String) {
    let (url, server) = serve_once(reply);
    let client = ApiClient::new(&url, Duration::from_millis(400)).expect("the URL is right");
    let answer = client.get_now(path, query);
    (answer, server.join().expect("the server does not panic"))
}

#[test]
fn an_answer_is_read_and_path_and_query_are_encoded() {
    let reply = "HTTP/1.1 200 OK\r\ncontent-length: 24\r\n\r\n{\"now_ms\":5,\"agents\":[]}";
    let (answer, request) = ask(reply, &["api", "v1", "checks", "a b/../c"], &[("at", "1&2".to_owned())]);
    assert_eq!(answer.expect("the answer has the right shape").now_ms, 5);
    assert!(request.starts_with("GET /api/v1/checks/a%20b%2F..%2Fc?at=1%262 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("accept: application/json"), "{request}");
}

#[test]
fn a_path_in_the_url_of_the_collector_is_kept() {
    let (url, server) = serve_once("HTTP/1.1 200 OK\r\ncontent-length: 24\r\n\r\n{\"now_ms\":5,\"agents\":[]}");
    let client = ApiClient::new(&format!("{url}/quorate"), Duration::from_secs(5)).expect("the URL is right");
    client.get_now::<Agents>(&["api", "v1", "agents"], &[]).expect("the server answers");
    let request = server.join().expect("the server does not panic");
    assert!(request.starts_with("GET /quorate/api/v1/agents HTTP/1.1\r\n"), "{request}");
}

#[test]
fn a_refusal_is_passed_on_in_its_own_words() {
    let reply =
        "HTTP/1.1 404 Not Found\r\ncontent-length: 45\r\n\r\n{\"code\":\"unknown_check\",\"message\":\"no blog\"}\n";
    let (answer, _) = ask(reply, &["x"], &[]);
    let error = answer.expect_err("404 is a refusal");
    assert_eq!(error.to_string(), "the collector refuses (unknown_check): no blog");
    assert_eq!(error.exit(), Exit::Usage);
}

#[test]
fn what_is_no_collector_is_told_from_what_does_not_answer() {
    let (answer, _) = ask("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 2\r\n\r\nno", &["x"], &[]);
    let error = answer.expect_err("502 is no answer");
    assert!(matches!(error, ApiError::Status { status: 502, .. }), "{error}");
    assert_eq!(error.exit(), Exit::Answer);

    let (answer, _) = ask("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", &["x"], &[]);
    assert_eq!(answer.expect_err("the shape is wrong").exit(), Exit::Answer);

    let (answer, _) = ask("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{}", &["x"], &[]);
    assert_eq!(answer.expect_err("the answer is cut").exit(), Exit::Unreachable);

    let (answer, _) = ask("", &["x"], &[]);
    let error = answer.expect_err("there is no answer");
    assert!(matches!(error, ApiError::Deadline { deadline_ms: 400, .. }), "{error}");
}

#[test]
fn urls_that_cannot_be_a_collector_are_refused() {
    for text in ["", "collector", "https://x", "unix:/run/x"] {
        let error = ApiClient::new(text, Duration::from_secs(1)).expect_err(text);
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.to_string().contains("http://HOST"), "{error}");
    }
}

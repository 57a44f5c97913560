use std::net::SocketAddr;

use quorate_model::check::{Family, HttpExpect, HttpSpec, HttpVersion, JsonExpect, TlsSettings};
use quorate_model::{Failure, Millis, Outcome, ProbeSpec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::authority::{Authority, Server};
use crate::finding::Finding;
use crate::limits::Limits;
use crate::prepared::prepare;
use crate::{Context, Settings, Timing};

fn spec(url: String) -> HttpSpec {
    HttpSpec {
        url,
        method: "GET".to_owned(),
        headers: Vec::new(),
        body: None,
        version: HttpVersion::Auto,
        max_redirects: 3,
        tls: TlsSettings::default(),
        family: Family::Any,
        expect: HttpExpect::default(),
    }
}

fn timing() -> Timing {
    Timing::new(Millis::new(5_000)).expect("within the allowed range")
}

async fn probe(spec: HttpSpec) -> Finding {
    probe_with(spec, &Context::default()).await
}

async fn probe_with(spec: HttpSpec, context: &Context) -> Finding {
    prepare(&ProbeSpec::Http(spec), timing()).expect("settings are usable").run(context).await
}

/// Answers each connection in turn with the next of `answers`, after it read the request's head; gives the requests.
async fn serve(listener: TcpListener, answers: Vec<String>) -> Vec<String> {
    let mut requests = Vec::new();
    for answer in answers {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut request = Vec::new();
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut request).await.expect("a request"), 0);
        }
        stream.write_all(answer.as_bytes()).await.expect("the client reads");
        requests.push(String::from_utf8(request).expect("text"));
    }
    requests
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

async fn answered(answer: &str, expect: HttpExpect) -> Finding {
    let (listener, address) = listen().await;
    let spec = HttpSpec { expect, ..spec(format!("http://{address}/a?b=c")) };
    let (finding, requests) = tokio::join!(probe(spec), serve(listener, vec![answer.to_owned()]));
    let request = requests.first().expect("one request");
    assert!(request.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("host: {address}\r\n")), "{request}");
    assert!(request.contains("connection: close\r\n"), "{request}");
    finding
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\nx-kind: a\r\n\r\n{\"status\":\"up\"}";

#[tokio::test]
async fn a_right_answer_is_ok_with_every_phase() {
    let finding = answered(OK, HttpExpect::default()).await;
    assert_eq!((finding.outcome, finding.failure), (Outcome::Ok, None));
    assert_eq!(finding.evidence.status, Some(200));
    assert_eq!(finding.evidence.address, Some("127.0.0.1".parse().expect("an address")));
    let phases = finding.phases;
    let parts = [phases.connect, phases.first_byte, phases.transfer].map(|phase| phase.expect("took place").get());
    assert!(parts.iter().sum::<u64>() <= phases.total.get());
    assert_eq!((phases.dns, phases.tls), (None, None));
}

#[tokio::test]
async fn the_first_difference_is_the_detail() {
    let json = |path: &str, equals: Option<&str>| HttpExpect {
        json: vec![JsonExpect { path: path.to_owned(), equals: equals.map(str::to_owned) }],
        ..HttpExpect::default()
    };
    let header = |pattern: &str| HttpExpect {
        headers: vec![("x-kind".to_owned(), pattern.to_owned())],
        ..HttpExpect::default()
    };
    let cases = [
        (HttpExpect { status: vec![201], ..HttpExpect::default() }, Some("status 200, expected 201")),
        (header("^a$"), None),
        (header("^b$"), Some("header x-kind does not match `^b$`: `a`")),
        (HttpExpect { body_regex: Some("\"up\"".to_owned()), ..HttpExpect::default() }, None),
        (
            HttpExpect { body_regex: Some("down".to_owned()), ..HttpExpect::default() },
            Some("body does not match `down`: `{\"status\":\"up\"}`"),
        ),
        (
            HttpExpect { body_not_regex: Some("u.".to_owned()), ..HttpExpect::default() },
            Some("body holds what it must not: `us`"),
        ),
        (json("$.status", Some("\"up\"")), None),
        (json("$.status", None), None),
        (json("$.status", Some("\"down\"")), Some("$.status is \"up\", expected \"down\"")),
        (json("$.other", None), Some("$.other selects nothing")),
    ];
    for (expect, detail) in cases {
        let finding = answered(OK, expect).await;
        assert_eq!(finding.evidence.detail.as_deref(), detail);
        assert_eq!(finding.outcome == Outcome::Ok, detail.is_none());
    }
}

#[tokio::test]
async fn what_breaks_the_protocol_has_its_failure() {
    let cases = [
        ("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", Failure::HttpStatus),
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", Failure::ConnectionReset),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", Failure::ConnectionReset),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nabc\r\n", Failure::Protocol),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n", Failure::TooLarge),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", Failure::Protocol),
        ("HTTP/1.1 2", Failure::ConnectionReset),
        ("", Failure::ConnectionReset),
    ];
    for (answer, failure) in cases {
        let finding = answered(answer, HttpExpect::default()).await;
        assert_eq!(finding.failure, Some(failure), "{answer:?}: {finding:?}");
        assert_eq!(finding.outcome, Outcome::Fail);
    }
}

#[tokio::test]
async fn headers_over_the_cap_are_too_large() {
    let answer = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "a".repeat(1 << 20));
    let (listener, address) = listen().await;
    let serve = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        // The probe hangs up before all is written.
        stream.write_all(answer.as_bytes()).await.ok();
    };
    let (finding, ()) = tokio::join!(probe(spec(format!("http://{address}/"))), serve);
    assert_eq!(finding.failure, Some(Failure::TooLarge), "{finding:?}");
}

#[tokio::test]
async fn redirects_are_followed_without_credentials_for_another_origin() {
    let (first, first_address) = listen().await;
    let (second, second_address) = listen().await;
    let to_second = format!("HTTP/1.1 302 Found\r\nlocation: http://{second_address}/x\r\ncontent-length: 0\r\n\r\n");
    let spec = HttpSpec {
        method: "POST".to_owned(),
        body: Some("hello".to_owned()),
        headers: vec![("authorization".to_owned(), "Bearer canary".to_owned())],
        ..spec(format!("http://{first_address}/"))
    };
    let (finding, first, second) =
        tokio::join!(probe(spec), serve(first, vec![to_second]), serve(second, vec![OK.to_owned()]));
    assert_eq!(finding.outcome, Outcome::Ok, "{finding:?}");
    assert!(first.first().expect("one request").contains("Bearer canary"));
    let second = second.first().expect("one request");
    assert!(second.starts_with("GET /x HTTP/1.1\r\n"), "{second}");
    assert!(!second.contains("canary"), "{second}");
}

#[tokio::test]
async fn more_redirects_than_allowed_fail() {
    let (listener, address) = listen().await;
    let again = "HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n".to_owned();
    let (finding, requests) = tokio::join!(probe(spec(format!("http://{address}/"))), serve(listener, vec![again; 4]));
    assert_eq!(finding.failure, Some(Failure::Redirect));
    assert_eq!(requests.len(), 4);
}

#[tokio::test]
async fn without_redirects_the_redirect_is_the_answer() {
    let (listener, address) = listen().await;
    let again = "HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n".to_owned();
    let expect = HttpExpect { status: vec![302], ..HttpExpect::default() };
    let spec = HttpSpec { max_redirects: 0, expect, ..spec(format!("http://{address}/")) };
    let (finding, _) = tokio::join!(probe(spec), serve(listener, vec![again]));
    assert_eq!(finding.outcome, Outcome::Ok, "{finding:?}");
}

#[tokio::test]
async fn the_agents_limits_hold_for_every_hop_and_every_form_of_an_address() {
    let deny = |network: &str| {
        let limits = Limits::none().deny([network.parse().expect("a network")]);
        Context::new(Settings { limits, ..Settings::default() })
    };
    for host in ["127.0.0.1", "0177.0.0.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"] {
        let finding = probe_with(spec(format!("http://{host}:9/")), &deny("127.0.0.0/8")).await;
        assert_eq!((finding.outcome, finding.failure), (Outcome::Local, Some(Failure::Forbidden)), "{host}");
    }
    let (listener, address) = listen().await;
    let to_other = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.2/\r\ncontent-length: 0\r\n\r\n".to_owned();
    let context = deny("127.0.0.2");
    let (finding, _) =
        tokio::join!(probe_with(spec(format!("http://{address}/")), &context), serve(listener, vec![to_other]));
    assert_eq!((finding.outcome, finding.failure), (Outcome::Fail, Some(Failure::Redirect)), "{finding:?}");
}

#[tokio::test(start_paused = true)]
async fn a_late_right_answer_is_late_ok_and_a_late_wrong_one_is_a_timeout() {
    let late = Timing::new(Millis::new(3_000)).expect("within the allowed range");
    for (answer, outcome, failure) in [
        (OK, Outcome::LateOk, None),
        ("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", Outcome::Fail, Some(Failure::Timeout)),
    ] {
        let (listener, address) = listen().await;
        let serve = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            tokio::time::sleep(std::time::Duration::from_millis(3_500)).await;
            stream.write_all(answer.as_bytes()).await.expect("the client still listens");
        };
        let prepared = prepare(&ProbeSpec::Http(spec(format!("http://{address}/"))), late).expect("usable");
        let context = Context::default();
        let (finding, ()) = tokio::join!(prepared.run(&context), serve);
        assert_eq!((finding.outcome, finding.failure), (outcome, failure), "{finding:?}");
        assert_eq!(finding.phases.total.get() == 3_000_000, failure.is_some());
    }
}

#[tokio::test]
async fn a_right_answer_over_the_threshold_is_slow() {
    let (listener, address) = listen().await;
    let prepared = prepare(&ProbeSpec::Http(spec(format!("http://{address}/"))), timing().degraded_over(Millis::ZERO));
    let (prepared, context) = (prepared.expect("usable"), Context::default());
    let (finding, _) = tokio::join!(prepared.run(&context), serve(listener, vec![OK.to_owned()]));
    assert_eq!((finding.outcome, finding.failure), (Outcome::Slow, None), "{finding:?}");
}

#[tokio::test]
async fn a_name_is_judged_by_the_address_it_becomes() {
    let directory = tempfile::tempdir().expect("a directory");
    let resolver_file = Some(directory.path().join("resolv.conf"));
    std::fs::write(directory.path().join("resolv.conf"), "nameserver 127.0.0.1\n").expect("written");
    let (listener, address) = listen().await;
    // The hosts file knows this name, so that no server is asked.
    let url = format!("http://localhost:{}/", address.port());
    let spec = HttpSpec { family: Family::V4, ..spec(url) };
    let settings = Settings { resolver_file, ..Settings::default() };
    let context = Context::new(settings.clone());
    let (finding, _) = tokio::join!(probe_with(spec.clone(), &context), serve(listener, vec![OK.to_owned()]));
    assert_eq!(finding.outcome, Outcome::Ok, "{finding:?}");
    assert!(finding.phases.dns.is_some());

    let context = Context::new(Settings { limits: Limits::public_only(), ..settings });
    let finding = probe_with(spec, &context).await;
    assert_eq!((finding.outcome, finding.failure), (Outcome::Local, Some(Failure::Forbidden)), "{finding:?}");
}

#[tokio::test]
async fn a_redirect_to_tls_is_followed_and_its_certificate_judged() {
    let authority = Authority::new("one");
    let server = Server::start(&authority.valid(), &[b"http/1.1"]).await;
    let (listener, address) = listen().await;
    let to_tls = format!("HTTP/1.1 301 Moved\r\nlocation: https://{}/\r\ncontent-length: 0\r\n\r\n", server.address());
    let answer_tls = async {
        let mut stream = server.accept().await.expect("a handshake");
        let mut request = [0; 4];
        stream.read_exact(&mut request).await.expect("a request");
        stream.write_all(OK.as_bytes()).await.expect("the client reads");
        stream.shutdown().await.expect("the client reads");
    };
    let tls = TlsSettings { ca_pem: Some(authority.pem()), ..TlsSettings::default() };
    let spec = HttpSpec { tls, ..spec(format!("http://{address}/")) };
    let (finding, _, ()) = tokio::join!(probe(spec), serve(listener, vec![to_tls]), answer_tls);
    assert_eq!(finding.outcome, Outcome::Ok, "{finding:?}");
    assert!(finding.evidence.certificate.is_some_and(|facts| facts.verified));
    assert!(finding.phases.tls.is_some());
}

#[test]
fn unusable_settings_are_refused_with_their_field() {
    let refused = |change: fn(&mut HttpSpec)| {
        let mut spec = spec("http://localhost/".to_owned());
        change(&mut spec);
        prepare(&ProbeSpec::Http(spec), timing()).expect_err("unusable").field().to_owned()
    };
    let json = |path: &str, equals: Option<&str>| {
        vec![JsonExpect { path: path.to_owned(), equals: equals.map(str::to_owned) }]
    };
    assert_eq!(refused(|spec| spec.url = "nonsense".to_owned()), "http.url");
    assert_eq!(refused(|spec| spec.url = "ftp://localhost/".to_owned()), "http.url");
    assert_eq!(refused(|spec| spec.url = "http://user:secret@localhost/".to_owned()), "http.url");
    assert_eq!(refused(|spec| spec.method = "get".to_owned()), "http.method");
    assert_eq!(refused(|spec| spec.method = "CONNECT".to_owned()), "http.method");
    assert_eq!(refused(|spec| spec.max_redirects = 11), "http.max_redirects");
    assert_eq!(refused(|spec| spec.headers = vec![("a b".to_owned(), String::new())]), "http.headers[0]");
    assert_eq!(refused(|spec| spec.headers = vec![("a".to_owned(), "\n".to_owned())]), "http.headers[0]");
    assert_eq!(refused(|spec| spec.headers = vec![("Connection".to_owned(), "x".to_owned())]), "http.headers[0]");
    assert_eq!(refused(|spec| spec.expect.status = vec![99]), "http.expect.status");
    assert_eq!(refused(|spec| spec.expect.body_regex = Some("(".to_owned())), "http.expect.body_regex");
    assert_eq!(refused(|spec| spec.expect.body_regex = Some("(a{999}){999}".to_owned())), "http.expect.body_regex");
    assert_eq!(refused(|spec| spec.tls.ca_pem = Some("x".to_owned())), "http.tls.ca_pem");
    assert_eq!(refused(|spec| spec.tls.server_name = Some(" ".to_owned())), "http.tls.server_name");
    let mut bad_path = spec("http://localhost/".to_owned());
    bad_path.expect.json = json("status", None);
    let error = prepare(&ProbeSpec::Http(bad_path), timing()).expect_err("unusable");
    assert_eq!(error.field(), "http.expect.json[0].path");
    let mut bad_json = spec("http://localhost/".to_owned());
    bad_json.expect.json = json("$", Some("up"));
    let error = prepare(&ProbeSpec::Http(bad_json), timing()).expect_err("unusable");
    assert_eq!(error.field(), "http.expect.json[0].equals");
}

#[test]
fn credentials_do_not_show_in_errors() {
    let url = "http://user:canary@localhost/".to_owned();
    let error = prepare(&ProbeSpec::Http(spec(url)), timing()).expect_err("unusable");
    assert!(!format!("{error} {error:?}").contains("canary"));
}

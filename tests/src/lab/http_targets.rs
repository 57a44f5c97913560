//! HTTP/1.1 without TLS: right answers, wrong ones, and those that break the protocol.

use std::time::Duration;

use anyhow::Result;
use quorate_model::check::{Family, HttpExpect, HttpSpec, HttpVersion, JsonExpect, TlsSettings};
use quorate_model::{Failure, Outcome, ProbeSpec};

use crate::lab::scripted::{Step, answers, serve};
use crate::lab::silence::{refusing, silent};
use crate::lab::{Expected, Patience, Servers, Target};

const PLAIN: &str = "{prober: http, http: {}}";
const OK: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-kind: a\r\ncontent-length: 15\r\n\r\n{\"status\":\"up\"}";
/// The text `hello` compressed by gzip.
const GZIP_HELLO: [u8; 25] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x86, 0xa6,
    0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
];

/// A GET of `url` with nothing special about it.
pub(super) fn get(url: &str) -> HttpSpec {
    HttpSpec {
        url: url.to_owned(),
        method: "GET".to_owned(),
        headers: Vec::new(),
        body: None,
        version: HttpVersion::Auto,
        max_redirects: 10,
        tls: TlsSettings::default(),
        family: Family::Any,
        expect: HttpExpect::default(),
    }
}

fn head(rest: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{rest}").into_bytes()
}

fn body_of(bytes: usize) -> Vec<u8> {
    let mut answer = head(&format!("content-length: {bytes}\r\n\r\n"));
    answer.resize(answer.len() + bytes, b'a');
    answer
}

/// A case before its server runs.
struct Case {
    name: &'static str,
    about: &'static str,
    script: Vec<Step>,
    module: &'static str,
    change: fn(HttpSpec) -> HttpSpec,
    judge: fn(Target) -> Target,
}

fn case(name: &'static str, about: &'static str, script: Vec<Step>) -> Case {
    Case { name, about, script, module: PLAIN, change: |spec| spec, judge: |target| target }
}

impl Case {
    fn expecting(self, module: &'static str, change: fn(HttpSpec) -> HttpSpec) -> Self {
        Self { module, change, ..self }
    }

    fn judged(self, judge: fn(Target) -> Target) -> Self {
        Self { judge, ..self }
    }
}

fn right_answers() -> Vec<Case> {
    vec![
        case("http_ok", "200 with a length", answers(OK)),
        case(
            "http_chunked",
            "200 in chunks, with a trailer",
            answers(head("transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nx-end: 1\r\n\r\n")),
        ),
        case("http_until_close", "200 without a length, ended by the close", answers(head("\r\nhello"))),
        case("http_no_content", "204", answers("HTTP/1.1 204 No Content\r\n\r\n")),
        case("http_interim", "103 before the 200", {
            answers(format!("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n{OK}"))
        }),
        case("http_head", "answer to HEAD: a length and no body", answers(head("content-length: 9\r\n\r\n")))
            .expecting("{prober: http, http: {method: HEAD}}", |spec| HttpSpec { method: "HEAD".to_owned(), ..spec }),
        case("http_trickle", "a head that comes byte by byte, in time", {
            vec![Step::Await(b"\r\n\r\n"), Step::Trickle(OK.as_bytes().to_vec(), Duration::from_millis(2))]
        }),
        case("http_wanted_404", "404 where 404 is wanted", answers("HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n"))
            .expecting("{prober: http, http: {valid_status_codes: [404]}}", |spec| HttpSpec {
                expect: HttpExpect { status: vec![404], ..HttpExpect::default() },
                ..spec
            }),
        case("http_body_matches", "body that matches", answers(OK)).expecting(
            "{prober: http, http: {fail_if_body_not_matches_regexp: ['\"up\"']}}",
            |spec| HttpSpec {
                expect: HttpExpect { body_regex: Some("\"up\"".to_owned()), ..HttpExpect::default() },
                ..spec
            },
        ),
        case("http_json", "JSON whose value is the wanted one", answers(OK)).expecting(
            "{prober: http, http: {fail_if_body_not_matches_regexp: ['\"status\":\"up\"']}}",
            |spec| HttpSpec {
                expect: HttpExpect {
                    json: vec![JsonExpect { path: "$.status".to_owned(), equals: Some("\"up\"".to_owned()) }],
                    ..HttpExpect::default()
                },
                ..spec
            },
        ),
    ]
}

fn wrong_answers() -> Vec<Case> {
    vec![
        case("http_500", "500", answers("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"))
            .judged(|target| target.fails(Failure::HttpStatus)),
        case("http_body_differs", "body that does not match", answers(OK))
            .expecting("{prober: http, http: {fail_if_body_not_matches_regexp: ['down']}}", |spec| HttpSpec {
                expect: HttpExpect { body_regex: Some("down".to_owned()), ..HttpExpect::default() },
                ..spec
            })
            .judged(|target| target.fails(Failure::Assertion)),
        case("http_body_forbidden", "body with what must not be there", answers(OK))
            .expecting("{prober: http, http: {fail_if_body_matches_regexp: ['up']}}", |spec| HttpSpec {
                expect: HttpExpect { body_not_regex: Some("up".to_owned()), ..HttpExpect::default() },
                ..spec
            })
            .judged(|target| target.fails(Failure::Assertion)),
        case("http_header_differs", "header that does not match", answers(OK))
            .expecting(
                "{prober: http, http: {fail_if_header_not_matches: [{header: x-kind, regexp: '^b$'}]}}",
                |spec| HttpSpec {
                    expect: HttpExpect {
                        headers: vec![("x-kind".to_owned(), "^b$".to_owned())],
                        ..HttpExpect::default()
                    },
                    ..spec
                },
            )
            .judged(|target| target.fails(Failure::Assertion)),
        case("http_redirect_loop", "redirect to itself for ever", {
            answers("HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n")
        })
        .judged(|target| target.fails(Failure::Redirect)),
        case("http_redirect_nowhere", "redirect to another scheme", {
            answers("HTTP/1.1 302 Found\r\nlocation: ftp://127.0.0.1/\r\ncontent-length: 0\r\n\r\n")
        })
        .judged(|target| target.fails(Failure::Redirect)),
        case("http_gzip_unasked", "gzip that was not asked for, judged by its text", {
            let mut answer = head("content-encoding: gzip\r\ncontent-length: 25\r\n\r\n");
            answer.extend_from_slice(&GZIP_HELLO);
            answers(answer)
        })
        .expecting("{prober: http, http: {fail_if_body_not_matches_regexp: ['hello']}}", |spec| HttpSpec {
            expect: HttpExpect { body_regex: Some("hello".to_owned()), ..HttpExpect::default() },
            ..spec
        })
        .judged(|target| target.fails(Failure::Assertion)),
        case("http_body_2_mib", "body of 2 MiB", answers(body_of(2 << 20))).judged(|target| {
            target.fails_only_here(Failure::TooLarge, "we read at most 1 MiB of a body; the peer reads all of it")
        }),
        case("http_header_1_mib", "header of 1 MiB", {
            answers(head(&format!("x: {}\r\ncontent-length: 0\r\n\r\n", "a".repeat(1 << 20))))
        })
        .judged(|target| {
            target.fails_only_here(Failure::TooLarge, "we read at most 64 KiB of headers; Go reads 10 MiB")
        }),
        case("http_endless_body", "chunks without end", {
            let chunk = [b"400\r\n".to_vec(), vec![b'a'; 1024], b"\r\n".to_vec()].concat();
            let start = head("transfer-encoding: chunked\r\n\r\n");
            vec![Step::Await(b"\r\n\r\n"), Step::Send(start), Step::Repeat(chunk)]
        })
        .judged(|target| target.fails(Failure::TooLarge).patience(Patience::Short)),
    ]
}

fn broken_protocol() -> Vec<Case> {
    vec![
        case("http_truncated", "closed before the promised length", answers(head("content-length: 10\r\n\r\nabc")))
            .judged(|target| target.fails(Failure::ConnectionReset)),
        case("http_truncated_chunks", "closed between chunks", {
            answers(head("transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"))
        })
        .judged(|target| target.fails(Failure::ConnectionReset)),
        case("http_bad_chunk", "a chunk without a length", {
            answers(head("transfer-encoding: chunked\r\n\r\nxyz\r\nabc\r\n"))
        })
        .judged(|target| target.fails(Failure::Protocol)),
        case("http_not_http", "another protocol's greeting", answers("SSH-2.0-OpenSSH_9.2\r\n"))
            .judged(|target| target.fails(Failure::Protocol)),
        case("http_closes", "closed without a word", vec![Step::Await(b"\r\n\r\n")])
            .judged(|target| target.fails(Failure::ConnectionReset)),
        case("http_resets", "reset instead of an answer", vec![Step::Await(b"\r\n\r\n"), Step::Reset])
            .judged(|target| target.fails(Failure::ConnectionReset)),
        case("http_slow_headers", "headers that do not end in time", {
            vec![Step::Await(b"\r\n\r\n"), Step::Send(head("x: ")), Step::Hold]
        })
        .judged(|target| target.fails(Failure::Timeout).patience(Patience::Short)),
        case("http_slow_body", "a body that does not end in time", {
            vec![Step::Await(b"\r\n\r\n"), Step::Send(head("content-length: 10\r\n\r\nabc")), Step::Hold]
        })
        .judged(|target| target.fails(Failure::Timeout).patience(Patience::Short)),
        case("http_late", "the right answer half a timeout too late", {
            let answer = Step::Send(OK.as_bytes().to_vec());
            vec![Step::Await(b"\r\n\r\n"), Step::Pause(Duration::from_millis(1_500)), answer]
        })
        .judged(|target| Target {
            expected: Expected { outcome: Outcome::LateOk, failure: None },
            ..target.fails(Failure::Timeout).patience(Patience::ShortThenLate)
        }),
    ]
}

pub(super) async fn start(servers: &mut Servers) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    for case in [right_answers(), wrong_answers(), broken_protocol()].into_iter().flatten() {
        let url = format!("http://{}/", serve(&mut servers.tasks, case.script).await?);
        let spec = ProbeSpec::Http((case.change)(get(&url)));
        targets.push((case.judge)(Target::new(case.name, case.about, spec, url, case.module)));
    }
    for (name, about, held, failure, patience) in [
        ("http_refused", "a port nobody listens on", refusing()?, Failure::ConnectRefused, Patience::Long),
        ("http_black_hole", "a port that drops what comes", silent()?, Failure::ConnectTimeout, Patience::Short),
    ] {
        let url = format!("http://{}/", held.address);
        let target = Target::new(name, about, ProbeSpec::Http(get(&url)), url, PLAIN);
        targets.push(target.fails(failure).patience(patience));
        servers.held.push(held);
    }
    Ok(targets)
}

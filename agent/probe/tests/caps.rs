//! What a hostile target can make a probe hold: the caps end the probe, and memory grows by at most 4 MiB.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use quorate_agent_probe::{Context, Prepared, Timing, parse_target, prepare};
use quorate_model::check::JsonExpect;
use quorate_model::{Failure, Millis, ProbeSpec};

const MOST_GROWTH_KIB: u64 = 4 * 1024;

/// The most memory this process ever held.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().strip_suffix(" kB").expect("in KiB").parse().expect("a number")
}

/// Answers every connection with `head` and then `more` without end, from a thread that ends with the process.
fn endless(head: &str, more: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("bound");
    let (head, more) = (head.to_owned(), more.repeat(512));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = [0; 512];
            let mut sent = stream.read(&mut request).and_then(|_| stream.write_all(head.as_bytes()));
            while sent.is_ok() && !more.is_empty() {
                sent = stream.write_all(more.as_bytes());
            }
        }
    });
    address
}

/// A probe that has to keep the body to judge it.
fn judged(address: SocketAddr) -> Prepared {
    let Ok(ProbeSpec::Http(mut spec)) = parse_target(&format!("http://{address}/")) else { panic!("an HTTP target") };
    spec.expect.json.push(JsonExpect { path: "$..*".to_owned(), equals: Some("1".to_owned()) });
    let timing = Timing::new(Millis::from_secs(2)).expect("within the allowed range").late(Millis::ZERO);
    prepare(&ProbeSpec::Http(spec), timing).expect("usable")
}

#[test]
fn caps_hold_and_memory_stays_small() {
    // As much JSON as is parsed, made of the smallest values.
    let json = format!("[0{}]", ",0".repeat(15_998));
    let json = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{json}", json.len());
    let cases = [
        ("endless body", "HTTP/1.1 200 OK\r\n\r\n", "aaaaaaaa", Failure::TooLarge),
        (
            "endless chunks",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "10\r\naaaaaaaaaaaaaaaa\r\n",
            Failure::TooLarge,
        ),
        ("endless header", "HTTP/1.1 200 OK\r\nx: ", "aaaaaaaa", Failure::TooLarge),
        ("endless headers", "HTTP/1.1 200 OK\r\n", "x: y\r\n", Failure::TooLarge),
        ("endless status", "HTTP/1.1 200 ", "aaaaaaaa", Failure::TooLarge),
        (
            "a chunk extension without end",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;",
            "aaaaaaaa",
            Failure::Protocol,
        ),
        (
            "trailers without end",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
            "x: y\r\n",
            Failure::Protocol,
        ),
        ("interim answers without end", "", "HTTP/1.1 103 Early Hints\r\n\r\n", Failure::Timeout),
        ("redirects", "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", "", Failure::Redirect),
        ("JSON without end", "HTTP/1.1 200 OK\r\n\r\n[0", ",0", Failure::TooLarge),
        ("JSON at its cap", &json, "", Failure::Assertion),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let context = Context::default();
    // The first probe brings the program's own pages into memory.
    runtime.block_on(judged(endless("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n[1]\n", "")).run(&context));
    let before = peak_kib();
    for (name, head, more, failure) in cases {
        let finding = runtime.block_on(judged(endless(head, more)).run(&context));
        let growth = peak_kib() - before;
        println!("{name}: {growth} KiB");
        assert_eq!(finding.failure, Some(failure), "{name}: {finding:?}");
        assert!(growth <= MOST_GROWTH_KIB, "{name}: {growth} KiB");
    }
}

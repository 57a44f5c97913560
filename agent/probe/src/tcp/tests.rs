use quorate_model::check::{Family, TcpSpec};
use quorate_model::{Failure, Millis, Outcome, ProbeSpec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{Context, Finding, Timing, prepare};

async fn probe(address: String, send: Option<&str>, expect: Option<&str>) -> Finding {
    let spec =
        TcpSpec { address, family: Family::Any, send: send.map(str::to_owned), expect: expect.map(str::to_owned) };
    let timing = Timing::new(Millis::new(5_000)).expect("within the allowed range");
    prepare(&ProbeSpec::Tcp(spec), timing).expect("usable").run(&Context::default()).await
}

/// Greets, reads up to a newline, and answers with what was read in capitals.
async fn talk(listener: TcpListener) {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    stream.write_all(b"220 hello\r\n").await.expect("the client reads");
    let mut read = Vec::new();
    while !read.contains(&b'\n') {
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return;
        }
    }
    read.make_ascii_uppercase();
    stream.write_all(&read).await.expect("the client reads");
}

#[tokio::test]
async fn dialogues_match_what_came_so_far() {
    let cases = [
        (None, None, None),
        (None, Some("^220 "), None),
        (Some("ping\n"), Some("(?s)^220 .*PING"), None),
        (Some("ping\n"), Some("PONG"), Some(Failure::Assertion)),
    ];
    for (send, expect, failure) in cases {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound").to_string();
        let (finding, ()) = tokio::join!(probe(address, send, expect), talk(listener));
        assert_eq!(finding.failure, failure, "{finding:?}");
        assert_eq!(finding.outcome == Outcome::Ok, failure.is_none());
        assert!(finding.phases.connect.is_some());
    }
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("bound").to_string();
    drop(listener);
    let finding = probe(address, None, None).await;
    assert_eq!((finding.outcome, finding.failure), (Outcome::Fail, Some(Failure::ConnectRefused)));
}

#[tokio::test]
async fn what_never_matches_ends_at_the_cap() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("bound").to_string();
    let serve = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        while stream.write_all(&[b'a'; 4096]).await.is_ok() {}
    };
    let (finding, ()) = tokio::join!(probe(address, None, Some("b")), serve);
    assert_eq!(finding.failure, Some(Failure::TooLarge), "{finding:?}");
}

#[test]
fn unusable_settings_are_refused_with_their_field() {
    let timing = Timing::new(Millis::new(5_000)).expect("within the allowed range");
    let refused = |address: &str, expect: Option<&str>| {
        let expect = expect.map(str::to_owned);
        let spec = TcpSpec { address: address.to_owned(), family: Family::Any, send: None, expect };
        prepare(&ProbeSpec::Tcp(spec), timing).expect_err("unusable").field().to_owned()
    };
    for address in ["", "localhost", "localhost:", "localhost:0", "localhost:65536", "::1:80", "a b:80", ":80"] {
        assert_eq!(refused(address, None), "tcp.address", "{address}");
    }
    assert_eq!(refused("localhost:80", Some("[")), "tcp.expect");
}

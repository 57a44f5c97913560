//! Those who do not speak the protocol, or speak too much of it.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;

use super::authority::Authority;
use super::lab::{Agent, Lab, config, soon};
use crate::{Config, ConfigError, Limits, Security};

fn hasty() -> Limits {
    Limits { handshake_deadline: Duration::from_millis(100), ..config().limits }
}

/// True once the other side closed the connection.
async fn is_closed(mut stream: TcpStream) -> bool {
    let mut buffer = [0; 1_024];
    loop {
        match soon(stream.read(&mut buffer)).await {
            Ok(0) | Err(_) => return true,
            Ok(_) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_handshakes_are_closed() {
    let security = Security::MutualTls(Authority::new("ours").material());
    let lab = Lab::with(Config { security, limits: hasty(), ..config() }, 16);
    // Nothing at all; the start of a TLS record; something that is not TLS.
    let starts: [&[u8]; 3] = [b"", &[22, 3, 1, 2, 0, 1, 0], b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"];
    let mut open = Vec::new();
    for start in starts.iter().cycle().take(60) {
        let mut stream = soon(TcpStream::connect(lab.address)).await.expect("connects");
        stream.write_all(start).await.expect("writes");
        open.push(stream);
    }
    for stream in open {
        assert!(is_closed(stream).await);
    }
    assert_eq!(lab.handle.counters().handshakes_failed, 60);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_stream_is_closed() {
    let lab = Lab::limited(|limits| *limits = hasty());
    let silent = soon(TcpStream::connect(lab.address)).await.expect("connects");
    assert!(is_closed(silent).await);
    let mut slow = soon(TcpStream::connect(lab.address)).await.expect("connects");
    slow.write_all(b"PRI * HTTP/2.0\r\n").await.expect("writes");
    assert!(is_closed(slow).await);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_a_hello_is_ended_and_one_that_works_is_not() {
    let lab = Lab::limited(|limits| *limits = hasty());
    let mut working = lab.agent("fra-1").await;
    working.resume().await;
    let mut silent = Agent::silent(lab.channel().await, "fra-2", 7).await.expect("a stream");
    let status = silent.failure().await;
    assert_eq!((status.code(), status.message()), (Code::DeadlineExceeded, "no hello came"));
    // The deadline is over by now; the connection with an open stream lives.
    working.send_batch(1..=2).await;
    working.acked(2).await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_is_ended() {
    let lab = Lab::limited(|limits| limits.heartbeat_interval = Duration::from_millis(50));
    let mut agent = lab.agent("fra-1").await;
    let status = agent.failure().await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(!lab.handle.agents().remove(0).connected);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_connections_are_closed_at_once() {
    let lab = Lab::limited(|limits| limits.connections = 1);
    let mut first = lab.agent("fra-1").await;
    first.resume().await;
    let second = soon(TcpStream::connect(lab.address)).await.expect("connects");
    assert!(is_closed(second).await);
    assert_eq!(lab.handle.counters().connections_refused, 1);
    first.send_batch(1..=2).await;
    first.acked(2).await;
    lab.stop().await;
}

/// Sends bytes as the body of the call; gives the status the stream ends with.
async fn raw_call(lab: &Lab, path: &str, encoding: Option<&str>, body: Vec<u8>) -> (u16, Option<String>) {
    let stream = soon(TcpStream::connect(lab.address)).await.expect("connects");
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = soon(handshake).await.expect("HTTP/2");
    let driver = tokio::spawn(connection);
    let mut request = http::Request::post(format!("http://{}{path}", lab.address))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(encoding) = encoding {
        request = request.header("grpc-encoding", encoding);
    }
    let request = request.body(Full::new(Bytes::from(body))).expect("a request");
    let response = soon(sender.send_request(request)).await.expect("an answer");
    let http_status = response.status().as_u16();
    let in_headers = response.headers().get("grpc-status").cloned();
    let collected = soon(response.into_body().collect()).await.expect("a body");
    let in_trailers = collected.trailers().and_then(|t| t.get("grpc-status")).cloned();
    drop(sender);
    driver.abort();
    let status = in_headers.or(in_trailers).map(|v| v.to_str().expect("text").to_owned());
    (http_status, status)
}

const PATH: &str = "/quorate.v1.Uplink/Stream";

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_false_length_are_refused_before_they_are_read() {
    let lab = Lab::start();
    let ended_with = |code: Code| (200, Some((code as i32).to_string()));
    // A message of 4 GiB, one just over the limit; a compressed one, which this service never takes.
    let head = |compressed: u8, length: u32| {
        let mut bytes = vec![compressed];
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes
    };
    assert_eq!(raw_call(&lab, PATH, None, head(0, u32::MAX)).await, ended_with(Code::OutOfRange));
    assert_eq!(raw_call(&lab, PATH, None, head(0, 512 * 1_024 + 1)).await, ended_with(Code::OutOfRange));
    assert_eq!(raw_call(&lab, PATH, Some("zstd"), head(1, 10)).await, ended_with(Code::Unimplemented));
    // Not protobuf; and another path.
    let mut garbage = head(0, 4);
    garbage.extend_from_slice(&[0xff; 4]);
    assert_eq!(raw_call(&lab, PATH, None, garbage).await, ended_with(Code::Internal));
    assert_eq!(raw_call(&lab, "/quorate.v1.Other/Call", None, vec![]).await, ended_with(Code::Unimplemented));
    // And it still works.
    let mut agent = lab.agent("fra-1").await;
    agent.send_batch(1..=2).await;
    agent.acked(2).await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_on_one_connection_are_bounded() {
    let lab = Lab::limited(|limits| limits.streams_per_connection = 2);
    let channel = lab.channel().await;
    let mut one = Agent::open(channel.clone(), "fra-1", "fra", 7).await;
    let mut two = Agent::open(channel.clone(), "fra-2", "fra", 7).await;
    one.resume().await;
    two.resume().await;
    // The third waits until one of the two is gone.
    let third = tokio::spawn(async move { Agent::open(channel, "fra-3", "fra", 7).await.resume().await });
    one.heartbeat(1).await;
    two.heartbeat(1).await;
    assert!(!lab.handle.agents().iter().any(|view| view.agent.as_str() == "fra-3"));
    drop(one);
    soon(third).await.expect("no panic");
    lab.stop().await;
}

#[test]
fn limits_out_of_their_range_are_named() {
    let check = |change: fn(&mut Limits)| {
        let mut config = config();
        change(&mut config.limits);
        match config.check() {
            Err(ConfigError::Limit { name, .. }) => name,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(check(|l| l.connections = 0), "connections");
    assert_eq!(check(|l| l.message_bytes = 1 << 30), "message_bytes");
    assert_eq!(check(|l| l.admission_bytes = 1), "admission_bytes");
    assert_eq!(check(|l| l.gather = Duration::from_secs(1)), "gather (ms)");
    assert_eq!(check(|l| l.stream_window_bytes = 1), "stream_window_bytes");
    assert_eq!(check(|l| l.unacked_batches = 0), "unacked_batches");
}

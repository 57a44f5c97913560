use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Config, Service};
use crate::fixture::Archive;

/// Far more than anything here takes; only there so that a fault ends the test.
const PATIENCE: Duration = Duration::from_mins(1);

async fn start(config: Config, archive: Archive) -> (SocketAddr, CancellationToken, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let service = Service::new(config, listener, Arc::new(archive));
    let address = service.local_addr().expect("a bound listener has an address");
    let stop = CancellationToken::new();
    let running = tokio::spawn(service.run(stop.clone()));
    (address, stop, running)
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it ends")
}

async fn connect(address: SocketAddr, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.write_all(sent.as_bytes()).await.expect("the server reads");
    stream
}

async fn read_all(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // A reset is an end as well.
    let _ended = stream.read_to_end(&mut text).await;
    String::from_utf8(text).expect("answers are text")
}

#[tokio::test]
async fn it_answers_and_stops() {
    let (address, stop, running) = start(Config::default(), Archive::new()).await;
    let idle = connect(address, "").await;
    let text =
        within(read_all(connect(address, "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await)).await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("ok\n"), "{text}");
    stop.cancel();
    within(running).await.expect("the service does not panic");
    assert_eq!(within(read_all(idle)).await, "", "an idle connection is closed at the stop");
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let config = Config { header_deadline: Duration::from_millis(50), ..Config::default() };
    let (address, stop, running) = start(config, Archive::new()).await;
    let text = within(read_all(connect(address, "GET /healthz HTTP/1.1\r\nhost:").await)).await;
    assert!(!text.contains("200 OK"), "{text}");
    stop.cancel();
    within(running).await.expect("the service does not panic");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let (address, stop, running) = start(Config::default(), Archive::new()).await;
    let mut stream = connect(address, "GET /healthz HTTP/1.1\r\nx: ").await;
    let flood = async {
        // Ends when the server closes, as the header never does.
        while stream.write_all(&[b'y'; 4096]).await.is_ok() {}
    };
    within(flood).await;
    stop.cancel();
    within(running).await.expect("the service does not panic");
}

#[tokio::test]
async fn a_connection_over_the_cap_waits_for_its_place() {
    let config = Config { max_connections: 1, ..Config::default() };
    let (address, stop, running) = start(config, Archive::new()).await;
    let request = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut first = connect(address, request).await;
    let mut byte = [0];
    within(first.read_exact(&mut byte)).await.expect("the first is answered");
    let mut second = connect(address, request).await;
    drop(first);
    within(second.read_exact(&mut byte)).await.expect("the second is answered once the first is gone");
    stop.cancel();
    within(running).await.expect("the service does not panic");
}

#[tokio::test]
async fn a_request_that_does_not_end_is_dropped_after_the_grace_period() {
    let config = Config { grace: Duration::from_millis(50), request_deadline: PATIENCE * 10, ..Config::default() };
    let (address, stop, running) = start(config, Archive { stuck: true, ..Archive::new() }).await;
    let stuck = connect(address, "GET /api/v1/incidents HTTP/1.1\r\nhost: x\r\n\r\n").await;
    // A second connection's answer tells that the first was accepted, as connections are accepted in order.
    within(read_all(connect(address, "GET /healthz HTTP/1.0\r\n\r\n").await)).await;
    stop.cancel();
    within(running).await.expect("the service does not panic");
    assert_eq!(within(read_all(stuck)).await, "");
}

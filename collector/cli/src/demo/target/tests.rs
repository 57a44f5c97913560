use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

pub(crate) async fn get(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_target_answers_stops_and_answers_again() {
    let mut target = Target::start(Ipv4Addr::LOCALHOST.into()).await.expect("loopback has ports");
    let answer = get(target.address()).await.expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok"), "{answer}");

    let mut held = TcpStream::connect(target.address()).await.expect("it listens");
    target.stop().await;
    assert!(!target.is_running());
    let refused = get(target.address()).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    // Closed in order where the server had taken the connection, reset where it still waited in the kernel's queue.
    let end = held.read(&mut [0]).await;
    assert!(matches!(end, Ok(0) | Err(_)), "open connections are closed too: {end:?}");

    target.resume().await.expect("the port is still free");
    assert!(get(target.address()).await.is_ok());
    target.stop().await;
}

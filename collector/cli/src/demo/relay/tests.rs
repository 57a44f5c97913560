use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use super::*;
use crate::demo::target::Target;

const FRA: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 11));
const SIN: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 14));

async fn connect(from: IpAddr, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket can be made");
    socket.bind((from, 0).into()).expect("every address of 127.0.0.0/8 is this machine's");
    socket.connect(to).await.expect("the relay listens")
}

async fn ask(stream: &mut TcpStream) {
    let request = b"GET / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.expect("the relay takes the request");
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("the relay passes the answer on");
    text
}

#[tokio::test]
async fn a_cut_holds_one_region_silently_and_heals_while_the_others_see_nothing() {
    let mut target = Target::start(Ipv4Addr::LOCALHOST.into()).await.expect("loopback has ports");
    let cuts = Cuts::none();
    let relay = Relay::start(Ipv4Addr::LOCALHOST.into(), target.address(), cuts.clone()).await.expect("a port is free");
    cuts.cut(SIN);
    assert!(cuts.is_cut(SIN) && !cuts.is_cut(FRA));

    let mut held = connect(SIN, relay.address()).await;
    ask(&mut held).await;
    // The other region's whole request and answer pass while the first one hears nothing.
    let mut free = connect(FRA, relay.address()).await;
    ask(&mut free).await;
    let passed = answer(&mut free).await;
    assert!(passed.starts_with("HTTP/1.1 200"), "{passed}");
    let silence = held.try_read(&mut [0]).expect_err("there is neither an answer nor an end");
    assert_eq!(silence.kind(), io::ErrorKind::WouldBlock);

    cuts.heal(SIN);
    let late = answer(&mut held).await;
    assert!(late.starts_with("HTTP/1.1 200"), "what was held comes late, as in a network: {late}");
    relay.stop().await;
    target.stop().await;
}

#[tokio::test]
async fn a_cut_silences_a_connection_under_way() {
    let mut target = Target::start(Ipv4Addr::LOCALHOST.into()).await.expect("loopback has ports");
    let cuts = Cuts::none();
    let relay = Relay::start(Ipv4Addr::LOCALHOST.into(), target.address(), cuts.clone()).await.expect("a port is free");
    let mut stream = connect(SIN, relay.address()).await;
    // A first whole exchange shows that the connection is passed on.
    stream.write_all(b"GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await.expect("the relay takes the request");
    let mut seen = Vec::new();
    while !seen.ends_with(b"ok") {
        assert!(stream.read_buf(&mut seen).await.expect("the relay passes the answer on") > 0);
    }
    cuts.cut(SIN);
    ask(&mut stream).await;
    let mut other = connect(FRA, relay.address()).await;
    ask(&mut other).await;
    answer(&mut other).await;
    let silence = stream.try_read(&mut [0]).expect_err("there is neither an answer nor an end");
    assert_eq!(silence.kind(), io::ErrorKind::WouldBlock);
    relay.stop().await;
    target.stop().await;
}

#[tokio::test]
async fn a_stopped_target_closes_connections_at_once() {
    let mut target = Target::start(Ipv4Addr::LOCALHOST.into()).await.expect("loopback has ports");
    let relay = Relay::start(Ipv4Addr::LOCALHOST.into(), target.address(), Cuts::none()).await.expect("a port is free");
    target.stop().await;
    let mut stream = connect(FRA, relay.address()).await;
    let ended = stream.read(&mut [0]).await;
    assert!(matches!(ended, Ok(0)), "{ended:?}");
    relay.stop().await;
}

use std::net::Ipv4Addr;

use hickory_proto::op::{Message, MessageType, OpCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{RData, Record};
use hickory_resolver::config::{ConnectionConfig, NameServerConfig};
use tokio::net::UdpSocket;

use super::*;

async fn look_up(file: &str, name: &str) -> Result<Vec<IpAddr>, Failed> {
    Names::from_file(PathBuf::from(file)).look_up(name, Family::V4).await
}

#[tokio::test]
async fn a_missing_configuration_is_this_nodes_trouble() {
    let failed = look_up("/nonexistent/resolv.conf", "example.com").await.expect_err("no configuration");
    assert_eq!(failed.failure, Failure::LocalNetwork);
    assert!(failed.detail.expect("a detail").contains("/nonexistent/resolv.conf"));
}

#[tokio::test]
async fn a_configuration_without_servers_is_this_nodes_trouble() {
    let failed = look_up("/dev/null", "example.com").await.expect_err("no configuration");
    assert_eq!(failed.failure, Failure::LocalNetwork);
}

#[tokio::test]
async fn the_hosts_file_is_used() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("resolv.conf");
    // Nobody answers there, so that the answer can only come from the hosts file.
    std::fs::write(&path, "nameserver 127.0.0.1\n").expect("written");
    let names = Names::from_file(path);
    assert_eq!(names.servers().expect("one").to_vec(), [SocketAddr::from(([127, 0, 0, 1], 53))]);
    let found = names.look_up("localhost", Family::V4).await.expect("in the hosts file");
    assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
}

/// Answers by the first label of the name asked for, until dropped.
async fn serve(socket: UdpSocket) {
    let mut buffer = [0; 1500];
    while let Ok((count, client)) = socket.recv_from(&mut buffer).await {
        let question = Message::from_vec(buffer.get(..count).expect("received")).expect("a question");
        let query = question.queries.first().expect("one question").clone();
        let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
        let mut add = |data| {
            answer.add_answer(Record::from_rdata(query.name.clone(), 60, data));
        };
        match (query.name.iter().next().expect("a label"), query.query_type) {
            (b"silent", _) => continue,
            (b"v4" | b"both", RecordType::A) => add(RData::A(A(Ipv4Addr::new(192, 0, 2, 1)))),
            (b"v6" | b"both", RecordType::AAAA) => add(RData::AAAA(AAAA(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped()))),
            (b"many", RecordType::A) => (0..40).for_each(|last| add(RData::A(A(Ipv4Addr::new(192, 0, 2, last))))),
            (b"nxdomain", _) => answer.metadata.response_code = ResponseCode::NXDomain,
            (b"servfail", _) => answer.metadata.response_code = ResponseCode::ServFail,
            (b"refused", _) => answer.metadata.response_code = ResponseCode::Refused,
            _ => {}
        }
        answer.add_query(query);
        let bytes = answer.to_vec().expect("it can be written");
        socket.send_to(&bytes, client).await.expect("loopback");
    }
}

/// Asks a server of the test's own.
async fn asked(name: &str, family: Family) -> Result<Vec<IpAddr>, Failed> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("loopback");
    let mut over_udp = ConnectionConfig::udp();
    over_udp.port = socket.local_addr().expect("bound").port();
    let mut server = NameServerConfig::udp(Ipv4Addr::LOCALHOST.into());
    server.connections = vec![over_udp];
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let resolver = build(config, ResolverOpts::default()).expect("a resolver");
    tokio::select! {
        found = ask(&resolver, name, family) => found,
        () = serve(socket) => panic!("the server does not end"),
    }
}

#[tokio::test]
async fn names_become_addresses_of_the_family_wanted() {
    let v4 = IpAddr::from([192, 0, 2, 1]);
    let v6 = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped());
    for (name, family, expected) in [
        ("v4.example.com.", Family::Any, v4),
        ("v6.example.com.", Family::Any, v6),
        ("both.example.com.", Family::Any, v4),
        ("both.example.com.", Family::V4, v4),
        ("both.example.com.", Family::V6, v6),
    ] {
        assert_eq!(asked(name, family).await.expect(name), [expected], "{name} {family}");
    }
    assert_eq!(asked("many.example.com.", Family::V4).await.expect("many").len(), MAX_ADDRESSES);
}

#[tokio::test]
async fn names_that_do_not_resolve_say_why() {
    for (name, detail) in [
        ("nxdomain.example.com.", "NXDOMAIN"),
        ("empty.example.com.", "no address"),
        ("servfail.example.com.", "Server Failure"),
        ("refused.example.com.", "Refused"),
    ] {
        for family in [Family::Any, Family::V4] {
            let failed = asked(name, family).await.expect_err("no address");
            assert_eq!(failed.failure, Failure::Dns, "{failed:?}");
            assert!(failed.detail.as_deref().is_some_and(|text| text.contains(detail)), "{failed:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_resolver_is_a_timeout() {
    let failed = asked("silent.example.com.", Family::V4).await.expect_err("no answer");
    assert_eq!(failed.failure, Failure::DnsTimeout, "{failed:?}");
}

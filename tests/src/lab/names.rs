//! A DNS server that answers by what it is asked for, rightly and wrongly.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{Name, RData, Record};
use quorate_model::check::{DnsSpec, DnsTransport, RecordType};
use quorate_model::{Failure, ProbeSpec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use crate::lab::{Patience, Servers, Target};

const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// Over which transport a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Udp,
    Tcp,
}

/// What is sent back; `None` is silence. The first label of the name asked for says how to behave.
fn reply(question: &[u8], over: Over) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).ok()?;
    let mut query = question.queries.first()?.clone();
    let behaviour = query.name.iter().next().map(<[u8]>::to_ascii_lowercase)?;
    let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
    answer.metadata.recursion_available = true;
    let right = Record::from_rdata(query.name.clone(), 60, RData::A(A(ADDRESS)));
    match behaviour.as_slice() {
        b"silent" => return None,
        b"nxdomain" => answer.metadata.response_code = ResponseCode::NXDomain,
        b"servfail" => answer.metadata.response_code = ResponseCode::ServFail,
        b"refused" => answer.metadata.response_code = ResponseCode::Refused,
        b"empty" => {}
        b"truncated" if over == Over::Udp => answer.metadata.truncation = true,
        b"other-id" => answer.metadata.id = answer.metadata.id.wrapping_add(1),
        b"other-question" => query = Query::query(Name::from_ascii("other.example.com.").ok()?, query.query_type),
        _ => {
            answer.add_answer(right);
        }
    }
    answer.add_query(query);
    let mut bytes = answer.to_vec().ok()?;
    if behaviour == b"cut" {
        bytes.truncate(bytes.len() - 6);
    }
    Some(bytes)
}

async fn over_udp(socket: UdpSocket) {
    let mut buffer = [0; 1500];
    while let Ok((count, client)) = socket.recv_from(&mut buffer).await {
        if let Some(answer) = reply(buffer.get(..count).unwrap_or_default(), Over::Udp) {
            socket.send_to(&answer, client).await.ok();
        }
    }
}

async fn over_tcp(listener: TcpListener) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            converse(stream).await.ok();
        });
    }
}

async fn converse(mut stream: TcpStream) -> Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut question = vec![0; usize::from(length)];
        stream.read_exact(&mut question).await?;
        let answer = reply(&question, Over::Tcp).context("silence")?;
        stream.write_u16(u16::try_from(answer.len())?).await?;
        stream.write_all(&answer).await?;
    }
}

/// The same port over both transports: the kernel's choice for one may be taken in the other.
async fn bind() -> Result<(UdpSocket, TcpListener, SocketAddr)> {
    const TRIES: usize = 16;
    let mut last = None;
    for _ in 0..TRIES {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        match UdpSocket::bind(address).await {
            Ok(socket) => return Ok((socket, listener, address)),
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or_else(|| anyhow::anyhow!("no port"), anyhow::Error::from))
}

pub(super) async fn start(servers: &mut Servers) -> Result<Vec<Target>> {
    let (socket, listener, address) = bind().await?;
    servers.tasks.spawn(over_udp(socket));
    servers.tasks.spawn(over_tcp(listener));
    let lab = Arc::new(address);
    let target = move |name, about, label: &str, rest: &str| {
        let spec = DnsSpec {
            name: format!("{label}.example.com"),
            record_type: RecordType::A,
            server: Some(*lab),
            transport: DnsTransport::Udp,
            rcodes: Vec::new(),
            answer_regex: None,
        };
        let module = format!(
            "{{prober: dns, dns: {{query_name: {label}.example.com, query_type: A, preferred_ip_protocol: ip4{rest}}}}}"
        );
        Target::new(name, about, ProbeSpec::Dns(spec), lab.to_string(), &module)
    };
    Ok(vec![
        target("dns_ok", "an address", "ok", ""),
        with(target("dns_over_tcp", "an address, over TCP", "ok", ", transport_protocol: tcp"), |spec| DnsSpec {
            transport: DnsTransport::Tcp,
            ..spec
        }),
        with(
            target(
                "dns_matches",
                "the wanted address",
                "ok",
                ", validate_answer_rrs: {fail_if_not_matches_regexp: ['192.0.2.1']}",
            ),
            |spec| DnsSpec { answer_regex: Some("192.0.2.1".to_owned()), ..spec },
        ),
        with(
            target(
                "dns_differs",
                "another address than wanted",
                "ok",
                ", validate_answer_rrs: {fail_if_not_matches_regexp: ['192.0.2.2']}",
            ),
            |spec| DnsSpec { answer_regex: Some("192.0.2.2".to_owned()), ..spec },
        )
        .fails(Failure::Assertion),
        target("dns_empty", "NOERROR without a record", "empty", ""),
        target("dns_nxdomain", "NXDOMAIN", "nxdomain", "").fails(Failure::DnsRcode),
        with(
            target("dns_wanted_nxdomain", "NXDOMAIN where that is wanted", "nxdomain", ", valid_rcodes: [NXDOMAIN]"),
            |spec| DnsSpec { rcodes: vec!["NXDOMAIN".to_owned()], ..spec },
        ),
        target("dns_servfail", "SERVFAIL", "servfail", "").fails(Failure::DnsRcode),
        target("dns_refused", "REFUSED", "refused", "").fails(Failure::DnsRcode),
        with(
            target(
                "dns_truncated",
                "truncated over UDP, whole over TCP",
                "truncated",
                ", validate_answer_rrs: {fail_if_not_matches_regexp: ['192.0.2.1']}",
            ),
            |spec| DnsSpec { answer_regex: Some("192.0.2.1".to_owned()), ..spec },
        )
        .fails_only_there("the peer does not ask again over TCP"),
        target("dns_cut", "an answer that ends too soon", "cut", "").fails(Failure::Protocol),
        target("dns_other_id", "an answer with another id", "other-id", "")
            .fails(Failure::Timeout)
            .patience(Patience::Short),
        target("dns_other_question", "an answer to another question", "other-question", "")
            .patience(Patience::Short)
            .fails_only_here(Failure::Timeout, "the peer does not compare the question"),
        target("dns_silent", "a server that does not answer", "silent", "")
            .fails(Failure::Timeout)
            .patience(Patience::Short),
    ])
}

fn with(target: Target, change: fn(DnsSpec) -> DnsSpec) -> Target {
    match target.spec.clone() {
        ProbeSpec::Dns(spec) => Target { spec: ProbeSpec::Dns(change(spec)), ..target },
        _ => target,
    }
}

use std::net::{Ipv4Addr, SocketAddr};

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record};
use quorate_model::check::{DnsSpec, DnsTransport, RecordType};
use quorate_model::{Failure, Millis, Outcome, ProbeSpec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

use crate::{Context, Finding, Timing, prepare};

fn spec(server: SocketAddr) -> DnsSpec {
    DnsSpec {
        name: "shop.example.com".to_owned(),
        record_type: RecordType::A,
        server: Some(server),
        transport: DnsTransport::Udp,
        rcodes: Vec::new(),
        answer_regex: None,
    }
}

async fn probe(spec: DnsSpec) -> Finding {
    let timing = Timing::new(Millis::new(5_000)).expect("within the allowed range");
    prepare(&ProbeSpec::Dns(spec), timing).expect("usable").run(&Context::default()).await
}

fn answer_to(question: &[u8], code: ResponseCode) -> Message {
    let question = Message::from_vec(question).expect("a question");
    let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
    answer.metadata.response_code = code;
    let query = question.queries.first().expect("one question").clone();
    if code == ResponseCode::NoError {
        let data = RData::A(A(Ipv4Addr::new(192, 0, 2, 1)));
        answer.add_answer(Record::from_rdata(query.name.clone(), 60, data));
    }
    answer.add_query(query);
    answer
}

/// Answers one datagram with what `answers` makes of it.
async fn serve(socket: UdpSocket, answers: impl Fn(&[u8]) -> Vec<Vec<u8>>) {
    let mut buffer = [0; 512];
    let (count, client) = socket.recv_from(&mut buffer).await.expect("a question");
    for answer in answers(buffer.get(..count).expect("received")) {
        socket.send_to(&answer, client).await.expect("loopback");
    }
}

async fn bound() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("loopback");
    let address = socket.local_addr().expect("bound");
    (socket, address)
}

fn written(message: &Message) -> Vec<u8> {
    message.to_vec().expect("it can be written")
}

#[tokio::test]
async fn response_codes_and_records_are_judged() {
    let none: &[&str] = &[];
    let cases = [
        (ResponseCode::NoError, none, None, None),
        (ResponseCode::NoError, none, Some(r"IN A 192\.0\.2\.1$"), None),
        (ResponseCode::NoError, none, Some("192.0.2.2"), Some(Failure::Assertion)),
        (ResponseCode::NXDomain, none, None, Some(Failure::DnsRcode)),
        (ResponseCode::NXDomain, &["NOERROR", "NXDOMAIN"][..], None, None),
        (ResponseCode::ServFail, &["NXDOMAIN"][..], None, Some(Failure::DnsRcode)),
    ];
    for (code, rcodes, answer_regex, failure) in cases {
        let (socket, address) = bound().await;
        let spec = DnsSpec {
            rcodes: rcodes.iter().map(|code| (*code).to_owned()).collect(),
            answer_regex: answer_regex.map(str::to_owned),
            ..spec(address)
        };
        let serve = serve(socket, |question| vec![written(&answer_to(question, code))]);
        let (finding, ()) = tokio::join!(probe(spec), serve);
        assert_eq!(finding.failure, failure, "{finding:?}");
        assert_eq!(finding.evidence.status, Some(u16::from(code)));
        assert!(finding.phases.first_byte.is_some());
    }
}

#[tokio::test]
async fn answers_to_other_questions_are_skipped() {
    let (socket, address) = bound().await;
    let serve = serve(socket, |question| {
        let right = answer_to(question, ResponseCode::NoError);
        let mut other_id = answer_to(question, ResponseCode::NXDomain);
        other_id.metadata.id = other_id.metadata.id.wrapping_add(1);
        vec![b"noise".to_vec(), question.to_vec(), written(&other_id), written(&right)]
    });
    let (finding, ()) = tokio::join!(probe(spec(address)), serve);
    assert_eq!(finding.outcome, Outcome::Ok, "{finding:?}");
}

#[tokio::test]
async fn a_broken_answer_breaks_the_protocol() {
    let (socket, address) = bound().await;
    let serve = serve(socket, |question| {
        let mut cut = written(&answer_to(question, ResponseCode::NoError));
        cut.truncate(20);
        vec![cut]
    });
    let (finding, ()) = tokio::join!(probe(spec(address)), serve);
    assert_eq!(finding.failure, Some(Failure::Protocol), "{finding:?}");
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("bound");
    let socket = UdpSocket::bind(address).await.expect("the same port over UDP");
    let over_udp = serve(socket, |question| {
        let mut answer = answer_to(question, ResponseCode::NoError);
        answer.metadata.truncation = true;
        vec![written(&answer)]
    });
    let over_tcp = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let length = stream.read_u16().await.expect("a length");
        let mut question = vec![0; usize::from(length)];
        stream.read_exact(&mut question).await.expect("a question");
        let answer = written(&answer_to(&question, ResponseCode::NoError));
        stream.write_u16(u16::try_from(answer.len()).expect("short")).await.expect("the client reads");
        stream.write_all(&answer).await.expect("the client reads");
    };
    let spec = DnsSpec { answer_regex: Some("192.0.2.1".to_owned()), ..spec(address) };
    let (finding, (), ()) = tokio::join!(probe(spec), over_udp, over_tcp);
    assert_eq!(finding.outcome, Outcome::Ok, "{finding:?}");
    assert!(finding.phases.connect.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_lost_question_is_repeated_after_a_second() {
    let (socket, address) = bound().await;
    let serve = async {
        let mut buffer = [0; 512];
        socket.recv_from(&mut buffer).await.expect("the first, lost question");
        serve(socket, |question| vec![written(&answer_to(question, ResponseCode::NoError))]).await;
    };
    let (finding, ()) = tokio::join!(probe(spec(address)), serve);
    assert_eq!(finding.outcome, Outcome::Ok, "{finding:?}");
    assert!(finding.phases.total.get() >= 1_000_000);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_a_timeout() {
    let (_socket, address) = bound().await;
    let finding = probe(spec(address)).await;
    assert_eq!((finding.outcome, finding.failure), (Outcome::Fail, Some(Failure::Timeout)), "{finding:?}");
    assert_eq!(finding.phases.total.get(), 5_000_000);
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let (socket, address) = bound().await;
    drop(socket);
    let finding = probe(spec(address)).await;
    assert_eq!(finding.failure, Some(Failure::ConnectRefused), "{finding:?}");
}

#[test]
fn unusable_settings_are_refused_with_their_field() {
    let timing = Timing::new(Millis::new(5_000)).expect("within the allowed range");
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, 53));
    let refused = |spec| prepare(&ProbeSpec::Dns(spec), timing).expect_err("unusable").field().to_owned();
    assert_eq!(refused(DnsSpec { name: "a..b".to_owned(), ..spec(server) }), "dns.name");
    assert_eq!(refused(DnsSpec { rcodes: vec!["MAYBE".to_owned()], ..spec(server) }), "dns.rcodes[0]");
    assert_eq!(refused(DnsSpec { answer_regex: Some("(".to_owned()), ..spec(server) }), "dns.answer_regex");
    assert_eq!(refused(spec(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))), "dns.server");
}

//! A DNS question over UDP and over TCP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::Message;
use quorate_model::Failure;
use socket2::Type;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::attempt::{Attempt, Stage};
use crate::connect::{connect_to_only, local_failure, of_own_connect, of_path, open};
use crate::dns::message::{MAX_UDP_BYTES, Question, Reply};
use crate::failed::Failed;

/// When a question without an answer is repeated: 1 s and 3 s after it was first sent. After that only the deadline ends it.
const REPEAT_AFTER: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::MAX];
/// The most foreign datagrams that are skipped.
const MAX_FOREIGN: usize = 256;

/// Asks over UDP. The socket is connected: the kernel drops what comes from elsewhere and reports refusals.
pub(super) async fn over_udp(
    attempt: &mut Attempt<'_>,
    server: SocketAddr,
    question: &Question,
) -> Result<Message, Failed> {
    let socket = open(attempt, server, Type::DGRAM)?;
    socket.connect(&server.into()).map_err(|error| of_own_connect(&error, server))?;
    let socket = UdpSocket::from_std(socket.into())
        .map_err(|error| Failed::new(Failure::LocalResources, format_args!("socket: {error}")))?;
    let id: u16 = rand::random();
    let bytes = encode(question, id)?;
    attempt.enter(Stage::FirstByte);
    let mut foreign = 0;
    for pause in REPEAT_AFTER {
        socket.send(&bytes).await.map_err(|error| of_send(&error, server))?;
        if let Ok(reply) = timeout(pause, receive(&socket, server, question, id, &mut foreign)).await {
            return reply;
        }
    }
    Err(Failed::new(Failure::Timeout, "no answer"))
}

async fn receive(
    socket: &UdpSocket,
    server: SocketAddr,
    question: &Question,
    id: u16,
    foreign: &mut usize,
) -> Result<Message, Failed> {
    let mut buffer = [0_u8; MAX_UDP_BYTES as usize + 1];
    loop {
        let count = socket.recv(&mut buffer).await.map_err(|error| of_path(&error, server))?;
        match question.decode(id, buffer.get(..count).unwrap_or_default()) {
            Reply::Answer(message) => return Ok(*message),
            Reply::Broken => return Err(broken()),
            Reply::Foreign if *foreign == MAX_FOREIGN => {
                let detail = format_args!("more than {MAX_FOREIGN} datagrams that do not answer the question");
                return Err(Failed::new(Failure::Protocol, detail));
            }
            Reply::Foreign => *foreign += 1,
        }
    }
}

/// Asks over TCP.
pub(super) async fn over_tcp(
    attempt: &mut Attempt<'_>,
    server: SocketAddr,
    question: &Question,
) -> Result<Message, Failed> {
    attempt.enter(Stage::Connect);
    let mut stream = connect_to_only(attempt, server).await?;
    let id: u16 = rand::random();
    let bytes = encode(question, id)?;
    attempt.enter(Stage::FirstByte);
    let length = u16::try_from(bytes.len()).map_err(|_| Failed::new(Failure::Unspecified, "question too long"))?;
    let mut framed = Vec::with_capacity(bytes.len() + 2);
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(&bytes);
    stream.write_all(&framed).await.map_err(|error| Failed::of_stream(&error, "sending"))?;
    let length = stream.read_u16().await.map_err(|error| of_read(&error))?;
    attempt.enter(Stage::Transfer);
    let mut reply = vec![0; usize::from(length)];
    stream.read_exact(&mut reply).await.map_err(|error| of_read(&error))?;
    match question.decode(id, &reply) {
        Reply::Answer(message) => Ok(*message),
        Reply::Broken => Err(broken()),
        Reply::Foreign => Err(Failed::new(Failure::Protocol, "the answer is to another question")),
    }
}

fn encode(question: &Question, id: u16) -> Result<Vec<u8>, Failed> {
    question.encode(id).ok_or_else(|| Failed::new(Failure::Unspecified, "the question cannot be written"))
}

fn broken() -> Failed {
    Failed::new(Failure::Protocol, "the answer is not a DNS message")
}

/// A refusal of an earlier datagram is reported by a later call, so that sending may say what the path said.
fn of_send(error: &io::Error, server: SocketAddr) -> Failed {
    match local_failure(error) {
        Some(failure) => Failed::new(failure, format_args!("{server}: {error}")),
        None => of_path(error, server),
    }
}

fn of_read(error: &io::Error) -> Failed {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Failed::new(Failure::ConnectionReset, "closed before the answer was whole"),
        _ => Failed::of_stream(error, "reading"),
    }
}

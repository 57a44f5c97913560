//! One connection with its stream: a task that reads, and a channel the connection writes from.

use std::time::Duration;

use quorate_agent_core::session::MAX_UNACKED;
use quorate_model::MonoTime;
use quorate_proto::v1;
use quorate_proto::v1::uplink_client::UplinkClient;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;

use crate::clock::Clock;
use crate::connect::Connector;

/// Messages to the collector under way: all unsettled batches, heartbeats, states, and hints.
const OUT: usize = MAX_UNACKED as usize + 32;
/// Messages of the collector that are read and not yet handled; beyond, the reading waits, and so does the collector.
const IN: usize = 64;
/// The largest message of a collector: the assignment of an agent with 20,000 checks.
const MAX_IN_BYTES: usize = 16 * 1024 * 1024;
/// The largest message to a collector.
const MAX_OUT_BYTES: usize = 512 * 1024;

/// What a connection tells.
pub(super) enum Event {
    /// It is up, and the stream can be written to.
    Connected,
    /// A message, and when it was read.
    Message { message: v1::CollectorMessage, received: MonoTime },
    /// It is over, and why.
    Ended(String),
}

/// One connection, from dialling to its end. Dropping it breaks it off.
pub(super) struct Connection {
    out: mpsc::Sender<v1::AgentMessage>,
    events: mpsc::Receiver<Event>,
    tasks: JoinSet<()>,
}

impl Connection {
    /// Begins to connect; [`Event::Connected`] or [`Event::Ended`] follows.
    pub(super) fn open(connector: Connector, clock: Clock) -> Self {
        let (out, outgoing) = mpsc::channel(OUT);
        let (incoming, events) = mpsc::channel(IN);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let reason = match drive(connector, clock, outgoing, &incoming).await {
                Ok(()) => "the collector ended the stream".to_owned(),
                Err(reason) => reason,
            };
            // Nobody listens any more where the uplink has already moved on.
            drop(incoming.send(Event::Ended(reason)).await);
        });
        Self { out, events, tasks }
    }

    /// Hands a message to the connection.
    pub(super) fn send(&self, message: v1::AgentMessage) -> Result<(), &'static str> {
        self.out.try_send(message).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => "the collector does not read",
            mpsc::error::TrySendError::Closed(_) => "the stream has ended",
        })
    }

    /// The next event. Cancel-safe.
    pub(super) async fn next_event(&mut self) -> Event {
        match self.events.recv().await {
            Some(event) => event,
            None => Event::Ended("the stream's task broke".to_owned()),
        }
    }

    /// Ends the stream from this side and waits until the collector has seen it, or for `at_most`.
    pub(super) async fn finish(self, at_most: Duration) {
        let Self { out, mut events, mut tasks } = self;
        drop(out);
        let end = async {
            while events.recv().await.is_some() {}
            while tasks.join_next().await.is_some() {}
        };
        // The goodbye is a courtesy: everything that counts was acknowledged.
        drop(tokio::time::timeout(at_most, end).await);
    }
}

async fn drive(
    connector: Connector,
    clock: Clock,
    outgoing: mpsc::Receiver<v1::AgentMessage>,
    events: &mpsc::Sender<Event>,
) -> Result<(), String> {
    let channel = connector.connect().await.map_err(|error| chain(&error))?;
    let mut client =
        UplinkClient::new(channel).max_decoding_message_size(MAX_IN_BYTES).max_encoding_message_size(MAX_OUT_BYTES);
    if events.send(Event::Connected).await.is_err() {
        return Ok(());
    }
    let response = client.stream(ReceiverStream::new(outgoing)).await.map_err(|status| refused(&status))?;
    let mut incoming = response.into_inner();
    while let Some(message) = incoming.message().await.map_err(|status| refused(&status))? {
        let received = clock.now();
        if events.send(Event::Message { message, received }).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn refused(status: &tonic::Status) -> String {
    match std::error::Error::source(status) {
        Some(source) => format!("{:?}: {}: {}", status.code(), status.message(), chain(source)),
        None => format!("{:?}: {}", status.code(), status.message()),
    }
}

/// An error with its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

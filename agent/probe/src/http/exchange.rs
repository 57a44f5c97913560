//! One request and its answer on one connection, driven inside the probe's own task.

use std::error::Error as _;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use quorate_model::Failure;

use crate::attempt::{Attempt, Stage};
use crate::clock;
use crate::failed::Failed;
use crate::http::MAX_BODY_BYTES;
use crate::http::wire::Wire;

/// The most bytes of a response's header section.
pub(crate) const MAX_HEADER_BYTES: u32 = 64 * 1024;
/// How far an HTTP/2 peer may send ahead of what was read.
const STREAM_WINDOW_BYTES: u32 = 128 * 1024;
/// The most futures one HTTP/2 connection may ask to have driven: itself, the request's body, a reset.
const MAX_DRIVEN: usize = 8;

/// Which HTTP is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speak {
    Http1,
    Http2,
}

/// Whether a body's bytes are needed, or only its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyUse {
    Bytes,
    EndOnly,
}

/// A response whose head has come.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: response::Parts,
    /// The trailers, once the body was read.
    pub(crate) trailers: Option<http::HeaderMap>,
    incoming: Incoming,
    driver: Driver,
}

/// Sends a request and waits for the response's head.
pub(crate) async fn ask(
    attempt: &mut Attempt<'_>,
    wire: Wire,
    speak: Speak,
    request: Request<Full<Bytes>>,
) -> Result<Answer, Failed> {
    attempt.enter(Stage::FirstByte);
    let first_read = wire.first_read();
    let (response, driver) = match speak {
        Speak::Http1 => ask_http1(wire, request).await?,
        Speak::Http2 => ask_http2(wire, request).await?,
    };
    let first_byte_at = match speak {
        Speak::Http1 => first_read.at(),
        // The first bytes of an HTTP/2 connection are its settings, not the answer.
        Speak::Http2 => None,
    };
    attempt.enter_at(Stage::Transfer, first_byte_at.unwrap_or_else(clock::now));
    let (head, incoming) = response.into_parts();
    Ok(Answer { head, trailers: None, incoming, driver })
}

async fn ask_http1(wire: Wire, request: Request<Full<Bytes>>) -> Result<(Response<Incoming>, Driver), Failed> {
    let mut builder = http1::Builder::new();
    // One buffer and one write for the head and a short body.
    builder.max_buf_size(MAX_HEADER_BYTES as usize).writev(false);
    let handshake = builder.handshake(TokioIo::new(wire)).await;
    let (mut sender, connection) = handshake.map_err(|error| failed(&error))?;
    let mut driver = Driver::Http1(Some(connection));
    let response = driver.with(sender.send_request(request)).await.map_err(|error| failed(&error))?;
    Ok((response, driver))
}

async fn ask_http2(wire: Wire, request: Request<Full<Bytes>>) -> Result<(Response<Incoming>, Driver), Failed> {
    let tasks = Tasks::default();
    let mut builder = http2::Builder::new(tasks.clone());
    builder
        .max_header_list_size(MAX_HEADER_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(STREAM_WINDOW_BYTES)
        .max_concurrent_streams(1);
    let (mut sender, connection) = builder.handshake(TokioIo::new(wire)).await.map_err(|error| failed(&error))?;
    let mut driver = Driver::Http2(Some(Box::new(connection)), tasks);
    let response = driver.with(sender.send_request(request)).await.map_err(|error| failed(&error))?;
    Ok((response, driver))
}

impl Answer {
    /// Reads the body to its end, at most [`MAX_BODY_BYTES`].
    pub(crate) async fn body(&mut self, body_use: BodyUse) -> Result<Vec<u8>, Failed> {
        let declared = self.incoming.size_hint().lower();
        if declared > MAX_BODY_BYTES as u64 {
            return Err(too_large(format_args!("a body of {declared} bytes")));
        }
        let mut bytes = Vec::new();
        let mut length = 0_usize;
        if !self.incoming.is_end_stream() {
            while let Some(frame) = self.driver.with(self.incoming.frame()).await {
                let frame = frame.map_err(|error| failed(&error))?;
                match frame.into_data() {
                    Ok(data) => {
                        length = length.saturating_add(data.len());
                        if length > MAX_BODY_BYTES {
                            return Err(too_large(format_args!("a body of more than {MAX_BODY_BYTES} bytes")));
                        }
                        if body_use == BodyUse::Bytes {
                            bytes.extend_from_slice(&data);
                        }
                    }
                    Err(other) => self.trailers = other.into_trailers().ok(),
                }
                if self.incoming.is_end_stream() {
                    break;
                }
            }
        }
        Ok(bytes)
    }
}

fn too_large(what: std::fmt::Arguments<'_>) -> Failed {
    Failed::new(Failure::TooLarge, format_args!("{what}, at most {MAX_BODY_BYTES} are read"))
}

type Http2Connection = http2::Connection<TokioIo<Wire>, Full<Bytes>, Tasks>;

/// The connection, polled together with whatever waits for it, so that no task has to be spawned.
#[expect(clippy::large_enum_variant, reason = "the large one is the usual one, and one probe has one of them")]
enum Driver {
    Http1(Option<http1::Connection<TokioIo<Wire>, Full<Bytes>>>),
    Http2(Option<Box<Http2Connection>>, Tasks),
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Driver")
    }
}

impl Driver {
    async fn with<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            self.poll(cx);
            future.as_mut().poll(cx)
        })
        .await
    }

    /// The connection's own result is not needed: its errors also reach the request or the body.
    fn poll(&mut self, cx: &mut Context<'_>) {
        match self {
            Self::Http1(connection) => {
                if connection.as_mut().is_some_and(|connection| Pin::new(connection).poll(cx).is_ready()) {
                    *connection = None;
                }
            }
            Self::Http2(connection, tasks) => {
                if connection.as_mut().is_some_and(|connection| Pin::new(connection).poll(cx).is_ready()) {
                    *connection = None;
                }
                tasks.poll(cx);
            }
        }
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What hyper wants driven beside an HTTP/2 connection, kept with it and dropped with it.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<Vec<Task>>>);

impl Tasks {
    fn poll(&self, cx: &mut Context<'_>) {
        // Taken out while they are polled, as polling one may add another.
        let mut running = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        running.retain_mut(|task| task.as_mut().poll(cx) == Poll::Pending);
        let mut added = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.append(&mut added);
        running.truncate(MAX_DRIVEN);
        *added = running;
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, future: F) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(future));
    }
}

/// What an error of hyper says of the target.
fn failed(error: &hyper::Error) -> Failed {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return of_io(io);
        }
        source = inner.source();
    }
    let text = match error.source() {
        Some(source) => format!("HTTP: {error}: {source}"),
        None => format!("HTTP: {error}"),
    };
    let failure = if error.is_parse_too_large() {
        Failure::TooLarge
    } else if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        Failure::ConnectionReset
    } else {
        Failure::Protocol
    };
    Failed::new(failure, text)
}

fn of_io(error: &io::Error) -> Failed {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            Failed::new(Failure::Protocol, format_args!("HTTP: {error}"))
        }
        io::ErrorKind::UnexpectedEof => {
            Failed::new(Failure::ConnectionReset, "closed by the target before the answer was whole")
        }
        _ => Failed::of_stream(error, "HTTP"),
    }
}

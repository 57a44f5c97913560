//! Samples as JSON Lines, piece by piece, as fast as the client reads.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use quorate_model::{CheckId, CollectorTime, Sample};
use quorate_proto::jsonl;
use tokio::sync::OwnedSemaphorePermit;

use super::error::Refusal;
use super::history::now;
use super::parameters::Parameters;
use super::present::check_id;
use super::{App, Request, whole_millis};
use crate::limits;
use crate::queries::{SAMPLES_PIECE, Unavailable, Window};

/// Answers with the window's samples. The first piece is read before the answer begins, so that what can be refused is
/// refused with a status; a later failure cuts the body off, which no client can take for its end.
pub(super) async fn samples(app: &Arc<App>, request: &Request, parameters: &Parameters) -> Result<Response, Refusal> {
    let check = check_id(request)?;
    let window = parameters.window(now(app), limits::SAMPLES_WINDOW)?;
    let place =
        Arc::clone(&app.admission.streams).try_acquire_owned().map_err(|_| Refusal::Unavailable(Unavailable::Busy))?;
    let mut reader = Reader { app: Arc::clone(app), check, next: window.from(), end: window.to(), _place: place };
    let first = reader.piece().await?;
    let body = stream::try_unfold((reader, Some(first)), |(mut reader, ready)| async move {
        match ready {
            Some(lines) => Ok::<_, Refusal>(Some((lines, (reader, None)))),
            None if reader.next >= reader.end => Ok(None),
            None => {
                let deadline = reader.app.admission.deadline;
                let lines = within(deadline, reader.piece()).await?;
                Ok(Some((lines, (reader, None))))
            }
        }
    });
    let mut response = Response::new(Body::from_stream(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    Ok(response)
}

/// Reads one window from its start to its end; holds a place among the streams until it is dropped.
struct Reader {
    app: Arc<App>,
    check: CheckId,
    next: CollectorTime,
    end: CollectorTime,
    _place: OwnedSemaphorePermit,
}

impl Reader {
    async fn piece(&mut self) -> Result<Bytes, Refusal> {
        let end = self.end.min(self.next + SAMPLES_PIECE);
        let Some(window) = Window::new(self.next, end) else { return Ok(Bytes::new()) };
        let _place = self.app.read_place().await?;
        let samples = self.app.queries.samples(&self.check, window).await?;
        self.next = end;
        Ok(Bytes::from(render(&samples)))
    }
}

/// The lines of some samples.
fn render(samples: &[Sample]) -> String {
    let mut text = String::new();
    for sample in samples {
        let line = jsonl::write_sample(sample);
        text.push_str(&line);
        text.push('\n');
    }
    text
}

async fn within<T>(deadline: Duration, work: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    match tokio::time::timeout(deadline, work).await {
        Ok(done) => done,
        Err(_) => Err(Refusal::Deadline { deadline: whole_millis(deadline) }),
    }
}

//! An answer that comes later: to be awaited in a task or waited for on a thread, whatever runtime there is.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::WriteError;

struct Slot<T> {
    answer: Option<Result<T, WriteError>>,
    waker: Option<Waker>,
}

struct Shared<T> {
    slot: Mutex<Slot<T>>,
    came: Condvar,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Slot<T>> {
        // Nothing between lock and unlock can panic half-way, so a poisoned slot is still whole.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to a write: there once the write is on disk, or once it is known not to be.
///
/// Dropping it does not take the write back.
#[must_use = "a write is durable only once its answer says so"]
pub struct Pending<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Pending<T> {
    /// Waits on this thread.
    ///
    /// # Errors
    /// As the write's own documentation says.
    pub fn wait(self) -> Result<T, WriteError> {
        let mut slot = self.shared.lock();
        loop {
            if let Some(answer) = slot.answer.take() {
                return answer;
            }
            slot = self.shared.came.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, WriteError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.shared.lock();
        if let Some(answer) = slot.answer.take() {
            return Poll::Ready(answer);
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

/// The other end of a [`Pending`]. Dropped without an answer it says that the store is closed.
pub(crate) struct Reply<T> {
    shared: Option<Arc<Shared<T>>>,
}

impl<T> Reply<T> {
    pub(crate) fn send(mut self, answer: Result<T, WriteError>) {
        if let Some(shared) = self.shared.take() {
            complete(&shared, answer);
        }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            complete(&shared, Err(WriteError::Closed));
        }
    }
}

fn complete<T>(shared: &Shared<T>, answer: Result<T, WriteError>) {
    let waker = {
        let mut slot = shared.lock();
        slot.answer = Some(answer);
        slot.waker.take()
    };
    shared.came.notify_all();
    if let Some(waker) = waker {
        waker.wake();
    }
}

pub(crate) fn pending<T>() -> (Reply<T>, Pending<T>) {
    let shared = Arc::new(Shared { slot: Mutex::new(Slot { answer: None, waker: None }), came: Condvar::new() });
    (Reply { shared: Some(Arc::clone(&shared)) }, Pending { shared })
}

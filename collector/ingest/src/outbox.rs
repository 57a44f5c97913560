//! What the committer has to tell one stream: how far its lives are settled, and what was refused for good.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use quorate_model::{Boot, Seq};
use quorate_proto::v1;
use tokio::sync::Notify;

/// Why a stream has to end for reasons of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing can be stored now.
    Full,
    /// Nothing can be stored any more.
    Broken,
    /// What this agent sends cannot be taken.
    Agent(String),
}

#[derive(Default)]
pub(crate) struct News {
    /// Lives with a new acknowledgement; only the last one of each counts, as they are cumulative.
    pub(crate) durable: BTreeMap<Boot, Seq>,
    /// Refusals; at most as many as batches may be unacknowledged.
    pub(crate) rejects: Vec<v1::Reject>,
    /// Batches, gaps and rejections of this stream that are done.
    pub(crate) done: u32,
    pub(crate) trouble: Option<Trouble>,
}

#[derive(Default)]
pub(crate) struct Outbox {
    news: Mutex<News>,
    changed: Notify,
}

impl Outbox {
    pub(crate) fn tell(&self, change: impl FnOnce(&mut News)) {
        change(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    /// Waits for news and takes them. Cancel-safe: what was not taken stays.
    pub(crate) async fn next(&self) -> News {
        self.changed.notified().await;
        std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

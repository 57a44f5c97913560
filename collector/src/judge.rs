//! From durable samples to conclusions: threads that share the checks among them.
//!
//! Each check belongs to one thread by its name, so that its samples are taken in one order without a lock. A thread reads
//! the past of its checks from the store, concludes, writes what is settled or changed, and publishes what it sees on the
//! [`Board`]. When a queue is full the sender waits: that delays acknowledgements to come, and agents keep their samples.

mod amend;
mod board;
mod case;
mod past;
mod recent;
mod shard;
mod votes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use quorate_collector_consensus::confirm::Request;
use quorate_collector_store::{Store, WriteError};
use quorate_model::{AgentId, CheckId, Record};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(crate) use amend::only_grew;
pub(crate) use board::{Board, CaseView};
pub(crate) use votes::no_vote;

use crate::clock::Clock;
use crate::history::Histories;

/// The most inputs that wait for one thread; a sender waits behind them.
const QUEUE: usize = 256;

/// The most threads; more would only wait for the store.
const MAX_THREADS: usize = 8;

/// What the judge asks of agents. Called from its threads; must not block.
pub(crate) trait Asker: Send + Sync + 'static {
    /// Passes a request of one check on to its agents.
    fn ask(&self, check: &CheckId, request: Request);
}

/// What a thread of the judge takes.
#[derive(Debug)]
enum Input {
    /// Records that are durable and count.
    Records(Vec<Record>),
    /// An agent's probe has waited long.
    Suspect { agent: AgentId, check: CheckId },
    /// The configuration changed.
    Configured(Arc<Configured>),
}

/// The checks and their histories, as the judge needs them.
#[derive(Debug)]
pub(crate) struct Configured {
    /// Every check that was ever configured.
    pub(crate) histories: Histories,
    /// The present intervals.
    pub(crate) config: Arc<quorate_collector_config::Config>,
}

/// The way into the judge; cheap to clone. When the last one is dropped the threads conclude once more and end.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    queues: Vec<mpsc::Sender<Input>>,
}

/// The judge's threads, to be waited for.
#[derive(Debug)]
pub(crate) struct Judge {
    threads: Vec<JoinHandle<()>>,
}

/// What the judge stands on.
pub(crate) struct Ground {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) asker: Arc<dyn Asker>,
    pub(crate) board: Arc<Board>,
    /// Cancelled by the judge when the store can never be written again.
    pub(crate) fatal: CancellationToken,
}

/// Starts the threads. They read the past of their checks first; the board says when they are done.
///
/// # Errors
/// A thread that does not start.
pub(crate) fn start(ground: &Ground, configured: &Arc<Configured>) -> std::io::Result<(Handle, Judge)> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(1, MAX_THREADS);
    let mut queues = Vec::new();
    let mut handles = Vec::new();
    for number in 0..threads {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let shard = shard::Shard::new(ground, receiver, (number, threads), configured);
        let thread = std::thread::Builder::new().name(format!("judge-{number}")).spawn(move || shard.run())?;
        queues.push(sender);
        handles.push(thread);
    }
    Ok((Handle { queues }, Judge { threads: handles }))
}

impl Judge {
    /// Waits for the threads to end. Blocks.
    pub(crate) fn join(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the judge panicked");
            }
        }
    }
}

impl Handle {
    /// Passes durable records on, each to its check's thread. Waits where a queue is full.
    pub(crate) async fn records(&self, records: Vec<Record>) {
        let mut parts: BTreeMap<usize, Vec<Record>> = BTreeMap::new();
        for record in records {
            parts.entry(shard_of(&record.sample.check, self.queues.len())).or_default().push(record);
        }
        for (number, part) in parts {
            self.send(number, Input::Records(part)).await;
        }
    }

    /// Passes an agent's hint on.
    pub(crate) async fn suspect(&self, agent: AgentId, check: CheckId) {
        self.send(shard_of(&check, self.queues.len()), Input::Suspect { agent, check }).await;
    }

    /// Passes a changed configuration on.
    pub(crate) async fn configured(&self, configured: &Arc<Configured>) {
        for number in 0..self.queues.len() {
            self.send(number, Input::Configured(Arc::clone(configured))).await;
        }
    }

    async fn send(&self, number: usize, input: Input) {
        let Some(queue) = self.queues.get(number) else { return };
        if queue.send(input).await.is_err() {
            // The thread ended: everything is durable and will be read from the store by the next start.
            tracing::debug!(shard = number, "a thread of the judge has ended; the store keeps what it did not see");
        }
    }
}

/// The thread of a check: FNV-1a of its name, so that it is stable.
fn shard_of(check: &CheckId, shards: usize) -> usize {
    let hash = check
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    usize::try_from(hash % u64::try_from(shards.max(1)).unwrap_or(1)).unwrap_or(0)
}

/// True if no later write can succeed either.
fn is_final(error: &WriteError) -> bool {
    matches!(error, WriteError::Broken(_) | WriteError::Closed)
}

//! The one thread that writes. What waits is committed together, with one fsync, and answered afterwards.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{OpenError, WriteError};
use crate::lives::Lives;
use crate::names::Names;
use crate::pending::{Pending, Reply, pending};
use crate::watermarks::Watermarks;

/// The most writes that wait; more are refused with [`WriteError::Busy`].
pub(crate) const MAX_WAITING: usize = 1_024;
/// The most writes in one transaction.
const MAX_GROUP: usize = 256;

/// An open transaction with what the writer holds in memory.
pub(crate) struct Writing<'a> {
    pub(crate) tx: &'a Connection,
    pub(crate) names: &'a mut Names,
    pub(crate) watermarks: &'a mut Watermarks,
    pub(crate) lives: &'a mut Lives,
}

/// A write. It may run more than once; only the last run is committed.
pub(crate) trait Task: Send {
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<(), WriteError>;
    fn finish(self: Box<Self>, outcome: Result<(), WriteError>);
}

struct Call<F, T> {
    work: F,
    value: Option<T>,
    reply: Reply<T>,
}

impl<T, F> Task for Call<F, T>
where
    T: Send,
    F: FnMut(&mut Writing<'_>) -> Result<T, WriteError> + Send,
{
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<(), WriteError> {
        self.value = Some((self.work)(writing)?);
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), WriteError>) {
        let value = self.value;
        self.reply.send(outcome.and_then(|()| value.ok_or(WriteError::Closed)));
    }
}

/// What all parts of a store know of its writing side.
#[derive(Default)]
pub(crate) struct Health {
    broken: Mutex<Option<WriteError>>,
    commits: AtomicU64,
    writes: AtomicU64,
}

impl Health {
    /// Says that no write may be acknowledged any more. The first reason stays.
    pub(crate) fn break_with(&self, error: WriteError) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if broken.is_none() {
            tracing::error!(%error, "the store takes no more writes");
            *broken = Some(error);
        }
    }

    pub(crate) fn check(&self) -> Result<(), WriteError> {
        match &*self.broken.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    pub(crate) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }
}

/// The queue's end for those who write.
#[derive(Clone)]
pub(crate) struct WriteQueue {
    sender: SyncSender<Box<dyn Task>>,
    health: Arc<Health>,
}

impl WriteQueue {
    pub(crate) fn push(&self, task: Box<dyn Task>) {
        if let Err(error) = self.health.check() {
            return task.finish(Err(error));
        }
        match self.sender.try_send(task) {
            Ok(()) => {}
            Err(TrySendError::Full(task)) => task.finish(Err(WriteError::Busy(MAX_WAITING))),
            Err(TrySendError::Disconnected(task)) => task.finish(Err(WriteError::Closed)),
        }
    }

    pub(crate) fn call<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Writing<'_>) -> Result<T, WriteError> + Send + 'static,
    ) -> Pending<T> {
        let (reply, answer) = pending();
        self.push(Box::new(Call { work, value: None, reply }));
        answer
    }

    pub(crate) fn health(&self) -> &Arc<Health> {
        &self.health
    }
}

struct Writer {
    conn: Connection,
    names: Names,
    watermarks: Watermarks,
    lives: Lives,
    health: Arc<Health>,
    gather: Duration,
}

/// Starts the thread. It ends when the last queue end is dropped, after having written what waits.
pub(crate) fn start(conn: Connection, gather: Duration) -> Result<(WriteQueue, JoinHandle<()>), OpenError> {
    let (sender, receiver) = sync_channel::<Box<dyn Task>>(MAX_WAITING);
    let health = Arc::new(Health::default());
    let mut writer = Writer {
        conn,
        names: Names::default(),
        watermarks: Watermarks::default(),
        lives: Lives::default(),
        health: Arc::clone(&health),
        gather,
    };
    let thread = std::thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || {
            while let Some(group) = gather_group(&receiver, writer.gather) {
                writer.write(group);
            }
        })
        .map_err(OpenError::Thread)?;
    Ok((WriteQueue { sender, health }, thread))
}

/// The next write and all that come within `gather`; `None` once nobody can write any more.
fn gather_group(receiver: &Receiver<Box<dyn Task>>, gather: Duration) -> Option<Vec<Box<dyn Task>>> {
    let mut group = vec![receiver.recv().ok()?];
    let until = Instant::now() + gather;
    while group.len() < MAX_GROUP {
        match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(task) => group.push(task),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    Some(group)
}

impl Writer {
    fn write(&mut self, mut group: Vec<Box<dyn Task>>) {
        match self.commit(&mut group) {
            // One write of several may be at fault: each gets a transaction of its own, so that the others are made.
            Err(WriteError::Engine(_) | WriteError::Refused { .. }) if group.len() > 1 => {
                for task in group {
                    let mut alone = vec![task];
                    let outcome = self.commit(&mut alone);
                    finish(alone, &outcome);
                }
            }
            outcome => finish(group, &outcome),
        }
    }

    fn commit(&mut self, group: &mut [Box<dyn Task>]) -> Result<(), WriteError> {
        self.health.check()?;
        let outcome = self.try_commit(group);
        match &outcome {
            Ok(()) => {
                self.health.commits.fetch_add(1, Ordering::Relaxed);
                self.health.writes.fetch_add(group.len() as u64, Ordering::Relaxed);
            }
            Err(error) => {
                self.names.forget();
                self.watermarks.forget();
                self.lives.forget();
                if let WriteError::Broken(_) = error {
                    self.health.break_with(error.clone());
                }
            }
        }
        outcome
    }

    fn try_commit(&mut self, group: &mut [Box<dyn Task>]) -> Result<(), WriteError> {
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut writing =
            Writing { tx: &tx, names: &mut self.names, watermarks: &mut self.watermarks, lives: &mut self.lives };
        for task in group {
            task.run(&mut writing)?;
        }
        self.lives.save(&tx)?;
        tx.commit()?;
        Ok(())
    }
}

fn finish(group: Vec<Box<dyn Task>>, outcome: &Result<(), WriteError>) {
    for task in group {
        task.finish(outcome.clone());
    }
}

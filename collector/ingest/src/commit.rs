//! The committer: what all streams admitted is gathered for a few milliseconds, committed with one fsync, acknowledged, and
//! handed on in order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quorate_collector_store::{Appended, BatchRefusal, Gap, NewBatch, Received, Rejection, Store, WriteError};
use quorate_model::{AgentId, Boot, CollectorTime, Record, Seq};
use quorate_proto::batch::Origin;
use quorate_proto::v1;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::counters::Counting;
use crate::outbox::{Outbox, Trouble};

/// The most batches in one commit.
const MAX_GROUP: usize = 256;
/// Items that wait for the committer; streams wait when it is full.
pub(crate) const QUEUE: usize = 1_024;

/// Samples that are on disk, counted, and new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Of whom.
    pub origin: Origin,
    /// In which life.
    pub boot: Boot,
    /// When they were received.
    pub received: CollectorTime,
    /// The samples, in order of their numbers.
    pub records: Vec<Record>,
}

/// What one stream wants committed.
pub(crate) enum Item {
    Batch(NewBatch),
    Gap(Gap),
    Rejection(Rejection, v1::Reject),
}

pub(crate) struct Work {
    pub(crate) item: Item,
    pub(crate) outbox: Arc<Outbox>,
    /// When it arrived.
    pub(crate) arrived: Instant,
    /// Its share of the bytes in admission, given back when it is done.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
}

/// Why the committer ended before its queue did.
#[derive(Debug)]
pub(crate) enum CommitEnd {
    /// Every stream is gone and everything is committed.
    Done,
    /// The store takes nothing any more.
    Broken(WriteError),
    /// Nobody takes what was committed.
    SinkClosed,
}

pub(crate) struct Committer {
    pub(crate) store: Store,
    pub(crate) queue: mpsc::Receiver<Work>,
    pub(crate) sink: mpsc::Sender<Committed>,
    pub(crate) counting: Arc<Counting>,
    pub(crate) gather: Duration,
}

impl Committer {
    /// Runs until every sender of the queue is gone.
    pub(crate) async fn run(mut self) -> CommitEnd {
        while let Some(first) = self.queue.recv().await {
            let mut group = vec![first];
            let until = tokio::time::Instant::now() + self.gather;
            while group.len() < MAX_GROUP {
                match tokio::time::timeout_at(until, self.queue.recv()).await {
                    Ok(Some(work)) => group.push(work),
                    Ok(None) | Err(_) => break,
                }
            }
            match self.commit(group).await {
                Ok(()) => {}
                Err(CommitEnd::Broken(error)) => {
                    self.refuse_rest();
                    return CommitEnd::Broken(error);
                }
                Err(end) => return end,
            }
        }
        CommitEnd::Done
    }

    async fn commit(&self, group: Vec<Work>) -> Result<(), CommitEnd> {
        let mut received = Received::default();
        let mut batches = Vec::new();
        let mut ranges = Vec::new();
        let mut permits = Vec::new();
        for Work { item, outbox, arrived, permit } in group {
            permits.extend(permit);
            match item {
                Item::Batch(batch) => {
                    let head = (batch.origin.clone(), Boot::new(batch.batch.boot), batch.received);
                    received.batches.push(batch);
                    batches.push((head, outbox, arrived));
                }
                Item::Gap(gap) => {
                    ranges.push(((gap.origin.agent.clone(), gap.boot), outbox, None));
                    received.gaps.push(gap);
                }
                Item::Rejection(rejection, reject) => {
                    ranges.push(((rejection.origin.agent.clone(), rejection.boot), outbox, Some(reject)));
                    received.rejections.push(rejection);
                }
            }
        }
        let dropped: u64 =
            received.gaps.iter().map(|g| g.last.get().saturating_sub(g.first.get()).saturating_add(1)).sum();
        let answer = self.store.append(received).await;
        // The samples live on in what is handed on; what limits those is the sink's own bound.
        drop(permits);
        let Appended { batches: taken, durable, refused_ranges } = match answer {
            Ok(appended) => appended,
            Err(error) => {
                return self.failed(error, batches.into_iter().map(|b| b.1).chain(ranges.into_iter().map(|r| r.1)));
            }
        };
        Counting::add(&self.counting.commits, 1);
        Counting::add(&self.counting.dropped_by_agents, dropped);
        if let Some(refusal) = refused_ranges.first() {
            tracing::warn!(%refusal, count = refused_ranges.len(), "ranges that cannot be settled");
        }
        for (life, outbox, reject) in ranges {
            outbox.tell(|news| {
                news.done += 1;
                news.rejects.extend(reject);
                if let Some(seq) = durable.get(&life) {
                    news.durable.insert(life.1, *seq);
                }
            });
        }
        let mut committed = Vec::new();
        for ((head, outbox, arrived), taken) in batches.into_iter().zip(taken) {
            committed.extend(self.tell(head, &outbox, arrived, taken, &durable));
        }
        for one in committed {
            // Waiting here is the back pressure: nothing more is committed, so streams are not read, so agents spool.
            self.sink.send(one).await.map_err(|_| CommitEnd::SinkClosed)?;
        }
        Ok(())
    }

    /// Acknowledges one batch and gives what is to be handed on.
    fn tell(
        &self,
        (origin, boot, received): (Origin, Boot, CollectorTime),
        outbox: &Outbox,
        arrived: Instant,
        taken: Result<quorate_collector_store::Taken, BatchRefusal>,
        durable: &BTreeMap<(AgentId, Boot), Seq>,
    ) -> Option<Committed> {
        let taken = match taken {
            Ok(taken) => taken,
            Err(refusal) => {
                tracing::warn!(agent = %origin.agent, %refusal, "a batch cannot be stored");
                outbox.tell(|news| {
                    news.done += 1;
                    news.trouble = Some(Trouble::Agent(refusal.to_string()));
                });
                return None;
            }
        };
        self.counting.add_ack(arrived.elapsed());
        outbox.tell(|news| {
            news.done += 1;
            if let Some(seq) = durable.get(&(origin.agent.clone(), boot)) {
                news.durable.insert(boot, *seq);
            }
        });
        Counting::add(&self.counting.samples, taken.records.len() as u64);
        Counting::add(&self.counting.duplicates, taken.duplicates as u64);
        if taken.equivocations > 0 {
            Counting::add(&self.counting.equivocations, taken.equivocations as u64);
            tracing::warn!(agent = %origin.agent, count = taken.equivocations, "another payload under a known identity");
        }
        (!taken.records.is_empty()).then_some(Committed { origin, boot, received, records: taken.records })
    }

    fn failed(&self, error: WriteError, outboxes: impl Iterator<Item = Arc<Outbox>>) -> Result<(), CommitEnd> {
        Counting::add(&self.counting.commit_failures, 1);
        let trouble = match &error {
            WriteError::Broken(_) | WriteError::Closed => Trouble::Broken,
            _ => Trouble::Full,
        };
        tracing::error!(%error, "nothing of a commit was stored; its streams are ended without acknowledgement");
        for outbox in outboxes {
            outbox.tell(|news| {
                news.done += 1;
                news.trouble = Some(trouble.clone());
            });
        }
        if trouble == Trouble::Broken { Err(CommitEnd::Broken(error)) } else { Ok(()) }
    }

    fn refuse_rest(&mut self) {
        self.queue.close();
        while let Ok(work) = self.queue.try_recv() {
            work.outbox.tell(|news| {
                news.done += 1;
                news.trouble = Some(Trouble::Broken);
            });
        }
    }
}

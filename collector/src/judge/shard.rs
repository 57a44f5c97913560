//! One thread of the judge: takes inputs, polls the cases that are due, writes what they conclude.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quorate_collector_store::{Pending, Store, WriteError};
use quorate_model::{CheckId, CollectorTime, Record, State};
use tokio::runtime::Builder;
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use super::board::Board;
use super::case::{Case, Polled, Writes};
use super::{Asker, Configured, Ground, Input, is_final, past, shard_of, votes};
use crate::clock::Clock;

/// A case with news is polled this soon.
const SOON: Duration = Duration::from_millis(100);

/// A case without news, or with samples that say what was known, is polled this often: silence is news too.
const SELDOM: Duration = Duration::from_secs(2);

/// A case rests for so many times as long as its last poll took, so that one with a long open incident leaves time to
/// the others.
const REST: u32 = 20;

/// After a failure of the store a case waits so long.
const RETRY: Duration = Duration::from_secs(2);

/// The most inputs taken before the cases are looked at again.
const BURST: usize = 128;

pub(super) struct Shard {
    store: Store,
    clock: Arc<dyn Clock>,
    asker: Arc<dyn Asker>,
    board: Arc<Board>,
    fatal: CancellationToken,
    inputs: Receiver<Input>,
    number: usize,
    shards: usize,
    configured: Arc<Configured>,
    slots: BTreeMap<CheckId, Slot>,
}

struct Slot {
    case: Case,
    due: Instant,
    /// Not before this, whatever comes.
    rested: Instant,
    seen: Option<Seen>,
}

/// What was published last; a poll that finds the same leaves out what is dear.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    state: State,
}

/// A poll's writes under way.
struct Writing {
    check: CheckId,
    writes: Writes,
    at: CollectorTime,
    segments: Option<Pending<()>>,
    incidents: Vec<Pending<u32>>,
    withdrawn: Vec<Pending<Option<u32>>>,
}

impl Shard {
    pub(super) fn new(
        ground: &Ground,
        inputs: Receiver<Input>,
        (number, shards): (usize, usize),
        configured: &Arc<Configured>,
    ) -> Self {
        let mut shard = Self {
            store: ground.store.clone(),
            clock: Arc::clone(&ground.clock),
            asker: Arc::clone(&ground.asker),
            board: Arc::clone(&ground.board),
            fatal: ground.fatal.clone(),
            inputs,
            number,
            shards,
            configured: Arc::clone(configured),
            slots: BTreeMap::new(),
        };
        shard.configure(Arc::clone(configured));
        // Before the thread runs, so that nobody takes the collector for ready before it looked.
        shard.board.set_loading(number, shard.slots.len());
        shard
    }

    /// Runs until every sender is gone, then concludes once more.
    pub(super) fn run(mut self) {
        let runtime = match Builder::new_current_thread().enable_time().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "a thread of the judge has no timer");
                self.fatal.cancel();
                return;
            }
        };
        self.recall_all();
        loop {
            let wait = self.next_due().saturating_duration_since(Instant::now());
            let came = runtime.block_on(async { tokio::time::timeout(wait, self.inputs.recv()).await });
            let mut closed = false;
            match came {
                Ok(Some(input)) => self.take(input),
                Ok(None) => closed = true,
                Err(_) => {}
            }
            for _ in 0..BURST {
                match self.inputs.try_recv() {
                    Ok(input) => self.take(input),
                    Err(_) => break,
                }
            }
            if closed {
                let now = Instant::now();
                for slot in self.slots.values_mut() {
                    (slot.due, slot.rested) = (now, now);
                }
            }
            self.recall_all();
            self.poll_due();
            if closed {
                return;
            }
        }
    }

    fn next_due(&self) -> Instant {
        let dues = self.slots.values().map(|slot| slot.due.max(slot.rested));
        dues.min().unwrap_or_else(|| Instant::now() + SELDOM)
    }

    fn take(&mut self, input: Input) {
        let now = self.clock.now();
        match input {
            Input::Records(records) => {
                for record in &records {
                    self.take_record(record, now);
                }
            }
            Input::Suspect { agent, check } => {
                if let Some(slot) = self.slots.get_mut(&check)
                    && let Some(request) = slot.case.handle_suspect(&agent, now)
                {
                    self.asker.ask(&check, request);
                }
            }
            Input::Configured(configured) => self.configure(configured),
        }
    }

    fn take_record(&mut self, record: &Record, now: CollectorTime) {
        let check = &record.sample.check;
        // A sample of a check that is not configured is kept by the store and judged by nobody.
        let Some(slot) = self.slots.get_mut(check) else { return };
        let request = slot.case.handle_record(record, now);
        let is_news = request.is_some()
            || slot.case.wants_past().is_some()
            || slot.seen.is_none_or(|seen| seen.state != State::Up)
            || !matches!(record.sample.outcome, quorate_model::Outcome::Ok);
        if is_news {
            slot.due = slot.due.min(Instant::now() + SOON);
        }
        if let Some(request) = request {
            self.asker.ask(check, request);
        }
    }

    fn configure(&mut self, configured: Arc<Configured>) {
        let now = self.clock.now();
        let soon = Instant::now();
        for (check, history) in configured.histories.iter() {
            if shard_of(check, self.shards) != self.number {
                continue;
            }
            let interval = configured.config.check(check).map(|check| check.interval);
            match (self.slots.get_mut(check), interval) {
                (Some(slot), _) => {
                    let interval = interval.unwrap_or(configured.config.defaults.interval);
                    slot.case.handle_history(history.clone(), interval, now);
                    slot.due = soon;
                }
                (None, Some(interval)) => {
                    let case = Case::new(check.clone(), history.clone(), interval, now);
                    self.slots.insert(check.clone(), Slot { case, due: soon, rested: soon, seen: None });
                }
                (None, None) => {}
            }
        }
        self.configured = configured;
    }

    /// Reads the past of every case that wants it.
    fn recall_all(&mut self) {
        let mut waiting = 0;
        for (check, slot) in &mut self.slots {
            let mut rounds = 0;
            while let Some(wanted) = slot.case.wants_past()
                && slot.rested <= Instant::now()
                && rounds < 2
            {
                rounds += 1;
                let began = Instant::now();
                let now = self.clock.now();
                match past::read(&self.store, &slot.case, wanted, now) {
                    Ok(past) => {
                        tracing::debug!(%check, samples = past.samples.len(), from = past.from.as_millis(), "past read");
                        slot.case.recall(past, now);
                        slot.rested = Instant::now() + began.elapsed() * REST / 4;
                    }
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(%check, error, "the past of a check cannot be read; it is not judged meanwhile");
                        slot.rested = Instant::now() + RETRY;
                    }
                }
            }
            waiting += usize::from(slot.case.wants_past().is_some() && slot.seen.is_none());
        }
        self.board.set_loading(self.number, waiting);
    }

    fn poll_due(&mut self) {
        let mut writing = Vec::new();
        let mut removed = Vec::new();
        for (check, slot) in &mut self.slots {
            let began = Instant::now();
            if slot.due > began || slot.rested > began {
                continue;
            }
            let now = self.clock.now();
            let Some(polled) = slot.case.poll(now) else {
                slot.due = slot.rested.max(began + SOON);
                continue;
            };
            let Polled { live, writes, request } = polled;
            self.board.put(check, votes::view(&slot.case, &live, now));
            slot.seen = Some(Seen { state: live.state });
            if let Some(request) = request {
                self.asker.ask(check, request);
            }
            let done = slot.case.history().removed.is_some_and(|at| slot.case.settled() >= at);
            if done && writes == Writes::default() {
                removed.push(check.clone());
            }
            if writes != Writes::default() {
                writing.push(start_writing(&self.store, check, writes, now));
            }
            slot.rested = Instant::now() + began.elapsed() * REST;
            slot.due = began + SELDOM;
        }
        for check in removed {
            self.slots.remove(&check);
            self.board.remove(&check);
        }
        for writing in writing {
            self.finish_writing(writing);
        }
    }

    fn finish_writing(&mut self, writing: Writing) {
        let Writing { check, writes, at, segments, incidents, withdrawn } = writing;
        let outcome = (|| {
            if let Some(pending) = segments {
                pending.wait()?;
            }
            let revisions = incidents.into_iter().map(Pending::wait).collect::<Result<Vec<u32>, WriteError>>()?;
            for pending in withdrawn {
                pending.wait()?;
            }
            Ok::<_, WriteError>(revisions)
        })();
        let Some(slot) = self.slots.get_mut(&check) else { return };
        match outcome {
            Ok(revisions) => {
                log(&check, &writes, &revisions);
                slot.case.committed(writes, &revisions, at);
            }
            Err(error) if is_final(&error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(%check, error, "conclusions can no longer be written");
                self.fatal.cancel();
            }
            Err(error) => {
                // Nothing is lost: what was not written is concluded again by the next poll.
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%check, error, "conclusions could not be written; they are written again later");
                slot.rested = Instant::now() + RETRY;
                slot.due = slot.rested;
            }
        }
    }
}

fn start_writing(store: &Store, check: &CheckId, writes: Writes, at: CollectorTime) -> Writing {
    let incidents = writes
        .incidents
        .iter()
        .map(|(incident, finality)| store.put_incident(incident.clone(), *finality, at))
        .collect();
    let withdrawn = writes.withdrawn.iter().map(|id| store.withdraw_incident(id.clone(), at)).collect();
    // Last, as they say up to when everything is settled: what was not written before a crash is then concluded again.
    let segments = writes.segments.as_ref().map(|(window, segments)| {
        let stored = quorate_collector_store::Window::new(window.from(), window.to());
        store.put_segments(check.clone(), stored, segments.clone(), Some(window.to()))
    });
    Writing { check: check.clone(), writes, at, segments, incidents, withdrawn }
}

fn log(check: &CheckId, writes: &Writes, revisions: &[u32]) {
    for ((incident, _), revision) in writes.incidents.iter().zip(revisions) {
        let (id, class) = (&incident.id, incident.class);
        let start_ms = incident.start.as_millis();
        let end_ms = incident.end.map(CollectorTime::as_millis);
        if *revision == 1 {
            tracing::warn!(%check, incident = %id, %class, start_ms, end_ms, "incident");
        } else {
            tracing::info!(%check, incident = %id, %class, start_ms, end_ms, revision, "incident revised");
        }
    }
    for id in &writes.withdrawn {
        tracing::info!(%check, incident = %id, "incident withdrawn");
    }
}

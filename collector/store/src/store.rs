//! The store as its users see it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use quorate_model::{
    AgentId, Boot, CheckId, CollectorTime, Incident, IncidentId, Record, RegionId, Sample, Segment, Seq,
};

use crate::agents::{self, AgentSeen, KnownAgent};
use crate::append::{AppendTask, Appended, Gap, Received, Rejection};
use crate::backup::{self, BackupFacts};
use crate::chunk::StoredRecord;
use crate::compact::MaintenanceError;
use crate::documents::{self, AuditEntry, ConfigRevision, Document, DocumentKey, Revisions};
use crate::error::{BackupError, EngineError, OpenError, ReadError, WriteError};
use crate::latency::{self, Latency, LatencyPoint, Span};
use crate::ledger::{self, Changes, Finality, StoredIncident, StoredSegments};
use crate::maintenance::{self, Everything, Maintenance, Worker};
use crate::pending::{Pending, pending};
use crate::read::{self, Readers, Wanted, Window};
use crate::retention::Retention;
use crate::schema;
use crate::writer::{self, WriteQueue};

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file; beside it lie the engine's `-wal` and `-shm` and a `.lock`.
    pub path: PathBuf,
    /// Connections for queries, 1 to 64; so many queries run at a time, others wait.
    pub readers: usize,
    /// How long the writer gathers writes for one commit, up to 50 ms.
    pub gather: Duration,
    /// How long each class of data is kept.
    pub retention: Retention,
    /// Who does the background work.
    pub maintenance: Maintenance,
}

impl Config {
    /// The longest `gather`.
    pub const MAX_GATHER: Duration = Duration::from_millis(50);
    /// The most `readers`.
    pub const MAX_READERS: usize = 64;

    /// Defaults for a file: 4 readers, 2 ms, the retention's defaults, automatic maintenance.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: 4,
            gather: Duration::from_millis(2),
            retention: Retention::default(),
            maintenance: Maintenance::Automatic,
        }
    }
}

/// What a store holds, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Bytes of its log.
    pub log_bytes: u64,
    /// Batches not yet compacted.
    pub batches: u64,
    /// Samples in them.
    pub batch_samples: u64,
    /// Chunks.
    pub chunks: u64,
    /// Samples in them.
    pub chunk_samples: u64,
    /// Bytes of them.
    pub chunk_bytes: u64,
    /// Transactions committed since it was opened.
    pub commits: u64,
    /// Writes in them.
    pub writes: u64,
}

struct Shared {
    /// In front of everything, so that it is dropped first: its end stops the thread.
    stop: Option<SyncSender<()>>,
    maintenance: Option<JoinHandle<()>>,
    worker: Option<Arc<Worker>>,
    queue: Option<WriteQueue>,
    writer: Option<JoinHandle<()>>,
    readers: Readers,
    /// Held as long as the store is open, so that a second process does not write to it.
    lock: File,
}

/// An open store. Cloning is cheap; the last clone dropped writes what waits and closes the file.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.stop.take();
        self.queue.take();
        if let Some(thread) = self.maintenance.take()
            && thread.join().is_err()
        {
            tracing::error!("the maintenance thread of the store panicked");
        }
        self.worker.take();
        if let Some(thread) = self.writer.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer thread of the store panicked");
        }
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "the lock of the store is not given back; the process's end does it");
        }
    }
}

fn lock_file(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let unreachable_lock =
        |e: std::io::Error| OpenError::Unreachable { path: path.to_owned(), source: EngineError::new(e) };
    let file = File::options().create(true).write(true).truncate(false).open(name).map_err(unreachable_lock)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(std::fs::TryLockError::Error(error)) => Err(unreachable_lock(error)),
    }
}

impl Store {
    /// Opens the file, creates it where there is none, and brings an older one to the current format.
    ///
    /// # Errors
    /// The file cannot be used, another process has it open, it is something else, or a newer program wrote it.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let path = config.path;
        let engine = |e| OpenError::Unreachable { path: path.clone(), source: EngineError::new(e) };
        let lock = lock_file(&path)?;
        let conn = schema::open_for_writing(&path)?;
        let readers = Readers::open(&path, config.readers.clamp(1, Config::MAX_READERS)).map_err(engine)?;
        let worker_conn = schema::open_for_checkpoints(&path).map_err(engine)?;
        let (queue, writer) = writer::start(conn, config.gather.min(Config::MAX_GATHER))?;
        let worker = Arc::new(Worker::new(worker_conn, queue.clone(), config.retention));
        let mut shared = Shared {
            stop: None,
            maintenance: None,
            worker: Some(Arc::clone(&worker)),
            queue: Some(queue),
            writer: Some(writer),
            readers,
            lock,
        };
        if config.maintenance == Maintenance::Automatic {
            let (stop, stopped) = sync_channel(1);
            let thread = std::thread::Builder::new()
                .name("store-upkeep".to_owned())
                .spawn(move || maintenance::run(&worker, &stopped))
                .map_err(OpenError::Thread)?;
            shared.stop = Some(stop);
            shared.maintenance = Some(thread);
        }
        Ok(Self { shared: Arc::new(shared) })
    }

    fn queue(&self) -> &WriteQueue {
        self.shared.queue.as_ref().expect("the queue is taken out by drop alone")
    }

    /// Writes what agents sent. The answer comes after fsync: what it says is settled may be acknowledged.
    ///
    /// # Errors
    /// [`WriteError::Full`], [`WriteError::Broken`], [`WriteError::Busy`] and the like: nothing was taken. A single batch that
    /// cannot be taken does not fail the others; its refusal stands in the answer.
    pub fn append(&self, received: Received) -> Pending<Appended> {
        let (reply, answer) = pending();
        self.queue().push(Box::new(AppendTask::new(received, reply)));
        answer
    }

    /// Notes that an agent connected, and answers up to where its life is settled.
    ///
    /// # Errors
    /// As [`Store::append`]; too many agents are refused.
    pub fn see_agent(&self, seen: AgentSeen) -> Pending<Seq> {
        self.queue().call(move |writing| agents::see(writing, &seen))
    }

    /// Replaces what was concluded of a window, and says up to when it is settled. The mark does not go back by this; it
    /// does when a sample from before it is appended, and then stays until a window from there on was concluded anew.
    ///
    /// # Errors
    /// As [`Store::append`]; segments out of order or outside the window are refused.
    pub fn put_segments(
        &self,
        check: CheckId,
        window: Window,
        segments: Vec<Segment>,
        settled_until: Option<CollectorTime>,
    ) -> Pending<()> {
        self.queue().call(move |writing| ledger::put_segments(writing, &check, window, &segments, settled_until))
    }

    /// Writes an incident as it is now, and answers its revision. The growth of an open incident is no revision; any other
    /// change is one.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn put_incident(&self, incident: Incident, finality: Finality, at: CollectorTime) -> Pending<u32> {
        self.queue().call(move |writing| ledger::put_incident(writing, &incident, finality, at))
    }

    /// Says that an incident did not take place after all; it stays readable. Answers the revision, `None` where there is no
    /// such incident or it was withdrawn before.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn withdraw_incident(&self, id: IncidentId, at: CollectorTime) -> Pending<Option<u32>> {
        self.queue().call(move |writing| ledger::withdraw_incident(writing, &id, at))
    }

    /// Adds a configuration, unless its hash is that of the last one; answers its revision.
    ///
    /// # Errors
    /// As [`Store::append`]; one that would hold from before the last one on is refused.
    pub fn put_config(&self, effective_from: CollectorTime, hash: [u8; 32], body: String) -> Pending<u64> {
        self.queue().call(move |writing| documents::put_config(writing, effective_from, &hash, &body))
    }

    /// Adds a revision of a document, unless its last one has the same text; answers its revision.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn put_document(&self, kind: String, key: String, at: CollectorTime, body: String) -> Pending<u32> {
        self.queue().call(move |writing| documents::put_document(writing, (&kind, &key), at, &body))
    }

    /// Adds a revision of a document together with the line of the audit log that says who made it: both or neither.
    /// Gives the revision.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn put_decision(&self, kind: String, key: String, body: String, entry: AuditEntry) -> Pending<u32> {
        self.queue().call(move |writing| documents::put_decision(writing, (&kind, &key), &body, &entry))
    }

    /// Adds a line to the audit log.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn put_audit(&self, entry: AuditEntry) -> Pending<()> {
        self.queue().call(move |writing| documents::put_audit(writing, &entry))
    }

    /// Whether writes are still taken.
    ///
    /// # Errors
    /// [`WriteError::Broken`] once the device or the file failed.
    pub fn health(&self) -> Result<(), WriteError> {
        self.queue().health().check()
    }

    /// Samples of a check whose corrected start lies in the window, in order of identity, each identity once: of two payloads
    /// under one identity the smaller.
    ///
    /// # Errors
    /// A damaged row is named; more than [`crate::MAX_READ_SAMPLES`] are refused.
    pub fn samples(&self, check: &CheckId, window: Window, wanted: Wanted) -> Result<Vec<Sample>, ReadError> {
        read::samples(&self.shared.readers.lend(), check, window, wanted)
    }

    /// The samples of each of many windows, as [`Store::samples`] gives them one by one; windows that lie near each other cost
    /// little more than one.
    ///
    /// # Errors
    /// As [`Store::samples`], for all windows together.
    pub fn samples_of_each(
        &self,
        check: &CheckId,
        windows: &[Window],
        wanted: Wanted,
    ) -> Result<Vec<Vec<Sample>>, ReadError> {
        read::samples_of_each(&self.shared.readers.lend(), check, windows, wanted)
    }

    /// Like [`Store::samples`], with phases, evidence and marks.
    ///
    /// # Errors
    /// As [`Store::samples`].
    pub fn records(&self, check: &CheckId, window: Window, wanted: Wanted) -> Result<Vec<StoredRecord>, ReadError> {
        read::records(&self.shared.readers.lend(), check, window, wanted)
    }

    /// The last record of each agent that started at or after `since`, by agent.
    ///
    /// # Errors
    /// As [`Store::samples`].
    pub fn latest(&self, check: &CheckId, since: CollectorTime) -> Result<Vec<Record>, ReadError> {
        read::latest(&self.shared.readers.lend(), check, since)
    }

    /// Every check that ever had something stored, by id.
    ///
    /// # Errors
    /// A damaged row is named.
    pub fn checks(&self) -> Result<Vec<CheckId>, ReadError> {
        read::checks(&self.shared.readers.lend())
    }

    /// Latency of right answers, for each region and each span that starts in the window.
    ///
    /// # Errors
    /// As [`Store::samples`].
    pub fn latency(&self, check: &CheckId, span: Span, window: Window) -> Result<Vec<LatencyPoint>, ReadError> {
        latency::latency(&self.shared.readers.lend(), check, span, window)
    }

    /// Latency of right answers over a window by region, all spans in one.
    ///
    /// # Errors
    /// As [`Store::samples`].
    pub fn latency_by_region(
        &self,
        check: &CheckId,
        span: Span,
        window: Window,
    ) -> Result<BTreeMap<RegionId, Latency>, ReadError> {
        latency::latency_by_region(&self.shared.readers.lend(), check, span, window)
    }

    /// Latency of right answers over a window, all regions and spans in one.
    ///
    /// # Errors
    /// As [`Store::samples`].
    pub fn latency_merged(&self, check: &CheckId, span: Span, window: Window) -> Result<Latency, ReadError> {
        let mut merged = Latency::new();
        for latency in self.latency_by_region(check, span, window)?.values() {
            merged.merge(latency);
        }
        Ok(merged)
    }

    /// What was concluded of a window.
    ///
    /// # Errors
    /// A damaged row is named.
    pub fn segments(&self, check: &CheckId, window: Window) -> Result<StoredSegments, ReadError> {
        ledger::segments(&self.shared.readers.lend(), check, window)
    }

    /// Incidents that overlap the window, newest first; of one check or of all. Withdrawn ones are among them.
    ///
    /// # Errors
    /// A damaged row is named.
    pub fn incidents(&self, check: Option<&CheckId>, window: Window) -> Result<Vec<StoredIncident>, ReadError> {
        ledger::incidents(&self.shared.readers.lend(), check, window, Changes::Told)
    }

    /// Like [`Store::incidents`], without how each came to be as it is: `changes` is empty.
    ///
    /// # Errors
    /// A damaged row is named.
    pub fn incidents_as_they_are(
        &self,
        check: Option<&CheckId>,
        window: Window,
    ) -> Result<Vec<StoredIncident>, ReadError> {
        ledger::incidents(&self.shared.readers.lend(), check, window, Changes::LeftOut)
    }

    /// One incident.
    ///
    /// # Errors
    /// A damaged row is named.
    pub fn incident(&self, id: &IncidentId) -> Result<Option<StoredIncident>, ReadError> {
        ledger::incident(&self.shared.readers.lend(), id)
    }

    /// Every agent ever heard of, by id.
    ///
    /// # Errors
    /// A damaged row is named.
    pub fn agents(&self) -> Result<Vec<KnownAgent>, ReadError> {
        agents::agents(&self.shared.readers.lend())
    }

    /// Everything up to here of an agent's life is settled; 0 = nothing.
    ///
    /// # Errors
    /// The engine fails.
    pub fn durable(&self, agent: &AgentId, boot: Boot) -> Result<Seq, ReadError> {
        agents::durable(&self.shared.readers.lend(), agent, boot)
    }

    /// The settled ranges of an agent's life, in order, both ends included.
    ///
    /// # Errors
    /// The engine fails.
    pub fn settled(&self, agent: &AgentId, boot: Boot) -> Result<Vec<(Seq, Seq)>, ReadError> {
        agents::settled(&self.shared.readers.lend(), agent, boot)
    }

    /// Ranges dropped by agents, in the order they were told.
    ///
    /// # Errors
    /// A damaged row is named.
    pub fn gaps(&self) -> Result<Vec<Gap>, ReadError> {
        agents::gaps(&self.shared.readers.lend())
    }

    /// Ranges that could never be taken, in the order they came.
    ///
    /// # Errors
    /// A damaged row is named.
    pub fn rejections(&self) -> Result<Vec<Rejection>, ReadError> {
        agents::rejections(&self.shared.readers.lend())
    }

    /// Every configuration, oldest first.
    ///
    /// # Errors
    /// The engine fails.
    pub fn configs(&self) -> Result<Vec<ConfigRevision>, ReadError> {
        documents::configs(&self.shared.readers.lend())
    }

    /// Documents of a kind, by key and revision; of one key or of all.
    ///
    /// # Errors
    /// The engine fails.
    pub fn documents(&self, kind: &str, key: Option<&str>, revisions: Revisions) -> Result<Vec<Document>, ReadError> {
        documents::documents(&self.shared.readers.lend(), kind, key, revisions)
    }

    /// The names of the documents of a kind whose names begin with `prefix`, by name, each with its last revision.
    ///
    /// # Errors
    /// The engine fails.
    pub fn document_keys(&self, kind: &str, prefix: &str) -> Result<Vec<DocumentKey>, ReadError> {
        documents::document_keys(&self.shared.readers.lend(), kind, prefix)
    }

    /// The audit log of a window, oldest first.
    ///
    /// # Errors
    /// The engine fails.
    pub fn audit(&self, window: Window) -> Result<Vec<AuditEntry>, ReadError> {
        documents::audit(&self.shared.readers.lend(), window)
    }

    /// What the store holds.
    ///
    /// # Errors
    /// The engine fails.
    pub fn statistics(&self) -> Result<Statistics, ReadError> {
        let mut statistics = read::statistics(&self.shared.readers.lend())?;
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
        let path = self.shared.readers.path();
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        statistics.file_bytes = size(path);
        statistics.log_bytes = size(Path::new(&log));
        statistics.commits = self.queue().health().commits();
        statistics.writes = self.queue().health().writes();
        Ok(statistics)
    }

    /// Does the background work that is due at `now`, on this thread.
    ///
    /// # Errors
    /// The first step that fails; what it was to change is as before.
    pub fn maintain(&self, now: CollectorTime) -> Result<(), MaintenanceError> {
        self.work(now, Everything::Due)
    }

    /// Compacts and seals everything there is, whether full or not, on this thread.
    ///
    /// # Errors
    /// As [`Store::maintain`].
    pub fn compact_all(&self, now: CollectorTime) -> Result<(), MaintenanceError> {
        self.work(now, Everything::Now)
    }

    fn work(&self, now: CollectorTime, everything: Everything) -> Result<(), MaintenanceError> {
        self.shared.worker.as_ref().expect("the worker is taken out by drop alone").run_all(now, everything)
    }

    /// Copies the state of this moment to a new file, checks the copy and syncs it; writers and readers go on meanwhile.
    ///
    /// # Errors
    /// The file exists, cannot be written, or the copy does not hold together.
    pub fn backup_to(&self, path: &Path) -> Result<BackupFacts, BackupError> {
        backup::backup_to(&self.shared.readers.lend(), path)
    }
}

#[cfg(test)]
mod tests;

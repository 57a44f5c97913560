//! The middle of the collector: judge, views, configuration; without sockets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use quorate_collector_http::view::counters::{Counters, IngestCounters, LoadResult};
use quorate_collector_http::view::{ConfigState, Snapshot, StoreSize};
use quorate_collector_http::{ProbeTally, Published};
use quorate_collector_store::Store;
use quorate_model::{AgentId, CheckId, CollectorTime, Record};
use tokio_util::sync::CancellationToken;

use crate::agents::Agents;
use crate::clock::Clock;
use crate::desk::Desk;
use crate::judge::{self, Asker, Board, Configured, Ground, Handle, Judge};
use crate::past::{RecordError, put_into_force};
use crate::source::Loaded;
use crate::views::{Present, Views};

/// The present is drawn this often, and sooner when a check changes its state.
const DRAW_EVERY: Duration = Duration::from_millis(500);

/// Pictures are at least so far apart.
const DRAW_GAP: Duration = Duration::from_millis(100);

/// What the store takes is measured so often.
const MEASURE_EVERY: Duration = Duration::from_secs(30);

/// What the core stands on.
pub(crate) struct Base {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) agents: Arc<dyn Agents>,
    pub(crate) asker: Arc<dyn Asker>,
    /// Cancelled from outside for the stop, and by the judge when the store can never be written again.
    pub(crate) stop: CancellationToken,
    pub(crate) fatal: CancellationToken,
}

/// Judge and views.
pub(crate) struct Core {
    store: Store,
    clock: Arc<dyn Clock>,
    judge: Mutex<Option<Handle>>,
    views: Arc<Views>,
}

impl Core {
    /// Puts the configuration into force and starts the judge. Blocks while the store is read.
    ///
    /// # Errors
    /// The configurations of before cannot be read, the new one not kept, or a thread not started.
    pub(crate) fn start(base: &Base, loaded: &Loaded) -> Result<(Self, Judge), RecordError> {
        let now = base.clock.now();
        let (histories, revision) = put_into_force(&base.store, loaded, now)?;
        let configured = Arc::new(Configured { histories, config: Arc::clone(&loaded.config) });
        let board = Arc::new(Board::default());
        let ground = Ground {
            store: base.store.clone(),
            clock: Arc::clone(&base.clock),
            asker: Arc::clone(&base.asker),
            board: Arc::clone(&board),
            fatal: base.fatal.clone(),
        };
        let (handle, judge) = judge::start(&ground, &configured).map_err(RecordError::Thread)?;
        let load = ConfigState { last_load: LoadResult::Applied, last_load_at: now };
        let views = Views {
            store: base.store.clone(),
            clock: Arc::clone(&base.clock),
            board,
            agents: Arc::clone(&base.agents),
            published: Published::new(nothing(now, load)),
            tally: Arc::new(Mutex::new(ProbeTally::default())),
            present: RwLock::new(Present { configured, revision, load }),
            started: now,
            stop: base.stop.clone(),
            asked: Mutex::new(BTreeMap::new()),
            standings: Arc::default(),
            desk: Arc::new(Desk::open(&base.store)?),
        };
        views.published.publish(views.draw(None));
        let core = Self {
            store: base.store.clone(),
            clock: Arc::clone(&base.clock),
            judge: Mutex::new(Some(handle)),
            views: Arc::new(views),
        };
        Ok((core, judge))
    }

    /// What readers are answered from.
    pub(crate) fn views(&self) -> &Arc<Views> {
        &self.views
    }

    /// Passes records on that are durable, new and count. Waits while the judge has too much to do.
    pub(crate) async fn take(&self, records: Vec<Record>) {
        {
            let present = self.views.present();
            let mut tally = self.views.tally.lock().unwrap_or_else(PoisonError::into_inner);
            for record in &records {
                // Labels stay bounded by the configuration.
                if present.configured.config.check(&record.sample.check).is_some() {
                    tally.observe(record);
                }
            }
        }
        if let Some(judge) = self.judge() {
            judge.records(records).await;
        }
    }

    /// Passes an agent's hint on.
    pub(crate) async fn suspect(&self, agent: AgentId, check: CheckId) {
        if let Some(judge) = self.judge() {
            judge.suspect(agent, check).await;
        }
    }

    /// Puts another configuration into force, whole or not at all.
    ///
    /// # Errors
    /// It could not be kept; the one before stays in force.
    pub(crate) async fn reload(&self, loaded: Loaded) -> Result<u64, RecordError> {
        let (store, now) = (self.store.clone(), self.clock.now());
        let kept = loaded.clone();
        let worker = tokio::task::spawn_blocking(move || put_into_force(&store, &kept, now));
        let (histories, revision) = worker.await.map_err(RecordError::Worker)??;
        let configured = Arc::new(Configured { histories, config: Arc::clone(&loaded.config) });
        if let Some(judge) = self.judge() {
            judge.configured(&configured).await;
        }
        {
            let mut tally = self.views.tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.retain(|check| loaded.config.check(check).is_some());
        }
        let load = ConfigState { last_load: LoadResult::Applied, last_load_at: now };
        self.views.set_present(|present| *present = Present { configured, revision, load });
        Ok(revision)
    }

    /// Notes that a configuration was refused.
    pub(crate) fn refused(&self) {
        let load = ConfigState { last_load: LoadResult::Refused, last_load_at: self.clock.now() };
        self.views.set_present(|present| present.load = load);
    }

    fn judge(&self) -> Option<Handle> {
        self.judge.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes nothing any more; the judge concludes once more and ends.
    pub(crate) fn close(&self) {
        self.judge.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The picture before anything is known.
fn nothing(now: CollectorTime, load: ConfigState) -> Snapshot {
    let status = quorate_proto::api::Status {
        now_ms: now.as_millis(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config_revision: 0,
        checks: Vec::new(),
        agents_connected: 0,
        agents_known: 0,
    };
    let agents = quorate_proto::api::Agents {
        now_ms: now.as_millis(),
        agents: Vec::new(),
        samples: quorate_proto::api::SampleCounts::default(),
    };
    let counters = Counters {
        started_at: now,
        config: load,
        totals: BTreeMap::new(),
        probes: ProbeTally::default(),
        ingest: IngestCounters::default(),
        slas: Arc::default(),
        store: None,
    };
    Snapshot::new(status, agents, counters)
}

/// Draws the present until `stop`.
pub(crate) async fn draw(views: Arc<Views>, stop: CancellationToken) {
    let mut size = None;
    let mut measured: Option<tokio::time::Instant> = None;
    loop {
        if measured.is_none_or(|at| at.elapsed() >= MEASURE_EVERY) {
            measured = Some(tokio::time::Instant::now());
            size = measure(&views.store).await;
        }
        views.published.publish(views.draw(size));
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(DRAW_EVERY) => {}
            () = async { tokio::join!(views.board.changed(), tokio::time::sleep(DRAW_GAP)); } => {}
        }
    }
}

async fn measure(store: &Store) -> Option<StoreSize> {
    let store = store.clone();
    match tokio::task::spawn_blocking(move || store.statistics()).await {
        Ok(Ok(found)) => Some(StoreSize { database_bytes: found.file_bytes, wal_bytes: found.log_bytes }),
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the store could not be measured");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "the store could not be measured");
            None
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;

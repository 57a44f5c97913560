//! The whole collector: sockets, store, judge, views, and their order at start and end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quorate_collector_config::{Config, Tls};
use quorate_collector_http as http;
use quorate_collector_ingest as ingest;
use quorate_collector_store::{Config as StoreConfig, OpenError, Retention, Store};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::contracts::watch;
use crate::core::{Base, Core, draw};
use crate::fleet::Fleet;
use crate::judge::Judge;
use crate::past::{RecordError, store_path};
use crate::source::{ConfigError, Loaded};

/// Commits that wait for the judge; ingest waits behind them.
const COMMITTED: usize = 64;

/// Hints that wait; more are dropped, as they are hints.
const EVENTS: usize = 1_024;

/// How long the parts may take to end after they were told to, each by itself.
const GRACE: Duration = Duration::from_secs(30);

/// Why the collector does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data directory cannot be made.
    #[error("the data directory {path} cannot be made")]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// A certificate or key cannot be read.
    #[error("{path} cannot be read")]
    TlsFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The agents' side does not start.
    #[error(transparent)]
    Ingest(#[from] ingest::Error),
    /// The HTTP side cannot listen.
    #[error("{address} cannot be listened on for HTTP")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The configuration cannot be put into force.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The starting thread ended without an answer.
    #[error("the starting thread ended without an answer")]
    Worker(#[source] tokio::task::JoinError),
}

/// Why a changed configuration is not taken; the one before stays in force.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// It has mistakes or does not read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It changes something that holds for the life of the process.
    #[error("{what} cannot change while the collector runs; restart it for this configuration")]
    NeedsRestart {
        /// The key path.
        what: &'static str,
    },
    /// A certificate or key cannot be read.
    #[error("{path} cannot be read")]
    TlsFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The certificates cannot be used.
    #[error("the certificates cannot be used")]
    Tls(#[from] ingest::TlsError),
    /// It cannot be kept.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The reading thread ended without an answer.
    #[error("the reading thread ended without an answer")]
    Worker(#[source] tokio::task::JoinError),
}

/// Why the collector ended by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The agents' side.
    #[error(transparent)]
    Ingest(#[from] ingest::Error),
    /// The store takes nothing any more, so nothing can be concluded that lasts.
    #[error("the store takes nothing any more; the collector ends so that agents keep what they have")]
    StoreBroken,
    /// A task panicked.
    #[error("a task of the collector panicked")]
    Panicked(#[source] tokio::task::JoinError),
    /// Something did not end in time.
    #[error("{0} did not end in time and was left behind")]
    Stuck(&'static str),
}

/// A running collector. Made by [`Collector::start`]; [`Collector::stop`] ends it in good order.
pub struct Collector {
    path: PathBuf,
    grpc: SocketAddr,
    http: SocketAddr,
    core: Arc<Core>,
    fleet: Arc<Fleet>,
    ingest_handle: ingest::Handle,
    in_force: tokio::sync::Mutex<InForce>,
    stop_ingest: CancellationToken,
    stop_rest: CancellationToken,
    fatal: CancellationToken,
    tasks: Tasks,
}

struct InForce {
    config: Arc<Config>,
    tls: Option<ingest::TlsMaterial>,
}

struct Tasks {
    ingest: JoinHandle<Result<(), ingest::Error>>,
    pump: JoinHandle<()>,
    events: JoinHandle<()>,
    draw: JoinHandle<()>,
    reports: JoinHandle<()>,
    http: JoinHandle<()>,
    judge: Judge,
}

/// What is made on a thread where it may block.
struct Made {
    store: Store,
    service: ingest::Service,
    tls: Option<ingest::TlsMaterial>,
}

impl Collector {
    /// Starts everything the configuration at `path` says: opens the store, takes the sockets, reads the past, lets agents
    /// in. Returns once agents can connect; the past may still be read then, as `/readyz` says.
    ///
    /// # Errors
    /// What is wrong with the configuration, the store, the sockets or the certificates.
    pub async fn start(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let (sink_committed, committed) = mpsc::channel(COMMITTED);
        let (sink_events, events) = mpsc::channel(EVENTS);
        let (table, assignments) = watch::channel(Arc::new(ingest::AssignmentTable::default()));
        let sink = ingest::Sink { committed: sink_committed, events: sink_events };
        let file = path.to_owned();
        let (loaded, made) = blocking(move || {
            let loaded = Loaded::read(&file)?;
            let made = make(&loaded.config, assignments, sink)?;
            Ok((loaded, made))
        })
        .await?;
        let Made { store, service, tls } = made;
        let address = loaded.config.listen.http;
        let listening = |source| StartError::Listen { address, source };
        let listener = tokio::net::TcpListener::bind(address).await.map_err(listening)?;
        let http_address = listener.local_addr().map_err(listening)?;
        let grpc_address = service.address();

        let ingest_handle = service.handle();
        let fleet = Arc::new(Fleet::new(ingest_handle.clone(), Arc::clone(&clock), table));
        let stop_ingest = CancellationToken::new();
        let stop_rest = CancellationToken::new();
        let fatal = CancellationToken::new();
        let base = Base {
            store,
            clock,
            agents: Arc::<Fleet>::clone(&fleet),
            asker: Arc::<Fleet>::clone(&fleet),
            stop: stop_rest.clone(),
            fatal: fatal.clone(),
        };
        let config = Arc::clone(&loaded.config);
        let (core, judge) = blocking(move || Ok(Core::start(&base, &loaded)?)).await?;
        let core = Arc::new(core);
        fleet.configure(&core.views().present().configured);

        let tasks = Tasks {
            ingest: tokio::spawn(service.run(stop_ingest.clone())),
            pump: tokio::spawn(pump(committed, Arc::clone(&core))),
            events: tokio::spawn(listen(events, Arc::clone(&core), Arc::clone(&fleet), stop_rest.clone())),
            reports: tokio::spawn(watch(Arc::clone(core.views()), stop_rest.clone())),
            draw: tokio::spawn(draw(Arc::clone(core.views()), stop_rest.clone())),
            http: tokio::spawn(
                http::Service::new(http::Config::default(), listener, Arc::<crate::views::Views>::clone(core.views()))
                    .run(stop_rest.clone()),
            ),
            judge,
        };
        tracing::info!(grpc = %grpc_address, http = %http_address, checks = config.checks.len(), "collector started");
        Ok(Self {
            path: path.to_owned(),
            grpc: grpc_address,
            http: http_address,
            core,
            fleet,
            ingest_handle,
            in_force: tokio::sync::Mutex::new(InForce { config, tls }),
            stop_ingest,
            stop_rest,
            fatal,
            tasks,
        })
    }

    /// Where agents connect.
    pub fn grpc_address(&self) -> SocketAddr {
        self.grpc
    }

    /// Where API, pages and metrics are served.
    pub fn http_address(&self) -> SocketAddr {
        self.http
    }

    /// Reads the configuration file again and puts it into force whole, or keeps the one before. Gives its revision.
    ///
    /// # Errors
    /// Why it is not taken.
    pub async fn reload(&self) -> Result<u64, ReloadError> {
        let mut in_force = self.in_force.lock().await;
        let outcome = self.try_reload(&mut in_force).await;
        match &outcome {
            Ok(revision) => tracing::info!(revision, "configuration reloaded"),
            Err(error) => {
                self.core.refused();
                let error = error as &dyn std::error::Error;
                tracing::error!(error, "the configuration was not taken; the one before stays in force");
            }
        }
        outcome
    }

    async fn try_reload(&self, in_force: &mut InForce) -> Result<u64, ReloadError> {
        let (file, before) = (self.path.clone(), Arc::clone(&in_force.config));
        let worker = tokio::task::spawn_blocking(move || {
            let loaded = Loaded::read(&file)?;
            if let Some(what) = fixed(&before, &loaded.config) {
                return Err(ReloadError::NeedsRestart { what });
            }
            let tls = read_tls(loaded.config.tls.as_ref());
            let tls = tls.map_err(|(path, source)| ReloadError::TlsFile { path, source })?;
            Ok((loaded, tls))
        });
        let (loaded, tls) = worker.await.map_err(ReloadError::Worker)??;
        // Certificates first, as they are the part that can still be wrong; if what follows fails they are put back.
        if let Some(material) = &tls {
            self.ingest_handle.replace_tls(material)?;
        }
        let config = Arc::clone(&loaded.config);
        match self.core.reload(loaded).await {
            Ok(revision) => {
                self.fleet.configure(&self.core.views().present().configured);
                if config.retention != in_force.config.retention {
                    tracing::warn!("the changed retention takes effect with the next start");
                }
                *in_force = InForce { config, tls };
                Ok(revision)
            }
            Err(error) => {
                if let Some(material) = &in_force.tls {
                    self.ingest_handle.replace_tls(material)?;
                }
                Err(error.into())
            }
        }
    }

    /// Returns once a part has ended by itself, so that the rest is to be stopped too.
    pub async fn failed(&self) {
        let ended = async {
            while !self.tasks.ingest.is_finished() && !self.tasks.http.is_finished() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::select! {
            () = self.fatal.cancelled() => {}
            () = ended => {}
        }
    }

    /// Ends everything in good order: no more agents, what came in is stored, acknowledged and concluded, answers under way
    /// are given, the store is closed.
    ///
    /// # Errors
    /// A part ended by itself before or did not end in time.
    pub async fn stop(self) -> Result<(), RunError> {
        let fatal = self.fatal.is_cancelled();
        let Self { core, fleet, ingest_handle, tasks, stop_ingest, stop_rest, .. } = self;
        let Tasks { ingest, pump, events, draw, reports, http, judge } = tasks;
        stop_ingest.cancel();
        let ingested = match ended(ingest, "the agents' side").await {
            Ok(outcome) => outcome.map_err(RunError::Ingest),
            Err(error) => Err(error),
        };
        // With the service its end of the channel is gone, so the pump ends once everything was passed on.
        let pumped = ended(pump, "the way to the judge").await;
        core.close();
        let judged = ended(tokio::task::spawn_blocking(move || judge.join()), "the judge").await;
        stop_rest.cancel();
        let heard = ended(events, "the agents' hints").await;
        let drawn = ended(draw, "the picture of the present").await;
        let reported = ended(reports, "the keeping of reports").await;
        let served = ended(http, "the HTTP side").await;
        drop((fleet, ingest_handle));
        // The last owner closes the store, which writes what waits and takes a moment.
        let closed = ended(tokio::task::spawn_blocking(move || drop(core)), "the store").await;
        ingested?;
        if fatal {
            return Err(RunError::StoreBroken);
        }
        [pumped, judged, heard, drawn, reported, served, closed].into_iter().collect()
    }
}

async fn ended<T>(mut task: JoinHandle<T>, what: &'static str) -> Result<T, RunError> {
    match tokio::time::timeout(GRACE, &mut task).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(RunError::Panicked(error)),
        Err(_) => {
            tracing::error!(what, "did not end in time");
            task.abort();
            Err(RunError::Stuck(what))
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StartError> + Send + 'static,
) -> Result<T, StartError> {
    tokio::task::spawn_blocking(work).await.map_err(StartError::Worker)?
}

fn make(
    config: &Config,
    assignments: watch::Receiver<Arc<ingest::AssignmentTable>>,
    sink: ingest::Sink,
) -> Result<Made, StartError> {
    let data_dir = config.data_dir.clone();
    std::fs::create_dir_all(&data_dir).map_err(|source| StartError::DataDir { path: data_dir, source })?;
    let defaults = StoreConfig::new(store_path(&config.data_dir));
    let retention = Retention {
        samples: config.retention.samples,
        hours: config.retention.latency_hours,
        days: config.retention.latency_days,
        ranges: config.retention.samples,
    };
    let store = Store::open(StoreConfig { retention, ..defaults })?;
    let tls = read_tls(config.tls.as_ref()).map_err(|(path, source)| StartError::TlsFile { path, source })?;
    let security = match &tls {
        Some(material) => ingest::Security::MutualTls(material.clone()),
        None => ingest::Security::PlainTextOnLoopback,
    };
    let settings = ingest::Config {
        listen: config.listen.grpc,
        security,
        limits: ingest::Limits::default(),
        skew: ingest::SkewLimits::default(),
    };
    let service = ingest::Service::new(settings, store.clone(), assignments, sink)?;
    Ok(Made { store, service, tls })
}

fn read_tls(tls: Option<&Tls>) -> Result<Option<ingest::TlsMaterial>, (PathBuf, std::io::Error)> {
    let Some(tls) = tls else { return Ok(None) };
    let read = |path: &PathBuf| std::fs::read_to_string(path).map_err(|source| (path.clone(), source));
    Ok(Some(ingest::TlsMaterial {
        certificate_chain_pem: read(&tls.cert)?,
        private_key_pem: read(&tls.key)?,
        authorities_pem: read(&tls.client_ca)?,
        revocations_pem: tls.crl.as_ref().map(read).transpose()?,
    }))
}

/// The first setting that cannot change while the process runs and does.
fn fixed(before: &Config, after: &Config) -> Option<&'static str> {
    let changed = [
        ("listen.grpc", before.listen.grpc != after.listen.grpc),
        ("listen.http", before.listen.http != after.listen.http),
        ("data_dir", before.data_dir != after.data_dir),
        ("tls", before.tls.is_some() != after.tls.is_some()),
    ];
    changed.into_iter().find(|(_, changed)| *changed).map(|(what, _)| what)
}

/// Passes what was committed on to the judge, in order.
async fn pump(mut committed: mpsc::Receiver<ingest::Committed>, core: Arc<Core>) {
    while let Some(committed) = committed.recv().await {
        core.take(committed.records).await;
    }
}

/// Acts on what agents hint at.
async fn listen(
    mut events: mpsc::Receiver<ingest::Event>,
    core: Arc<Core>,
    fleet: Arc<Fleet>,
    stop: CancellationToken,
) {
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.recv() => event,
        };
        match event {
            Some(ingest::Event::Connected { .. }) => fleet.assign(),
            Some(ingest::Event::Suspect { origin, check, .. }) => core.suspect(origin.agent, check).await,
            // A changed answer is acted on once it is stored, a few milliseconds later, and only if it is believed.
            Some(_) => {}
            None => return,
        }
    }
}

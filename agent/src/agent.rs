//! The whole agent.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use quorate_agent_core::{AgentCore, AgentLimits, Identity, Session, SessionConfig};
use quorate_agent_probe::{Context, Settings};
use quorate_agent_spool::Limits;
use quorate_model::check::SourceAddress;
use quorate_model::{AgentId, Boot, ProviderId, RegionId};
use quorate_proto::v1;
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info, info_span, warn};

use crate::boot::{BootError, next_boot};
use crate::clock::Clock;
use crate::config::{Config, IdentityError};
use crate::connect::{Connector, TlsError, certified_identity};
use crate::engine::{Appended, Engine};
use crate::status::StatusBoard;
use crate::stored;
use crate::uplink::{SharedSpool, Uplink};

/// Messages from all uplinks the engine has not handled yet; beyond, the uplinks wait.
const TO_ENGINE: usize = 64;
/// Messages to one uplink it has not handled yet; beyond, hints are dropped.
const TO_UPLINK: usize = 64;
/// The provider stands in the collector's configuration; samples do not carry it over the wire.
const PROVIDER: &str = "unset";
const LOCK_FILE: &str = "lock";

/// Why the agent does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The files of mutual TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It is not clear who the agent is.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The data directory cannot be made or locked.
    #[error("data_dir: {}: cannot be used", path.display())]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another agent runs with this data directory.
    #[error("data_dir: {}: another agent uses it; each needs its own", .0.display())]
    InUse(PathBuf),
    /// There is no boot number.
    #[error(transparent)]
    Boot(#[from] BootError),
}

/// An agent that is ready to run.
#[derive(Debug)]
pub struct Agent {
    config: Config,
    id: AgentId,
    region: RegionId,
    boot: Boot,
    stored: Option<v1::Assignment>,
    /// Held as long as the agent lives, so that no other takes the same boot numbers.
    lock: File,
}

impl Agent {
    /// Checks everything that can be checked without a collector, and takes a boot number.
    ///
    /// # Errors
    /// Files that cannot be used, or an identity that is not clear.
    pub fn new(config: Config) -> Result<Self, StartError> {
        let (id, region) = Self::check(&config)?;
        let lock = lock(&config.data_dir)?;
        let boot = next_boot(&config.data_dir)?;
        let stored = stored::load(&config.data_dir).unwrap_or_else(|error| {
            warn!(%error, "the stored assignment is not used");
            None
        });
        Ok(Self { config, id, region, boot, stored, lock })
    }

    /// Checks the files the configuration names and says who the agent is, without taking a boot number or writing anything.
    ///
    /// # Errors
    /// Files that cannot be used, or an identity that is not clear.
    pub fn check(config: &Config) -> Result<(AgentId, RegionId), StartError> {
        let certified = config.tls.as_ref().map(certified_identity).transpose()?;
        Ok(config.identity(certified.map(|identity| (identity.agent, identity.region)))?)
    }

    /// Its name.
    pub fn id(&self) -> &AgentId {
        &self.id
    }

    /// This life of it.
    pub fn boot(&self) -> Boot {
        self.boot
    }

    /// Runs until `stop`; then lets probes end and samples go out, within the grace time.
    pub async fn run(self, stop: CancellationToken) {
        let Self { config, id: agent, region, boot, stored, lock } = self;
        info!(%agent, %region, boot = boot.get(), version = env!("CARGO_PKG_VERSION"), "agent started");
        let clock = Clock::start();
        let spool = SharedSpool::new(Limits { max_samples: config.spool_samples, max_bytes: config.spool_bytes });
        let status = StatusBoard::default();
        let (to_engine, inbox) = mpsc::channel(TO_ENGINE);
        let (appended, _) = watch::channel(Appended::default());
        let engine_stopped = CancellationToken::new();
        let mut uplinks = JoinSet::new();
        let mut to_uplinks = Vec::new();
        let session_config = SessionConfig {
            flush_after: config.flush_after,
            max_samples_per_s: config.backlog_samples_per_s,
            ..SessionConfig::default()
        };
        for (index, url) in config.collectors.iter().enumerate() {
            let (to_uplink, uplink_inbox) = mpsc::channel(TO_UPLINK);
            to_uplinks.push(to_uplink);
            let uplink = Uplink {
                index,
                name: url.to_string(),
                agent: agent.clone(),
                region: region.clone(),
                boot,
                connector: Connector::new(url.clone(), config.tls.clone(), config.source_addresses.clone()),
                clock,
                session: Session::new(session_config, boot, clock.agent()),
                reader: spool.add_reader(),
                spool: spool.clone(),
                appended: appended.subscribe(),
                inbox: uplink_inbox,
                engine: to_engine.clone(),
                status: status.clone(),
                stop_grace: config.stop_grace,
            };
            let span = info_span!("uplink", collector = %url);
            uplinks.spawn(uplink.run(engine_stopped.clone()).instrument(span));
        }
        drop(to_engine);
        let provider = ProviderId::new(PROVIDER).expect("the constant is an id");
        let engine = Engine {
            core: AgentCore::new(
                Identity { agent, boot, region, provider },
                clock.agent(),
                AgentLimits { max_in_flight: config.probes_in_flight },
            ),
            clock,
            context: Context::new(Settings {
                limits: config.networks.limits(),
                sources: config.source_addresses.iter().map(|a| SourceAddress { address: Some(*a) }).collect(),
                ..Settings::default()
            }),
            spool,
            appended,
            inbox,
            uplinks: to_uplinks,
            status,
            data_dir: config.data_dir,
            stop_grace: config.stop_grace,
        };
        engine.run(stored, stop).await;
        engine_stopped.cancel();
        while let Some(ended) = uplinks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "an uplink broke");
            }
        }
        drop(lock);
        info!("agent stopped");
    }
}

/// Makes the directory where it is missing, and locks it.
fn lock(data_dir: &Path) -> Result<File, StartError> {
    let error = |source| StartError::DataDir { path: data_dir.to_owned(), source };
    fs::create_dir_all(data_dir).map_err(error)?;
    let file = File::create(data_dir.join(LOCK_FILE)).map_err(error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(data_dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(error(source)),
    }
}

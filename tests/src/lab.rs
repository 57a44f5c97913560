//! A lab of good and bad targets, all in this process and on loopback, each with what our prober has to find there and
//! what Debian's `blackbox_exporter` finds.
//!
//! It deliberately judges nothing: the test that runs both probers does. Its main type is [`Lab`].

use anyhow::Result;
use quorate_model::{Failure, Outcome, ProbeSpec};
use tempfile::TempDir;
use tokio::task::JoinSet;

pub mod blackbox;
mod certificates;
mod dialogues;
mod http2;
mod http_targets;
mod names;
mod scripted;
mod silence;
mod tls_targets;

/// What our prober has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// How the probe ends.
    pub outcome: Outcome,
    /// Why it fails.
    pub failure: Option<Failure>,
}

impl Expected {
    const OK: Self = Self { outcome: Outcome::Ok, failure: None };

    const fn fail(failure: Failure) -> Self {
        Self { outcome: Outcome::Fail, failure: Some(failure) }
    }
}

/// How long a probe of a target may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Long enough that only a broken prober runs into it.
    Long,
    /// Short, as the target never answers whole.
    Short,
    /// Short, and then listening on for a late answer.
    ShortThenLate,
}

impl Patience {
    /// The timeout in milliseconds.
    pub const fn timeout_ms(self) -> i64 {
        match self {
            Self::Long => 8_000,
            Self::Short | Self::ShortThenLate => 1_000,
        }
    }
}

/// One target, and how both probers are told to probe it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name, also that of the peer's module.
    pub name: &'static str,
    /// What is wrong or right with it, for people.
    pub about: &'static str,
    /// How our prober probes it.
    pub spec: ProbeSpec,
    /// How long both may take.
    pub patience: Patience,
    /// What our prober has to find.
    pub expected: Expected,
    /// The peer's target.
    pub peer_target: String,
    /// The peer's module as YAML in flow style, but for its timeout.
    pub peer_module: String,
    /// Whether the peer is known to call it a success.
    pub peer_succeeds: bool,
    /// Why the two differ, where they do.
    pub difference: Option<&'static str>,
}

impl Target {
    fn new(name: &'static str, about: &'static str, spec: ProbeSpec, peer_target: String, peer_module: &str) -> Self {
        Self {
            name,
            about,
            spec,
            patience: Patience::Long,
            expected: Expected::OK,
            peer_target,
            peer_module: peer_module.to_owned(),
            peer_succeeds: true,
            difference: None,
        }
    }

    /// Both probers call it a failure.
    fn fails(self, failure: Failure) -> Self {
        Self { expected: Expected::fail(failure), peer_succeeds: false, ..self }
    }

    /// Our prober calls it a failure, the peer does not.
    fn fails_only_here(self, failure: Failure, why: &'static str) -> Self {
        Self { expected: Expected::fail(failure), difference: Some(why), ..self }
    }

    /// The peer calls it a failure, our prober does not.
    fn fails_only_there(self, why: &'static str) -> Self {
        Self { peer_succeeds: false, difference: Some(why), ..self }
    }

    fn patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }
}

/// All targets. Dropping it stops their servers.
#[derive(Debug)]
pub struct Lab {
    /// The targets, in the order of the table.
    pub targets: Vec<Target>,
    /// Where certificates for the peer stand.
    pub directory: TempDir,
    // Held for their drop.
    _servers: Servers,
}

/// What the parts of the lab add to it.
#[derive(Debug, Default)]
struct Servers {
    tasks: JoinSet<()>,
    held: Vec<silence::Held>,
}

impl Lab {
    /// Starts every server.
    ///
    /// # Errors
    /// If a port cannot be bound or a file not be written.
    pub async fn start() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut servers = Servers::default();
        let mut targets = Vec::new();
        targets.extend(http_targets::start(&mut servers).await?);
        targets.extend(tls_targets::start(&mut servers, directory.path()).await?);
        targets.extend(http2::start(&mut servers, directory.path()).await?);
        targets.extend(dialogues::start(&mut servers).await?);
        targets.extend(names::start(&mut servers).await?);
        Ok(Self { targets, directory, _servers: servers })
    }
}

//! The validated configuration.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;

use quorate_model::check::ReferenceSpec;
use quorate_model::{CheckId, CheckVersion, Millis, Policy, ProbeSpec, ProviderId, RegionId};

use crate::contract::{Catalogue, Maintenance};
use crate::files::{self, Open};
use crate::yaml::{Diagnostic, Document};

/// The whole configuration. Made by [`Config::parse`] only, so that what it says holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where the collector listens.
    pub listen: Listen,
    /// Where the store lies.
    pub data_dir: PathBuf,
    /// Certificates of the gRPC listener; `None` only where it listens on loopback.
    pub tls: Option<Tls>,
    /// How long what is kept.
    pub retention: Retention,
    /// The regions, sorted by id; at least one.
    pub regions: Vec<Region>,
    /// What checks that do not say take.
    pub defaults: Defaults,
    /// The references of every agent; at most 32.
    pub references: Vec<ReferenceSpec>,
    /// The checks, sorted by id.
    pub checks: Vec<Check>,
    /// Contracts, plans and customers; every contract with the planned maintenance that concerns it behind its own
    /// exclusions, and its checks among `checks`.
    pub catalogue: Catalogue,
    /// Planned maintenance, as it was written.
    pub maintenance: Vec<Maintenance>,
    /// Who may change things by the API; where nobody is named, whoever is on this machine.
    pub operators: Vec<Operator>,
}

/// Where the collector listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Agents connect here.
    pub grpc: SocketAddr,
    /// API, pages and metrics.
    pub http: SocketAddr,
}

impl Default for Listen {
    fn default() -> Self {
        let local = |port| SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
        Self { grpc: local(7470), http: local(7480) }
    }
}

/// Files of the gRPC listener's mutual TLS, all PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The collector's own certificate chain.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authorities that sign agents; more than one while authorities change.
    pub client_ca: PathBuf,
    /// Revocation lists of these authorities.
    pub crl: Option<PathBuf>,
}

/// How long what is kept. Segments, incidents and their revisions are kept for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Raw samples with evidence, and the lists of what agents dropped; at least 7 days, as late data are judged with them.
    pub samples: Millis,
    /// Latency histograms per hour.
    pub latency_hours: Millis,
    /// Latency histograms per day.
    pub latency_days: Millis,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |n: i64| Millis::from_secs(n * 86_400);
        Self { samples: days(400), latency_hours: days(400), latency_days: days(3650) }
    }
}

/// Somebody who may change things by the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name their changes are signed with.
    pub name: String,
    /// The SHA-256 of their token.
    pub token_sha256: [u8; 32],
}

/// A region agents may stand in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its id.
    pub id: RegionId,
    /// Its name for people; the id where none is given.
    pub name: String,
    /// Who runs the network there: the failure domain.
    pub provider: ProviderId,
}

/// What checks that do not say take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// From one slot to the next.
    pub interval: Millis,
    /// How long an answer may take.
    pub timeout: Millis,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { interval: Millis::from_secs(10), timeout: Millis::from_secs(3) }
    }
}

/// A check: a target, how to probe it, how to judge it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its id.
    pub id: CheckId,
    /// Its name for people; the id where none is given.
    pub name: String,
    /// What to send and what to expect.
    pub probe: ProbeSpec,
    /// From one slot to the next; 100 ms to 1 d.
    pub interval: Millis,
    /// How long an answer may take; 10 ms to 5 min.
    pub timeout: Millis,
    /// A right answer that took longer is slow; below `timeout`.
    pub degraded_over: Option<Millis>,
    /// Who votes and how many are needed, and how a change is confirmed.
    pub policy: Policy,
    /// Labels for metrics and pages.
    pub labels: BTreeMap<String, String>,
    /// The hash of the probing settings.
    pub version: CheckVersion,
}

impl Config {
    /// Reads a whole text: one that names no files, or carries them behind it as [`Config::parse_with`] gives it.
    ///
    /// # Errors
    /// Every error in the text, sorted by place; a mistake of syntax alone, as nothing behind it can be understood.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let (main, texts) = files::detach(text);
        Self::read(main, &mut |name| {
            texts.get(name).cloned().ok_or_else(|| "it does not come with this text".to_owned())
        })
    }

    /// Reads the text of a configuration file; the texts of files it names are asked of `open`. Gives also the whole text
    /// with these files behind it, which [`Config::parse`] reads without `open`.
    ///
    /// # Errors
    /// Every error in the text and its files, sorted by place in the text.
    pub fn parse_with(text: &str, open: &mut Open<'_>) -> Result<(Self, String), Vec<Diagnostic>> {
        let (main, _) = files::detach(text);
        let mut texts = files::Texts::new();
        let config = Self::read(main, &mut |name| {
            let text = open(name)?;
            texts.insert(name.to_owned(), text.clone());
            Ok(text)
        })?;
        let whole = if texts.is_empty() { text.to_owned() } else { files::attach(main, &texts) };
        Ok((config, whole))
    }

    fn read(main: &str, open: &mut Open<'_>) -> Result<Self, Vec<Diagnostic>> {
        Document::parse(main).map_err(|error| vec![error])?.read(|cursor| crate::read::config(cursor, open))
    }

    /// A check by its id.
    pub fn check(&self, id: &CheckId) -> Option<&Check> {
        self.checks.binary_search_by(|check| check.id.cmp(id)).ok().and_then(|index| self.checks.get(index))
    }

    /// A region by its id.
    pub fn region(&self, id: &RegionId) -> Option<&Region> {
        self.regions.binary_search_by(|region| region.id.cmp(id)).ok().and_then(|index| self.regions.get(index))
    }
}

//! The agent's own settings: a small YAML file and flags that override it.
//!
//! What is to be probed does not stand here; collectors say it. What *may* be probed stands here alone.

mod read;
mod url;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use quorate_agent_probe::{Limits as ProbeLimits, Network};
use quorate_collector_config::Diagnostic;
use quorate_collector_config::yaml::Document;
use quorate_model::{AgentId, Millis, RegionId};
use thiserror::Error;

pub use url::{CollectorUrl, UrlError};

/// Everything an agent is told on its node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Its name; where missing, the certificate's.
    pub agent: Option<AgentId>,
    /// Where it stands; where missing, the certificate's.
    pub region: Option<RegionId>,
    /// The collectors it streams to, 1 to 8, each on its own.
    pub collectors: Vec<CollectorUrl>,
    /// Certificate, key and authority; needed for `https` collectors.
    pub tls: Option<TlsFiles>,
    /// Boot number and last assignment are kept here.
    pub data_dir: PathBuf,
    /// What may be probed.
    pub networks: Networks,
    /// Addresses probes and uplinks leave from, at most one of each family; none leaves the choice to the kernel.
    pub source_addresses: Vec<IpAddr>,
    /// Probes under way at once, 1 to 10,000.
    pub probes_in_flight: usize,
    /// Samples kept while a collector is away, 1,000 to 10,000,000.
    pub spool_samples: usize,
    /// Memory they may take, in bytes: 1 MiB to 4 GiB. A backlog is packed as on the wire.
    pub spool_bytes: usize,
    /// The rate at which a backlog goes out, 100 to 100,000 samples a second.
    pub backlog_samples_per_s: u32,
    /// A batch that is not full waits so long for company, 1 ms to 10 s.
    pub flush_after: Millis,
    /// What is under way and unsent at a stop may take so long, 100 ms to 60 s.
    pub stop_grace: Millis,
}

/// The files of mutual TLS, all PEM. They are read anew for each connection, so that renewed ones need no restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The agent's certificate with the intermediate ones.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities that sign collectors.
    pub ca: PathBuf,
}

/// Which networks may be probed, besides public ones. The longest matching prefix decides; of equally long ones `deny`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    /// May be probed although they are not public, or lie in a wider one of `deny`.
    pub allow: Vec<Network>,
    /// May not be probed.
    pub deny: Vec<Network>,
}

impl Networks {
    /// As the probes want it.
    pub fn limits(&self) -> ProbeLimits {
        ProbeLimits::public_only().allow(self.allow.iter().copied()).deny(self.deny.iter().copied())
    }
}

/// Settings from flags: each stands above the file's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Instead of `agent`.
    pub agent: Option<AgentId>,
    /// Instead of `region`.
    pub region: Option<RegionId>,
    /// Instead of `collectors`, where not empty.
    pub collectors: Vec<CollectorUrl>,
    /// Instead of `data_dir`.
    pub data_dir: Option<PathBuf>,
}

impl Config {
    /// The most collectors.
    pub const MAX_COLLECTORS: usize = 8;

    /// The defaults, with these collectors.
    pub fn new(collectors: Vec<CollectorUrl>) -> Self {
        Self {
            agent: None,
            region: None,
            collectors,
            tls: None,
            data_dir: PathBuf::from("/var/lib/quorate-agent"),
            networks: Networks::default(),
            source_addresses: Vec::new(),
            probes_in_flight: 256,
            spool_samples: 1_000_000,
            spool_bytes: 16 * 1024 * 1024,
            backlog_samples_per_s: 5000,
            flush_after: Millis::new(200),
            stop_grace: Millis::from_secs(5),
        }
    }

    /// Reads a file's text, under the flags' settings.
    ///
    /// # Errors
    /// Everything that is wrong, with line, column, key path and what is allowed.
    pub fn parse(text: &str, overrides: &Overrides) -> Result<Self, Vec<Diagnostic>> {
        let document = Document::parse(text).map_err(|error| vec![error])?;
        document.read(|cursor| read::config(cursor, overrides))
    }

    /// Takes the key from a folder of credentials, if a file of its name is there: a service manager puts it where only this
    /// service can read it.
    pub fn use_credentials(&mut self, folder: &Path) {
        if let Some(tls) = &mut self.tls
            && let Some(name) = tls.key.file_name()
            && folder.join(name).is_file()
        {
            tls.key = folder.join(name);
        }
    }

    /// Who the agent is, given what its certificate says.
    ///
    /// # Errors
    /// Neither says it, or they differ.
    pub fn identity(&self, certificate: Option<(AgentId, RegionId)>) -> Result<(AgentId, RegionId), IdentityError> {
        let (certificate_agent, certificate_region) = certificate.unzip();
        Ok((
            agree("agent", self.agent.clone(), certificate_agent)?,
            agree("region", self.region.clone(), certificate_region)?,
        ))
    }
}

/// Why it is not clear who the agent is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Nobody says it.
    #[error("`{0}` is missing: set it in the configuration or by --{0}, or use a certificate that says it")]
    Missing(&'static str),
    /// The configuration says one thing, the certificate another.
    #[error("`{key}` is {configured} in the configuration, but the certificate is for {certified}")]
    Differs {
        /// Which.
        key: &'static str,
        /// The configuration's.
        configured: String,
        /// The certificate's.
        certified: String,
    },
}

fn agree<T: PartialEq + ToString>(
    key: &'static str,
    configured: Option<T>,
    certified: Option<T>,
) -> Result<T, IdentityError> {
    match (configured, certified) {
        (Some(configured), Some(certified)) if configured != certified => {
            Err(IdentityError::Differs { key, configured: configured.to_string(), certified: certified.to_string() })
        }
        (Some(one), _) | (None, Some(one)) => Ok(one),
        (None, None) => Err(IdentityError::Missing(key)),
    }
}

#[cfg(test)]
mod tests;

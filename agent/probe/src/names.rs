//! Names into addresses, by the system's resolver configuration and hosts file, without a cache.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::system_conf::parse_resolv_conf;
use quorate_model::check::Family;
use quorate_model::{Failure, MonoTime};

use crate::clock;
use crate::connect::local_failure;
use crate::failed::Failed;

/// The file the system's resolver is configured in.
pub(crate) const RESOLVER_FILE: &str = "/etc/resolv.conf";
/// The largest such file that is read.
const MAX_RESOLVER_FILE_BYTES: u64 = 64 * 1024;
/// How long the file's settings are used without looking whether it changed.
const RECHECK_AFTER_US: u64 = 5_000_000;
/// When a question that was not answered is repeated, and how often in all; the probe's own deadline ends it anyway.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(1);
const QUESTION_ATTEMPTS: usize = 4;
/// The most addresses of one name that are used.
pub(crate) const MAX_ADDRESSES: usize = 8;

/// The system's resolver.
#[derive(Debug)]
pub(crate) struct Names {
    path: PathBuf,
    loaded: Mutex<Option<Loaded>>,
}

#[derive(Clone)]
struct Loaded {
    checked_at: MonoTime,
    modified: Option<SystemTime>,
    system: Result<System, Arc<str>>,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("checked_at", &self.checked_at).finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct System {
    resolver: Arc<TokioResolver>,
    servers: Arc<[SocketAddr]>,
}

impl Names {
    pub(crate) fn from_file(path: PathBuf) -> Self {
        Self { path, loaded: Mutex::new(None) }
    }

    /// The name servers of the system, in order; at least one.
    pub(crate) fn servers(&self) -> Result<Arc<[SocketAddr]>, Failed> {
        Ok(self.system_now()?.servers)
    }

    /// The addresses of `name`: at least one, at most [`MAX_ADDRESSES`], in the resolver's order. For any family IPv4
    /// addresses where there are some, else IPv6 addresses.
    pub(crate) async fn look_up(&self, name: &str, family: Family) -> Result<Vec<IpAddr>, Failed> {
        ask(&self.system_now()?.resolver, name, family).await
    }

    fn system_now(&self) -> Result<System, Failed> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::now();
        if let Some(known) = loaded.as_mut() {
            let fresh = now.since(known.checked_at).get() < RECHECK_AFTER_US;
            if fresh || (known.modified.is_some() && known.modified == self.modified()) {
                if !fresh {
                    known.checked_at = now;
                }
                return known.system.clone().map_err(|error| Failed::new(Failure::LocalNetwork, error));
            }
        }
        let system = self.load();
        *loaded = Some(Loaded { checked_at: now, modified: self.modified(), system: system.clone() });
        system.map_err(|error| Failed::new(Failure::LocalNetwork, error))
    }

    fn modified(&self) -> Option<SystemTime> {
        std::fs::metadata(&self.path).and_then(|file| file.modified()).ok()
    }

    fn load(&self) -> Result<System, Arc<str>> {
        let place = self.path.display();
        let size = std::fs::metadata(&self.path).map_err(|error| format!("{place}: {error}"))?.len();
        if size > MAX_RESOLVER_FILE_BYTES {
            return Err(Arc::from(format!("{place}: larger than {MAX_RESOLVER_FILE_BYTES} bytes")));
        }
        let text = std::fs::read(&self.path).map_err(|error| format!("{place}: {error}"))?;
        let (config, options) = parse_resolv_conf(text).map_err(|error| format!("{place}: {error}"))?;
        let servers = config.name_servers().iter().map(|server| SocketAddr::new(server.ip, 53)).collect();
        let resolver = build(config, options).map_err(|error| format!("{place}: {error}"))?;
        Ok(System { resolver: Arc::new(resolver), servers })
    }
}

async fn ask(resolver: &TokioResolver, name: &str, family: Family) -> Result<Vec<IpAddr>, Failed> {
    let answer = match family {
        Family::Any => resolver.lookup_ip(name).await.map(|found| found.iter().take(MAX_ADDRESSES).collect()),
        Family::V4 => records(resolver, name, RecordType::A).await,
        Family::V6 => records(resolver, name, RecordType::AAAA).await,
    };
    let addresses: Vec<IpAddr> = answer.map_err(|error| failed(name, &error))?;
    if addresses.is_empty() {
        return Err(Failed::new(Failure::Dns, format_args!("{name}: no address")));
    }
    Ok(addresses)
}

async fn records(resolver: &TokioResolver, name: &str, record_type: RecordType) -> Result<Vec<IpAddr>, NetError> {
    let found = resolver.lookup(name, record_type).await?;
    Ok(found.answers().iter().filter_map(|record| record.data.ip_addr()).take(MAX_ADDRESSES).collect())
}

fn build(config: ResolverConfig, mut options: ResolverOpts) -> Result<TokioResolver, NetError> {
    options.cache_size = 0;
    options.timeout = QUESTION_TIMEOUT;
    options.attempts = QUESTION_ATTEMPTS;
    options.ip_strategy = LookupIpStrategy::Ipv4thenIpv6;
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    builder.build()
}

fn failed(name: &str, error: &NetError) -> Failed {
    match error {
        NetError::Timeout => Failed::new(Failure::DnsTimeout, format_args!("{name}: no answer from the resolver")),
        NetError::Io(io) => {
            let failure = local_failure(io).unwrap_or(Failure::Dns);
            Failed::new(failure, format_args!("{name}: resolver: {io}"))
        }
        NetError::Dns(DnsError::NoRecordsFound(none)) => {
            let what = match none.response_code {
                ResponseCode::NoError => "no address of this family",
                ResponseCode::NXDomain => "NXDOMAIN",
                other => return Failed::new(Failure::Dns, format_args!("{name}: {}", other.to_str())),
            };
            Failed::new(Failure::Dns, format_args!("{name}: {what}"))
        }
        NetError::Dns(DnsError::ResponseCode(code)) => {
            Failed::new(Failure::Dns, format_args!("{name}: {}", code.to_str()))
        }
        other => Failed::new(Failure::Dns, format_args!("{name}: {other}")),
    }
}

/// True if `name` can be asked for at all.
pub(crate) fn is_name(name: &str) -> bool {
    Name::from_utf8(name).is_ok()
}

#[cfg(test)]
mod tests;

//! What all probes of an agent share.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use quorate_model::check::SourceAddress;

use crate::limits::Limits;
use crate::names::{Names, RESOLVER_FILE};

/// What an agent's own configuration says about probing.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which addresses may be probed.
    pub limits: Limits,
    /// Addresses probes leave from; the first of the target's family is bound, none leaves the choice to the kernel.
    pub sources: Vec<SourceAddress>,
    /// A file in the form of `/etc/resolv.conf` to use instead of that.
    pub resolver_file: Option<PathBuf>,
}

/// What all probes of an agent share: its safety limits, source addresses and resolver. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limits: Limits,
    source_v4: Option<IpAddr>,
    source_v6: Option<IpAddr>,
    names: Names,
}

impl Context {
    /// Reads nothing yet: the system's resolver configuration is read at the first look-up and again whenever its file
    /// changes, and if it cannot be read, the probes that needed it say so.
    pub fn new(settings: Settings) -> Self {
        let first =
            |wanted: fn(&IpAddr) -> bool| settings.sources.iter().filter_map(|source| source.address).find(wanted);
        let (source_v4, source_v6) = (first(IpAddr::is_ipv4), first(IpAddr::is_ipv6));
        let names = Names::from_file(settings.resolver_file.unwrap_or_else(|| PathBuf::from(RESOLVER_FILE)));
        Self { shared: Arc::new(Shared { limits: settings.limits, source_v4, source_v6, names }) }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub(crate) fn names(&self) -> &Names {
        &self.shared.names
    }

    /// The address to bind before connecting to `target`.
    pub(crate) fn source_for(&self, target: IpAddr) -> Option<IpAddr> {
        match target {
            IpAddr::V4(_) => self.shared.source_v4,
            IpAddr::V6(_) => self.shared.source_v6,
        }
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

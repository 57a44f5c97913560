//! The stage: an authority, a collector, five agents, targets behind a network that can be cut, and references. What is
//! done to it is written down with its time: the truth that the collector's word is held against.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::binaries::Binaries;
use super::cast::{COLLECTOR_ADDRESS, PLACES, Place, REFERENCE_ADDRESSES, RELAY_ADDRESS, TARGET_ADDRESS};
use super::files;
use super::process::Process;
use super::relay::{Cuts, Relay};
use super::target::Target;
use crate::error::CommandError;

/// Something that was done, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Deed {
    /// On this machine's clock, which is the collector's too.
    pub(crate) at_ms: i64,
    /// What was done.
    pub(crate) what: String,
}

/// How fast the demonstration goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// From one probe of a check to the next, by each agent.
    pub(crate) interval: Duration,
}

impl Pace {
    /// How long an answer may take: half an interval, at most three seconds.
    pub(crate) fn probe_timeout(self) -> Duration {
        (self.interval / 2).min(Duration::from_secs(3))
    }

    /// So many intervals.
    pub(crate) fn intervals(self, count: u32) -> Duration {
        self.interval * count
    }
}

/// Everything that runs. When it is dropped, every child process is ended.
#[derive(Debug)]
pub(crate) struct Stage {
    directory: PathBuf,
    binaries: Binaries,
    http: SocketAddr,
    collector: Option<Process>,
    agents: Vec<(Place, Option<Process>)>,
    shop: Target,
    servers: Vec<Target>,
    relays: Vec<Relay>,
    paths: Cuts,
    uplinks: Cuts,
    deeds: Vec<Deed>,
}

impl Stage {
    /// Sets the stage in `directory` and starts everything.
    ///
    /// # Errors
    /// A port, a file or a process that cannot be had.
    pub(crate) async fn set(directory: &Path, binaries: Binaries, pace: Pace) -> Result<Self, CommandError> {
        let listening = |source| CommandError::system("listening on loopback", source);
        let (paths, uplinks) = (Cuts::none(), Cuts::none());
        let shop = Target::start(TARGET_ADDRESS).await.map_err(listening)?;
        let api = Target::start(TARGET_ADDRESS).await.map_err(listening)?;
        let mut relays = Vec::new();
        let mut relayed = Vec::new();
        for target in [shop.address(), api.address()] {
            let relay = Relay::start(RELAY_ADDRESS, target, paths.clone()).await.map_err(listening)?;
            relayed.push(relay.address());
            relays.push(relay);
        }
        let mut servers = vec![api];
        let mut references = Vec::new();
        for address in REFERENCE_ADDRESSES {
            let server = Target::start(TARGET_ADDRESS).await.map_err(listening)?;
            let relay = Relay::start(address, server.address(), uplinks.clone()).await.map_err(listening)?;
            references.push(relay.address());
            servers.push(server);
            relays.push(relay);
        }
        let [grpc, http] = free_ports().map_err(listening)?;
        files::write(directory, &files::Addresses { grpc, http, targets: relayed, references }, pace)?;
        let mut stage = Self {
            directory: directory.to_owned(),
            binaries,
            http,
            collector: None,
            agents: PLACES.iter().map(|place| (*place, None)).collect(),
            shop,
            servers,
            relays,
            paths,
            uplinks,
            deeds: Vec::new(),
        };
        stage.start_collector()?;
        for place in PLACES {
            stage.start_agent(&place)?;
        }
        Ok(stage)
    }

    /// Where the collector's API and pages are.
    pub(crate) fn http(&self) -> SocketAddr {
        self.http
    }

    /// Everything done so far, in order.
    pub(crate) fn deeds(&self) -> &[Deed] {
        &self.deeds
    }

    fn note(&mut self, what: impl Into<String>) -> i64 {
        let at_ms = jiff::Timestamp::now().as_millisecond();
        self.deeds.push(Deed { at_ms, what: what.into() });
        at_ms
    }

    /// Cuts the path from a region to the targets: silence, while its references answer. Returns when.
    pub(crate) fn cut(&mut self, place: &Place) -> i64 {
        self.paths.cut(place.address);
        self.note(format!("the path from {} to the targets is cut", place.region))
    }

    /// Lets it through again. Returns when.
    pub(crate) fn heal(&mut self, place: &Place) -> i64 {
        self.paths.heal(place.address);
        self.note(format!("the path from {} to the targets is whole again", place.region))
    }

    /// True if the path of a region is cut.
    pub(crate) fn is_cut(&self, place: &Place) -> bool {
        self.paths.is_cut(place.address)
    }

    /// Cuts a region's whole network but for its stream: targets and references.
    pub(crate) fn cut_network(&mut self, place: &Place) -> i64 {
        self.paths.cut(place.address);
        self.uplinks.cut(place.address);
        self.note(format!("the whole network of {} is cut, references too", place.region))
    }

    /// Lets everything of a region through again.
    pub(crate) fn heal_network(&mut self, place: &Place) -> i64 {
        self.paths.heal(place.address);
        self.uplinks.heal(place.address);
        self.note(format!("the network of {} is whole again", place.region))
    }

    /// True if a region's whole network is cut.
    pub(crate) fn is_network_cut(&self, place: &Place) -> bool {
        self.uplinks.is_cut(place.address)
    }

    /// Stops the shop. Returns when.
    pub(crate) async fn stop_target(&mut self) -> i64 {
        self.shop.stop().await;
        self.note("the shop's server is stopped")
    }

    /// Starts the shop again. Returns when.
    ///
    /// # Errors
    /// Its port was taken in the meantime.
    pub(crate) async fn start_target(&mut self) -> Result<i64, CommandError> {
        let resumed = self.shop.resume().await;
        resumed.map_err(|source| CommandError::system("starting the shop's server again", source))?;
        Ok(self.note("the shop's server is started again"))
    }

    /// True while the shop answers.
    pub(crate) fn is_target_running(&self) -> bool {
        self.shop.is_running()
    }

    /// Kills the collector, without a chance to write anything. Returns when.
    ///
    /// # Errors
    /// The operating system refused.
    pub(crate) fn kill_collector(&mut self) -> Result<i64, CommandError> {
        if let Some(mut collector) = self.collector.take() {
            let id = collector.id();
            collector.kill()?;
            return Ok(self.note(format!("the collector (process {id}) is killed with SIGKILL")));
        }
        Ok(self.note("the collector is gone already"))
    }

    /// Starts the collector on the same store. Returns when.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start_collector(&mut self) -> Result<i64, CommandError> {
        let process = self.start("collector", &self.binaries.collector)?;
        let id = process.id();
        self.collector = Some(process);
        Ok(self.note(format!("the collector is started (process {id})")))
    }

    /// True while there is a collector.
    pub(crate) fn is_collector_running(&self) -> bool {
        self.collector.is_some()
    }

    /// Kills an agent, without a chance to send anything. Returns when.
    ///
    /// # Errors
    /// The operating system refused.
    pub(crate) fn kill_agent(&mut self, place: &Place) -> Result<i64, CommandError> {
        let agent = self.agents.iter_mut().find(|(known, _)| known == place).and_then(|(_, agent)| agent.take());
        if let Some(mut agent) = agent {
            let id = agent.id();
            agent.kill()?;
            return Ok(self.note(format!("the agent {} (process {id}) is killed with SIGKILL", place.agent)));
        }
        Ok(self.note(format!("the agent {} is gone already", place.agent)))
    }

    /// Starts an agent. Returns when.
    ///
    /// # Errors
    /// It cannot be started.
    pub(crate) fn start_agent(&mut self, place: &Place) -> Result<i64, CommandError> {
        let process = self.start(place.agent, &self.binaries.agent)?;
        let id = process.id();
        if let Some((_, agent)) = self.agents.iter_mut().find(|(known, _)| known == place) {
            *agent = Some(process);
        }
        Ok(self.note(format!("the agent {} is started (process {id})", place.agent)))
    }

    /// True while there is an agent in a region.
    pub(crate) fn is_agent_running(&self, place: &Place) -> bool {
        self.agents.iter().any(|(known, agent)| known == place && agent.is_some())
    }

    /// An error if a process ended that nobody killed.
    ///
    /// # Errors
    /// Names it with the last line it wrote.
    pub(crate) fn has_to_stand(&mut self) -> Result<(), CommandError> {
        let agents = self.agents.iter_mut().filter_map(|(_, agent)| agent.as_mut());
        for process in agents.chain(self.collector.as_mut()) {
            process.has_to_run()?;
        }
        Ok(())
    }

    /// Ends every process and every listener.
    pub(crate) async fn strike(mut self) {
        self.agents.clear();
        self.collector = None;
        for relay in self.relays.drain(..) {
            relay.stop().await;
        }
        self.shop.stop().await;
        for server in &mut self.servers {
            server.stop().await;
        }
    }

    fn start(&self, name: &str, program: &Path) -> Result<Process, CommandError> {
        let config = self.directory.join(format!("{name}.yaml"));
        let log = self.directory.join(format!("{name}.log"));
        Process::start(name, program, &[Path::new("--config"), &config], &log)
    }
}

/// Two ports nobody listens on now, on an address nobody connects from.
fn free_ports() -> io::Result<[SocketAddr; 2]> {
    let first = TcpListener::bind((COLLECTOR_ADDRESS, 0))?;
    let second = TcpListener::bind((COLLECTOR_ADDRESS, 0))?;
    Ok([first.local_addr()?, second.local_addr()?])
}

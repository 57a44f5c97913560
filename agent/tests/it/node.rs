//! An agent that runs until the test is over.

use std::path::Path;

use quorate_agent::{Agent, Config};
use quorate_model::{AgentId, RegionId};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::collector::TestCollector;

pub(crate) struct Node {
    stop: CancellationToken,
    running: JoinHandle<()>,
    pub(crate) boot: u64,
}

impl Node {
    pub(crate) fn start(config: Config) -> Self {
        let agent = Agent::new(config).expect("the agent starts");
        let boot = agent.boot().get();
        let stop = CancellationToken::new();
        let running = tokio::spawn(agent.run(stop.clone()));
        Self { stop, running, boot }
    }

    /// Stops it in good order.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.running.await.expect("the agent does not break");
    }

    /// Ends it as a crash would.
    pub(crate) async fn kill(self) {
        self.running.abort();
        assert!(self.running.await.is_err_and(|error| error.is_cancelled()));
    }
}

/// The defaults for these collectors, with loopback allowed as a target.
pub(crate) fn config(collectors: &[&TestCollector], data_dir: &Path) -> Config {
    let urls = collectors.iter().map(|collector| format!("http://{}", collector.address()));
    let mut config = Config::new(urls.map(|url| url.parse().expect("a collector's address")).collect());
    config.agent = Some(AgentId::new("fra-1").expect("an id"));
    config.region = Some(RegionId::new("fra").expect("an id"));
    data_dir.clone_into(&mut config.data_dir);
    config.networks.allow.push("127.0.0.0/8".parse().expect("a network"));
    config
}

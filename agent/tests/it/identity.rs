//! Mutual TLS.

use quorate_agent::{Agent, Config, StartError};

use crate::collector::TestCollector;
use crate::node::{Node, config};
use crate::pki::Authority;
use crate::target::{Target, assignment};

const URI: &str = "quorate://agent/fra-1/region/fra";

fn secure(collector: &TestCollector, files: quorate_agent::TlsFiles, dir: &std::path::Path) -> Config {
    let url = format!("https://{}", collector.address());
    let mut config = config(&[], dir);
    config.collectors = vec![url.parse().expect("a collector's address")];
    config.tls = Some(files);
    // The certificate says who it is.
    config.agent = None;
    config.region = None;
    config
}

#[tokio::test]
async fn samples_go_over_mutual_tls() {
    let dir = tempfile::tempdir().expect("a directory");
    let authority = Authority::new();
    let (collector, target) = (TestCollector::start_tls(authority.server_config()).await, Target::start().await);
    let files = authority.agent_files(URI, &authority, dir.path());
    let node = Node::start(secure(&collector, files, dir.path()));
    collector.say(assignment(1, vec![target.check("shop", 50)])).await;
    collector.until("samples", |s| s.records.get(3).map(|_| ())).await;
    let hello = collector.with(|s| s.hellos.first().cloned()).expect("one");
    assert_eq!((hello.agent.as_str(), hello.region.as_str()), ("fra-1", "fra"));
    node.stop().await;
}

/// Renewed files are used at the next connection, without a restart.
#[tokio::test]
async fn files_are_read_for_each_connection() {
    let dir = tempfile::tempdir().expect("a directory");
    let (authority, stranger) = (Authority::new(), Authority::new());
    let collector = TestCollector::start_tls(authority.server_config()).await;
    // Signed by a stranger: the collector does not admit it.
    let files = stranger.agent_files(URI, &authority, dir.path());
    let node = Node::start(secure(&collector, files, dir.path()));
    collector.until_refused().await;
    assert_eq!(collector.with(|s| s.hellos.len()), 0);
    authority.agent_files(URI, &authority, dir.path());
    collector.until("a stream with the new files", |s| s.hellos.first().map(|_| ())).await;
    node.stop().await;
}

#[tokio::test]
async fn a_collector_of_another_authority_is_not_believed() {
    let dir = tempfile::tempdir().expect("a directory");
    let (authority, stranger) = (Authority::new(), Authority::new());
    let collector = TestCollector::start_tls(stranger.server_config()).await;
    let files = stranger.agent_files(URI, &authority, dir.path());
    let node = Node::start(secure(&collector, files, dir.path()));
    collector.until_refused().await;
    assert_eq!(collector.with(|s| s.hellos.len()), 0);
    node.stop().await;
}

#[tokio::test]
async fn an_identity_that_is_not_clear_is_refused_at_the_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let authority = Authority::new();
    let collector = TestCollector::start_tls(authority.server_config()).await;
    let files = authority.agent_files(URI, &authority, dir.path());
    let mut other = secure(&collector, files, dir.path());
    other.agent = Some(quorate_model::AgentId::new("iad-1").expect("an id"));
    let error = Agent::new(other).expect_err("refused").to_string();
    assert_eq!(error, "`agent` is iad-1 in the configuration, but the certificate is for fra-1");

    let files = authority.agent_files("https://fra-1.example.com", &authority, dir.path());
    let error = Agent::new(secure(&collector, files, dir.path())).expect_err("refused");
    assert!(matches!(error, StartError::Tls(_)), "{error}");
    assert!(error.to_string().contains("quorate://agent/<id>/region/<region>"), "{error}");

    let mut files = authority.agent_files(URI, &authority, dir.path());
    files.key = files.ca.clone();
    let error = Agent::new(secure(&collector, files, dir.path())).expect_err("refused").to_string();
    assert!(error.starts_with("tls.key: ") && error.contains("no private key"), "{error}");
}

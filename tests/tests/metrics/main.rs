//! What Prometheus and Grafana are given: the alert rules, the dashboard, and both on a real Prometheus.

#![expect(clippy::print_stdout, reason = "a test says what it saw")]

mod dashboard;
mod lab;
mod live;
mod rules;

use std::path::PathBuf;

/// The folder of what is deployed.
fn deploy() -> PathBuf {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("this crate stands in the tree").join("deploy")
}

//! A real Prometheus scrapes a real collector during a known outage: the exposition is clean, every panel of the dashboard
//! shows something, and the alerts fire and rest when they have to.

use std::time::Duration;

use anyhow::{Context, ensure};
use quorate_tests::peers::ask::get;
use quorate_tests::peers::prometheus::Prometheus;
use quorate_tests::peers::promtool;
use quorate_tests::process::{can_run, missing_programs, wait_for};

use crate::lab::Lab;
use crate::{dashboard, deploy};

/// How long anything may take that has to come about.
const SOON: Duration = Duration::from_mins(1);

/// How long the past may take to settle after a start and an outage.
const SETTLED: Duration = Duration::from_mins(3);

#[test]
fn an_outage_shows_in_every_panel_and_fires_its_alert() -> anyhow::Result<()> {
    if !can_run("the live dashboard", missing_programs(&["prometheus", "promtool", "nginx"])) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let mut lab = Lab::start(folder.path())?;
    let prometheus = Prometheus::start(folder.path(), lab.http, &impatient_rules()?)?;
    let told = story(&mut lab, &prometheus, folder.path());
    if told.is_err() {
        lab.print_logs();
    }
    told
}

/// The rules as deployed, but every alert waits for 1 s only.
fn impatient_rules() -> anyhow::Result<String> {
    let rules = std::fs::read_to_string(deploy().join("prometheus/quorate.rules.yml"))?;
    let lines = rules.lines().map(|line| if line.trim_start().starts_with("for:") { "        for: 1s" } else { line });
    Ok(lines.collect::<Vec<_>>().join("\n") + "\n")
}

fn story(lab: &mut Lab, prometheus: &Prometheus, folder: &std::path::Path) -> anyhow::Result<()> {
    wait_for("all regions to vote good", SOON, || {
        has(prometheus, "quorate_check_state{check=\"shop\",state=\"up\"} == 1")?;
        has(prometheus, "sum(quorate_region_vote{check=\"shop\",vote=\"good\"}) == 3")
    })?;
    // The alerts of the start, when nobody knew anything yet, rest one evaluation later.
    wait_for("every alert to rest", SOON, || {
        let firing = prometheus.firing()?;
        ensure!(firing.is_empty(), "nothing is wrong, and yet: {firing:?}");
        Ok(())
    })?;
    the_exposition_is_clean(lab, folder)?;

    lab.stop_target()?;
    wait_for("QuorateCheckDown to fire", SOON, || fires(prometheus, "QuorateCheckDown", "check", "shop"))?;
    every_panel_has_a_series(prometheus)?;

    lab.start_target()?;
    wait_for("QuorateCheckDown to rest", SOON, || rests(prometheus, "QuorateCheckDown"))?;
    wait_for("the downtime to settle", SETTLED, || {
        let of = |bound: &str| {
            let series =
                prometheus.query(&format!("quorate_check_down_seconds_total{{check=\"shop\",bound=\"{bound}\"}}"))?;
            Ok::<f64, anyhow::Error>(series.first().context("no downtime is counted yet")?.value)
        };
        let (low, point, high) = (of("low")?, of("point")?, of("high")?);
        ensure!(0.0 < point && low <= point && point <= high, "{low} <= {point} <= {high} does not hold");
        Ok(())
    })?;

    lab.stop_agent("sin-1")?;
    wait_for("QuorateAgentAway to fire", SOON, || fires(prometheus, "QuorateAgentAway", "agent", "sin-1"))?;
    wait_for("what the agent told of itself to be gone", SOON, || {
        let gone = prometheus.query("quorate_agent_health{agent=\"sin-1\"}")?.is_empty();
        ensure!(gone && prometheus.query("quorate_agent_health")?.len() == 2, "it still shows");
        Ok(())
    })?;
    rests(prometheus, "QuorateCheckDown")
}

fn has(prometheus: &Prometheus, expression: &str) -> anyhow::Result<()> {
    let series = prometheus.query(expression)?;
    ensure!(series.iter().any(|series| !series.value.is_nan()), "{expression} has no value");
    Ok(())
}

fn fires(prometheus: &Prometheus, alert: &str, label: &str, value: &str) -> anyhow::Result<()> {
    let firing = prometheus.firing()?;
    let found = firing.iter().any(|labels| {
        labels.get("alertname").is_some_and(|name| name == alert) && labels.get(label).is_some_and(|is| is == value)
    });
    ensure!(found, "{alert} does not fire for {value}; these do: {firing:?}");
    Ok(())
}

fn rests(prometheus: &Prometheus, alert: &str) -> anyhow::Result<()> {
    let firing = prometheus.firing()?;
    let found = firing.iter().any(|labels| labels.get("alertname").is_some_and(|name| name == alert));
    ensure!(!found, "{alert} fires: {firing:?}");
    Ok(())
}

/// `promtool check metrics` is silent about what a real collector exports.
fn the_exposition_is_clean(lab: &Lab, folder: &std::path::Path) -> anyhow::Result<()> {
    let reply = get(lab.http, "/metrics", &[])?;
    ensure!(reply.status == 200, "{}", reply.head);
    let file = folder.join("exposition.txt");
    std::fs::write(&file, &reply.body)?;
    let said = promtool::run(folder, &["check", "metrics"], Some(&file))?;
    ensure!(said.is_empty(), "promtool check metrics: {said}");
    Ok(())
}

fn every_panel_has_a_series(prometheus: &Prometheus) -> anyhow::Result<()> {
    let dashboard = dashboard::read();
    for panel in dashboard::panels(&dashboard) {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().context("a target has an expression")?;
            let expression =
                expression.replace("$check", ".+").replace("$region", ".+").replace("$__rate_interval", "10s");
            ensure!(!expression.contains('$'), "{expression}: a variable the test does not know");
            wait_for(&format!("{} to show {expression}", panel["title"]), SOON, || has(prometheus, &expression))?;
        }
    }
    Ok(())
}

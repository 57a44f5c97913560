//! A real Prometheus that scrapes one collector each second.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::ask::{encoded, get};
use crate::process::{Process, wait_for};

/// How long Prometheus may take to start.
const START: Duration = Duration::from_secs(30);

/// A running Prometheus, ended when dropped.
#[derive(Debug)]
pub struct Prometheus {
    address: SocketAddr,
    _process: Process,
}

/// One series of an answer with its newest value.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels, the name among them.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Prometheus {
    /// Starts one in `folder` that scrapes `/metrics` of `target` and evaluates the text of a rule file, both each second.
    ///
    /// # Errors
    /// It cannot be started, or does not come up.
    pub fn start(folder: &Path, target: SocketAddr, rules: &str) -> anyhow::Result<Self> {
        let config = folder.join("prometheus.yml");
        let log = folder.join("prometheus.log");
        std::fs::write(folder.join("rules.yml"), rules)?;
        std::fs::write(
            &config,
            format!(
                "global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}\n\
                 rule_files: [rules.yml]\n\
                 scrape_configs:\n  - {{job_name: quorate, static_configs: [{{targets: [\"{target}\"]}}]}}\n"
            ),
        )?;
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.join("tsdb").display()));
        command.args(["--web.listen-address=127.0.0.1:0", "--log.format=json"]);
        let process = Process::start("prometheus", &mut command, &log)?;
        // It says itself which port it got.
        let address = wait_for("prometheus to listen", START, || listening(&std::fs::read_to_string(&log)?))?;
        let started = Self { address, _process: process };
        wait_for("prometheus to be ready", START, || {
            ensure!(get(address, "/-/ready", &[])?.status == 200, "it is not ready");
            Ok(())
        })?;
        Ok(started)
    }

    /// The series of an instant query.
    ///
    /// # Errors
    /// Prometheus refuses the expression, with its reason.
    pub fn query(&self, expression: &str) -> anyhow::Result<Vec<Series>> {
        let answer = self.data(&format!("/api/v1/query?query={}", encoded(expression)))?;
        let result = answer["result"].as_array().with_context(|| format!("{expression} is no vector: {answer}"))?;
        result
            .iter()
            .map(|series| {
                let value = series["value"][1].as_str().and_then(|value| value.parse().ok());
                let labels = series["metric"].as_object().into_iter().flatten();
                let labels = labels.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
                Ok(Series { labels: labels.collect(), value: value.context("a sample has a value")? })
            })
            .collect()
    }

    /// The alerts that fire, each with its labels.
    ///
    /// # Errors
    /// Prometheus does not answer.
    pub fn firing(&self) -> anyhow::Result<Vec<BTreeMap<String, String>>> {
        let series = self.query("ALERTS{alertstate=\"firing\"}")?;
        Ok(series.into_iter().map(|series| series.labels).collect())
    }

    fn data(&self, path: &str) -> anyhow::Result<Value> {
        let reply = get(self.address, path, &[])?;
        let answer: Value = serde_json::from_str(&reply.body).with_context(|| reply.body.clone())?;
        ensure!(answer["status"] == "success", "{path}: {}", answer["error"]);
        Ok(answer["data"].clone())
    }
}

fn listening(log: &str) -> anyhow::Result<SocketAddr> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut told = lines.filter(|line| line["msg"] == "Listening on");
    let address = told.next().with_context(|| format!("it does not listen yet: {log}"))?;
    Ok(address["address"].as_str().context("it says where")?.parse()?)
}

//! A collector with three agents on loopback, and a real nginx as their target.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use quorate_tests::process::{Process, free_port, program};
use serde_json::json;

/// Agents with their regions and providers.
pub(crate) const AGENTS: [(&str, &str, &str); 3] =
    [("fra-1", "fra", "hetzner"), ("iad-1", "iad", "aws"), ("sin-1", "sin", "ovh")];

/// Everything that runs; ended when dropped.
pub(crate) struct Lab {
    folder: PathBuf,
    pub(crate) http: SocketAddr,
    target: Option<Process>,
    agents: Vec<(&'static str, Process)>,
    _collector: Process,
}

impl Lab {
    pub(crate) fn start(folder: &Path) -> anyhow::Result<Self> {
        let (grpc, http, target) = (free_port()?, free_port()?, free_port()?);
        let ca_pem = issue_certificate(folder)?;
        let https = json!({"url": format!("https://127.0.0.1:{target}/"), "tls": {"ca_pem": ca_pem}});
        // JSON is YAML too.
        let config = json!({
            "listen": {"grpc": format!("127.0.0.1:{grpc}"), "http": format!("127.0.0.1:{http}")},
            "data_dir": folder.join("collector"),
            "regions": AGENTS.map(|(_, region, provider)| json!({"id": region, "name": region, "provider": provider})),
            "defaults": {"interval": "1s", "timeout": "800ms"},
            "checks": [
                {"id": "shop", "name": "Shop", "http": https, "labels": {"team": "web"},
                 "confirm": {"retries": 2, "after": "200ms", "solicit": true}},
                {"id": "port", "name": "Port", "tcp": {"address": format!("127.0.0.1:{target}")}},
            ],
        });
        let path = folder.join("collector.yaml");
        std::fs::write(&path, serde_json::to_string_pretty(&config)?)?;
        write_nginx_config(folder, target)?;
        let mut collector = Command::new(program("quorate-collector"));
        collector.arg("--config").arg(&path);
        let mut lab = Self {
            folder: folder.to_owned(),
            http: ([127, 0, 0, 1], http).into(),
            target: None,
            agents: Vec::new(),
            _collector: Process::start("collector", &mut collector, &folder.join("collector.log"))?,
        };
        lab.start_target()?;
        for (agent, region, _) in AGENTS {
            let config = json!({
                "agent": agent, "region": region, "collectors": [format!("http://127.0.0.1:{grpc}")],
                "data_dir": folder.join(agent), "networks": {"allow": ["127.0.0.0/8"]},
            });
            let path = folder.join(format!("{agent}.yaml"));
            std::fs::write(&path, serde_json::to_string_pretty(&config)?)?;
            let mut command = Command::new(program("quorate-agent"));
            command.arg("--config").arg(&path);
            lab.agents.push((agent, Process::start(agent, &mut command, &folder.join(format!("{agent}.log")))?));
        }
        Ok(lab)
    }

    pub(crate) fn start_target(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new("nginx");
        command.arg("-c").arg(self.folder.join("nginx.conf"));
        self.target = Some(Process::start("nginx", &mut command, &self.folder.join("nginx.log"))?);
        Ok(())
    }

    pub(crate) fn stop_target(&mut self) -> anyhow::Result<()> {
        self.target.take().context("the target runs")?.kill()
    }

    pub(crate) fn stop_agent(&mut self, agent: &str) -> anyhow::Result<()> {
        let place = self.agents.iter().position(|(name, _)| *name == agent).context("the agent runs")?;
        self.agents.remove(place).1.kill()
    }

    /// The ends of all logs, for a test that failed.
    pub(crate) fn print_logs(&self) {
        for name in ["collector", "fra-1", "nginx", "prometheus"] {
            let text = std::fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            println!("== {name}\n{}", lines.iter().rev().take(20).rev().copied().collect::<Vec<_>>().join("\n"));
        }
    }
}

/// A certificate for loopback that signs itself; returns it as PEM, to be trusted.
fn issue_certificate(folder: &Path) -> anyhow::Result<String> {
    let issued = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    std::fs::write(folder.join("target.pem"), issued.cert.pem())?;
    std::fs::write(folder.join("target.key"), issued.signing_key.serialize_pem())?;
    Ok(issued.cert.pem())
}

fn write_nginx_config(folder: &Path, port: u16) -> anyhow::Result<()> {
    let own = folder.display();
    let text = format!(
        "daemon off;\nmaster_process off;\npid {own}/nginx.pid;\nerror_log {own}/nginx-error.log;\n\
         events {{ worker_connections 256; }}\n\
         http {{ access_log off; client_body_temp_path {own}/body; proxy_temp_path {own}/proxy;\n\
         fastcgi_temp_path {own}/fastcgi; uwsgi_temp_path {own}/uwsgi; scgi_temp_path {own}/scgi;\n\
         server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {own}/target.pem; ssl_certificate_key {own}/target.key;\n\
         location / {{ return 200 \"ok\\n\"; }} }} }}\n"
    );
    Ok(std::fs::write(folder.join("nginx.conf"), text)?)
}

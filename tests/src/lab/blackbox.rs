//! Debian's `prometheus-blackbox-exporter` as a peer: started with a configuration for the lab, asked, and stopped.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Duration, Instant, sleep, timeout};

use crate::lab::{Lab, Target};
use crate::process::free_port;

/// The program's name.
pub const PROGRAM: &str = "prometheus-blackbox-exporter";
const START_WITHIN: Duration = Duration::from_secs(20);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const MAX_ANSWER_BYTES: u64 = 1 << 20;

/// A running peer. Dropping it stops it.
#[derive(Debug)]
pub struct Blackbox {
    address: SocketAddr,
    process: Child,
}

impl Blackbox {
    /// Starts it with a module for each of the lab's targets.
    ///
    /// # Errors
    /// If it cannot be started or does not come up.
    pub async fn start(lab: &Lab) -> Result<Self> {
        let mut config = String::from("modules:\n");
        for target in &lab.targets {
            let module = target.peer_module.strip_prefix('{').context("a module in flow style")?;
            let timeout_ms = target.patience.timeout_ms();
            writeln!(config, "  {}: {{timeout: {timeout_ms}ms, {module}", target.name)?;
        }
        let file = lab.directory.path().join("blackbox.yml");
        std::fs::write(&file, config)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let process = Command::new(PROGRAM)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=error")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()?;
        let mut peer = Self { address, process };
        peer.wait_until_up().await?;
        Ok(peer)
    }

    async fn wait_until_up(&mut self) -> Result<()> {
        let end = Instant::now() + START_WITHIN;
        while TcpStream::connect(self.address).await.is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("{PROGRAM} ended: {status}");
            }
            if Instant::now() > end {
                bail!("{PROGRAM} does not listen");
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Whether it calls a probe of `target` a success.
    ///
    /// # Errors
    /// If it does not answer as it should.
    pub async fn succeeds(&self, target: &Target) -> Result<bool> {
        let path = format!("/probe?module={}&target={}", target.name, target.peer_target);
        let answer = timeout(ANSWER_WITHIN, self.get(&path)).await.context("the peer does not answer")??;
        let line = answer.lines().find_map(|line| line.strip_prefix("probe_success "));
        match line {
            Some("1") => Ok(true),
            Some("0") => Ok(false),
            _ => bail!("no probe_success in the peer's answer: {answer}"),
        }
    }

    async fn get(&self, path: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.take(MAX_ANSWER_BYTES).read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

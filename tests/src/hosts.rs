//! Hosts of one's own: network namespaces on one bridge, each with its own address, whose paths nftables cuts.
//!
//! A cut drops what arrives at the far end without a word, so that a fault shows as silence, as it does on a real network.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, bail};

/// The network of the lab; it exists only inside the lab's namespaces.
pub const PREFIX: &str = "10.77.0";

/// A set of hosts on one bridge, taken down when dropped.
#[derive(Debug)]
pub struct Hosts {
    tag: String,
    names: Vec<String>,
}

impl Hosts {
    /// Makes a namespace with a bridge, and one host for each name with address `PREFIX.number` on it.
    ///
    /// # Errors
    /// The machine refuses, for want of privilege or of iproute2 and nftables.
    pub fn new(hosts: &[(&str, u8)]) -> anyhow::Result<Self> {
        let tag = format!("q{}", std::process::id() % 100_000);
        let mut lab = Self { tag, names: Vec::new() };
        let net = lab.namespace("net");
        run("ip", &["netns", "add", &net])?;
        lab.names.push(net.clone());
        run("ip", &["-n", &net, "link", "add", "br0", "type", "bridge"])?;
        run("ip", &["-n", &net, "link", "set", "br0", "up"])?;
        for (name, number) in hosts {
            let host = lab.namespace(name);
            run("ip", &["netns", "add", &host])?;
            lab.names.push(host.clone());
            let near = format!("{}-{number}", lab.tag);
            run("ip", &["-n", &host, "link", "add", "eth0", "type", "veth", "peer", "name", &near, "netns", &net])?;
            run("ip", &["-n", &net, "link", "set", &near, "master", "br0", "up"])?;
            run("ip", &["-n", &host, "address", "add", &format!("{PREFIX}.{number}/24"), "dev", "eth0"])?;
            run("ip", &["-n", &host, "link", "set", "eth0", "up"])?;
            run("ip", &["-n", &host, "link", "set", "lo", "up"])?;
        }
        Ok(lab)
    }

    /// A further address of a host.
    ///
    /// # Errors
    /// The host does not exist, or has it already.
    pub fn add_address(&self, host: &str, number: u8) -> anyhow::Result<()> {
        let address = format!("{PREFIX}.{number}/24");
        run("ip", &["-n", &self.namespace(host), "address", "add", &address, "dev", "eth0"]).map(|_| ())
    }

    /// The namespace's name on this machine.
    pub fn namespace(&self, host: &str) -> String {
        format!("{}-{host}", self.tag)
    }

    /// A command that will run on a host. Its process is the program itself, not a wrapper.
    pub fn command(&self, host: &str, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace(host)]).arg(program);
        command
    }

    /// Drops everything that reaches `host` from the addresses `PREFIX.number`.
    ///
    /// # Errors
    /// nftables refuses.
    pub fn cut(&self, host: &str, from: &[u8]) -> anyhow::Result<()> {
        let sources: Vec<String> = from.iter().map(|number| format!("{PREFIX}.{number}")).collect();
        let rules = format!(
            "table ip quorate {{ chain input {{ type filter hook input priority 0; ip saddr {{ {} }} drop; }}; }}",
            sources.join(", ")
        );
        self.heal(host)?;
        run("ip", &["netns", "exec", &self.namespace(host), "nft", &rules]).map(|_| ())
    }

    /// Takes back every cut at a host.
    ///
    /// # Errors
    /// nftables refuses.
    pub fn heal(&self, host: &str) -> anyhow::Result<()> {
        run("ip", &["netns", "exec", &self.namespace(host), "nft", "flush ruleset"]).map(|_| ())
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for name in self.names.iter().rev() {
            // A namespace that is already gone is as good as one taken down.
            if let Err(error) = run("ip", &["netns", "delete", name]) {
                eprintln!("{error:#}");
            }
        }
    }
}

/// Runs a command to its end.
///
/// # Errors
/// It cannot be started or fails; says what it printed.
pub fn run(program: &str, arguments: &[&str]) -> anyhow::Result<Output> {
    let output = Command::new(program).args(arguments).output().with_context(|| format!("{program} cannot be run"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} {}: {}: {}", arguments.join(" "), output.status, said.trim());
    }
    Ok(output)
}

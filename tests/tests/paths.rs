//! What paths and firewalls do to a probe, on hosts of their own: dropped, rejected, refused, unreachable, no route, no
//! permission, no descriptors. What this node could not try has to be `local`, and nothing else.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;
use std::thread;

use anyhow::{Context as _, Result, ensure};
use quorate_tests::hosts::{Hosts, PREFIX, run};
use quorate_tests::process::{can_run, missing_programs, program};

/// The far host's firewall, by port.
const FAR_RULES: &str = "
table ip quorate {
  chain input {
    type filter hook input priority 0
    tcp dport 1001 drop
    tcp dport 1002 reject
    tcp dport 1003 reject with icmp type host-unreachable
    tcp dport 1004 reject with icmp type admin-prohibited
    tcp dport 1005 reject with icmp type net-unreachable
    tcp dport 1006 reject with tcp reset
    udp dport 1008 drop
  }
}
";
/// The near host's own.
const NEAR_RULES: &str = "
table ip quorate {
  chain output {
    type filter hook output priority 0
    udp dport 2001 drop
  }
}
";

/// What is missing to make hosts and to become somebody else.
fn missing() -> Option<String> {
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    missing_programs(&["ip", "nft", "sysctl", "setpriv", "prlimit"])
        .or_else(|| (!root).then(|| "needs root to make network namespaces".to_owned()))
}

fn hosts() -> Result<Hosts> {
    let hosts = Hosts::new(&[("near", 1), ("far", 2)])?;
    for (host, rules) in [("far", FAR_RULES), ("near", NEAR_RULES)] {
        run("ip", &["netns", "exec", &hosts.namespace(host), "nft", rules])?;
    }
    for (kind, address) in
        [("unreachable", "198.51.100.1"), ("prohibit", "198.51.100.2"), ("blackhole", "198.51.100.3")]
    {
        run("ip", &["-n", &hosts.namespace("near"), "route", "add", kind, address])?;
    }
    Ok(hosts)
}

/// Probes from the near host, through the programs named in front; gives outcome and failure.
fn probe(hosts: &Hosts, through: &[&str], target: &str, more: &[&str]) -> Result<String> {
    let (first, rest) = through.split_first().map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
    let quorate = program("quorate");
    let mut command = hosts.command("near", first.map_or(quorate.as_path(), |first| Path::new(first)));
    command.args(rest);
    if first.is_some() {
        command.arg(&quorate);
    }
    let output = command.args(["probe", target, "--output", "json"]).args(more).stdin(Stdio::null()).output()?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{target}: {}", String::from_utf8_lossy(&output.stderr)))?;
    let word = |name: &str| report.get(name).and_then(serde_json::Value::as_str).unwrap_or("-").to_owned();
    Ok(format!("{} {}", word("outcome"), word("failure")))
}

#[test]
fn paths_and_firewalls_show_as_what_they_are() -> Result<()> {
    if !can_run("paths and firewalls", missing()) {
        return Ok(());
    }
    let hosts = hosts()?;
    let far = |scheme: &str, rest: &str| format!("{scheme}://{PREFIX}.2:{rest}");
    let short: &[&str] = &["--timeout", "1s"];
    // Longer than the kernel looks for a neighbour.
    let long: &[&str] = &["--timeout", "8s"];
    let elsewhere = format!("{PREFIX}.9");
    let elsewhere: &[&str] = &["--source", &elsewhere];
    let cases = [
        (far("tcp", "1001"), short, "fail connect_timeout"),
        (far("tcp", "1002"), short, "fail connect_refused"),
        (far("tcp", "1003"), short, "fail unreachable"),
        (far("tcp", "1004"), short, "fail unreachable"),
        (far("tcp", "1005"), short, "fail unreachable"),
        (far("tcp", "1006"), short, "fail connect_refused"),
        (far("tcp", "1007"), short, "fail connect_refused"),
        (far("dns", "1007/example.com"), short, "fail connect_refused"),
        (far("dns", "1008/example.com"), short, "fail timeout"),
        (far("dns", "2001/example.com"), short, "local local_network"),
        (format!("tcp://{PREFIX}.99:80"), long, "fail unreachable"),
        ("tcp://198.51.100.1:80".to_owned(), short, "local local_network"),
        ("tcp://198.51.100.2:80".to_owned(), short, "local local_network"),
        ("tcp://198.51.100.3:80".to_owned(), short, "local local_network"),
        ("tcp://198.51.100.4:80".to_owned(), short, "local local_network"),
        ("tcp://[2001:db8::1]:80".to_owned(), short, "local local_network"),
        ("icmp://198.51.100.4".to_owned(), short, "local local_network"),
        ("dns://198.51.100.4/example.com".to_owned(), short, "local local_network"),
        (format!("icmp://{PREFIX}.2"), short, "ok -"),
        (format!("icmp://{PREFIX}.99"), short, "fail timeout"),
        (far("tcp", "1007"), elsewhere, "local local_network"),
    ];
    let wrong: Vec<String> = thread::scope(|scope| {
        let probes: Vec<_> = cases
            .iter()
            .map(|(target, more, expected)| {
                let hosts = &hosts;
                scope.spawn(move || match probe(hosts, &[], target, more) {
                    Ok(found) if found == *expected => None,
                    Ok(found) => Some(format!("{target}: expected `{expected}`, found `{found}`")),
                    Err(error) => Some(format!("{error:#}")),
                })
            })
            .collect();
        probes.into_iter().filter_map(|probe| probe.join().expect("a probe's thread does not panic")).collect()
    });
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn an_echo_needs_a_permission_and_says_so() -> Result<()> {
    if !can_run("permissions of an echo", missing()) {
        return Ok(());
    }
    let hosts = hosts()?;
    let target = format!("icmp://{PREFIX}.2");
    let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    let set = |range: &str| {
        let setting = format!("net.ipv4.ping_group_range={range}");
        run("ip", &["netns", "exec", &hosts.namespace("near"), "sysctl", "-qw", &setting])
    };
    set("1 0")?;
    ensure!(probe(&hosts, &nobody, &target, &[])? == "local local_network", "no permission at all");
    ensure!(probe(&hosts, &[], &target, &[])? == "ok -", "a raw socket");
    set("65534 65534")?;
    ensure!(probe(&hosts, &nobody, &target, &[])? == "ok -", "a datagram socket");
    Ok(())
}

#[test]
fn running_out_of_descriptors_is_local() -> Result<()> {
    if !can_run("descriptors", missing()) {
        return Ok(());
    }
    let hosts = hosts()?;
    // How many the program itself needs is not this test's concern: with some number it starts and cannot probe.
    let mut seen = Vec::new();
    for limit in 4..24 {
        let limit = format!("--nofile={limit}");
        let found = probe(&hosts, &["prlimit", &limit], &format!("tcp://{PREFIX}.2:1007"), &[]);
        seen.push(found.unwrap_or_else(|_| "did not start".to_owned()));
    }
    ensure!(seen.iter().any(|found| found == "local local_resources"), "{seen:?}");
    ensure!(seen.last().is_some_and(|found| found == "fail connect_refused"), "{seen:?}");
    Ok(())
}

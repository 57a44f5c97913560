//! The story of the demo once more on hosts of its own: five agents in five namespaces, a collector, a real nginx as the
//! target, references on a fourth kind of host, and nftables that cuts the paths.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail, ensure};
use quorate_proto::api;
use quorate_tests::hosts::{Hosts, PREFIX, run};
use quorate_tests::process::{Process, can_run, missing_programs, program, wait_for};

const COLLECTOR: u8 = 2;
const TARGET: u8 = 100;
/// Addresses of the references, all on one host.
const REFERENCES: [u8; 3] = [201, 202, 203];
/// Agents with their regions, providers and addresses.
const AGENTS: [(&str, &str, &str, u8); 5] = [
    ("ams-1", "ams", "north", 11),
    ("fra-1", "fra", "north", 12),
    ("iad-1", "iad", "east", 13),
    ("sin-1", "sin", "south", 14),
    ("syd-1", "syd", "west", 15),
];
/// Outages nearer to each other than this are one incident.
const MERGE_GAP_MS: i64 = 1_000;
/// How far a start or an end may be from the truth.
const TOLERANCE_MS: i64 = 2_500;
/// How long anything may take that has to come about.
const SOON: Duration = Duration::from_secs(30);

fn missing() -> Option<String> {
    let is_root = run("id", &["-u"]).is_ok_and(|output| output.stdout.starts_with(b"0"));
    if is_root { missing_programs(&["ip", "nft", "nginx"]) } else { Some("it needs root".to_owned()) }
}

#[test]
fn the_collector_says_the_truth_about_faults_between_hosts() -> anyhow::Result<()> {
    if !can_run("namespaces", missing()) {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let mut lab = Lab::start(folder.path())?;
    let told = lab.story();
    if told.is_err() {
        lab.print_logs();
    }
    told
}

struct Lab {
    folder: PathBuf,
    target: Option<Process>,
    collector: Option<Process>,
    agents: Vec<(String, Process)>,
    _references: Process,
    // Last, so that the processes end before their network does.
    hosts: Hosts,
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_millis()).expect("a clock before the year 292 million")
}

impl Lab {
    fn start(folder: &Path) -> anyhow::Result<Self> {
        let mut names = vec![("collector", COLLECTOR), ("target", TARGET), ("references", REFERENCES[0])];
        names.extend(AGENTS.iter().map(|(agent, _, _, number)| (*agent, *number)));
        let hosts = Hosts::new(&names)?;
        for number in &REFERENCES[1..] {
            hosts.add_address("references", *number)?;
        }
        issue_certificates(folder)?;
        std::fs::write(folder.join("collector.yaml"), collector_config(folder))?;
        let references = nginx(&hosts, folder, "references")?;
        let mut lab = Self {
            folder: folder.to_owned(),
            target: None,
            collector: None,
            agents: Vec::new(),
            _references: references,
            hosts,
        };
        lab.start_target()?;
        lab.start_collector()?;
        for (agent, ..) in AGENTS {
            lab.start_agent(agent)?;
        }
        Ok(lab)
    }

    fn start_target(&mut self) -> anyhow::Result<()> {
        self.target = Some(nginx(&self.hosts, &self.folder, "target")?);
        Ok(())
    }

    fn start_collector(&mut self) -> anyhow::Result<()> {
        let mut command = self.hosts.command("collector", &program("quorate-collector"));
        command.arg("--config").arg(self.folder.join("collector.yaml"));
        self.collector = Some(Process::start("collector", &mut command, &self.folder.join("collector.log"))?);
        Ok(())
    }

    fn start_agent(&mut self, agent: &str) -> anyhow::Result<()> {
        let folder = &self.folder;
        let tls = folder.join("tls");
        let config = folder.join(format!("{agent}.yaml"));
        let text = format!(
            "collectors: [\"https://{PREFIX}.{COLLECTOR}:7470\"]\n\
             tls: {{certificate: {tls}/{agent}.pem, key: {tls}/{agent}.key, ca: {tls}/ca.pem}}\n\
             data_dir: {folder}/{agent}\n\
             networks: {{allow: [\"{PREFIX}.0/24\"]}}\n",
            tls = tls.display(),
            folder = folder.display(),
        );
        std::fs::write(&config, text)?;
        let mut command = self.hosts.command(agent, &program("quorate-agent"));
        command.arg("--config").arg(&config);
        let process = Process::start(agent, &mut command, &folder.join(format!("{agent}.log")))?;
        self.agents.push((agent.to_owned(), process));
        Ok(())
    }

    /// Asks the collector on its own host, by the operators' command.
    fn ask<T: serde::de::DeserializeOwned>(&self, arguments: &[&str]) -> anyhow::Result<T> {
        let output =
            self.hosts.command("collector", &program("quorate")).args(arguments).args(["--output", "json"]).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&said).with_context(|| {
            format!("quorate {}: {said}{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr))
        })
    }

    fn check(&self, id: &str) -> anyhow::Result<api::CheckStatus> {
        let status: api::Status = self.ask(&["status"])?;
        status.checks.into_iter().find(|check| check.id == id).context("the check is known")
    }

    fn incidents(&self, check: &str) -> anyhow::Result<Vec<api::Incident>> {
        let incidents: api::Incidents = self.ask(&["incidents"])?;
        Ok(incidents.incidents.into_iter().filter(|incident| incident.check == check).collect())
    }

    /// Waits until a check is in a state with exactly these bad regions.
    fn wait_for_state(&self, check: &str, state: &str, bad: &[&str]) -> anyhow::Result<api::CheckStatus> {
        wait_for(&format!("{check} to be {state} with {bad:?}"), SOON, || {
            let found = self.check(check)?;
            let seen: Vec<&str> = voting(&found, "bad");
            ensure!(found.state == state && seen == bad, "{check} is {} with {seen:?}", found.state);
            Ok(found)
        })
    }

    fn story(&mut self) -> anyhow::Result<()> {
        wait_for("all regions to vote", SOON, || {
            let shop = self.check("shop")?;
            ensure!(shop.state == "up" && voting(&shop, "good").len() == 5, "shop: {shop:?}");
            Ok(())
        })?;
        self.one_region_is_cut()?;
        self.one_provider_is_cut()?;
        self.the_target_stops()?;
        self.the_collector_dies_inside_an_outage()?;
        self.one_agent_dies()
    }

    /// One region's path is cut: PARTIAL with its name, and nothing is billed.
    fn one_region_is_cut(&self) -> anyhow::Result<()> {
        self.hosts.cut("target", &[11])?;
        self.wait_for_state("shop", "partial", &["ams"])?;
        self.hosts.heal("target")?;
        self.wait_for_state("shop", "up", &[])?;
        ensure!(self.incidents("shop")?.is_empty(), "a cut path is no incident");
        ensure!(self.check("shop")?.last_day.down_ms.point == 0, "a cut path is no downtime");
        Ok(())
    }

    /// On a check with three regions both of one provider are cut: PARTIAL, not DOWN.
    fn one_provider_is_cut(&self) -> anyhow::Result<()> {
        self.hosts.cut("target", &[11, 12])?;
        self.wait_for_state("api", "partial", &["ams", "fra"])?;
        self.hosts.heal("target")?;
        self.wait_for_state("api", "up", &[])?;
        ensure!(self.incidents("api")?.is_empty(), "one provider's trouble is no incident");
        Ok(())
    }

    /// The target is gone for a while: one incident near the truth.
    fn the_target_stops(&mut self) -> anyhow::Result<()> {
        let start = now_ms();
        self.target.take().context("the target runs")?.kill()?;
        self.wait_for_state("shop", "down", &["ams", "fra", "iad", "sin", "syd"])?;
        let end = now_ms();
        self.start_target()?;
        self.wait_for_state("shop", "up", &[])?;
        let incident = wait_for("the incident's end", SOON, || self.only_incident("shop", true))?;
        near("start", incident.start_ms, start)?;
        near("end", incident.end_ms.context("it has ended")?, end)?;
        ensure!(incident.class == "outage", "it is billed: {incident:?}");
        // An outage that followed sooner would be of the same incident.
        wait_for("the next outage to be one of its own", SOON, || {
            let good_for = now_ms() - incident.end_bounds_ms[1];
            ensure!(good_for > 2 * MERGE_GAP_MS, "the target is back for {good_for} ms");
            Ok(())
        })
    }

    /// The collector is killed inside an outage and started again: the same incident goes on, nothing is lost.
    fn the_collector_dies_inside_an_outage(&mut self) -> anyhow::Result<()> {
        let start = now_ms();
        self.hosts.cut("target", &AGENTS.map(|(.., number)| number))?;
        self.wait_for_state("shop", "down", &["ams", "fra", "iad", "sin", "syd"])?;
        let before = wait_for("the incident", SOON, || self.newest_incident("shop", start))?;
        self.collector.take().context("the collector runs")?.kill()?;
        self.start_collector()?;
        wait_for("the collector to be back", SOON, || self.check("shop"))?;
        let end = now_ms();
        self.hosts.heal("target")?;
        self.wait_for_state("shop", "up", &[])?;
        let after = wait_for("the incident's end", SOON, || {
            let incident = self.newest_incident("shop", start)?;
            ensure!(incident.end_ms.is_some(), "it is still open");
            Ok(incident)
        })?;
        ensure!(after.id == before.id, "{} has become {}", before.id, after.id);
        near("start", after.start_ms, start)?;
        near("end", after.end_ms.context("it has ended")?, end)?;
        ensure!(after.billed_ms == after.end_ms.unwrap_or(0) - after.start_ms, "no gap inside: {after:?}");
        Ok(())
    }

    /// One agent is killed: no vote from its region, and nothing else.
    fn one_agent_dies(&mut self) -> anyhow::Result<()> {
        let incidents = self.incidents("shop")?.len();
        let at = self.agents.iter().position(|(agent, _)| agent == "syd-1").context("the agent runs")?;
        self.agents.remove(at).1.kill()?;
        wait_for("the region's vote to end", SOON, || {
            let shop = self.check("shop")?;
            ensure!(voting(&shop, "none") == ["syd"] && voting(&shop, "good").len() == 4, "votes: {:?}", shop.regions);
            ensure!(shop.state == "up", "it is {}", shop.state);
            Ok(())
        })?;
        ensure!(self.incidents("shop")?.len() == incidents, "a dead agent is no incident");
        Ok(())
    }

    fn only_incident(&self, check: &str, ended: bool) -> anyhow::Result<api::Incident> {
        let mut incidents = self.incidents(check)?;
        ensure!(incidents.len() == 1, "{} incidents: {incidents:?}", incidents.len());
        let incident = incidents.remove(0);
        ensure!(incident.end_ms.is_some() == ended, "ended: {:?}", incident.end_ms);
        Ok(incident)
    }

    fn newest_incident(&self, check: &str, since: i64) -> anyhow::Result<api::Incident> {
        let newest = self.incidents(check)?.into_iter().max_by_key(|incident| incident.start_ms);
        newest.filter(|incident| incident.start_ms >= since - TOLERANCE_MS).context("no new incident")
    }

    #[expect(clippy::print_stdout, reason = "a failed story shows what its actors said")]
    fn print_logs(&self) {
        for name in ["collector", "ams-1", "syd-1"] {
            let text = std::fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            println!("== {name}\n{}", lines[lines.len().saturating_sub(30)..].join("\n"));
        }
    }
}

fn voting<'a>(check: &'a api::CheckStatus, vote: &str) -> Vec<&'a str> {
    check.regions.iter().filter(|region| region.vote == vote).map(|region| region.region.as_str()).collect()
}

fn near(what: &str, said_ms: i64, true_ms: i64) -> anyhow::Result<()> {
    let off = said_ms - true_ms;
    if off.abs() > TOLERANCE_MS {
        bail!("the {what} is {off} ms off the truth");
    }
    Ok(())
}

fn quorate(arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(program("quorate")).args(arguments).output()?;
    ensure!(output.status.success(), "quorate {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn issue_certificates(folder: &Path) -> anyhow::Result<()> {
    let tls = folder.join("tls");
    let tls = tls.to_str().context("a path in UTF-8")?;
    quorate(&["ca", "init", "--dir", tls])?;
    quorate(&["ca", "issue-server", "--dir", tls, "--name", &format!("{PREFIX}.{COLLECTOR}")])?;
    for (agent, region, ..) in AGENTS {
        quorate(&["ca", "issue", "--dir", tls, "--agent", agent, "--region", region])?;
    }
    Ok(())
}

fn collector_config(folder: &Path) -> String {
    use std::fmt::Write;
    let folder = folder.display();
    let mut text = format!(
        "listen: {{grpc: \"0.0.0.0:7470\", http: \"127.0.0.1:7480\"}}\n\
         tls: {{cert: {folder}/tls/{PREFIX}.{COLLECTOR}.pem, key: {folder}/tls/{PREFIX}.{COLLECTOR}.key, client_ca: {folder}/tls/ca.pem}}\n\
         data_dir: {folder}/collector\n\
         defaults: {{interval: 2s, timeout: 1s}}\n\
         regions:\n"
    );
    for (_, region, provider, _) in AGENTS {
        writeln!(text, "  - {{id: {region}, name: {region}, provider: {provider}}}").expect("a String takes all");
    }
    text.push_str("references:\n");
    for number in REFERENCES {
        writeln!(text, "  - tcp: {{address: \"{PREFIX}.{number}:80\"}}").expect("a String takes all");
    }
    write!(
        text,
        "checks:\n  \
         - {{id: shop, name: Shop, http: {{url: \"http://{PREFIX}.{TARGET}/\"}}, merge_gap: {MERGE_GAP_MS}ms, confirm: {{retries: 2, after: 500ms, solicit: true}}}}\n  \
         - {{id: api, name: API, http: {{url: \"http://{PREFIX}.{TARGET}/\"}}, regions: [ams, fra, iad]}}\n"
    )
    .expect("a String takes all");
    text
}

/// A real nginx on one of the hosts, in the foreground, with nothing but a short answer.
fn nginx(hosts: &Hosts, folder: &Path, host: &str) -> anyhow::Result<Process> {
    let own = folder.join(host);
    std::fs::create_dir_all(&own)?;
    let config = own.join("nginx.conf");
    let text = format!(
        "daemon off;\nmaster_process off;\npid {own}/nginx.pid;\nerror_log {own}/error.log;\n\
         events {{ worker_connections 256; }}\n\
         http {{ access_log off; client_body_temp_path {own}/body; proxy_temp_path {own}/proxy; fastcgi_temp_path {own}/fastcgi;\n\
         uwsgi_temp_path {own}/uwsgi; scgi_temp_path {own}/scgi;\n\
         server {{ listen 80; location / {{ return 200 \"ok\\n\"; }} }} }}\n",
        own = own.display()
    );
    std::fs::write(&config, text)?;
    let mut command = hosts.command(host, Path::new("nginx"));
    command.arg("-c").arg(&config);
    Process::start(host, &mut command, &own.join("nginx.log"))
}

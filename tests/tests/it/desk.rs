//! What operators decide with the command line, on a real collector.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};
use quorate_tests::process::{Process, free_port, program, wait_for};

struct Desk {
    folder: tempfile::TempDir,
    http: std::net::SocketAddr,
    _collector: Process,
}

impl Desk {
    fn open() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (grpc, http) = (free_port()?, free_port()?);
        let config = folder.path().join("collector.yaml");
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        std::fs::write(
            &config,
            format!(
                "listen: {{grpc: 127.0.0.1:{grpc}, http: 127.0.0.1:{http}}}\ndata_dir: {}\n\
                 regions: [{{id: fra, provider: hetzner}}, {{id: iad, provider: aws}}, {{id: sin, provider: ovh}}]\n\
                 checks: [{{id: shop, http: {{url: \"http://127.0.0.1:1/\"}}}}]\n\
                 slas: [{{id: gold, service: shop, window: calendar_month, objectives: {{availability: \"99.9%\"}}}}]\n",
                data.display()
            ),
        )?;
        let mut command = Command::new(program("quorate-collector"));
        let log = folder.path().join("collector.log");
        let collector = Process::start("the collector", command.arg("--config").arg(&config), &log)?;
        let desk = Self { folder, http: ([127, 0, 0, 1], http).into(), _collector: collector };
        wait_for("the collector", Duration::from_secs(30), || {
            let (code, said) = desk.quorate(&["status"])?;
            ensure!(code == 0, "{said}");
            Ok(())
        })?;
        Ok(desk)
    }

    /// Exit code, and everything said.
    fn quorate(&self, arguments: &[&str]) -> anyhow::Result<(i32, String)> {
        let output = Command::new(program("quorate"))
            .args(["--collector", &format!("http://{}", self.http)])
            .args(arguments)
            .env("USER", "anna")
            .env_remove("QUORATE_TOKEN")
            .current_dir(self.folder.path())
            .output()?;
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Ok((output.status.code().context("it was killed")?, said))
    }

    fn says(&self, arguments: &[&str], code: i32, words: &[&str]) -> anyhow::Result<()> {
        let (found, said) = self.quorate(arguments)?;
        ensure!(found == code, "{arguments:?} ended with {found}: {said}");
        for word in words {
            ensure!(said.contains(word), "{arguments:?} does not say {word:?}: {said}");
        }
        Ok(())
    }
}

#[test]
fn operators_plan_exclude_and_see_who_did_what() -> anyhow::Result<()> {
    let desk = Desk::open()?;
    let plan = ["maintenance", "add", "--from", "2199-12-01T01:00:00Z", "--to", "2199-12-01T03:00:00Z"];
    desk.says(
        &[&plan[..], &["--reason", "an upgrade", "--contract", "gold"]].concat(),
        0,
        &["maintenance-1, revision 1"],
    )?;
    desk.says(
        &[&plan[..], &["--reason", "an upgrade", "--contract", "none"]].concat(),
        2,
        &["contracts", "none", "gold"],
    )?;
    let past = [
        "exclusion",
        "add",
        "--class",
        "third_party",
        "--from",
        "2026-11-01T00:00:00Z",
        "--to",
        "2026-11-01T01:00:00Z",
    ];
    desk.says(&[&past[..], &["--reason", "carrier"]].concat(), 2, &["approver"])?;
    desk.says(&[&past[..], &["--reason", "carrier", "--approver", "carol"]].concat(), 0, &["third_party-2"])?;
    desk.says(&["exclusion", "list"], 0, &["2 left out", "maintenance-1", "planned", "third_party-2", "over", "anna"])?;
    desk.says(&["maintenance", "cancel", "maintenance-1", "--reason", "not needed"], 0, &["revision 2"])?;
    desk.says(&["maintenance", "cancel", "maintenance-1", "--reason", "again"], 2, &["anna withdrew"])?;
    desk.says(&["maintenance", "list"], 0, &["withdrawn by anna"])?;
    desk.says(&["incident", "ack", "none"], 2, &["there is no incident none"])?;
    desk.says(&["incident", "show", "none"], 2, &["none"])?;
    desk.says(&["claim", "open", "gold", "2026-10", "acme"], 2, &["claim"])?;
    desk.says(&["claim", "list"], 0, &["0 claims"])?;
    desk.says(&["claim", "reopen", "gold", "2026-10", "acme"], 2, &["there is no claim gold/2026-10/acme"])?;
    desk.says(&["sla", "ledger", "gold"], 0, &["gold", "not measured", "provisional"])?;
    desk.says(&["sla", "ledger", "gold", "--format", "csv"], 0, &["contract,period,", "gold,2"])?;
    desk.says(&["sla", "ledger", "gold", "--from", "2026-10-04"], 2, &["2026-10-04", "2026-10"])?;
    desk.says(&["incidents", "--format", "csv"], 0, &["incident,check,class,start"])?;
    desk.says(&["audit"], 0, &["3 entries", "anna", "withdraw", "exclusion maintenance-1"])?;
    desk.says(&["audit", "--output", "json"], 0, &["\"approver\\\":\\\"carol\\\""])?;
    desk.says(&["incident", "ack", "none", "--token-file", "x"], 5, &["read x"])?;
    Ok(())
}

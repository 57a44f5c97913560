//! Our prober and `blackbox_exporter` at the same good and bad targets: both have to find what the lab says, and every
//! difference stands, explained, in the table of `agent/probe/README.md`.
//!
//! `QUORATE_BLESS=1` writes that table anew.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use quorate_agent_probe::{Context, Timing, prepare};
use quorate_model::Millis;
use quorate_tests::lab::blackbox::{self, Blackbox};
use quorate_tests::lab::{Expected, Lab, Patience, Target};
use quorate_tests::process::{can_run, missing_programs};
use tokio::task::JoinSet;

const BEGIN: &str = "<!-- conformance: begin -->\n";
const END: &str = "<!-- conformance: end -->\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_probers_find_what_the_lab_says() -> Result<()> {
    let lab = Lab::start().await?;
    let mut wrong = ours(&lab).await?;
    if can_run("the comparison with the peer", missing_programs(&[blackbox::PROGRAM])) {
        wrong.extend(theirs(&lab, Blackbox::start(&lab).await?).await?);
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn the_table_in_the_readme_is_up_to_date() -> Result<()> {
    let lab = Lab::start().await?;
    let readme = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../agent/probe/README.md");
    let text = std::fs::read_to_string(&readme)?;
    let (before, rest) = text.split_once(BEGIN).context("the mark of the table's begin")?;
    let (stands, after) = rest.split_once(END).context("the mark of the table's end")?;
    let table = table(&lab.targets)?;
    if std::env::var_os("QUORATE_BLESS").is_some() {
        std::fs::write(&readme, format!("{before}{BEGIN}{table}{END}{after}"))?;
        return Ok(());
    }
    ensure!(stands == table, "the table in {} is out of date; write it with QUORATE_BLESS=1", readme.display());
    Ok(())
}

#[tokio::test]
async fn every_difference_is_explained_and_nothing_else() -> Result<()> {
    for target in Lab::start().await?.targets {
        let differs = is_good(target.expected) != target.peer_succeeds;
        ensure!(
            differs == target.difference.is_some(),
            "{}: a reason without a difference, or the reverse",
            target.name
        );
    }
    Ok(())
}

/// Where our prober finds something else than the lab says.
async fn ours(lab: &Lab) -> Result<Vec<String>> {
    let context = Context::default();
    let mut probes = JoinSet::new();
    for target in lab.targets.clone() {
        let context = context.clone();
        let mut timing = Timing::new(Millis::new(target.patience.timeout_ms()))?;
        if target.patience != Patience::ShortThenLate {
            timing = timing.late(Millis::ZERO);
        }
        probes.spawn(async move {
            let finding = prepare(&target.spec, timing)?.run(&context).await;
            let found = Expected { outcome: finding.outcome, failure: finding.failure };
            let differs = found != target.expected;
            Ok::<_, anyhow::Error>(
                differs.then(|| format!("{}: expected {:?}, found {finding:?}", target.name, target.expected)),
            )
        });
    }
    collect(probes).await
}

/// Where the peer finds something else than the lab says.
async fn theirs(lab: &Lab, peer: Blackbox) -> Result<Vec<String>> {
    let peer = Arc::new(peer);
    let mut probes = JoinSet::new();
    for target in lab.targets.clone() {
        let peer = Arc::clone(&peer);
        probes.spawn(async move {
            let succeeds = peer.succeeds(&target).await.with_context(|| target.name)?;
            let differs = succeeds != target.peer_succeeds;
            Ok::<_, anyhow::Error>(
                differs.then(|| format!("{}: the peer's success is {succeeds}, not as the lab says", target.name)),
            )
        });
    }
    collect(probes).await
}

async fn collect(mut probes: JoinSet<Result<Option<String>>>) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    while let Some(result) = probes.join_next().await {
        wrong.extend(result??);
    }
    wrong.sort();
    Ok(wrong)
}

fn is_good(expected: Expected) -> bool {
    expected.outcome == quorate_model::Outcome::Ok
}

fn table(targets: &[Target]) -> Result<String> {
    let mut table =
        String::from("| target | what it is | ours | blackbox_exporter | why they differ |\n|---|---|---|---|---|\n");
    for target in targets {
        let ours = match target.expected.failure {
            Some(failure) => format!("{}: {failure}", target.expected.outcome),
            None => target.expected.outcome.to_string(),
        };
        let theirs = if target.peer_succeeds { "success" } else { "failure" };
        let why = target.difference.unwrap_or_default();
        writeln!(table, "| `{}` | {} | {ours} | {theirs} | {why} |", target.name, target.about)?;
    }
    Ok(table)
}

//! `quorate digest`: one hash per check of what a verdict rests on and of the verdict, so that two machines can be
//! compared without moving samples.

use clap::Args;
use quorate_collector_consensus::{digest, judge};
use quorate_model::PolicyHistory;
use serde::Serialize;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::paint::Tone;
use crate::samples::{Case, CaseArguments, Records};
use crate::session::{Look, Session};
use crate::table::{Align, Cell, Table};

/// What `quorate digest` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct DigestArguments {
    #[command(flatten)]
    case: CaseArguments,
    /// Hash these checks only [default: all of the configuration].
    #[arg(long, value_name = "CHECK")]
    check: Vec<String>,
    /// End with code 1 unless this is the whole hash of one of the checks.
    #[arg(long, value_name = "HASH")]
    expect: Option<String>,
}

/// The hashes of all checks.
#[derive(Clone, Debug, Serialize)]
struct Digests {
    from_ms: i64,
    to_ms: i64,
    checks: Vec<CheckDigest>,
    records: Records,
}

/// The hashes of one check; the first that differs between two machines says where they part.
#[derive(Clone, Debug, Serialize)]
struct CheckDigest {
    check: String,
    samples: String,
    policy: String,
    verdict: String,
    whole: String,
}

/// Judges the samples and hashes input and verdict.
///
/// # Errors
/// A file that cannot be read or is wrong, or a hash that is none.
pub(crate) fn run(arguments: &DigestArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    if let Some(text) = &arguments.expect
        && (text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err(CommandError::argument(
            "--expect",
            format!("{text:?} is no hash; allowed are 64 hexadecimal digits"),
        ));
    }
    let case = Case::open(&arguments.case, session)?;
    let checks = case.checks(&arguments.check)?.into_iter().map(|check| {
        let history = PolicyHistory::new(check.policy.clone());
        let samples = case.samples(&check.id);
        let hashes = digest(samples, &history, &judge(samples, &history, case.window, case.now));
        CheckDigest {
            check: check.id.to_string(),
            samples: hashes.samples.to_string(),
            policy: hashes.policy.to_string(),
            verdict: hashes.verdict.to_string(),
            whole: hashes.whole.to_string(),
        }
    });
    let digests = Digests {
        from_ms: case.window.from.as_millis(),
        to_ms: case.window.to.as_millis(),
        checks: checks.collect(),
        records: case.records.clone(),
    };
    session.answer(&digests, render)?;
    let expected = |text: &String| digests.checks.iter().any(|check| check.whole.eq_ignore_ascii_case(text));
    Ok(if arguments.expect.as_ref().is_none_or(expected) { Exit::Fine } else { Exit::No })
}

fn render(digests: &Digests, look: &Look) -> String {
    let mut table = Table::new(&[("check", Align::Left), ("of", Align::Left), ("SHA-256", Align::Left)]);
    for check in &digests.checks {
        for (name, hash) in [("samples", &check.samples), ("policy", &check.policy), ("verdict", &check.verdict)] {
            table.row([Cell::from(check.check.as_str()), Cell::from(name), Cell::new(Tone::Faint, hash)]);
        }
        table.row([Cell::from(check.check.as_str()), Cell::from("whole"), Cell::from(check.whole.as_str())]);
    }
    table.render(look.paint)
}

#[cfg(test)]
mod tests;

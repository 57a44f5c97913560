//! `quorate claim`: customers' claims for their credits.

use clap::{Args, Subcommand};
use quorate_collector_desk::{ClaimRecord, Decision};
use serde::{Deserialize, Serialize};

use super::{Signing, decide};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::incidents::counted;
use crate::moment::show_seconds;
use crate::paint::Tone;
use crate::session::{Look, Session};
use crate::table::{Align, Cell, Table};

/// What `quorate claim` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClaimArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Claim a customer's credit for a window that is over.
    Open(Which),
    /// Accept a claim.
    Accept(Which),
    /// Refuse a claim.
    Refuse(Which),
    /// Open a refused claim again, as the customer objects.
    Reopen(Which),
    /// Note that an accepted claim is paid.
    Pay(Which),
    /// Every claim, with its deadline and state.
    List,
}

#[derive(Clone, Debug, Args)]
struct Which {
    /// The contract.
    #[arg(value_name = "CONTRACT")]
    contract: String,
    /// The window, such as 2026-10.
    #[arg(value_name = "PERIOD")]
    period: String,
    /// The customer.
    #[arg(value_name = "CUSTOMER")]
    customer: String,
    /// A remark.
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claims {
    now_ms: i64,
    claims: Vec<ClaimRecord>,
}

/// Opens, settles or lists claims.
///
/// # Errors
/// The collector refuses, or cannot be asked.
pub(crate) fn run(arguments: &ClaimArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let (which, state) = match &arguments.command {
        Command::Open(which) => (which, None),
        Command::Accept(which) => (which, Some("accepted")),
        Command::Refuse(which) => (which, Some("refused")),
        Command::Reopen(which) => (which, Some("open")),
        Command::Pay(which) => (which, Some("paid")),
        Command::List => {
            let told: Claims = session.api()?.get_now(&["api", "v1", "claims"], &[])?;
            session.answer(&told, render)?;
            return Ok(Exit::Fine);
        }
    };
    let Which { contract, period, customer, note, signing } = which;
    let (contract, period, customer, note) = (contract.clone(), period.clone(), customer.clone(), note.clone());
    let decision = match state {
        None => Decision::Claim { contract, period, customer, note },
        Some(state) => Decision::SettleClaim { contract, period, customer, state: state.to_owned(), note },
    };
    decide(&decision, signing, session)?;
    Ok(Exit::Fine)
}

fn render(told: &Claims, look: &Look) -> String {
    let heads = [
        ("contract", Align::Left),
        ("period", Align::Left),
        ("customer", Align::Left),
        ("amount", Align::Right),
        ("state", Align::Left),
        ("claim before", Align::Left),
        ("last change by", Align::Left),
    ];
    let mut table = Table::new(&heads);
    for claim in &told.claims {
        let last = claim.changes.last();
        table.row([
            Cell::new(Tone::Strong, &claim.contract),
            Cell::new(Tone::Plain, &claim.period),
            Cell::new(Tone::Plain, &claim.customer),
            Cell::new(Tone::Plain, &claim.amount),
            Cell::new(if claim.state == "open" { Tone::Strong } else { Tone::Plain }, &claim.state),
            Cell::new(Tone::Plain, claim.deadline_ms.map_or_else(|| "-".to_owned(), |at| show_seconds(at, &look.zone))),
            Cell::new(Tone::Plain, last.map_or("-", |change| change.signed.author.as_str())),
        ]);
    }
    let mut text = look.heading(&counted(told.claims.len(), "claim"), told.now_ms);
    if !told.claims.is_empty() {
        text.push_str(&table.render(look.paint));
    }
    text
}

//! Contracts: from what the store and the judge know to reports, and the keeping of final ones.
//!
//! Data goes one way: [`terms`] says which contract held when and what it leaves out, [`gather`] reads everything a report is
//! made from, `quorate-collector-contracts` makes it, [`keep`] makes it final and keeps revisions, [`ledger`] puts
//! one window behind the other, [`answer`] tells it.

mod answer;
mod gather;
mod keep;
mod ledger;
mod standing;
mod terms;

use std::sync::Arc;

use quorate_collector_store::Store;
use quorate_model::CollectorTime;
use tokio_util::sync::CancellationToken;

pub(crate) use answer::{ledger, report, slas};
pub(crate) use gather::material_of_report;
pub(crate) use keep::watch;
pub(crate) use standing::Standings;
pub(crate) use terms::Wanted;

use crate::desk::Desk;
use crate::judge::{Board, Configured};

/// What reports are made from; cheap to clone, and read on a thread where it may block.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) store: Store,
    pub(crate) board: Arc<Board>,
    pub(crate) configured: Arc<Configured>,
    /// What people left out.
    pub(crate) desk: Arc<Desk>,
    /// The moment of the question.
    pub(crate) now: CollectorTime,
    /// Cancelled when the collector ends; long work stops between two reports then.
    pub(crate) stop: CancellationToken,
}

/// Why a report cannot be made or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ContractError {
    /// No contract has this id.
    #[error("no contract has the id {0}")]
    Unknown(String),
    /// A text names no window.
    #[error("{0}")]
    Period(#[from] quorate_collector_sla::PeriodError),
    /// A window has not begun.
    #[error("{0} has not begun")]
    NotBegun(String),
    /// The windows asked for are in the wrong order, or too many.
    #[error("{0}")]
    Range(String),
    /// Nobody of this id has the contract in the window.
    #[error("{customer} is no customer of {contract}")]
    NoCustomer {
        /// The contract.
        contract: String,
        /// Who was asked for.
        customer: String,
    },
    /// The collector ends, or nobody waits for the answer.
    #[error("nobody waits for the answer")]
    Stopped,
    /// The report was never made final, or not so often.
    #[error("the report on {period} has no revision {revision}")]
    NoRevision {
        /// The window.
        period: String,
        /// The revision asked for.
        revision: u32,
        /// The last there is.
        last: Option<u32>,
    },
    /// The zone is no longer in the database.
    #[error(transparent)]
    Zone(#[from] quorate_collector_config::contract::ZoneNameError),
    /// The contract contradicts itself with the exclusions people entered.
    #[error("the contract with what people excluded contradicts itself: {0}")]
    Contract(String),
    /// The report cannot be made.
    #[error("the report cannot be made")]
    Make(#[from] quorate_collector_contracts::MakeError),
    /// What is kept cannot be read.
    #[error("what is needed cannot be read")]
    Read(#[from] quorate_collector_store::ReadError),
    /// It cannot be kept.
    #[error("the report cannot be kept")]
    Write(#[from] quorate_collector_store::WriteError),
    /// A kept report is not understood.
    #[error("the kept report {key}, revision {revision}, is not understood")]
    Damaged {
        /// Its name.
        key: String,
        /// Its revision.
        revision: u32,
        /// What is wrong.
        source: quorate_collector_report::DocumentError,
    },
}

#[cfg(test)]
mod tests;

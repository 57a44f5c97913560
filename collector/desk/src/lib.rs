//! What people decide: how incidents are handled, what is left out of contracts, and claims.
//!
//! A [`Decision`] is taken by [`Records::decide`], which checks it against what was decided before and against the [`Facts`] it
//! is about, and gives an [`Entry`]: the next revision of one document, and the line of the audit trail. Whoever keeps
//! documents writes the entry and then says [`Records::take`]; nothing is ever deleted, so that a withdrawal is a revision.
//!
//! Not here: no store, no clock, no authentication. Moments and authors are arguments. Its main type is [`Records`].

mod claim;
mod decision;
mod exclusion;
mod handling;
mod records;

pub use claim::{ClaimChange, ClaimRecord};
pub use decision::{Decision, IncidentAction};
pub use exclusion::ExclusionRecord;
pub use handling::{Handling, SupportVerdict, Update};
pub use records::{DamagedRecord, Entry, Facts, Record, Records, Refused};

use quorate_model::CollectorTime;
use serde::{Deserialize, Serialize};

/// The longest text a person may write, in bytes.
pub const MAX_TEXT_BYTES: usize = 4096;

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// When.
    pub at_ms: i64,
    /// Who.
    pub author: String,
}

impl Signed {
    pub(crate) fn new(author: &str, at: CollectorTime) -> Self {
        Self { at_ms: at.as_millis(), author: author.to_owned() }
    }
}

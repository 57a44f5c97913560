//! What the HTTP side asks of the desk, where people's decisions are kept.

use quorate_collector_desk::{ClaimRecord, Decision, ExclusionRecord, Handling, Record, SupportVerdict};
use quorate_proto::api;
use serde::Serialize;

use crate::queries::{Answer, Window};

/// The desk as the HTTP side sees it.
pub trait Desk: Send + Sync + 'static {
    /// Who a change is signed by: the operator a token belongs to, or, where no operators are configured, the name the client
    /// gives, which is believed on loopback alone.
    ///
    /// # Errors
    /// Why nobody can sign.
    fn author(&self, token: Option<&str>, named: Option<&str>) -> Result<String, NotSigned>;

    /// Takes a decision. When the answer comes it is on disk, with its line of the audit trail.
    ///
    /// # Errors
    /// [`QueryError::Refused`](crate::QueryError::Refused) with the field that is wrong, or a failure of the store.
    fn decide<'a>(&'a self, decision: &'a Decision, author: &'a str) -> Answer<'a, Decided>;

    /// How an incident is handled, or else one that became part of it.
    ///
    /// # Errors
    /// A failure of the store.
    fn handling<'a>(&'a self, incident: &'a api::Incident) -> Answer<'a, Handled>;

    /// Every exclusion people entered, withdrawn ones included, by id.
    fn exclusions(&self) -> Vec<ExclusionRecord>;

    /// Every claim, by contract, window and customer.
    fn claims(&self) -> Vec<ClaimRecord>;

    /// The audit trail of a window, oldest first.
    ///
    /// # Errors
    /// A failure of the store.
    fn audit(&self, window: Window) -> Answer<'_, Vec<AuditLine>>;
}

/// Why a change is signed by nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSigned {
    /// Operators are configured, and no token came.
    #[error("Authorization: a change needs the token of an operator, as Bearer TOKEN")]
    NoToken,
    /// No operator has this token.
    #[error("Authorization: no operator has this token")]
    UnknownToken,
    /// A name was given that is not the operator's.
    #[error("author: a change is signed by the operator whose token it carries; leave the name out")]
    OtherName,
    /// No operators are configured, and no name was given.
    #[error("author: a change needs the name of who makes it")]
    NoName,
    /// No operators are configured, and others than this machine can connect.
    #[error("changes are taken on a loopback address only, or with operators in the configuration")]
    NotLocal,
}

/// What a decision led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// What it is: `handling`, `exclusion` or `claim`.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// Its revision now, from 1.
    pub revision: u32,
    /// As it is now.
    pub record: Record,
}

/// How an incident is handled, and what was promised about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Handled {
    /// What people did; nothing yet where there is none.
    pub handling: Option<Handling>,
    /// The support promises of each plan that has any.
    pub promises: Vec<SupportVerdict>,
}

/// A line of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditLine {
    /// When.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// What was done, in a word.
    pub action: String,
    /// To what.
    pub subject: String,
    /// The record as it was written, or another text.
    pub detail: String,
}

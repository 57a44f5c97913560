//! Customers' claims for their credits.

use quorate_collector_sla::account::Statement;
use quorate_collector_sla::claim::{self, Claim, ClaimState};
use quorate_collector_sla::id::{ContractId, CustomerId};
use quorate_collector_sla::money::{Currency, Money};
use quorate_model::CollectorTime;
use serde::{Deserialize, Serialize};

use crate::Signed;
use crate::records::Refused;

/// A claim with every change it went through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRecord {
    /// Under which contract.
    pub contract: String,
    /// For which window.
    pub period: String,
    /// Whose.
    pub customer: String,
    /// How much, in the currency's smallest unit.
    pub amount_minor: u64,
    /// The currency.
    pub currency: String,
    /// The amount as it is printed.
    pub amount: String,
    /// The first moment that would have been too late.
    pub deadline_ms: Option<i64>,
    /// `open`, `accepted`, `refused` or `paid`.
    pub state: String,
    /// Every change, the claim itself first.
    pub changes: Vec<ClaimChange>,
}

/// A change of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimChange {
    /// Who, and when.
    #[serde(flatten)]
    pub signed: Signed,
    /// The state from then on.
    pub state: String,
    /// A remark.
    pub note: String,
}

pub(crate) fn state(word: &str) -> Result<ClaimState, Refused> {
    let found = ClaimState::ALL.into_iter().find(|state| state.as_str() == word);
    found.ok_or_else(|| {
        let allowed = ClaimState::ALL.map(ClaimState::as_str).join(", ");
        Refused::new("state", format!("{word:?} is no state of a claim; allowed are {allowed}"))
    })
}

impl ClaimRecord {
    pub(crate) fn open(statement: &Statement, signed: &Signed, note: &str) -> Result<Self, Refused> {
        let at = CollectorTime::from_millis(signed.at_ms);
        let claim = Claim::open(statement, at, &signed.author, note);
        Ok(Self::of(&claim.map_err(|error| Refused::new("claim", error.to_string()))?))
    }

    pub(crate) fn settled(&self, to: ClaimState, signed: &Signed, note: &str) -> Result<Self, Refused> {
        let mut claim = self.claim().ok_or_else(|| Refused::new("claim", "what is stored of it is not understood"))?;
        let at = CollectorTime::from_millis(signed.at_ms);
        claim.change(to, at, &signed.author, note).map_err(|error| Refused::new("state", error.to_string()))?;
        Ok(Self::of(&claim))
    }

    fn of(claim: &Claim) -> Self {
        let change = |change: &claim::ClaimChange| ClaimChange {
            signed: Signed { at_ms: change.at.as_millis(), author: change.author.clone() },
            state: change.state.as_str().to_owned(),
            note: change.note.clone(),
        };
        Self {
            contract: claim.contract().to_string(),
            period: claim.period().to_owned(),
            customer: claim.customer().to_string(),
            amount_minor: claim.amount().minor(),
            currency: claim.amount().currency().code().to_owned(),
            amount: claim.amount().to_string(),
            deadline_ms: claim.deadline().map(CollectorTime::as_millis),
            state: claim.state().as_str().to_owned(),
            changes: claim.changes().iter().map(change).collect(),
        }
    }

    fn claim(&self) -> Option<Claim> {
        let changes = self.changes.iter().map(|change| {
            Some(claim::ClaimChange {
                at: CollectorTime::from_millis(change.signed.at_ms),
                author: change.signed.author.clone(),
                state: state(&change.state).ok()?,
                note: change.note.clone(),
            })
        });
        Claim::recall(
            CustomerId::new(&self.customer).ok()?,
            ContractId::new(&self.contract).ok()?,
            self.period.clone(),
            Money::from_minor(self.amount_minor, Currency::new(&self.currency)?)?,
            self.deadline_ms.map(CollectorTime::from_millis),
            changes.collect::<Option<Vec<_>>>()?,
        )
    }
}

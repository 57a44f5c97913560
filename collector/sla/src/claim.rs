//! Claims for credits and what became of them: every change with its author and time.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use quorate_model::CollectorTime;

use crate::account::Statement;
use crate::id::{ContractId, CustomerId};
use crate::money::Money;

/// What a claim is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimState {
    /// Made, and not yet decided.
    Open,
    /// The credit will be given.
    Accepted,
    /// It will not; the customer may ask again.
    Refused,
    /// The credit was given; nothing follows.
    Paid,
}

impl ClaimState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Open, Self::Accepted, Self::Refused, Self::Paid];

    /// Its word in ledgers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Paid => "paid",
        }
    }

    /// True if `next` may follow.
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Open, Self::Accepted | Self::Refused) | (Self::Accepted, Self::Paid) | (Self::Refused, Self::Open)
        )
    }
}

/// One change of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimChange {
    /// When.
    pub at: CollectorTime,
    /// By whom.
    pub author: String,
    /// What it became.
    pub state: ClaimState,
    /// Why, in words.
    pub note: String,
}

/// A customer's claim for the credit of one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    customer: CustomerId,
    contract: ContractId,
    period: String,
    amount: Money,
    deadline: Option<CollectorTime>,
    changes: Vec<ClaimChange>,
    state: ClaimState,
}

/// Why a claim cannot be made or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimError {
    /// Nothing is owed.
    NothingOwed,
    /// It was made at or after the deadline; holds that.
    TooLate(CollectorTime),
    /// Nobody is named as its author.
    NoAuthor,
    /// This state may not follow.
    NotAllowed {
        /// What it is.
        from: ClaimState,
        /// What it should become.
        to: ClaimState,
    },
    /// The change is dated before the last one; holds when that was.
    BeforeLastChange(CollectorTime),
    /// It has [`Claim::MAX_CHANGES`] changes already.
    TooManyChanges,
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingOwed => f.write_str("nothing is owed"),
            Self::TooLate(deadline) => write!(f, "the claim had to be made before {} ms", deadline.as_millis()),
            Self::NoAuthor => f.write_str("a change needs an author"),
            Self::NotAllowed { from, to } => {
                write!(f, "a claim that is {} cannot become {}; allowed is", from.as_str(), to.as_str())?;
                let next = ClaimState::ALL.into_iter().filter(|next| from.may_become(*next));
                let mut any = false;
                for next in next {
                    write!(f, " {}", next.as_str())?;
                    any = true;
                }
                if any { Ok(()) } else { f.write_str(" nothing more") }
            }
            Self::BeforeLastChange(at) => write!(f, "the last change was later, at {} ms", at.as_millis()),
            Self::TooManyChanges => write!(f, "a claim has at most {} changes", Claim::MAX_CHANGES),
        }
    }
}

impl core::error::Error for ClaimError {}

impl Claim {
    /// The most changes a claim keeps.
    pub const MAX_CHANGES: usize = 1000;

    /// A customer's claim on a statement.
    ///
    /// # Errors
    /// Nothing is owed, the deadline is over, no author.
    pub fn open(statement: &Statement, at: CollectorTime, author: &str, note: &str) -> Result<Self, ClaimError> {
        if statement.credit.minor() == 0 {
            return Err(ClaimError::NothingOwed);
        }
        if let Some(deadline) = statement.claim_deadline.filter(|deadline| at >= *deadline) {
            return Err(ClaimError::TooLate(deadline));
        }
        let first = change(at, author, ClaimState::Open, note)?;
        Ok(Self {
            customer: statement.customer.clone(),
            contract: statement.contract.clone(),
            period: statement.window.label.clone(),
            amount: statement.credit,
            deadline: statement.claim_deadline,
            changes: alloc::vec![first],
            state: ClaimState::Open,
        })
    }

    /// A claim as it was written down, with every change.
    pub fn recall(
        customer: CustomerId,
        contract: ContractId,
        period: String,
        amount: Money,
        deadline: Option<CollectorTime>,
        changes: Vec<ClaimChange>,
    ) -> Option<Self> {
        let state = changes.last()?.state;
        Some(Self { customer, contract, period, amount, deadline, changes, state })
    }

    /// Changes its state.
    ///
    /// # Errors
    /// The state may not follow, no author, dated before the last change, too many changes.
    pub fn change(&mut self, to: ClaimState, at: CollectorTime, author: &str, note: &str) -> Result<(), ClaimError> {
        if !self.state.may_become(to) {
            return Err(ClaimError::NotAllowed { from: self.state, to });
        }
        if let Some(last) = self.changes.last().filter(|last| at < last.at) {
            return Err(ClaimError::BeforeLastChange(last.at));
        }
        if self.changes.len() >= Self::MAX_CHANGES {
            return Err(ClaimError::TooManyChanges);
        }
        self.changes.push(change(at, author, to, note)?);
        self.state = to;
        Ok(())
    }

    /// Who claims.
    pub fn customer(&self) -> &CustomerId {
        &self.customer
    }

    /// Under which contract.
    pub fn contract(&self) -> &ContractId {
        &self.contract
    }

    /// For which window.
    pub fn period(&self) -> &str {
        &self.period
    }

    /// How much.
    pub fn amount(&self) -> Money {
        self.amount
    }

    /// The first moment that would have been too late.
    pub fn deadline(&self) -> Option<CollectorTime> {
        self.deadline
    }

    /// What it is at.
    pub fn state(&self) -> ClaimState {
        self.state
    }

    /// Every change, in order, the claim itself first.
    pub fn changes(&self) -> &[ClaimChange] {
        &self.changes
    }
}

fn change(at: CollectorTime, author: &str, state: ClaimState, note: &str) -> Result<ClaimChange, ClaimError> {
    if author.trim().is_empty() {
        return Err(ClaimError::NoAuthor);
    }
    Ok(ClaimChange { at, author: author.into(), state, note: note.into() })
}

#[cfg(test)]
mod tests;

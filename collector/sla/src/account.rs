//! Plans, customers, and the statement of what each is owed.

use alloc::string::String;
use core::fmt;

use quorate_model::{CollectorTime, Millis};

use crate::contract::Contract;
use crate::credit::{CreditFacts, CreditOutcome, CreditStep};
use crate::evaluate::Evaluation;
use crate::id::{ContractId, CustomerId, PlanId};
use crate::ledger::{Breach, Uptime};
use crate::money::{Currency, Money};
use crate::percent::{Percent, Ratio};
use crate::support::SupportPlan;
use crate::window::Window;
use crate::zone::Zone;

/// A tier of the offer: a contract with its level of support.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Its name for people.
    pub name: String,
    /// The contract its customers have.
    pub contract: ContractId,
    /// How its customers are helped.
    pub support: Option<SupportPlan>,
}

/// A customer of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Its name for people.
    pub name: String,
    /// Its plan.
    pub plan: PlanId,
    /// What it pays for one window of the contract.
    pub fee: Money,
    /// The share of it that an outage affects, for proportional credits.
    pub affected: Percent,
}

/// What one customer is owed for one window, with every step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The customer.
    pub customer: CustomerId,
    /// Its plan.
    pub plan: PlanId,
    /// The contract.
    pub contract: ContractId,
    /// The window.
    pub window: Window,
    /// The uptime; `None` where nothing was measured.
    pub uptime: Option<Uptime>,
    /// What was promised.
    pub objective: Option<Percent>,
    /// Whether it was missed.
    pub breach: Breach,
    /// The downtime that counts.
    pub down: Millis,
    /// The fee of the window.
    pub fee: Money,
    /// The share of the fee that is owed, with the steps.
    pub outcome: CreditOutcome,
    /// The credit, rounded half to even to the currency's minor unit. Never over the fee times the cap.
    pub credit: Money,
    /// The first moment that is too late to claim it; `None` without a credit or a deadline.
    pub claim_deadline: Option<CollectorTime>,
}

/// Why no statement can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementError {
    /// The customer has another plan; holds it.
    OtherPlan(PlanId),
    /// The plan has another contract; holds it.
    OtherContract(ContractId),
    /// Credits before were in another currency than the fee.
    OtherCurrency {
        /// The fee's.
        fee: Currency,
        /// The other.
        before: Currency,
    },
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherPlan(plan) => write!(f, "the customer has plan {plan}"),
            Self::OtherContract(contract) => write!(f, "the plan has contract {contract}"),
            Self::OtherCurrency { fee, before } => {
                write!(f, "the fee is in {}, credits before in {}", fee.code(), before.code())
            }
        }
    }
}

impl core::error::Error for StatementError {}

/// States what a customer is owed for a judged window. `credited_before` is what it was credited in the 11 months before.
///
/// # Errors
/// The customer has another plan, the plan another contract, the money another currency.
pub fn statement(
    contract: &Contract,
    evaluation: &Evaluation,
    plan: &Plan,
    customer: &Customer,
    credited_before: Option<Money>,
    zone: &Zone,
) -> Result<Statement, StatementError> {
    let terms = contract.terms();
    if customer.plan != plan.id {
        return Err(StatementError::OtherPlan(customer.plan.clone()));
    }
    if plan.contract != terms.id {
        return Err(StatementError::OtherContract(plan.contract.clone()));
    }
    if let Some(before) = credited_before.filter(|before| before.currency() != customer.fee.currency()) {
        return Err(StatementError::OtherCurrency { fee: customer.fee.currency(), before: before.currency() });
    }
    let before = credited_before.map_or(0, Money::minor);
    let facts = CreditFacts {
        affected: customer.affected.ratio(),
        // Without a fee nothing can be owed, whatever was credited before.
        credited_before: Ratio::new(before.into(), customer.fee.minor().into()).unwrap_or(Ratio::ZERO),
        ..evaluation.facts
    };
    let outcome = match &terms.credit {
        Some(credit) => credit.owed(&facts),
        None => CreditOutcome::nothing(CreditStep::NoTerms),
    };
    let credit = customer.fee.share(outcome.share);
    let last_incident_end =
        evaluation.outages.iter().filter(|outage| outage.down > Millis::ZERO).map(|o| o.interval.end());
    let claim = terms.credit.as_ref().and_then(|credit| credit.claim).filter(|_| credit.minor() > 0);
    Ok(Statement {
        customer: customer.id.clone(),
        plan: plan.id.clone(),
        contract: terms.id.clone(),
        window: evaluation.window.clone(),
        uptime: evaluation.uptime,
        objective: evaluation.objective,
        breach: evaluation.breach,
        down: evaluation.ledger.down(),
        fee: customer.fee,
        claim_deadline: claim.map(|rule| rule.deadline(&evaluation.window, last_incident_end.max(), zone)),
        outcome,
        credit,
    })
}

#[cfg(test)]
mod tests;

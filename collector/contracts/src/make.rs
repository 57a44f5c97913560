//! Making the report.

use quorate_collector_report::Document;
use quorate_collector_sla::account::{Statement, StatementError, statement};
use quorate_collector_sla::report::{Finality, Report, ReportInputs};
use quorate_collector_sla::{CustomerId, EvaluateError, Evaluation, Inputs};
use quorate_model::CollectorTime;

use crate::hash::input_hash;
use crate::material::Material;

/// Which printing of a report it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Its revision, from 1.
    pub revision: u32,
    /// Whether it is final.
    pub finality: Finality,
    /// When it is made.
    pub made_at: CollectorTime,
}

impl Edition {
    /// The first provisional printing.
    pub const fn provisional(made_at: CollectorTime) -> Self {
        Self { revision: 1, finality: Finality::Provisional, made_at }
    }
}

/// Why no report can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// The window has not begun.
    #[error("{label} has not begun")]
    NotBegun {
        /// The window's name.
        label: String,
    },
    /// The window cannot be judged.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// What a customer is owed cannot be stated.
    #[error("what {customer} is owed cannot be stated")]
    Statement {
        /// The customer.
        customer: CustomerId,
        /// Why.
        source: StatementError,
    },
}

/// Makes the report on the window, as far as it is known.
///
/// # Errors
/// The window has not begun, the zone is not the contract's, or plans and money do not fit.
pub fn make(material: &Material, edition: Edition) -> Result<Report, MakeError> {
    let label = || material.window.label.clone();
    let window = material.measured().ok_or_else(|| MakeError::NotBegun { label: label() })?;
    let inputs = ReportInputs {
        revision: edition.revision,
        finality: edition.finality,
        made_at: edition.made_at,
        input_hash: input_hash(material),
        incidents: material.incidents.clone(),
        latency: material.latency.clone(),
        methods: material.methods.clone(),
        plans: material.plans.clone(),
    };
    let data = Inputs { checks: &material.checks, zone: &material.zone };
    let report = Report::new(&material.contract, &window, data, inputs)?;
    let statements = statements(material, &report.evaluation)?;
    Ok(report.with_statements(statements))
}

/// The report as it is written and kept.
///
/// # Errors
/// As [`make`].
pub fn document(material: &Material, edition: Edition) -> Result<Document, MakeError> {
    Ok(Document::of(&make(material, edition)?, &material.contract))
}

/// What each customer is owed; deadlines count from the whole window's end, also while it runs.
fn statements(material: &Material, evaluation: &Evaluation) -> Result<Vec<Statement>, MakeError> {
    let evaluation = Evaluation { window: material.window.clone(), ..evaluation.clone() };
    let state = |(plan, customer): &(_, quorate_collector_sla::account::Customer)| {
        let before = material.credited_before.get(&customer.id).copied();
        statement(&material.contract, &evaluation, plan, customer, before, &material.zone)
            .map_err(|source| MakeError::Statement { customer: customer.id.clone(), source })
    };
    material.customers.iter().map(state).collect()
}

#[cfg(test)]
mod tests;

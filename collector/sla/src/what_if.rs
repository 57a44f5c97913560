//! The same window under other terms, side by side.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use quorate_model::Millis;

use crate::contract::{Contract, Denominator, Fault, UnknownRule};
use crate::evaluate::{EvaluateError, Evaluation, Inputs, evaluate};
use crate::exclusion::Exclusion;
use crate::window::Window;

/// Which terms are other; `None` keeps the contract's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variation {
    /// What to call it.
    pub label: String,
    /// Another minimum outage.
    pub min_outage: Option<Millis>,
    /// Another rule for unknown time.
    pub unknown: Option<UnknownRule>,
    /// Another denominator.
    pub denominator: Option<Denominator>,
    /// Another set of exclusions.
    pub exclusions: Option<Vec<Exclusion>>,
}

/// A window under one variation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// What it is called.
    pub label: String,
    /// How it comes out.
    pub evaluation: Evaluation,
}

/// Why a variation cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhatIfError {
    /// The contract with the other terms contradicts itself.
    Contract {
        /// The variation.
        label: String,
        /// What is wrong.
        faults: Vec<Fault>,
    },
    /// The window cannot be judged.
    Evaluate(EvaluateError),
}

impl fmt::Display for WhatIfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contract { label, faults } => {
                write!(f, "{label}:")?;
                faults.iter().try_for_each(|fault| write!(f, " {fault};"))
            }
            Self::Evaluate(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for WhatIfError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Contract { .. } => None,
            Self::Evaluate(error) => Some(error),
        }
    }
}

/// The contract under a variation.
///
/// # Errors
/// What is wrong with the other terms.
pub fn vary(contract: &Contract, variation: &Variation) -> Result<Contract, Vec<Fault>> {
    let mut draft = contract.clone().into_draft();
    if let Some(min_outage) = variation.min_outage {
        draft.min_outage = min_outage;
    }
    if let Some(unknown) = variation.unknown {
        draft.unknown = unknown;
    }
    if let Some(denominator) = variation.denominator {
        draft.denominator = denominator;
    }
    if let Some(exclusions) = &variation.exclusions {
        draft.exclusions.clone_from(exclusions);
    }
    Contract::new(draft)
}

/// Judges the window under each variation, in order. Another quorum is other inputs: judge those apart.
///
/// # Errors
/// A variation contradicts itself, or the window cannot be judged.
pub fn what_if(
    contract: &Contract,
    variations: &[Variation],
    window: &Window,
    inputs: Inputs<'_>,
) -> Result<Vec<Alternative>, WhatIfError> {
    let judge = |variation: &Variation| {
        let contract = vary(contract, variation)
            .map_err(|faults| WhatIfError::Contract { label: variation.label.clone(), faults })?;
        let evaluation = evaluate(&contract, window, inputs).map_err(WhatIfError::Evaluate)?;
        Ok(Alternative { label: variation.label.clone(), evaluation })
    };
    variations.iter().map(judge).collect()
}

#[cfg(test)]
mod tests;

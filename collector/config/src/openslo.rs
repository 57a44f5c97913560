//! Contracts as SLOs of OpenSLO v1 and back.
//!
//! The two say different things: an SLO has metric sources, alert policies and labels, a contract has exclusions, credits
//! and service hours. What the other side cannot express is told as a remark, never dropped in silence. [`import`] reads
//! one SLO of a file and the SLIs it refers to there; [`export`] writes one SLO. A contract whose export has no remark comes
//! back as it was.
//!
//! An exported SLO names its indicators as metric sources of type `quorate`, so that an import knows what a number
//! measures; of any other source it cannot be told, and a bound of latency has no unit in OpenSLO.

mod contract_yaml;
mod export;
mod import;
mod indicator;
mod keys;
mod objective;
mod objects;
mod window;

use quorate_collector_sla::Contract;

use crate::yaml::{Diagnostic, Documents};

pub use export::{Exported, export};

/// The only version that is read and written.
const API_VERSION: &str = "openslo/v1";

/// The type of the metric sources that exports write.
const OWN_SOURCE: &str = "quorate";

/// A slice of [`quorate_collector_sla::Basis::MinuteErrorRate`], in milliseconds.
const MINUTE_MS: i64 = 60_000;

/// A contract out of an SLO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The contract.
    pub contract: Contract,
    /// The contract as a file; [`crate::contract::parse_contract`] reads the same contract from it.
    pub yaml: String,
    /// What the SLO says and the contract does not, or says differently, in order of place.
    pub remarks: Vec<Diagnostic>,
}

/// Reads the only SLO of a file of OpenSLO v1, or the one with the name.
///
/// The file is one document or several, each with one object or a list of them. An `indicatorRef` is looked up there; objects
/// of other kinds are remarks.
///
/// # Errors
/// Every wrong value in what was read, by place; no SLO, or several of which none is named.
pub fn import(text: &str, name: Option<&str>) -> Result<Imported, Vec<Diagnostic>> {
    let documents = Documents::parse(text).map_err(|error| vec![error])?;
    let (contract, mut remarks) = documents.read(|cursors| import::slo(cursors, name))?;
    remarks.sort_by(|a, b| (a.position, &a.path).cmp(&(b.position, &b.path)));
    // Two objectives can refer to the same SLI.
    remarks.dedup();
    let yaml = contract_yaml::write(contract.terms());
    Ok(Imported { contract, yaml, remarks })
}

#[cfg(test)]
mod tests;

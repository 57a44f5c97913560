//! Contracts as YAML: one file for a service level agreement, or a catalogue of contracts, plans and customers.
//!
//! Texts are read with the machinery of [`crate::yaml`]: unknown keys are refused and every error comes at once, also those
//! that the contract engine finds when the whole contradicts itself, each at the line and column of its key. Time zones come
//! from the bundled database and leave as transitions ([`zone`]).

mod catalogue;
mod credit;
mod exclusions;
mod planned;
mod segments;
mod terms;
mod values;
mod zone;

pub use catalogue::{Catalogue, MAX_CONTRACTS, MAX_CUSTOMERS, MAX_PLANS};
pub use planned::{MAX_MAINTENANCE, Maintenance};
pub use segments::{LineError, MAX_LINE_ERRORS, MAX_SEGMENTS, SegmentLines, read_segments};
pub use zone::{ZoneNameError, zone, zone_for_period};

use quorate_collector_sla::Contract;

use crate::yaml::{Cursor, Diagnostic, Document};
pub(crate) use planned::planned;
use terms::Completeness;
pub(crate) use zone::canonical;

/// Reads a file with one contract.
///
/// # Errors
/// Every error in the text, by place.
pub fn parse_contract(text: &str) -> Result<Contract, Vec<Diagnostic>> {
    Document::parse(text).map_err(|error| vec![error])?.read(contract)
}

/// Reads a contract at the cursor; notes what is wrong and gives `None` then.
pub fn contract(cursor: &Cursor<'_>) -> Option<Contract> {
    let reading = terms::read(cursor)?;
    match Contract::new(reading.draft) {
        Ok(contract) => (reading.completeness == Completeness::Whole).then_some(contract),
        Err(faults) => {
            for fault in faults {
                cursor.error_at(&fault.path, fault.problem);
            }
            None
        }
    }
}

#[cfg(test)]
mod tests;

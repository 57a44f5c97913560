//! Contracts as YAML: one file for a service level agreement, or a catalogue of contracts, plans and customers.
//!
//! Texts are read with the machinery of [`crate::yaml`]: unknown keys are refused and every error comes at once, also those
//! that the contract engine finds when the whole contradicts itself, each at the line and column of its key. Time zones come
//! from the bundled database and leave as transitions ([`zone`]).

mod catalogue;
mod credit;
mod exclusions;
mod gaps;
mod planned;
mod segments;
mod terms;
mod values;
mod zone;

pub use catalogue::{Catalogue, MAX_CONTRACTS, MAX_CUSTOMERS, MAX_PLANS};
pub use planned::{MAX_MAINTENANCE, Maintenance};
pub use segments::{LineError, MAX_LINE_ERRORS, MAX_SEGMENTS, SegmentLines, read_segments};
pub use zone::{ZoneNameError, zone, zone_for_period};

use quorate_collector_sla::{Contract, ContractDraft};

use crate::yaml::{Cursor, Diagnostic, Document};
pub(crate) use gaps::Gaps;
pub(crate) use planned::planned;
pub(crate) use zone::canonical;

/// Reads a file with one contract.
///
/// # Errors
/// Every error in the text, by place.
pub fn parse_contract(text: &str) -> Result<Contract, Vec<Diagnostic>> {
    parse_fit(text, &|_, _| Vec::new())
}

/// What a contract names and nobody knows, each with its path and in words.
pub(crate) type Inspect<'a> = dyn Fn(&ContractDraft, &Gaps) -> Vec<(String, String)> + 'a;

/// Reads a file with one contract that has to fit what is around it too.
fn parse_fit(text: &str, inspect: &Inspect<'_>) -> Result<Contract, Vec<Diagnostic>> {
    Document::parse(text).map_err(|error| vec![error])?.read(|cursor| contract(cursor, inspect))
}

/// Reads a contract at the cursor; notes what is wrong and gives `None` then.
fn contract(cursor: &Cursor<'_>, inspect: &Inspect<'_>) -> Option<Contract> {
    let mut gaps = Gaps::default();
    let draft = terms::read(cursor, &mut gaps)?;
    let unfit = inspect(&draft, &gaps);
    let fine = unfit.is_empty() && gaps.none();
    for (path, problem) in unfit {
        cursor.error_at(&gaps.in_text(&path), problem);
    }
    match Contract::new(draft) {
        Ok(contract) => fine.then_some(contract),
        Err(faults) => {
            for fault in faults {
                cursor.error_at(&gaps.in_text(&fault.path), fault.problem);
            }
            None
        }
    }
}

#[cfg(test)]
mod tests;

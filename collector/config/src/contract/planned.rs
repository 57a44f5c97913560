//! Maintenance that is planned for several contracts at once.

use std::collections::BTreeSet;

use quorate_collector_sla::contract::{Fault, exclusion_faults};
use quorate_collector_sla::{Contract, ContractId, Exclusion, ExclusionClass};

use super::catalogue::Catalogue;
use super::exclusions::of_class;
use super::gaps::Gaps;
use super::values::id;
use crate::yaml::{Cursor, Fields, hint};

/// The most entries of planned maintenance.
pub const MAX_MAINTENANCE: usize = 1000;

/// Planned maintenance, and of which contracts it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    /// The contracts it concerns; `None` for all.
    pub contracts: Option<Vec<ContractId>>,
    /// When and why.
    pub window: Exclusion,
}

impl Maintenance {
    /// True if it concerns the contract.
    pub fn concerns(&self, contract: &ContractId) -> bool {
        self.contracts.as_ref().is_none_or(|contracts| contracts.contains(contract))
    }
}

/// Reads the key `maintenance` and adds each entry to the contracts it concerns; `ids` are those of all contracts, where they
/// are known.
pub(crate) fn planned(
    fields: &mut Fields<'_>,
    catalogue: Option<Catalogue>,
    ids: Option<&BTreeSet<String>>,
) -> Option<(Catalogue, Vec<Maintenance>)> {
    let entries = fields.or("maintenance", Vec::new(), |cursor| {
        let count = cursor.list()?.len();
        if count > MAX_MAINTENANCE {
            cursor.error(format_args!("has {count} entries; allowed are {MAX_MAINTENANCE}"));
            return None;
        }
        cursor.each(|entry| maintenance(entry, ids))
    })?;
    let catalogue = catalogue?;
    let contracts: Option<Vec<Contract>> =
        catalogue.contracts().iter().map(|contract| with(contract, &entries, fields.cursor())).collect();
    Some((catalogue.with_contracts(contracts?), entries))
}

fn maintenance(cursor: &Cursor<'_>, ids: Option<&BTreeSet<String>>) -> Option<Maintenance> {
    let mut fields = cursor.fields()?;
    let mut gaps = Gaps::default();
    let contracts = fields.optional("contracts", |c| {
        if c.list()?.is_empty() {
            c.error("is empty, so that no contract is concerned; name some, or leave the key out for all");
            return None;
        }
        c.each(|name| known(name, ids))
    });
    let window = of_class(&mut fields, ExclusionClass::Maintenance, &mut gaps);
    fields.finish();
    let faults = exclusion_faults(&window);
    let fine = faults.is_empty() && gaps.none();
    for Fault { path, problem } in faults {
        cursor.error_at(&path, problem);
    }
    Some(Maintenance { contracts: contracts?, window }).filter(|_| fine)
}

fn known(cursor: &Cursor<'_>, ids: Option<&BTreeSet<String>>) -> Option<ContractId> {
    let name = id(cursor, ContractId::new)?;
    let Some(ids) = ids else { return Some(name) };
    if ids.contains(name.as_str()) {
        return Some(name);
    }
    let hint = hint(name.as_str(), ids.iter().map(String::as_str));
    cursor.error(format_args!("no contract has the id {name}{hint}"));
    None
}

/// The contract with the entries that concern it; what is wrong is noted at the entry.
fn with(contract: &Contract, entries: &[Maintenance], at: &Cursor<'_>) -> Option<Contract> {
    let own = contract.terms().exclusions.len();
    let mine: Vec<usize> = (0..entries.len())
        .filter(|place| entries.get(*place).is_some_and(|entry| entry.concerns(&contract.terms().id)))
        .collect();
    if mine.is_empty() {
        return Some(contract.clone());
    }
    let mut draft = contract.clone().into_draft();
    draft.exclusions.extend(mine.iter().filter_map(|place| entries.get(*place)).map(|entry| entry.window.clone()));
    match Contract::new(draft) {
        Ok(contract) => Some(contract),
        Err(faults) => {
            for Fault { path, problem } in faults {
                at.error_at(&entry_path(&path, own, &mine), problem);
            }
            None
        }
    }
}

/// `exclusions[3].end` of the contract as the place of the entry: `maintenance[0].end`.
fn entry_path(path: &str, own: usize, mine: &[usize]) -> String {
    let place = || {
        let (number, rest) = path.strip_prefix("exclusions[")?.split_once(']')?;
        let place = mine.get(number.parse::<usize>().ok()?.checked_sub(own)?)?;
        Some(format!("maintenance[{place}]{rest}"))
    };
    place().unwrap_or_else(|| "maintenance".to_owned())
}

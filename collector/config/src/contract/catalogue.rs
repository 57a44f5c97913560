//! Contracts, plans and customers together.

use std::collections::{BTreeMap, BTreeSet};

use quorate_collector_sla::account::{Customer, Plan};
use quorate_collector_sla::contract::Fault;
use quorate_collector_sla::support::{Severity, SupportPlan, SupportTarget};
use quorate_collector_sla::{Contract, ContractId, CustomerId, Percent, PlanId, ServiceHours};
use quorate_model::IdError;

use super::gaps::Gaps;
use super::values::{hours, id, money, percent, span, words};
use super::{Inspect, contract, parse_fit};
use crate::files::{MAX_FILE_BYTES, Open};
use crate::read::values::name;
use crate::yaml::{Cursor, Diagnostic, Document, Fields, hint};

/// The most contracts of a catalogue.
pub const MAX_CONTRACTS: usize = 1000;

/// The most plans of a catalogue.
pub const MAX_PLANS: usize = 1000;

/// The most customers of a catalogue.
pub const MAX_CUSTOMERS: usize = 100_000;

/// The most channels of a plan's support.
const MAX_CHANNELS: usize = 16;

/// Contracts, plans and customers that name each other rightly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    contracts: Vec<Contract>,
    plans: Vec<Plan>,
    customers: Vec<Customer>,
}

impl Catalogue {
    /// Reads a file with the keys `slas`, `plans` and `customers`, each a list that may be missing, and with every contract
    /// in the file itself.
    ///
    /// # Errors
    /// Every error in the text, by place.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        Document::parse(text).map_err(|error| vec![error])?.read(|cursor| {
            let mut fields = cursor.fields()?;
            let mut none = |_: &str| Err("a catalogue by itself has its contracts inside".to_owned());
            let (catalogue, _) = Self::read(&mut fields, &mut none, &|_, _| Vec::new());
            fields.finish();
            catalogue
        })
    }

    /// Reads the keys `slas`, `plans` and `customers` of a map that may have others; contracts that stand in files of their
    /// own are asked of `open`, and `inspect` says what of a contract does not fit what is around it. Gives the contracts' ids
    /// too, also of those that could not be read.
    pub(crate) fn read(
        fields: &mut Fields<'_>,
        open: &mut Open<'_>,
        inspect: &Inspect<'_>,
    ) -> (Option<Self>, Option<BTreeSet<String>>) {
        let mut contract_ids = Vec::new();
        let contracts = list(fields, "slas", MAX_CONTRACTS, |cursor| {
            let contract = inline_or_file(cursor, open, inspect);
            let read = contract.as_ref().map(|contract| contract.terms().id.as_str().to_owned());
            // A file that could not be read has the id in it.
            let here = || peek_id(cursor, "id", ContractId::new).filter(|_| cursor.peek("file").is_none());
            contract_ids.push(read.or_else(here));
            contract
        });
        let (mut plan_ids, mut plan_contracts) = (Vec::new(), Vec::new());
        let plans = list(fields, "plans", MAX_PLANS, |cursor| {
            plan_ids.push(peek_id(cursor, "id", PlanId::new));
            plan_contracts.push(peek_id(cursor, "contract", ContractId::new));
            plan(cursor)
        });
        let (mut customer_ids, mut customer_plans) = (Vec::new(), Vec::new());
        let customers = list(fields, "customers", MAX_CUSTOMERS, |cursor| {
            customer_ids.push(peek_id(cursor, "id", CustomerId::new));
            customer_plans.push(peek_id(cursor, "plan", PlanId::new));
            customer(cursor)
        });
        let at = fields.cursor();
        let known_contracts = all(&contract_ids, contracts.is_some());
        let fits = [
            distinct(at, "slas", &contract_ids),
            distinct(at, "plans", &plan_ids),
            distinct(at, "customers", &customer_ids),
            known(at, "plans", "contract", &plan_contracts, known_contracts.as_ref()),
            known(at, "customers", "plan", &customer_plans, all(&plan_ids, plans.is_some()).as_ref()),
        ];
        let fits = fits.into_iter().all(|fine| fine);
        let made = || Some(Self { contracts: contracts?, plans: plans?, customers: customers? });
        (made().filter(|_| fits), known_contracts)
    }

    /// The catalogue with another contract of the same id in the place of each.
    pub(crate) fn with_contracts(mut self, contracts: Vec<Contract>) -> Self {
        self.contracts = contracts;
        self
    }

    /// A contract by its id.
    pub fn contract(&self, id: &ContractId) -> Option<&Contract> {
        self.contracts.iter().find(|contract| contract.terms().id == *id)
    }

    /// The customers whose plan has this contract, each with the plan.
    pub fn customers_of<'a>(&'a self, id: &'a ContractId) -> impl Iterator<Item = (&'a Plan, &'a Customer)> + 'a {
        let plan = |customer: &&'a Customer| self.plans.iter().find(|plan| plan.id == customer.plan);
        let pairs = self.customers.iter().filter_map(move |customer| Some((plan(&customer)?, customer)));
        pairs.filter(move |(plan, _)| plan.contract == *id)
    }

    /// The contracts, as they were written.
    pub fn contracts(&self) -> &[Contract] {
        &self.contracts
    }

    /// The plans of a contract.
    pub fn plans_of<'a>(&'a self, id: &'a ContractId) -> impl Iterator<Item = &'a Plan> + 'a {
        self.plans.iter().filter(|plan| plan.contract == *id)
    }

    /// The plans, as they were written; the contract of each is in the catalogue.
    pub fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// The customers, as they were written; the plan of each is in the catalogue.
    pub fn customers(&self) -> &[Customer] {
        &self.customers
    }
}

fn list<T>(
    fields: &mut Fields<'_>,
    key: &'static str,
    max: usize,
    read: impl FnMut(&Cursor<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    fields.or(key, Vec::new(), |cursor| {
        let count = cursor.list()?.len();
        if count > max {
            cursor.error(format_args!("has {count} entries; allowed are {max}"));
            return None;
        }
        cursor.each(read)
    })
}

/// A contract as it stands here, or `{file: NAME}` for one in a file of its own. What is wrong in the file is told at its
/// name, with the place in it.
fn inline_or_file(cursor: &Cursor<'_>, open: &mut Open<'_>, inspect: &Inspect<'_>) -> Option<Contract> {
    if !cursor.is_map() || !cursor.fields()?.has("file") {
        return contract(cursor, inspect);
    }
    let mut fields = cursor.fields()?;
    let name = fields.required("file");
    fields.finish();
    let at = name?;
    let name = super::values::words(&at)?;
    if name.trim() != name || name.is_empty() || name.chars().any(char::is_control) {
        at.expected("the path of a file, on one line and without blanks around it");
        return None;
    }
    let text = match open(&name) {
        Ok(text) if text.len() > MAX_FILE_BYTES => {
            at.error(format_args!("{name} has {} bytes; allowed are {MAX_FILE_BYTES}", text.len()));
            return None;
        }
        Ok(text) => text,
        Err(why) => {
            at.error(format_args!("{name} cannot be read: {why}"));
            return None;
        }
    };
    match parse_fit(&text, inspect) {
        Ok(contract) => Some(contract),
        Err(errors) => {
            for error in &errors {
                at.error(format_args!("{name}:{error}"));
            }
            None
        }
    }
}

/// The id under a key, if it is one; what is wrong with it is noted where it is read.
fn peek_id<T>(cursor: &Cursor<'_>, key: &str, new: fn(&str) -> Result<T, IdError>) -> Option<String> {
    cursor.peek(key).filter(|id| new(id).is_ok()).map(str::to_owned)
}

/// The ids of a list, if they are all known; where the list itself could not be read, none is.
fn all(ids: &[Option<String>], whole: bool) -> Option<BTreeSet<String>> {
    if ids.is_empty() && !whole { None } else { ids.iter().cloned().collect() }
}

/// Notes every id that stands twice.
fn distinct(at: &Cursor<'_>, key: &str, ids: &[Option<String>]) -> bool {
    let mut seen = BTreeSet::new();
    let mut fine = true;
    for (place, id) in ids.iter().enumerate() {
        let Some(id) = id else { continue };
        if !seen.insert(id) {
            at.error_at(&format!("{key}[{place}].id"), format_args!("{id} stands twice; each id is used once"));
            fine = false;
        }
    }
    fine
}

/// Notes every name that is not in `ids`; where these are not known, no name can be judged.
fn known(at: &Cursor<'_>, key: &str, field: &str, names: &[Option<String>], ids: Option<&BTreeSet<String>>) -> bool {
    let Some(ids) = ids else { return true };
    let mut fine = true;
    for (place, name) in names.iter().enumerate() {
        let Some(name) = name else { continue };
        if !ids.contains(name) {
            let hint = hint(name, ids.iter().map(String::as_str));
            at.error_at(&format!("{key}[{place}].{field}"), format_args!("no {field} has the id {name}{hint}"));
            fine = false;
        }
    }
    fine
}

fn plan(cursor: &Cursor<'_>) -> Option<Plan> {
    let mut fields = cursor.fields()?;
    let plan_id = fields.required("id").and_then(|c| id(&c, PlanId::new));
    let name = fields.optional("name", name);
    let contract = fields.required("contract").and_then(|c| id(&c, ContractId::new));
    let support = fields.optional("support", support);
    fields.finish();
    let plan_id = plan_id?;
    Some(Plan {
        name: name?.unwrap_or_else(|| plan_id.as_str().to_owned()),
        id: plan_id,
        contract: contract?,
        support: support?,
    })
}

fn support(cursor: &Cursor<'_>) -> Option<SupportPlan> {
    let mut fields = cursor.fields()?;
    let mut gaps = Gaps::default();
    let hours = fields.or("hours", ServiceHours::Always, |c| hours(c, &mut gaps));
    let channels = fields.or("channels", Vec::new(), |c| {
        let count = c.list()?.len();
        if count > MAX_CHANNELS {
            c.error(format_args!("has {count} entries; allowed are {MAX_CHANNELS}"));
            return None;
        }
        c.each(words)
    });
    let targets = fields.or("targets", BTreeMap::new(), |c| targets(c, &mut gaps));
    fields.finish();
    let hours = gaps.fill(hours, ServiceHours::Always);
    let channels = gaps.fill(channels, Vec::new());
    let made = SupportPlan::new(hours, channels, gaps.fill(targets, BTreeMap::new()));
    let made = made.map_err(|faults| {
        for Fault { path, problem } in faults {
            cursor.error_at(&path, problem);
        }
    });
    made.ok().filter(|_| gaps.none())
}

fn targets(cursor: &Cursor<'_>, gaps: &mut Gaps) -> Option<BTreeMap<Severity, SupportTarget>> {
    let mut fields = cursor.fields()?;
    let mut out = BTreeMap::new();
    for severity in Severity::ALL {
        let target = fields.optional(severity.as_str(), target);
        if let Some(target) = gaps.fill(target, None) {
            out.insert(severity, target);
        }
    }
    fields.finish();
    Some(out)
}

fn target(cursor: &Cursor<'_>) -> Option<SupportTarget> {
    let mut fields = cursor.fields()?;
    let acknowledge = fields.optional("acknowledge", span);
    let resolve = fields.optional("resolve", span);
    fields.finish();
    Some(SupportTarget { acknowledge: acknowledge?, resolve: resolve? })
}

fn customer(cursor: &Cursor<'_>) -> Option<Customer> {
    let mut fields = cursor.fields()?;
    let customer_id = fields.required("id").and_then(|c| id(&c, CustomerId::new));
    let name = fields.optional("name", name);
    let plan = fields.required("plan").and_then(|c| id(&c, PlanId::new));
    let fee = fields.required("fee").and_then(|c| money(&c));
    let affected = fields.or("affected", Percent::HUNDRED, percent);
    fields.finish();
    let customer_id = customer_id?;
    Some(Customer {
        name: name?.unwrap_or_else(|| customer_id.as_str().to_owned()),
        id: customer_id,
        plan: plan?,
        fee: fee?,
        affected: affected?,
    })
}

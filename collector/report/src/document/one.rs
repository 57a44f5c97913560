//! The report as one customer gets it.

use super::Document;
use crate::revision::{DETAILS_OF, is_of_another};

impl Document {
    /// The report for one customer: what others pay and are owed, and what their plans promise, is left out. `None` where
    /// nobody of that id has the contract.
    #[must_use]
    pub fn for_customer(&self, customer: &str) -> Option<Self> {
        let plan = &self.customers.iter().find(|line| line.customer == customer)?.plan;
        let mut one = Self { customer: Some(customer.to_owned()), ..self.clone() };
        one.customers.retain(|line| line.customer == customer);
        one.support.retain(|line| line.plan == *plan);
        if let Some(change) = &mut one.change {
            change.figures.retain(|[what, ..]| !is_of_another(what, customer, plan));
            // Parts that differ in no figure; of these two it cannot be told whose they are.
            for [.., parts] in change.figures.iter_mut().filter(|[what, ..]| what == DETAILS_OF) {
                let own: Vec<&str> =
                    parts.split(", ").filter(|part| !["customers", "support"].contains(part)).collect();
                *parts = own.join(", ");
            }
            change.figures.retain(|[what, _, parts]| what != DETAILS_OF || !parts.is_empty());
        }
        Some(one)
    }
}

#[cfg(test)]
mod tests;

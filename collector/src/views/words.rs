//! The quorum in words.

use quorate_collector_sla::percent::trimmed_decimal;
use quorate_model::{Policy, Quorum};

/// Such as "majority: 3 of 5, of at least 2 providers"; `need` and `voting` are those of the moment.
pub(crate) fn quorum(policy: &Policy, need: u16, voting: u16) -> String {
    if policy.is_single_vantage() {
        return "single vantage: one region alone decides".to_owned();
    }
    let rule = match policy.quorum() {
        Quorum::Majority => "majority".to_owned(),
        Quorum::All => "all".to_owned(),
        Quorum::AtLeast(count) => format!("at least {count}"),
        Quorum::Fraction(ppm) => format!("at least {}% of them", trimmed_decimal((*ppm).into(), 4)),
        Quorum::Weights(_) => "weight over half".to_owned(),
    };
    let providers = policy.min_providers();
    let providers = match providers {
        1 => String::new(),
        count => format!(", of at least {count} providers"),
    };
    format!("{rule}: {need} of {voting}{providers}")
}

#[cfg(test)]
mod tests;

//! The quorum in words.

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
        Quorum::Fraction(ppm) => format!("at least {} of them", share(*ppm)),
        Quorum::Weights(_) => "weight over half".to_owned(),
    };
    let providers = policy.min_providers();
    let providers = match providers {
        1 => String::new(),
        count => format!(", of at least {count} providers"),
    };
    format!("{rule}: {need} of {voting}{providers}")
}

/// Parts per million as a percentage without needless zeros.
fn share(ppm: u32) -> String {
    let (whole, rest) = (ppm / 10_000, ppm % 10_000);
    if rest == 0 {
        return format!("{whole}%");
    }
    let decimals = format!("{rest:04}");
    format!("{whole}.{}%", decimals.trim_end_matches('0'))
}

#[cfg(test)]
mod tests;

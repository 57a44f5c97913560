//! Rules and steps in sentences.

use quorate_collector_sla::credit::CreditStep;
use quorate_collector_sla::percent::trimmed_decimal;
use quorate_model::{Policy, Quorum};

use crate::moment::span;

/// How a credit came about, a sentence a step.
pub(crate) fn credit_steps(steps: &[CreditStep]) -> Vec<String> {
    steps.iter().map(credit_step).collect()
}

fn credit_step(step: &CreditStep) -> String {
    let percent = |ratio: quorate_collector_sla::percent::Ratio| ratio.percent_short(4);
    match step {
        CreditStep::NotMeasured => "Nothing was measured, so nothing is owed.".to_owned(),
        CreditStep::NoTerms => "The contract has no credits.".to_owned(),
        CreditStep::Met => "Every threshold was met, so nothing is owed.".to_owned(),
        CreditStep::Below { uptime, threshold } => {
            format!("The uptime, {} %, is below {threshold} %.", uptime.percent_truncated(4))
        }
        CreditStep::Reached { down, at_least } => {
            format!("The downtime, {}, is at least {}.", span(down.get()), span(at_least.get()))
        }
        CreditStep::Days { days, of } => format!("{days} days of service out of the {of} of the period."),
        CreditStep::Multiplied { down, times_milli } => {
            format!("{} % of the time was down, times {}.", percent(*down), trimmed_decimal((*times_milli).into(), 3))
        }
        CreditStep::Affected { down, affected } => {
            format!("{} % of the time was down, of which {} % was affected.", percent(*down), percent(*affected))
        }
        CreditStep::Share(share) => format!("That is {} % of the fee.", percent(*share)),
        CreditStep::Floor(floor) => format!("At least {floor} % is owed."),
        CreditStep::MonthCap(cap) => format!("At most {cap} % of the fee is owed."),
        CreditStep::YearCap { cap, left } => {
            format!("At most {cap} % of the fees of 12 months is owed, which leaves {} % of this fee.", percent(*left))
        }
        _ => "By a rule that this program does not know the words of.".to_owned(),
    }
}

/// How many regions have to be bad.
pub(crate) fn quorum(policy: &Policy) -> String {
    if policy.is_single_vantage() {
        return "single vantage: one region alone decides".to_owned();
    }
    match policy.quorum() {
        Quorum::Majority => "more than half of the voting regions".to_owned(),
        Quorum::All => "all voting regions".to_owned(),
        Quorum::AtLeast(count) => format!("at least {count} regions"),
        Quorum::Fraction(ppm) => format!("at least {} % of the voting regions", trimmed_decimal((*ppm).into(), 4)),
        Quorum::Weights(_) => "more than half of the weight of the voting regions".to_owned(),
    }
}

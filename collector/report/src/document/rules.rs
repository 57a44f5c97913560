//! The rules of a contract in words, for who has only the report.

use quorate_collector_sla::basis::Basis;
use quorate_collector_sla::contract::{Denominator, UnknownRule};
use quorate_collector_sla::credit::{ClaimRule, Credit, CreditRule, LadderMeasure};
use quorate_collector_sla::exclusion::{MaintenanceRules, OverCap};
use quorate_collector_sla::percent::trimmed_decimal;
use quorate_collector_sla::{ContractDraft, Service, ServiceHours, WindowKind};
use quorate_model::Millis;

use super::Rule;
use crate::moment::{Moments, span};

/// What the figures of a report follow from, besides what it lists on its own: objectives, exclusions, customers, checks.
pub(super) fn rules(terms: &ContractDraft) -> Vec<Rule> {
    let mut all = vec![
        ("service", service(&terms.service)),
        ("window", window(terms.window)),
        ("downtime", basis(terms.basis)),
        ("minimum outage", minimum(terms.min_outage)),
        ("uptime", denominator(terms.denominator)),
        ("unknown time", unknown(terms.unknown)),
        ("service hours", hours(&terms.service_hours)),
        ("maintenance", maintenance(&terms.maintenance)),
    ];
    if let Some(start) = terms.service_start {
        let start = Moments::new(&terms.timezone).second(start.as_millis());
        all.push(("start of the service", format!("{start}; time before is left out")));
    }
    if let Some(terms) = &terms.credit {
        all.push(("credit", credit(terms)));
        all.extend(terms.claim.map(|claim| ("claims", claims(claim))));
    }
    all.into_iter().map(|(about, says)| Rule { about: about.to_owned(), says }).collect()
}

fn service(of: &Service) -> String {
    let list = |parts: &[Service]| parts.iter().map(service).collect::<Vec<_>>().join(", ");
    match of {
        Service::Check(check) => format!("check {check}"),
        Service::AnyDown(parts) => format!("down while any is: ({})", list(parts)),
        Service::AllDown(parts) => format!("down while all are: ({})", list(parts)),
        Service::Weights(parts) => {
            let parts: Vec<String> =
                parts.iter().map(|(part, weight)| format!("{} of weight {weight}", service(part))).collect();
            format!("down by the share of the weight that is: ({})", parts.join(", "))
        }
    }
}

fn window(kind: WindowKind) -> String {
    match kind {
        WindowKind::RollingDays(days) => format!("the last {days} days"),
        WindowKind::BillingMonth { anchor_day } => format!("a month from its day {anchor_day} on"),
        WindowKind::CalendarHour => "an hour of the clock".to_owned(),
        WindowKind::CalendarDay => "a day".to_owned(),
        WindowKind::CalendarWeek => "a week from Monday on".to_owned(),
        WindowKind::CalendarMonth => "a calendar month".to_owned(),
        WindowKind::CalendarQuarter => "a quarter of a year".to_owned(),
        WindowKind::CalendarYear => "a calendar year".to_owned(),
    }
}

fn basis(basis: Basis) -> String {
    match basis {
        Basis::Continuous => "every millisecond in which enough regions agree".to_owned(),
        Basis::MinuteAllFail => "whole minutes in which every attempt failed".to_owned(),
        Basis::MinuteErrorRate { over } => format!("whole minutes in which over {over} % of the attempts failed"),
        Basis::IntervalErrorRateMean { interval } => {
            format!(
                "the mean of the error rates of all intervals of {}; one without attempts has none",
                span(interval.get())
            )
        }
        Basis::Requests => "attempts that failed, out of all".to_owned(),
    }
}

fn minimum(outage: Millis) -> String {
    if outage == Millis::ZERO {
        "none; an outage of any length counts".to_owned()
    } else {
        format!("{}; a shorter outage is no downtime", span(outage.get()))
    }
}

fn denominator(denominator: Denominator) -> String {
    match denominator {
        Denominator::Total => "a share of all service time; what is excluded counts as up",
        Denominator::MinusExcluded => "a share of the service time without what is excluded",
    }
    .to_owned()
}

fn unknown(rule: UnknownRule) -> String {
    match rule {
        UnknownRule::Exclude => "counts neither as up nor as down",
        UnknownRule::Up => "counts as up",
        UnknownRule::Down => "counts as down",
    }
    .to_owned()
}

fn hours(hours: &ServiceHours) -> String {
    let clock = |time: Millis| {
        let minutes = time.get() / 60_000;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    };
    match hours {
        ServiceHours::Always => "always".to_owned(),
        ServiceHours::Weekly(entries) => {
            let entry = |entry: &quorate_collector_sla::DailyHours| {
                let days: Vec<&str> = entry.days.iter().map(|day| day.as_str()).collect();
                format!("{} {} to {}", days.join(" "), clock(entry.from), clock(entry.to))
            };
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{}; nothing counts outside them", entries.join(", "))
        }
    }
}

fn maintenance(rules: &MaintenanceRules) -> String {
    let mut parts = vec![format!("left out if announced {} ahead", span(rules.min_notice.get()))];
    for (cap, period) in [(rules.cap_per_month, "month"), (rules.cap_per_year, "year")] {
        parts.extend(cap.map(|cap| format!("at most {} a {period}", span(cap.get()))));
    }
    if rules.cap_per_month.is_some() || rules.cap_per_year.is_some() {
        parts.push(match rules.over_cap {
            OverCap::RefuseWindow => "nothing is left out of a window over that".to_owned(),
            OverCap::ExcludeUpToCap => "the first part of a window up to that".to_owned(),
        });
    }
    parts.join("; ")
}

fn credit(credit: &Credit) -> String {
    let mut parts: Vec<String> = match &credit.rule {
        CreditRule::Tiers(tiers) => {
            tiers.iter().map(|tier| format!("{} % of the fee below {} %", tier.percent, tier.below)).collect()
        }
        CreditRule::Multiplier { times_milli } => {
            vec![format!("{} times the fee of the downtime", trimmed_decimal((*times_milli).into(), 3))]
        }
        CreditRule::ServiceDays(tiers) => {
            tiers.iter().map(|tier| format!("{} days of service below {} %", tier.days, tier.below)).collect()
        }
        CreditRule::DurationLadder { measure, steps } => {
            let of = match measure {
                LadderMeasure::Total => "downtime in all",
                LadderMeasure::Longest => "downtime at a stretch",
            };
            let step = |step: &quorate_collector_sla::credit::LadderStep| {
                format!("{} days of service from {} of {of} on", step.days, span(step.at_least.get()))
            };
            steps.iter().map(step).collect()
        }
        CreditRule::Proportional => vec!["the share of the time that was down, times the share affected".to_owned()],
    };
    parts.extend(credit.floor.map(|floor| format!("at least {floor} % once any is owed")));
    parts.extend(credit.cap_per_month.map(|cap| format!("at most {cap} % for one window")));
    parts.extend(credit.cap_per_12_months.map(|cap| format!("at most {cap} % of the fees of 12 months")));
    parts.join("; ")
}

fn claims(claim: ClaimRule) -> String {
    match claim {
        ClaimRule::DaysAfterIncident(days) => format!("within {days} days after the end of the last incident"),
        ClaimRule::DaysAfterWindow(days) => format!("within {days} days after the end of the window"),
        ClaimRule::SecondBillingCycle => "up to the end of the second month after the window".to_owned(),
    }
}

#[cfg(test)]
mod tests;

use quorate_collector_sla::exclusion::MaintenanceRules;
use quorate_collector_sla::{ContractId, DailyHours, Percent, Weekday};
use quorate_model::{CheckId, CollectorTime};

use super::*;

fn check(id: &str) -> Service {
    Service::Check(CheckId::new(id).expect("an id"))
}

fn percent(text: &str) -> Percent {
    Percent::parse(text).expect("a percentage")
}

fn said(draft: &ContractDraft) -> Vec<String> {
    rules(draft).into_iter().map(|rule| format!("{}: {}", rule.about, rule.says)).collect()
}

#[test]
fn a_contract_of_defaults_says_what_they_are() {
    let draft = ContractDraft::new(ContractId::new("plain").expect("an id"), check("shop"));
    assert_eq!(
        said(&draft),
        [
            "service: check shop",
            "window: a calendar month",
            "downtime: every millisecond in which enough regions agree",
            "minimum outage: none; an outage of any length counts",
            "uptime: a share of the service time without what is excluded",
            "unknown time: counts neither as up nor as down",
            "service hours: always",
            "maintenance: left out if announced 0 s ahead",
        ]
    );
}

#[test]
fn every_rule_that_was_chosen_is_said() {
    let either = Service::AnyDown(vec![check("shop"), Service::AllDown(vec![check("a"), check("b")])]);
    let service = Service::Weights(vec![(either, 3), (check("api"), 1)]);
    let mut draft = ContractDraft::new(ContractId::new("gold").expect("an id"), service);
    draft.window = WindowKind::BillingMonth { anchor_day: 15 };
    draft.basis = Basis::MinuteErrorRate { over: percent("5") };
    draft.min_outage = Millis::from_secs(300);
    draft.denominator = Denominator::Total;
    draft.unknown = UnknownRule::Down;
    draft.service_start = Some(CollectorTime::from_millis(86_400_000));
    let (days, from) = (vec![Weekday::Mon, Weekday::Fri], Millis::from_secs(8 * 3600 + 1800));
    draft.service_hours = ServiceHours::Weekly(vec![DailyHours { days, from, to: Millis::from_secs(20 * 3600) }]);
    draft.maintenance = MaintenanceRules {
        min_notice: Millis::from_secs(48 * 3600),
        cap_per_month: Some(Millis::from_secs(4 * 3600)),
        cap_per_year: None,
        over_cap: OverCap::ExcludeUpToCap,
    };
    draft.credit = Some(Credit {
        floor: Some(percent("2")),
        cap_per_12_months: Some(percent("50")),
        claim: Some(ClaimRule::SecondBillingCycle),
        ..Credit::new(CreditRule::Multiplier { times_milli: 2500 })
    });
    assert_eq!(
        said(&draft),
        [
            "service: down by the share of the weight that is: (down while any is: (check shop, down while all are: \
             (check a, check b)) of weight 3, check api of weight 1)",
            "window: a month from its day 15 on",
            "downtime: whole minutes in which over 5 % of the attempts failed",
            "minimum outage: 5 min 00 s; a shorter outage is no downtime",
            "uptime: a share of all service time; what is excluded counts as up",
            "unknown time: counts as down",
            "service hours: mon fri 08:30 to 20:00; nothing counts outside them",
            "maintenance: left out if announced 2 d 00 h 00 min 00 s ahead; at most 4 h 00 min 00 s a month; the first \
             part of a window up to that",
            "start of the service: 1970-01-02 00:00:00 UTC; time before is left out",
            "credit: 2.5 times the fee of the downtime; at least 2 % once any is owed; at most 50 % of the fees of 12 months",
            "claims: up to the end of the second month after the window",
        ]
    );
}

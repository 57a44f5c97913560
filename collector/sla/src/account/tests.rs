use alloc::collections::BTreeMap;

use quorate_model::{CheckId, Millis};

use super::{Customer, Plan, Statement, StatementError, statement};
use crate::combine::Service;
use crate::contract::{Contract, ContractDraft};
use crate::credit::{ClaimRule, Credit, CreditRule, Tier};
use crate::evaluate::{CheckInput, Evaluation, Inputs, evaluate};
use crate::id::{ContractId, CustomerId, PlanId};
use crate::interval::Interval;
use crate::money::{Currency, Money};
use crate::percent::Percent;
use crate::tests::utc_ms;
use crate::timeline::{PlainSegment, Timeline};
use crate::zone::Zone;
use quorate_model::State;

fn percent(text: &str) -> Percent {
    Percent::parse(text).expect("a percentage")
}

fn euro(text: &str) -> Money {
    Money::parse(text, Currency::new("EUR").expect("a code")).expect("an amount")
}

/// November 2026 of a check that was down for `down_ms` from the 10th at 8:00 UTC.
fn november(credit: Credit, down_ms: i64) -> (Contract, Evaluation) {
    let check = CheckId::new("shop").expect("an id");
    let mut draft = ContractDraft::new(ContractId::new("gold").expect("an id"), Service::Check(check.clone()));
    draft.objectives.availability = Some(percent("99.95"));
    draft.credit = Some(credit);
    let contract = Contract::new(draft).expect("a contract");
    let start = utc_ms("2026-11-10T08:00:00Z");
    let edges = [utc_ms("2026-11-01T00:00:00Z"), start, start + down_ms, utc_ms("2026-12-01T00:00:00Z")];
    let states = [State::Up, State::Down, State::Up];
    let segments: Vec<PlainSegment> = edges
        .windows(2)
        .zip(states)
        .filter_map(|(pair, state)| Some(PlainSegment { interval: Interval::from_millis(pair[0], pair[1])?, state }))
        .collect();
    let timeline = Timeline::from_plain(&segments).expect("no overlap");
    let checks = BTreeMap::from([(check, CheckInput { timeline, attempts: None })]);
    let window = contract.terms().window.window("2026-11", &Zone::utc()).expect("a month");
    let evaluation = evaluate(&contract, &window, Inputs { checks: &checks, zone: &Zone::utc() }).expect("UTC");
    (contract, evaluation)
}

fn tiers() -> Credit {
    let tier = |below: &str, share: &str| Tier { below: percent(below), percent: percent(share) };
    Credit {
        claim: Some(ClaimRule::DaysAfterWindow(30)),
        ..Credit::new(CreditRule::Tiers(vec![tier("99.95", "10"), tier("99", "25")]))
    }
}

fn state(
    credit: Credit,
    down_ms: i64,
    fee: &str,
    affected: &str,
    before: Option<Money>,
) -> Result<Statement, StatementError> {
    let (contract, evaluation) = november(credit, down_ms);
    let plan = Plan {
        id: PlanId::new("gold").expect("an id"),
        name: "Gold".into(),
        contract: contract.terms().id.clone(),
        support: None,
    };
    let customer = Customer {
        id: CustomerId::new("acme").expect("an id"),
        name: "Acme".into(),
        plan: plan.id.clone(),
        fee: euro(fee),
        affected: percent(affected),
    };
    statement(&contract, &evaluation, &plan, &customer, before, &Zone::utc())
}

#[test]
fn a_statement_turns_a_share_into_money() {
    let half_hour = 1_800_000;
    for (fee, expected) in [("499.00", "49.90"), ("0.15", "0.02"), ("0.25", "0.02"), ("0.00", "0.00")] {
        let statement = state(tiers(), half_hour, fee, "100", None).expect("one plan");
        assert_eq!(statement.credit.amount(), expected, "{fee}");
        assert_eq!(statement.down, Millis::new(half_hour));
    }
    let owed = state(tiers(), half_hour, "499.00", "100", None).expect("one plan");
    assert_eq!(owed.claim_deadline.map(quorate_model::CollectorTime::as_millis), Some(utc_ms("2026-12-31T00:00:00Z")));
    let met = state(tiers(), 1_296_000, "499.00", "100", None).expect("one plan");
    assert_eq!((met.credit, met.claim_deadline), (euro("0"), None));
}

#[test]
fn the_customers_own_share_and_past_count() {
    // An hour and a half of 720 hours, a quarter affected: 1/1920 of the fee.
    let proportional = state(Credit::new(CreditRule::Proportional), 5_400_000, "960.00", "25", None);
    assert_eq!(proportional.expect("one plan").credit, euro("0.50"));
    // 5 % of twelve fees of 100 are 60; 55 were credited before.
    let capped = Credit { cap_per_12_months: Some(percent("5")), ..tiers() };
    let credit =
        |before: &str| state(capped.clone(), 1_800_000, "100.00", "100", Some(euro(before))).expect("one plan").credit;
    assert_eq!(credit("0"), euro("10"));
    assert_eq!(credit("55"), euro("5"));
    assert_eq!(credit("60"), euro("0"));
    let yen = Money::parse("1", Currency::new("JPY").expect("a code")).expect("an amount");
    assert!(matches!(state(tiers(), 1, "1", "100", Some(yen)), Err(StatementError::OtherCurrency { .. })));
}

#[test]
fn plan_contract_and_customer_belong_together() {
    let (contract, evaluation) = november(tiers(), 1);
    let id = |text: &str| PlanId::new(text).expect("an id");
    let plan = |contract: &str| Plan {
        id: id("gold"),
        name: String::new(),
        contract: ContractId::new(contract).expect("an id"),
        support: None,
    };
    let customer = |plan: &str| Customer {
        id: CustomerId::new("acme").expect("an id"),
        name: String::new(),
        plan: id(plan),
        fee: euro("1"),
        affected: Percent::HUNDRED,
    };
    let state =
        |plan: &Plan, customer: &Customer| statement(&contract, &evaluation, plan, customer, None, &Zone::utc()).err();
    assert_eq!(state(&plan("gold"), &customer("gold")), None);
    assert_eq!(state(&plan("gold"), &customer("free")), Some(StatementError::OtherPlan(id("free"))));
    let other = ContractId::new("other").expect("an id");
    assert_eq!(state(&plan("other"), &customer("gold")), Some(StatementError::OtherContract(other)));
}

use alloc::string::ToString;
use alloc::vec;

use quorate_model::{CollectorTime, Millis};

use super::{Claim, ClaimError, ClaimState};
use crate::account::Statement;
use crate::credit::CreditOutcome;
use crate::id::{ContractId, CustomerId, PlanId};
use crate::ledger::Breach;
use crate::money::{Currency, Money};
use crate::percent::Ratio;
use crate::window::WindowKind;
use crate::zone::Zone;

fn at(ms: i64) -> CollectorTime {
    CollectorTime::from_millis(ms)
}

fn statement(credit: &str, deadline: Option<i64>) -> Statement {
    let money = |text: &str| Money::parse(text, Currency::new("EUR").expect("a code")).expect("an amount");
    Statement {
        customer: CustomerId::new("acme").expect("an id"),
        plan: PlanId::new("gold").expect("an id"),
        contract: ContractId::new("gold").expect("an id"),
        window: WindowKind::CalendarMonth.window("2026-10", &Zone::utc()).expect("a month"),
        uptime: None,
        objective: None,
        breach: Breach::Certain,
        down: Millis::ZERO,
        fee: money("100"),
        outcome: CreditOutcome { share: Ratio::ONE, steps: vec![] },
        credit: money(credit),
        claim_deadline: deadline.map(at),
    }
}

#[test]
fn a_claim_comes_before_its_deadline() {
    let open = |credit: &str, deadline, time| {
        Claim::open(&statement(credit, deadline), at(time), "ada", "").map(|claim| claim.state())
    };
    assert_eq!(open("10", Some(100), 99), Ok(ClaimState::Open));
    assert_eq!(open("10", Some(100), 100), Err(ClaimError::TooLate(at(100))));
    assert_eq!(open("10", None, i64::MAX), Ok(ClaimState::Open));
    assert_eq!(open("0", None, 0), Err(ClaimError::NothingOwed));
    assert_eq!(Claim::open(&statement("10", None), at(0), " ", "").err(), Some(ClaimError::NoAuthor));
}

#[test]
fn only_these_changes_are_allowed() {
    use ClaimState::{Accepted, Open, Paid, Refused};
    let allowed = [(Open, Accepted), (Open, Refused), (Accepted, Paid), (Refused, Open)];
    for from in ClaimState::ALL {
        for to in ClaimState::ALL {
            assert_eq!(from.may_become(to), allowed.contains(&(from, to)), "{from:?} -> {to:?}");
        }
    }
    let refused = ClaimError::NotAllowed { from: Open, to: Paid }.to_string();
    assert_eq!(refused, "a claim that is open cannot become paid; allowed is accepted refused");
    let done = ClaimError::NotAllowed { from: Paid, to: Open }.to_string();
    assert_eq!(done, "a claim that is paid cannot become open; allowed is nothing more");
}

#[test]
fn every_change_stays_with_its_author_and_time() {
    let mut claim = Claim::open(&statement("10", None), at(1), "ada", "please").expect("owed");
    assert_eq!(
        claim.change(ClaimState::Paid, at(2), "bob", ""),
        Err(ClaimError::NotAllowed { from: ClaimState::Open, to: ClaimState::Paid })
    );
    assert_eq!(claim.change(ClaimState::Refused, at(0), "bob", ""), Err(ClaimError::BeforeLastChange(at(1))));
    assert_eq!(claim.change(ClaimState::Refused, at(2), "", ""), Err(ClaimError::NoAuthor));
    for (state, time) in
        [(ClaimState::Refused, 2), (ClaimState::Open, 3), (ClaimState::Accepted, 3), (ClaimState::Paid, 4)]
    {
        claim.change(state, at(time), "bob", "note").expect("allowed");
    }
    assert_eq!(claim.state(), ClaimState::Paid);
    let history: Vec<(i64, &str)> =
        claim.changes().iter().map(|change| (change.at.as_millis(), change.state.as_str())).collect();
    assert_eq!(history, [(1, "open"), (2, "refused"), (3, "open"), (3, "accepted"), (4, "paid")]);
    assert_eq!((claim.period(), claim.amount().amount().as_str()), ("2026-10", "10.00"));
}

#[test]
fn changes_are_bounded() {
    let mut claim = Claim::open(&statement("10", None), at(0), "ada", "").expect("owed");
    let mut refused = None;
    for turn in 0..Claim::MAX_CHANGES {
        let to = if turn % 2 == 0 { ClaimState::Refused } else { ClaimState::Open };
        refused = claim.change(to, at(0), "ada", "").err();
    }
    assert_eq!(refused, Some(ClaimError::TooManyChanges));
    assert_eq!(claim.changes().len(), Claim::MAX_CHANGES);
}

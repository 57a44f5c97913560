use alloc::collections::BTreeMap;

use quorate_model::{CheckId, CollectorTime, Millis};

use super::{BurnRule, Firing, allowance};
use crate::combine::Service;
use crate::contract::{Contract, ContractDraft};
use crate::evaluate::{Assessor, CheckInput, Inputs};
use crate::id::ContractId;
use crate::interval::{Interval, IntervalSet};
use crate::percent::Percent;
use crate::timeline::{Timeline, TimelineParts};
use crate::zone::Zone;

fn percent(text: &str) -> Percent {
    Percent::parse(text).expect("a percentage")
}

#[test]
fn budgets_of_thirty_days() {
    let month = Millis::from_secs(30 * 86_400);
    for (objective, ms) in
        [("99.5", 12_960_000), ("99.9", 2_592_000), ("99.95", 1_296_000), ("99.99", 259_200), ("100", 0)]
    {
        assert_eq!(allowance(percent(objective), month), Millis::new(ms), "{objective}");
    }
    assert_eq!(allowance(percent("99.99"), Millis::from_secs(3600)), Millis::new(360));
}

#[test]
fn factors_scale_with_the_window() {
    let shown = |days| {
        BurnRule::standard(days).map(|rule| {
            rule.factor.times(crate::percent::Ratio::new(1, 100).expect("over 0")).expect("small").percent_short(4)
        })
    };
    assert_eq!(shown(30), ["14.4", "6", "3", "1"]);
    assert_eq!(shown(28), ["13.44", "5.6", "2.8", "0.9333"]);
}

/// A check that was known for ten days up to time 0; certainly and possibly down before it, in seconds.
fn with<T>(low: &[(i64, i64)], point: &[(i64, i64)], f: impl FnOnce(&Assessor<'_>) -> T) -> T {
    let set = |runs: &[(i64, i64)]| -> IntervalSet {
        runs.iter().filter_map(|(start, end)| Interval::from_millis(start * 1000, end * 1000)).collect()
    };
    let parts = TimelineParts {
        down_low: set(low),
        down_point: set(point),
        covered: set(&[(-864_000, 0)]),
        ..TimelineParts::default()
    };
    let check = CheckId::new("shop").expect("an id");
    let checks = BTreeMap::from([(check.clone(), CheckInput { timeline: Timeline::new(parts), attempts: None })]);
    let draft = ContractDraft::new(ContractId::new("c").expect("an id"), Service::Check(check));
    let contract = Contract::new(draft).expect("a contract");
    let range = Interval::from_millis(-864_000_000, 0).expect("ten days");
    f(&Assessor::new(&contract, range, Inputs { checks: &checks, zone: &Zone::utc() }).expect("UTC"))
}

fn firing(low: &[(i64, i64)], point: &[(i64, i64)], objective: &str) -> Vec<bool> {
    with(low, point, |assessor| {
        let alerts = assessor.burn_alerts(CollectorTime::from_millis(0), percent(objective), &BurnRule::standard(30));
        alerts.iter().map(|alert| alert.firing == Firing::Yes).collect()
    })
}

#[test]
fn both_windows_have_to_exceed() {
    // At 99.9 an hour burns 14.4 times when 51.84 s of it are down.
    let now = [(-52, 0)];
    assert_eq!(firing(&now, &[], "99.9"), [true, false, false, false]);
    let at_the_factor = |seconds: i64| firing(&[(-seconds, 0)], &[], "99.64");
    // 0.36 % allowed: 14.4 times that is 5.184 % of an hour, 186.624 s.
    assert!(!at_the_factor(186)[0]);
    assert!(at_the_factor(187)[0]);
    // Ten minutes ago: the hour burns, the last five minutes do not.
    assert_eq!(firing(&[(-700, -600)], &[], "99.9"), [false, false, false, false]);
    assert_eq!(firing(&[(-900, -600)], &[], "99.9"), [false, true, true, true]);
    assert_eq!(firing(&[], &[], "99.9"), [false; 4]);
}

#[test]
fn doubt_alone_does_not_alert() {
    assert_eq!(firing(&[], &[(-3600, 0)], "99.99"), [false; 4]);
    assert_eq!(firing(&[(-1, 0)], &[(-3600, 0)], "99.99"), [true; 4]);
}

#[test]
fn a_budget_is_spent_and_overspent() {
    let range = Interval::from_millis(-864_000_000, 0).expect("ten days");
    // 99.9 of ten days allows 864 s.
    let (spent, over) = (|a: &Assessor<'_>| a.budget(range, percent("99.9")), Millis::from_secs(-36));
    let budget = with(&[(-500, 0)], &[(-900, 0)], spent);
    assert_eq!(budget.allowed, Millis::from_secs(864));
    assert_eq!((budget.spent_low, budget.spent), (Millis::from_secs(500), Millis::from_secs(900)));
    assert_eq!(budget.left(), over);
    let burn = with(&[(-864, 0)], &[], |a| a.burn_rate(range, percent("99.9")));
    assert_eq!(burn, Some(crate::percent::Ratio::ONE));
    assert_eq!(with(&[], &[], |a| a.burn_rate(range, Percent::HUNDRED)), None);
}

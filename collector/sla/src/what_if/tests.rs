use alloc::collections::BTreeMap;
use alloc::vec;

use quorate_model::{CheckId, Millis, State};

use super::{Variation, WhatIfError, what_if};
use crate::combine::Service;
use crate::contract::{Contract, ContractDraft, UnknownRule};
use crate::evaluate::{CheckInput, Inputs, evaluate};
use crate::exclusion::{Exclusion, ExclusionClass};
use crate::id::ContractId;
use crate::interval::Interval;
use crate::timeline::{PlainSegment, Timeline};
use crate::window::WindowKind;
use crate::zone::Zone;

#[test]
fn the_same_hour_under_other_terms() {
    let check = CheckId::new("shop").expect("an id");
    let mut draft = ContractDraft::new(ContractId::new("c").expect("an id"), Service::Check(check.clone()));
    draft.window = WindowKind::CalendarHour;
    let contract = Contract::new(draft).expect("a contract");
    let run = |start: i64, end: i64| Interval::from_millis(start * 1000, end * 1000).expect("some time");
    let segment = |start, end, state| PlainSegment { interval: run(start, end), state };
    let timeline = Timeline::from_plain(&[
        segment(86_400, 86_450, State::Down),
        segment(86_450, 88_200, State::Up),
        segment(88_200, 88_300, State::Down),
        segment(88_300, 90_000, State::Unknown),
    ]);
    let input = CheckInput { timeline: timeline.expect("no overlap"), attempts: None };
    let checks = BTreeMap::from([(check, input)]);
    let inputs = Inputs { checks: &checks, zone: &Zone::utc() };
    let window = contract.terms().window.window("1970-01-02T00", &Zone::utc()).expect("an hour");
    let vary = |label: &str| Variation { label: label.into(), ..Variation::default() };
    let variations = [
        vary("as it is"),
        Variation { min_outage: Some(Millis::from_secs(60)), ..vary("a minute") },
        Variation { unknown: Some(UnknownRule::Up), ..vary("unknown up") },
        Variation { unknown: Some(UnknownRule::Down), ..vary("unknown down") },
        Variation {
            exclusions: Some(vec![Exclusion::new(ExclusionClass::Customer, run(88_200, 88_250), "")]),
            ..vary("excluded")
        },
    ];
    let found = what_if(&contract, &variations, &window, inputs).expect("contracts");
    let shown: Vec<(i64, Option<String>)> = found
        .iter()
        .map(|other| {
            let evaluation = &other.evaluation;
            let [_, point, _] = evaluation.uptime.expect("measured").percent();
            (evaluation.ledger.down().get(), Some(point))
        })
        .collect();
    let row = |down, point: &str| (down, Some(point.into()));
    // 150 of 1,900 s known; 100 of them; 150 of 3,600; 1,850 of 3,600; 100 of 1,850.
    assert_eq!(
        shown,
        [
            row(150_000, "92.1052"),
            row(100_000, "94.7368"),
            row(150_000, "95.8333"),
            row(150_000, "48.6111"),
            row(100_000, "94.5945"),
        ]
    );
    assert_eq!(found[0].evaluation, evaluate(&contract, &window, inputs).expect("UTC"));
    let wrong = [Variation { min_outage: Some(Millis::new(-1)), ..vary("wrong") }];
    let error = what_if(&contract, &wrong, &window, inputs).expect_err("a negative outage");
    assert!(matches!(error, WhatIfError::Contract { label, .. } if label == "wrong"));
}

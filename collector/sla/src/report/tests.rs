use alloc::collections::BTreeMap;
use alloc::vec;

use proptest::prelude::*;
use quorate_model::{CheckId, CollectorTime, Millis, State};

use super::{Finality, InputHash, Report, ReportInputs};
use crate::combine::Service;
use crate::contract::{Contract, ContractDraft};
use crate::evaluate::{CheckInput, Inputs};
use crate::id::ContractId;
use crate::interval::Interval;
use crate::percent::Percent;
use crate::tests::{berlin, utc_ms};
use crate::timeline::{PlainSegment, Timeline};

fn inputs() -> ReportInputs {
    ReportInputs {
        revision: 1,
        finality: Finality::Final,
        made_at: CollectorTime::from_millis(utc_ms("2026-11-04T00:00:00Z")),
        input_hash: InputHash([7; 32]),
        incidents: vec![],
        latency: vec![],
        methods: vec![],
        plans: vec![],
    }
}

fn contract() -> Contract {
    let check = CheckId::new("shop").expect("an id");
    let mut draft = ContractDraft::new(ContractId::new("c").expect("an id"), Service::Check(check));
    draft.timezone = "Europe/Berlin".into();
    draft.objectives.availability = Percent::parse("99.95").ok();
    Contract::new(draft).expect("a contract")
}

fn october(contract: &Contract, segments: &[PlainSegment], inputs: ReportInputs) -> Report {
    let timeline = Timeline::from_plain(segments).expect("no overlap");
    let check = CheckId::new("shop").expect("an id");
    let checks = BTreeMap::from([(check, CheckInput { timeline, attempts: None })]);
    let zone = berlin();
    let window = contract.terms().window.window("2026-10", &zone).expect("a month");
    Report::new(contract, &window, Inputs { checks: &checks, zone: &zone }, inputs).expect("the right zone")
}

/// Alternating states over October, from these lengths in minutes.
fn segments(lengths: &[(u32, u8)]) -> Vec<PlainSegment> {
    let mut start = utc_ms("2026-09-30T22:00:00Z");
    let mut out = Vec::new();
    for (minutes, state) in lengths {
        let end = start + i64::from(*minutes) * 60_000;
        let state = [State::Up, State::Down, State::Unknown][usize::from(*state)];
        out.extend(Interval::from_millis(start, end).map(|interval| PlainSegment { interval, state }));
        start = end;
    }
    out
}

#[test]
fn a_report_adds_up_by_day_and_spends_its_budget() {
    let report = october(&contract(), &segments(&[(600, 0), (30, 1), (44_070, 0)]), inputs());
    assert_eq!(report.days.len(), 31);
    let sum = report.days.iter().map(|(_, ledger, _)| *ledger).reduce(|a, b| a.plus(&b).expect("one service"));
    assert_eq!(sum, Some(report.evaluation.ledger));
    let budget = report.budget.expect("an objective");
    // 745 hours: 0.05 % are 1,341 s.
    assert_eq!((budget.allowed, budget.spent), (Millis::from_secs(1341), Millis::from_secs(1800)));
    assert_eq!(
        report.worst.iter().map(|w| w.down.get() / 1000).collect::<Vec<_>>(),
        [60, 300, 1800, 1800, 1800, 1800, 1800]
    );
}

proptest! {
    /// Invariant 24: a frozen report is reproducible from what it was made of, in whatever order that comes.
    #[test]
    fn invariant_24_the_same_inputs_give_the_same_report(
        lengths in prop::collection::vec((1u32..3000, 0u8..3), 1..30),
        order in prop::collection::vec(any::<usize>(), 30),
    ) {
        let in_order = segments(&lengths);
        let mut shuffled = in_order.clone();
        for (place, other) in order.iter().enumerate().take(shuffled.len()) {
            let other = other % shuffled.len();
            shuffled.swap(place, other);
        }
        let contract = contract();
        let report = |segments: &[PlainSegment]| october(&contract, segments, inputs());
        prop_assert_eq!(report(&in_order), report(&shuffled));
    }
}

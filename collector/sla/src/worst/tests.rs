use alloc::collections::BTreeMap;

use proptest::prelude::*;
use quorate_model::{CheckId, CollectorTime, Millis, State};

use crate::combine::Service;
use crate::contract::{Contract, ContractDraft};
use crate::evaluate::{Assessor, CheckInput, Inputs};
use crate::id::ContractId;
use crate::interval::{Interval, IntervalSet};
use crate::timeline::{PlainSegment, Timeline};
use crate::zone::Zone;

/// The worst windows of these lengths in 0..200 ms.
fn worst(down: &IntervalSet, lengths: &[i64]) -> Vec<(i64, i64, String)> {
    let all = Interval::from_millis(0, 200).expect("some time");
    let up = down.complement(all);
    let of = |set: &IntervalSet, state| set.iter().map(|interval| PlainSegment { interval, state }).collect::<Vec<_>>();
    let segments = [of(down, State::Down), of(&up, State::Up)].concat();
    let check = CheckId::new("shop").expect("an id");
    let timeline = Timeline::from_plain(&segments).expect("no overlap");
    let checks = BTreeMap::from([(check.clone(), CheckInput { timeline, attempts: None })]);
    let draft = ContractDraft::new(ContractId::new("c").expect("an id"), Service::Check(check));
    let contract = Contract::new(draft).expect("a contract");
    let zone = Zone::utc();
    let assessor = Assessor::new(&contract, all, Inputs { checks: &checks, zone: &zone }).expect("UTC");
    let lengths: Vec<Millis> = lengths.iter().map(|ms| Millis::new(*ms)).collect();
    let show =
        |w: &super::WorstWindow| (w.interval.start().as_millis(), w.down.get(), w.availability.percent_truncated(2));
    assessor.worst_windows(all, &lengths).iter().map(show).collect()
}

#[test]
fn the_worst_window_meets_the_most_downtime() {
    let down: IntervalSet = [(50, 60), (65, 75), (150, 170)]
        .iter()
        .filter_map(|(start, end)| Interval::from_millis(*start, *end))
        .collect();
    assert_eq!(
        worst(&down, &[10, 20, 25, 200, 201]),
        [(50, 10, "0.00".into()), (150, 20, "0.00".into()), (50, 20, "20.00".into()), (0, 40, "80.00".into())],
        "the length over the period is left out"
    );
    assert_eq!(worst(&IntervalSet::empty(), &[10]), [(0, 0, "100.00".into())]);
}

proptest! {
    #[test]
    fn no_window_is_worse(runs in prop::collection::vec((0i64..190, 1i64..40), 0..6), length in 1i64..=200) {
        let down: IntervalSet =
            runs.iter().filter_map(|(start, len)| Interval::from_millis(*start, (start + len).min(200))).collect();
        let at = CollectorTime::from_millis;
        let inside = |start: i64| (start..start + length).filter(|t| down.contains(at(*t))).count();
        let most = (0..=200 - length).map(inside).max().expect("at least one start");
        prop_assert_eq!(worst(&down, &[length])[0].1, i64::try_from(most).expect("at most 200"));
    }
}

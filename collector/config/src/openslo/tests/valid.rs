//! What is exported is valid OpenSLO, and comes back.

use std::fs;

use proptest::prelude::*;
use quorate_collector_sla::objective::LatencyObjective;
use quorate_collector_sla::{Basis, Contract, ContractDraft, ContractId, Percent, Service, WindowKind};
use quorate_model::{CheckId, Micros, Millis, RegionId};

use super::rules::broken;
use super::{contract, imported};
use crate::contract::Catalogue;
use crate::openslo::export;

/// The export is valid, can be read, and is the same contract where it has no remark.
fn holds(contract: &Contract) -> Result<(), String> {
    let exported = export(contract);
    let broken = broken(&exported.yaml);
    if !broken.is_empty() {
        return Err(format!("{broken:#?}\n{}", exported.yaml));
    }
    let again = imported(&exported.yaml).contract;
    if exported.remarks.is_empty() && &again != contract {
        return Err(format!("{contract:#?} came back as {again:#?}\n{}", exported.yaml));
    }
    Ok(())
}

#[test]
fn presets_and_plans_are_exported_as_valid_documents() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../sla/presets");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the presets are there") {
        let path = entry.expect("is readable").path();
        let text = fs::read_to_string(&path).expect("is readable");
        if path.ends_with("four-plans.yaml") {
            for plan in Catalogue::parse(&text).expect("is a catalogue").contracts() {
                holds(plan).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
                count += 1;
            }
        } else {
            holds(&contract(&text)).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            count += 1;
        }
    }
    assert!(count > 10, "{count} contracts");
}

#[test]
fn the_rules_find_what_is_broken() {
    let good = export(&contract(
        "id: c\nservice: shop\nbasis: requests\nobjectives: {availability: 99.9, latency: [{percentile: 95, under: 1s}]}\n",
    ))
    .yaml;
    assert_eq!(broken(&good), Vec::<String>::new());
    for (from, to) in [
        ("name: \"c\"", "name: \"C\""),
        ("kind: SLO", "kind: SLO\nowner: me"),
        ("service: \"shop\"", "service: 3"),
        ("service: \"shop\"", "service: shop\n  indicatorRef: x"),
        ("target: 0.999", "target: 1.0"),
        ("target: 0.999", "target: 0.999\n      targetPercent: 99.9"),
        ("target: 0.999", "target: \"0.999\""),
        ("target: 0.999", "target: 0.999\n      op: lt"),
        ("op: lt\n", "op: le\n"),
        ("value: 1000", "timeSliceWindow: 1m"),
        ("isRolling: false", "isRolling: true"),
        ("duration: 1M", "duration: 1month"),
        ("00:00:00", "00:00"),
        ("\"UTC\"", "\"Mars\""),
        ("            total:", "            raw:"),
        ("counter: true", "counter: 1"),
        ("Occurrences", "Timeslices"),
    ] {
        assert!(good.contains(from), "{from} in {good}");
        assert_ne!(broken(&good.replacen(from, to, 1)), Vec::<String>::new(), "{to}");
    }
}

fn percent(steps: u32) -> Percent {
    let text = format!("{}.{:06}", steps / Percent::STEPS, steps % Percent::STEPS);
    Percent::parse(&text).expect("a percentage")
}

/// Ids of every form, names of every length.
fn identities() -> impl Strategy<Value = (ContractId, CheckId, String)> {
    let id = || "[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}";
    let id = move || prop_oneof![id(), "[a-z][a-z0-9-]{0,20}"];
    (id(), id(), "[!-~é]( ?[!-~é]){0,60}").prop_map(|(contract, check, name)| {
        (ContractId::new(&contract).expect("an id"), CheckId::new(&check).expect("an id"), name)
    })
}

fn windows() -> impl Strategy<Value = WindowKind> {
    prop_oneof![
        Just(WindowKind::CalendarHour),
        Just(WindowKind::CalendarDay),
        Just(WindowKind::CalendarWeek),
        Just(WindowKind::CalendarMonth),
        Just(WindowKind::CalendarQuarter),
        Just(WindowKind::CalendarYear),
        (1..=WindowKind::MAX_ROLLING_DAYS).prop_map(WindowKind::RollingDays),
        prop_oneof![Just(1_u8), 1_u8..=31].prop_map(|anchor_day| WindowKind::BillingMonth { anchor_day }),
    ]
}

fn bases() -> impl Strategy<Value = Basis> {
    prop_oneof![
        Just(Basis::Continuous),
        Just(Basis::MinuteAllFail),
        Just(Basis::Requests),
        Just(Basis::Requests),
        (0..100 * Percent::STEPS).prop_map(|over| Basis::MinuteErrorRate { over: percent(over) }),
        prop::sample::select(vec![1, 5, 8, 45, 60, 1440])
            .prop_map(|minutes| Basis::IntervalErrorRateMean { interval: Millis::from_secs(minutes * 60) }),
    ]
}

/// Percentages over 0 up to the whole, the ends among them.
fn promises() -> impl Strategy<Value = Percent> {
    let whole = 100 * Percent::STEPS;
    prop_oneof![Just(1), Just(whole), Just(whole - 1), 1..=whole].prop_map(percent)
}

fn contracts() -> impl Strategy<Value = Contract> {
    // Bounds of every length that a contract allows, up to the highest; small ones are as likely as large ones.
    let highest = LatencyObjective::MAX_UNDER.get() / 1000;
    let bounds = prop_oneof![1_u64..=1000, 1_u64..=86_400_000, 1_u64..=highest, Just(highest)];
    let latency = (promises(), bounds, prop::option::of("[a-z]{1,8}")).prop_map(|(percentile, ms, region)| {
        let region = region.map(|region| RegionId::new(&region).expect("a region"));
        LatencyObjective { percentile, under: Micros::new(ms * 1000), region }
    });
    let objectives = (prop::option::of(promises()), prop::option::of(promises()), prop::collection::vec(latency, 0..4));
    let zones = prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York"]);
    let axes = (windows(), zones, bases());
    (identities(), axes, objectives, any::<bool>()).prop_filter_map(
        "a latency objective stands twice",
        |((id, check, name), (window, zone, basis), (availability, good, latency), nested)| {
            let service = Service::Check(check);
            let service = if nested { Service::AnyDown(vec![service]) } else { service };
            let mut draft = ContractDraft::new(id, service);
            draft.name = name;
            draft.window = window;
            draft.timezone = zone.into();
            draft.basis = basis;
            draft.objectives.availability = availability;
            draft.objectives.error_rate = good.map(Percent::rest);
            draft.objectives.latency = latency;
            Contract::new(draft).ok()
        },
    )
}

proptest! {
    #[test]
    fn every_contract_is_exported_as_a_valid_document(contract in contracts()) {
        if let Err(why) = holds(&contract) {
            return Err(TestCaseError::fail(why));
        }
    }
}

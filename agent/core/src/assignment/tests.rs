use proptest::prelude::*;
use quorate_model::check::{Family, TcpSpec};
use quorate_model::{CheckVersion, CollectorTime, Confirm, ProbeSpec};

use super::*;

fn spec(number: u8, version: u64) -> CheckSpec {
    CheckSpec {
        id: CheckId::new(&format!("check-{number}")).expect("a valid id"),
        version: CheckVersion::new(version),
        probe: ProbeSpec::Tcp(TcpSpec {
            address: "192.0.2.1:80".to_owned(),
            family: Family::Any,
            send: None,
            expect: None,
        }),
        interval: Millis::from_secs(10),
        timeout: Millis::from_secs(3),
        degraded_over: None,
        confirm: Confirm::default(),
        phase: Millis::ZERO,
        effective_from: CollectorTime::from_millis(0),
    }
}

fn change(revision: u64, base: Option<u64>, upsert: Vec<CheckSpec>, remove: Vec<CheckId>) -> AssignmentChange {
    AssignmentChange {
        revision,
        base,
        upsert,
        remove,
        references: Vec::new(),
        reference_interval: DEFAULT_REFERENCE_INTERVAL,
    }
}

#[test]
fn a_change_of_another_revision_is_refused_and_changes_nothing() {
    let mut assignment = Assignment::default();
    assignment.apply(change(7, None, vec![spec(1, 1)], vec![])).expect("full");
    let before = assignment.clone();
    let refused = assignment.apply(change(9, Some(8), vec![spec(2, 1)], vec![]));
    assert_eq!(refused, Err(AssignmentError::WrongBase { have: 7, base: 8 }));
    assert_eq!(assignment, before);
}

#[test]
fn too_many_checks_are_refused() {
    let mut assignment = Assignment::default();
    let many = (0..=MAX_CHECKS)
        .map(|i| CheckSpec { id: CheckId::new(&format!("c{i}")).expect("a valid id"), ..spec(0, 1) })
        .collect();
    assert_eq!(assignment.apply(change(1, None, many, vec![])), Err(AssignmentError::TooManyChecks(MAX_CHECKS + 1)));
}

proptest! {
    /// A change leads to the same state as the full assignment does, and the difference names exactly what differs.
    #[test]
    fn full_and_delta_agree(
        old in prop::collection::btree_map(0u8..12, 1u64..3, 0..10), new in prop::collection::btree_map(0u8..12, 1u64..3, 0..10),
    ) {
        let specs = |m: &BTreeMap<u8, u64>| m.iter().map(|(n, v)| spec(*n, *v)).collect::<Vec<_>>();
        let mut start = Assignment::default();
        start.apply(change(1, None, specs(&old), vec![])).expect("full");

        let mut by_full = start.clone();
        let full_diff = by_full.apply(change(2, None, specs(&new), vec![])).expect("full");
        let upsert = specs(&new).into_iter().filter(|s| start.checks.get(&s.id).is_none_or(|o| **o != *s)).collect();
        let remove = start.checks.keys().filter(|id| !by_full.checks.contains_key(*id)).cloned().collect();
        let mut by_delta = start.clone();
        let delta_diff = by_delta.apply(change(2, Some(1), upsert, remove)).expect("right base");

        prop_assert_eq!(&by_full, &by_delta);
        prop_assert_eq!(&full_diff, &delta_diff);
        for set in &full_diff.set {
            prop_assert_ne!(start.checks.get(&set.id), Some(set));
        }
        for (id, stayed) in &by_full.checks {
            if start.checks.get(id) == Some(stayed) {
                prop_assert!(!full_diff.set.iter().any(|s| &s.id == id));
            }
        }
    }
}

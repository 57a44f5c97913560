use super::*;

fn tcp(address: &str, expect: Option<&str>) -> v1::Probe {
    let tcp = v1::TcpProbe {
        address: address.to_owned(),
        family: v1::Family::Any.into(),
        send: None,
        expect: expect.map(ToOwned::to_owned),
    };
    v1::Probe { kind: Some(v1::probe::Kind::Tcp(tcp)) }
}

fn check(id: &str, version: u64, expect: Option<&str>) -> v1::Check {
    v1::Check {
        id: id.to_owned(),
        version,
        interval_ms: 10_000,
        timeout_ms: 3000,
        probe: Some(tcp("192.0.2.1:80", expect)),
        ..v1::Check::default()
    }
}

fn full(revision: u64, upsert: Vec<v1::Check>) -> v1::Assignment {
    v1::Assignment { revision, upsert, ..v1::Assignment::default() }
}

fn delta(revision: u64, base_revision: u64, upsert: Vec<v1::Check>) -> v1::Assignment {
    v1::Assignment { base_revision, ..full(revision, upsert) }
}

fn names(assigned: &Assigned) -> Vec<&str> {
    assigned.refused().iter().map(|(name, _)| name.as_str()).collect()
}

fn ids(specs: &[Arc<CheckSpec>]) -> Vec<&str> {
    specs.iter().map(|spec| spec.id.as_str()).collect()
}

#[test]
fn a_check_that_becomes_unusable_is_no_longer_probed_and_comes_back_when_it_is_mended() {
    let mut assigned = Assigned::default();
    let change = assigned.apply(full(1, vec![check("a", 1, None), check("b", 1, None)])).expect("full");
    assert_eq!(ids(&change.set), ["a", "b"]);

    let change = assigned.apply(delta(2, 1, vec![check("a", 2, Some("("))])).expect("fits");
    assert_eq!(change.removed, [CheckId::new("a").expect("an id")]);
    assert!(change.set.is_empty());
    assert_eq!(names(&assigned), ["a"]);
    assert_eq!(assigned.checks(), 1);

    let change = assigned.apply(delta(3, 2, vec![check("a", 3, None)])).expect("fits");
    assert_eq!(ids(&change.set), ["a"]);
    assert!(names(&assigned).is_empty());
}

#[test]
fn what_cannot_be_read_is_sent_again_after_a_restart() {
    let mut assigned = Assigned::default();
    let unreadable = v1::Check { interval_ms: 0, ..check("bad", 1, None) };
    assigned.apply(full(7, vec![unreadable, check("good", 1, None)])).expect("full");
    assert_eq!(names(&assigned), ["bad"]);
    let stored = assigned.to_message();
    assert_eq!((stored.revision, stored.upsert.len()), (0, 1));
    assigned.apply(delta(8, 7, vec![check("bad", 2, None)])).expect("the revision at hand is 7 all the same");
    assert_eq!(assigned.to_message().revision, 8);
}

#[test]
fn what_is_stored_is_what_was_applied() {
    let mut assigned = Assigned::default();
    let mut message = full(7, vec![check("a", 1, Some("x")), check("b", 2, None)]);
    message.references = vec![tcp("192.0.2.53:53", None)];
    message.reference_interval_ms = 20_000;
    assigned.apply(message).expect("full");
    let mut again = Assigned::default();
    let change = again.apply(assigned.to_message()).expect("full");
    assert_eq!(again.assignment, assigned.assignment);
    assert_eq!(change.references, Some(ReferencePlan { total: 1, interval: Millis::new(20_000) }));
}

#[test]
fn one_reference_that_cannot_be_used_means_none() {
    let mut assigned = Assigned::default();
    let mut message = full(1, vec![check("a", 1, None)]);
    message.references = vec![tcp("192.0.2.53:53", None), tcp("192.0.2.54:53", Some("("))];
    let change = assigned.apply(message.clone()).expect("full");
    assert_eq!(change.references.map(|plan| plan.total), Some(0));
    assert_eq!(names(&assigned), ["references"]);
    assert!(
        assigned.refused().iter().all(|(_, reason)| reason.starts_with("references[1]: ")),
        "{:?}",
        assigned.refused()
    );
    message.references.truncate(1);
    let change = assigned.apply(v1::Assignment { revision: 2, ..message }).expect("full");
    assert_eq!(change.references.map(|plan| plan.total), Some(1));
    assert!(names(&assigned).is_empty());
}

#[test]
fn a_change_that_does_not_fit_changes_nothing() {
    let mut assigned = Assigned::default();
    assigned.apply(full(1, vec![check("a", 1, None)])).expect("full");
    assert!(assigned.apply(delta(3, 2, vec![v1::Check { probe: None, ..check("b", 1, None) }])).is_err());
    assert!(names(&assigned).is_empty());
    assert_eq!(assigned.checks(), 1);
}

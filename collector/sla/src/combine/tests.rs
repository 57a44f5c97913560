use alloc::vec;

use quorate_model::CheckId;

use super::Service;

fn leaf(name: &str) -> Service {
    Service::Check(CheckId::new(name).expect("an id"))
}

#[test]
fn weights_divide_into_parts() {
    let weights = |parts: Vec<(Service, u32)>| Service::Weights(parts);
    assert_eq!(leaf("a").scale(), Some(1));
    assert_eq!(weights(vec![(leaf("a"), 3), (leaf("b"), 1)]).scale(), Some(4));
    let thirds = weights(vec![(leaf("a"), 1), (leaf("b"), 2)]);
    let halves = weights(vec![(leaf("c"), 1), (leaf("d"), 1)]);
    assert_eq!(Service::AnyDown(vec![thirds.clone(), halves.clone()]).scale(), Some(6));
    assert_eq!(weights(vec![(thirds, 4), (halves, 1)]).scale(), Some(30));
    assert_eq!(weights(vec![(leaf("a"), 1_000_001)]).scale(), None);
    assert_eq!(weights(vec![]).scale(), None);
}

#[test]
fn checks_are_listed_in_order_of_mention() {
    let service = Service::AnyDown(vec![Service::AllDown(vec![leaf("b"), leaf("a")]), leaf("c")]);
    let names: Vec<&str> = service.checks().into_iter().map(CheckId::as_str).collect();
    assert_eq!(names, ["b", "a", "c"]);
}

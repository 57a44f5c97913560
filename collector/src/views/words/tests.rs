use quorate_model::{CheckId, PolicyRegion, ProviderId, RegionId};

use super::*;

fn policy(regions: usize, quorum: Quorum) -> Policy {
    let names = ["a", "b", "c", "d", "e"];
    let regions = names.iter().take(regions).map(|name| PolicyRegion {
        region: RegionId::new(name).expect("is an id"),
        provider: ProviderId::new(name).expect("is an id"),
    });
    Policy::new(CheckId::new("c").expect("is an id"), regions.collect(), quorum, None, None).expect("is a policy")
}

#[test]
fn quorums_in_words() {
    let check = |regions: usize, rule: Quorum, expected: &str| {
        assert_eq!(quorum(&policy(regions, rule), 3, 5), expected);
    };
    check(5, Quorum::Majority, "majority: 3 of 5, of at least 2 providers");
    check(5, Quorum::All, "all: 3 of 5, of at least 2 providers");
    check(5, Quorum::AtLeast(3), "at least 3: 3 of 5, of at least 2 providers");
    check(5, Quorum::Fraction(600_000), "at least 60% of them: 3 of 5, of at least 2 providers");
    check(5, Quorum::Fraction(333_300), "at least 33.33% of them: 3 of 5, of at least 2 providers");
    check(1, Quorum::Majority, "single vantage: one region alone decides");
}

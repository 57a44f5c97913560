use proptest::prelude::*;

use super::*;

/// The longest wait that may come next.
fn ceiling(backoff: Backoff) -> i64 {
    let waits = (0..=60_000u64).map(|random| backoff.clone().next_wait(random).get());
    waits.max().expect("not empty")
}

#[test]
fn the_ceiling_is_half_of_what_was_waited_up_to_the_cap_and_starts_anew() {
    let mut backoff = Backoff::default();
    let mut ceilings = Vec::new();
    // Always the longest wait.
    for _ in 0..16 {
        let longest = ceiling(backoff);
        ceilings.push(longest);
        backoff.next_wait(longest.unsigned_abs());
    }
    assert_eq!(ceilings[..6], [500, 500, 500, 750, 1125, 1687]);
    assert_eq!(ceilings.last(), Some(&60_000));
    backoff.reset();
    assert_eq!(ceiling(backoff), BASE.get());
}

proptest! {
    #[test]
    fn no_wait_is_longer_than_half_of_those_before(randoms in prop::collection::vec(any::<u64>(), 0..100)) {
        let mut backoff = Backoff::default();
        let mut before = Millis::ZERO;
        for random in randoms {
            let wait = backoff.next_wait(random);
            prop_assert!(Millis::ZERO <= wait && wait <= CAP && wait <= before.over(2).max(BASE));
            before += wait;
        }
    }
}

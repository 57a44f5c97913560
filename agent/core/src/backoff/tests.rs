use proptest::prelude::*;

use super::*;

#[test]
fn the_ceiling_doubles_up_to_the_cap_and_starts_anew() {
    let mut backoff = Backoff::default();
    let ceilings: Vec<i64> = (0..9)
        .map(|_| {
            let mut other = backoff;
            let full = (0..=60_000u64)
                .map(|r| {
                    let mut b = other;
                    b.next_wait(r).get()
                })
                .max()
                .expect("not empty");
            other.next_wait(0);
            backoff = other;
            full
        })
        .collect();
    assert_eq!(ceilings, [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    backoff.reset();
    assert!(backoff.next_wait(u64::MAX) <= BASE);
}

proptest! {
    #[test]
    fn every_wait_lies_in_range(randoms in prop::collection::vec(any::<u64>(), 0..100)) {
        let mut backoff = Backoff::default();
        for random in randoms {
            let wait = backoff.next_wait(random);
            prop_assert!(Millis::ZERO <= wait && wait <= CAP);
        }
    }
}

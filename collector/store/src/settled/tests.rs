use std::collections::BTreeSet;

use proptest::prelude::*;

use super::Settled;

proptest! {
    #[test]
    fn ranges_are_the_set_of_their_numbers(
        ranges in proptest::collection::vec((1u64..60, 0u64..8), 0..30),
        probes in proptest::collection::vec((1u64..70, 0u64..8), 0..30),
    ) {
        let mut settled = Settled::default();
        let mut model = BTreeSet::new();
        for (first, more) in ranges {
            settled.insert(first, first + more);
            model.extend(first..=first + more);
        }
        for number in 0..80 {
            prop_assert_eq!(settled.contains(number), model.contains(&number));
        }
        for (first, more) in probes {
            prop_assert_eq!(settled.overlaps(first, first + more), model.range(first..=first + more).next().is_some());
        }
        let durable = (1..100).take_while(|n| model.contains(n)).last().unwrap_or(0);
        prop_assert_eq!(settled.durable(), durable);
        // Merged: neighbours never touch, so the list is as short as it can be.
        let list: Vec<_> = settled.iter().collect();
        prop_assert!(list.windows(2).all(|w| w[0].1 + 1 < w[1].0));
        prop_assert_eq!(Settled::from_ranges(list.clone()), settled);
    }
}

#[test]
fn the_last_numbers_do_not_overflow() {
    let mut settled = Settled::default();
    settled.insert(u64::MAX - 1, u64::MAX);
    settled.insert(u64::MAX, u64::MAX);
    assert_eq!(settled.iter().collect::<Vec<_>>(), [(u64::MAX - 1, u64::MAX)]);
    settled.insert(5, 4);
    assert_eq!(settled.len(), 1);
}

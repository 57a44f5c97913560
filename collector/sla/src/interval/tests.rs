use alloc::vec::Vec;

use proptest::prelude::*;
use quorate_model::{CollectorTime, Millis};

use super::{Interval, IntervalSet};

/// The set as one flag for each millisecond of 0..64.
fn flags(set: &IntervalSet) -> Vec<bool> {
    (0..64).map(|t| set.iter().any(|run| run.contains(CollectorTime::from_millis(t)))).collect()
}

fn sets() -> impl Strategy<Value = IntervalSet> {
    prop::collection::vec((0i64..60, 1i64..12), 0..8).prop_map(|runs| {
        runs.into_iter().filter_map(|(start, len)| Interval::from_millis(start, (start + len).min(64))).collect()
    })
}

fn is_canonical(set: &IntervalSet) -> bool {
    set.as_slice().windows(2).all(|pair| pair[0].end() < pair[1].start())
}

proptest! {
    #[test]
    fn algebra_equals_the_millisecond_table(a in sets(), b in sets(), from in 0i64..60, len in 1i64..40) {
        let (fa, fb) = (flags(&a), flags(&b));
        let within = Interval::from_millis(from, (from + len).min(64)).expect("from is below 64");
        let zip = |op: fn(bool, bool) -> bool| fa.iter().zip(&fb).map(|(x, y)| op(*x, *y)).collect::<Vec<_>>();
        let inside = |t: usize| within.contains(CollectorTime::from_millis(t.try_into().expect("below 64")));
        for (set, expected) in [
            (a.union(&b), zip(|x, y| x || y)),
            (a.intersect(&b), zip(|x, y| x && y)),
            (a.subtract(&b), zip(|x, y| x && !y)),
            (a.clip(within), fa.iter().enumerate().map(|(t, x)| *x && inside(t)).collect()),
            (a.complement(within), fa.iter().enumerate().map(|(t, x)| !*x && inside(t)).collect()),
        ] {
            prop_assert_eq!(flags(&set), expected.clone());
            prop_assert!(is_canonical(&set));
            let count = expected.iter().filter(|x| **x).count();
            prop_assert_eq!(set.length(), Millis::new(count.try_into().expect("at most 64")));
        }
    }

    #[test]
    fn union_is_idempotent_and_commutes(a in sets(), b in sets()) {
        prop_assert_eq!(a.union(&a), a.clone());
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.union(&b).union(&b), a.union(&b));
    }
}

#[test]
fn nothing_is_shorter_than_one_millisecond() {
    assert_eq!(Interval::from_millis(5, 5), None);
    assert_eq!(Interval::from_millis(5, 4), None);
}

use proptest::prelude::*;

use super::{clip, holds, minus, normalise, total};

fn spans() -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((0i64..60, 0i64..12).prop_map(|(start, length)| (start, start + length)), 0..8)
}

proptest! {
    #[test]
    fn sets_behave_as_sets(a in spans(), b in spans(), window in (0i64..40, 0i64..40)) {
        let (left, right) = (normalise(a.clone()), normalise(b));
        let difference = minus(&left, &right);
        let clipped = clip(&left, window);
        for moment in 0..80 {
            let in_left = a.iter().any(|(s, e)| (*s..*e).contains(&moment));
            prop_assert_eq!(holds(&left, moment), in_left);
            prop_assert_eq!(holds(&difference, moment), in_left && !holds(&right, moment));
            prop_assert_eq!(holds(&clipped, moment), in_left && (window.0..window.1).contains(&moment));
        }
        let held = (0..80).filter(|m| holds(&left, *m)).map(|_| 1i64).sum::<i64>();
        prop_assert_eq!(total(&left), held);
        prop_assert_eq!(normalise(difference.clone()), difference);
    }
}

use proptest::prelude::*;
use quorate_model::Millis;

use super::*;

const fn at(ms: u64) -> MonoTime {
    MonoTime::from_micros(ms * 1000)
}

#[test]
fn a_flip_is_followed_by_two_retries() {
    let confirm = Confirm::default();
    let mut state = Confirmation::default();
    assert!(!state.handle_result(Some(Value::Good), Trigger::Scheduled, &confirm, at(0)));
    assert_eq!(state.next(), None);
    assert!(state.handle_result(Some(Value::Bad), Trigger::Scheduled, &confirm, at(10_000)));
    assert_eq!(state.take_due(at(10_999)), None);
    assert_eq!(state.take_due(at(11_000)), Some(at(11_000)));
    assert!(!state.handle_result(Some(Value::Bad), Trigger::Retry, &confirm, at(11_500)));
    assert_eq!(state.take_due(at(12_500)), Some(at(12_500)));
    assert!(state.handle_result(Some(Value::Good), Trigger::Retry, &confirm, at(12_600)));
    assert_eq!(state.next(), None, "a flip seen by a retry starts none");
}

#[test]
fn a_first_value_that_is_bad_is_looked_at_again() {
    let mut state = Confirmation::default();
    assert!(state.handle_result(Some(Value::Bad), Trigger::Scheduled, &Confirm::default(), at(0)));
    assert!(state.next().is_some());
}

#[test]
fn what_could_not_be_tried_changes_nothing() {
    let mut state = Confirmation::default();
    state.handle_result(Some(Value::Good), Trigger::Scheduled, &Confirm::default(), at(0));
    assert!(!state.handle_result(Value::of(Outcome::Local), Trigger::Scheduled, &Confirm::default(), at(1)));
    assert_eq!((state.value(), state.next()), (Some(Value::Good), None));
}

proptest! {
    #[test]
    fn retries_are_bounded_by_the_other_probes(
        retries in 0u8..=5, results in prop::collection::vec(any::<bool>(), 1..200), every in 1usize..4,
    ) {
        let confirm = Confirm { retries, after: Millis::new(100), ..Confirm::default() };
        let mut state = Confirmation::default();
        let (mut now, mut others, mut taken) = (0, 0u32, 0u32);
        for (i, good) in results.into_iter().enumerate() {
            now += 100;
            let value = Some(if good { Value::Good } else { Value::Bad });
            let retry = state.take_due(at(now)).is_some();
            if retry {
                taken += 1;
                state.handle_result(value, Trigger::Retry, &confirm, at(now));
            }
            if !retry || i % every == 0 {
                others += 1;
                state.handle_result(value, Trigger::Scheduled, &confirm, at(now));
            }
        }
        prop_assert!(taken <= others * u32::from(retries));
    }
}

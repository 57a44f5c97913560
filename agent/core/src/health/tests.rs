use proptest::prelude::*;

use super::*;

const fn at(ms: u64) -> MonoTime {
    MonoTime::from_micros(ms * 1000)
}

#[test]
fn trouble_raises_it_and_success_and_time_lower_it() {
    let mut health = HealthMeter::default();
    health.worse(3, at(0));
    assert_eq!(health.at(at(0)).get(), 3);
    health.better(at(10));
    assert_eq!(health.at(at(10)).get(), 2);
    assert_eq!(health.at(at(5009)).get(), 2);
    assert_eq!(health.at(at(5010)).get(), 1);
    assert_eq!(health.at(at(60_000)), Health::WELL);
    health.worse(200, at(60_000));
    assert_eq!(health.at(at(60_000)).get(), Health::MAX);
}

proptest! {
    #[test]
    fn it_stays_in_range_and_never_rises_by_itself(steps in prop::collection::vec((0u64..20_000, 0u8..4), 1..100)) {
        let mut health = HealthMeter::default();
        let mut now = 0;
        for (wait_ms, by) in steps {
            let before = health.at(at(now)).get();
            now += wait_ms;
            prop_assert!(health.at(at(now)).get() <= before);
            if by == 0 { health.better(at(now)) } else { health.worse(by, at(now)) }
            prop_assert!(health.at(at(now)).get() <= Health::MAX);
        }
    }
}

use proptest::prelude::*;

use super::*;

#[test]
fn a_reading_before_the_start_is_the_start() {
    let clock = AgentClock::anchored(AgentMicros::from_micros(5_000_000), MonoTime::from_micros(1_000_000));
    assert_eq!(clock.time(MonoTime::from_micros(0)), AgentTime::from_millis(4000));
    assert_eq!(clock.mono(AgentTime::from_millis(3999)), MonoTime::from_micros(0));
    assert_eq!(
        clock.mono_of_collector(CollectorTime::from_millis(7000), Millis::new(500)),
        MonoTime::from_micros(2_500_000)
    );
}

proptest! {
    #[test]
    fn agent_time_runs_as_the_monotonic_clock_does(
        wall_us in 0..4_000_000_000_000_000i64, at_us in 0..1_000_000_000_000u64, later_us in 0..1_000_000_000_000u64,
    ) {
        let at = MonoTime::from_micros(at_us);
        let clock = AgentClock::anchored(AgentMicros::from_micros(wall_us), at);
        prop_assert_eq!(clock.micros(at).as_micros(), wall_us);
        let later = MonoTime::from_micros(at_us + later_us);
        prop_assert_eq!(clock.micros(later).as_micros() - wall_us, later_us.cast_signed());
    }
}

use proptest::prelude::*;

use super::*;

const fn at(ms: u64) -> MonoTime {
    MonoTime::from_micros(ms * 1000)
}

const fn collector(ms: i64) -> CollectorTime {
    CollectorTime::from_millis(ms)
}

/// Takes every slot up to `until` punctually.
fn run(slots: &mut Slots, until: MonoTime) -> Vec<u64> {
    let mut taken = Vec::new();
    while slots.next() <= until {
        let now = slots.next();
        let due = slots.take_due(now).expect("due");
        assert_eq!((due.slot, due.missed), (now, 0));
        taken.push(due.slot.as_micros() / 1000);
    }
    taken
}

#[test]
fn slots_lie_at_the_phase_of_the_collectors_clock() {
    let mut slots = Slots::new(Millis::new(10_000), Millis::new(4_000), at(500), collector(1_000_003_000));
    assert_eq!(run(&mut slots, at(32_000)), [1500, 11_500, 21_500, 31_500]);
}

#[test]
fn a_late_slot_is_taken_and_older_ones_are_missed() {
    let mut slots = Slots::new(Millis::new(1000), Millis::ZERO, at(0), collector(0));
    assert_eq!(slots.take_due(at(999)), Some(Due { slot: at(0), missed: 0 }));
    assert_eq!(slots.take_due(at(999)), None);
    assert_eq!(slots.take_due(at(4500)), Some(Due { slot: at(4000), missed: 3 }));
    assert_eq!(slots.next(), at(5000));
}

#[test]
fn hastened_slots_lie_in_the_middle_too_until_the_time_is_over() {
    let mut slots = Slots::new(Millis::new(1000), Millis::ZERO, at(0), collector(0));
    assert_eq!(run(&mut slots, at(1000)), [0, 1000]);
    slots.hasten(at(3000), at(1200));
    assert_eq!(run(&mut slots, at(5000)), [1500, 2000, 2500, 3000, 4000, 5000]);
    slots.hasten(at(9000), at(5100));
    assert_eq!(slots.next(), at(5500));
    slots.hasten(at(0), at(5200));
    assert_eq!(slots.next(), at(6000), "a time already past ends it");
}

#[test]
fn hastening_before_the_first_slot_brings_it_nearer() {
    let mut slots = Slots::new(Millis::new(1000), Millis::new(900), at(0), collector(0));
    slots.hasten(at(10_000), at(100));
    assert_eq!(run(&mut slots, at(2000)), [400, 900, 1400, 1900]);
}

proptest! {
    /// However late and irregularly they are taken, slots do not drift: each lies a whole number of intervals from the first,
    /// each is taken or missed exactly once, and a taken one is less than an interval late.
    #[test]
    fn no_drift_and_nothing_twice(
        interval_ms in 1i64..60_000, phase_ms in 0i64..60_000, start_ms in 0u64..1_000_000, wall_ms in any::<i32>(),
        waits_us in prop::collection::vec(0u64..200_000_000, 1..100),
    ) {
        let now = at(start_ms);
        let wall = collector(i64::from(wall_ms));
        let mut slots = Slots::new(Millis::new(interval_ms), Millis::new(phase_ms), now, wall);
        let first = slots.next();
        let ahead_ms = first.since(now).as_millis().get();
        prop_assert!(ahead_ms < interval_ms);
        prop_assert_eq!((wall.as_millis() + ahead_ms).rem_euclid(interval_ms), phase_ms.rem_euclid(interval_ms));
        let interval_us = interval_ms.unsigned_abs() * 1000;
        let (mut now_us, mut seen) = (start_ms * 1000, 0);
        for wait_us in waits_us {
            now_us += wait_us;
            let now = MonoTime::from_micros(now_us);
            if let Some(due) = slots.take_due(now) {
                prop_assert_eq!(due.slot.since(first).get(), (seen + due.missed) * interval_us);
                prop_assert!(now.since(due.slot).get() < interval_us);
                seen += due.missed + 1;
            }
            prop_assert!(slots.next() > now);
        }
        prop_assert_eq!(seen, now_us.checked_sub(first.as_micros()).map_or(0, |past| past / interval_us + 1));
    }

    /// After any corrections of the clock the gap from slot to slot is between half an interval and one and a half, plus what
    /// correction in a row adds, and the slots end at the phase of the corrected clock.
    #[test]
    fn a_corrected_clock_moves_slots_by_less_than_an_interval(
        interval_ms in 2i64..20_000, phase_ms in 0i64..20_000, corrections in prop::collection::vec((0u64..100_000, -50_000i64..50_000), 1..20),
    ) {
        let interval_us = interval_ms.unsigned_abs() * 1000;
        let mut slots = Slots::new(Millis::new(interval_ms), Millis::new(phase_ms), at(0), collector(0));
        let mut now_ms = 0u64;
        for (wait_ms, offset_ms) in corrections {
            now_ms += wait_ms;
            run(&mut slots, at(now_ms));
            let last = slots.last_us;
            let wall = collector(now_ms.cast_signed() + offset_ms);
            slots.realign(Millis::new(phase_ms), at(now_ms), wall);
            let next = slots.next();
            if let Some(last) = last {
                let gap = next.as_micros() - last;
                prop_assert!(gap >= interval_us / 2, "gap {gap}");
                prop_assert!(next.since(at(now_ms)).get() <= interval_us + interval_us / 2);
            }
            let wall_at_slot = wall.as_millis() + (next.as_micros() / 1000 - now_ms).cast_signed();
            prop_assert_eq!(wall_at_slot.rem_euclid(interval_ms), phase_ms.rem_euclid(interval_ms));
        }
    }

    #[test]
    fn hastening_at_any_time_at_most_doubles_the_slots(
        interval_ms in 2i64..5000, calls in prop::collection::vec((0u64..10_000, 0u64..20_000), 0..30),
    ) {
        let mut slots = Slots::new(Millis::new(interval_ms), Millis::ZERO, at(0), collector(0));
        let (mut now_ms, mut taken) = (0, Vec::new());
        for (wait_ms, hasten_ms) in calls {
            now_ms += wait_ms;
            taken.extend(run(&mut slots, at(now_ms)));
            slots.hasten(at(now_ms + hasten_ms), at(now_ms));
            prop_assert!(slots.next() > at(now_ms));
        }
        for pair in taken.windows(2) {
            let gap = pair[1] - pair[0];
            prop_assert!(gap >= interval_ms.unsigned_abs() / 2 && gap <= interval_ms.unsigned_abs() + interval_ms.unsigned_abs() / 2 + 1, "{gap}");
        }
    }
}

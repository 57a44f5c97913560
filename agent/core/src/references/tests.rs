use proptest::prelude::*;

use super::*;

const fn at(ms: u64) -> MonoTime {
    MonoTime::from_micros(ms * 1000)
}

fn window(total: u8) -> ReferenceWindow {
    let mut window = ReferenceWindow::new();
    window.set_plan(ReferencePlan { total, interval: Millis::from_secs(10) }, at(0));
    window
}

#[test]
fn without_references_nothing_is_probed_and_nothing_waited_for() {
    let mut window = window(0);
    window.want(at(5));
    assert_eq!(window.next_wake(), None);
    assert_eq!(window.poll_start(at(10)), None);
    assert!(window.covers(at(5)));
    assert_eq!(window.judge(at(0), at(10)), References::default());
}

#[test]
fn rounds_follow_the_schedule() {
    let mut window = window(3);
    let first = window.poll_start(at(0)).expect("due at once");
    assert_eq!(window.poll_start(at(1)), None, "one round at a time");
    assert_eq!(window.handle_finished(first, 0b1010, at(20)), References::mask(0b010, 3), "foreign bits are cut off");
    assert_eq!(window.handle_finished(first, 0, at(21)), None, "once");
    assert_eq!(window.next_wake(), Some(at(10_000)));
    assert!(window.poll_start(at(10_000)).is_some());
}

#[test]
fn a_failing_probe_asks_for_a_round_of_its_own() {
    let mut window = window(3);
    let first = window.poll_start(at(0)).expect("due at once");
    window.handle_finished(first, 0, at(20));
    window.want(at(100));
    assert_eq!(window.next_wake(), Some(at(500)), "the spacing holds");
    let second = window.poll_start(at(500)).expect("wanted");
    window.want(at(100));
    assert!(!window.covers(at(100)));
    window.handle_finished(second, 0b111, at(2500));
    assert!(window.covers(at(100)));
    assert_eq!(window.judge(at(100), at(3000)), References::mask(0b111, 3).expect("in range"));
    assert_eq!(window.judge(at(0), at(10)), References::mask(0, 3).expect("in range"), "the first round alone");
    assert_eq!(window.judge(at(40_000), at(40_001)), References::default(), "too long ago");
}

#[test]
fn a_round_whose_result_is_lost_does_not_block() {
    let mut window = window(1);
    window.poll_start(at(0)).expect("due at once");
    assert_eq!(window.next_wake(), Some(at(4000)));
    assert_eq!(window.poll_start(at(4000)), None, "given up; the schedule goes on");
    assert!(window.poll_start(at(10_000)).is_some());
}

proptest! {
    #[test]
    fn rounds_never_overlap_and_keep_their_spacing(steps in prop::collection::vec((0u64..3000, 0u8..4, any::<u32>()), 1..200)) {
        let mut window = window(32);
        let mut now = 0;
        let mut running = None;
        let mut last = None;
        for (wait_ms, action, mask) in steps {
            now += wait_ms;
            match action {
                0 => window.want(at(now)),
                1 => if let Some(id) = running.take() { window.handle_finished(id, mask, at(now)); },
                _ => if let Some(id) = window.poll_start(at(now)) {
                    if let Some(last) = last {
                        prop_assert!(now - last >= 500);
                    }
                    last = Some(now);
                    running = Some(id);
                },
            }
            let judged = window.judge(at(now.saturating_sub(100)), at(now));
            prop_assert!(judged.total() == 0 || judged.total() == 32);
        }
    }
}

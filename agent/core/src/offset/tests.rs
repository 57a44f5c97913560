use proptest::prelude::*;

use super::*;

fn trip(sent_us: i64, out_us: i64, think_us: i64, back_us: i64, offset: impl Fn(i64) -> i64) -> RoundTrip {
    let received = sent_us + out_us;
    let answered = received + think_us;
    RoundTrip {
        agent_sent: AgentMicros::from_micros(sent_us),
        collector_received: CollectorMicros::from_micros(received + offset(received)),
        collector_sent: CollectorMicros::from_micros(answered + offset(answered)),
        agent_received: AgentMicros::from_micros(answered + back_us),
    }
}

fn assert_covers(reading: ClockReading, true_offset_us: i64) {
    let off = (reading.offset.get() * 1000 - true_offset_us).abs();
    assert!(off <= reading.error.get() * 1000, "true offset {true_offset_us} us, but {reading:?}");
}

#[test]
fn a_symmetric_trip_gives_the_offset_and_half_the_delay() {
    let mut estimator = OffsetEstimator::new();
    assert_eq!(estimator.reading_at(AgentMicros::from_micros(0)), None);
    estimator.handle_round_trip(trip(1_000_000, 20_000, 5_000, 20_000, |_| 250_000)).expect("a plausible trip");
    let reading = estimator.reading_at(AgentMicros::from_micros(1_045_000)).expect("one observation");
    assert_eq!(reading.offset, Millis::new(250));
    // d/2 = 20 ms, 10 ms margin, and the drift of the first second rounded up.
    assert_eq!(reading.error, Millis::new(31));
}

#[test]
fn impossible_trips_are_left_out() {
    let mut estimator = OffsetEstimator::new();
    let good = trip(1_000_000, 10, 10, 10, |_| 0);
    let late = RoundTrip { agent_received: AgentMicros::from_micros(999_999), ..good };
    assert_eq!(estimator.handle_round_trip(late), Err(OffsetError::Backwards));
    let far = RoundTrip {
        collector_received: CollectorMicros::from_micros(i64::MAX),
        collector_sent: CollectorMicros::from_micros(i64::MAX),
        ..good
    };
    assert_eq!(estimator.handle_round_trip(far), Err(OffsetError::Implausible));
    let slow_think = RoundTrip { collector_sent: CollectorMicros::from_micros(i64::MAX), ..good };
    assert_eq!(estimator.handle_round_trip(slow_think), Err(OffsetError::Backwards));
    assert!(!estimator.is_known());
}

#[test]
fn a_stepped_collector_clock_starts_a_new_stretch() {
    let mut estimator = OffsetEstimator::new();
    let step = |at: i64| if at < 100_000_000 { 0 } else { -5_000_000 };
    for beat in 0..20 {
        estimator.handle_round_trip(trip(beat * 10_000_000 + 1, 1000, 0, 1000, step)).expect("a plausible trip");
    }
    for at_us in [50_000_000, 89_000_000, 99_999_999, 100_000_001, 101_000_000, 150_000_000, 199_000_000] {
        assert_covers(estimator.reading_at(AgentMicros::from_micros(at_us)).expect("known"), step(at_us));
    }
    let after = estimator.reading_at(AgentMicros::from_micros(191_000_000)).expect("known");
    assert_eq!(after.offset, Millis::new(-5000));
    assert!(after.error < Millis::new(15));
}

proptest! {
    /// Whatever the path's asymmetry and the drift within its bound, the true offset lies within the error, at the
    /// moments of heartbeats, between them, after a long silence, and before the first one.
    #[test]
    fn the_true_offset_lies_within_the_error(
        base_us in -1_000_000_000i64..1_000_000_000,
        drifts_ppm in prop::collection::vec(-100i64..=100, 1..12),
        beats in prop::collection::vec((1i64..4_000, 0i64..500_000, 0i64..5_000, 0i64..500_000), 1..60),
        asked_ms in prop::collection::vec(0i64..5_000_000, 1..20),
    ) {
        // Piecewise linear: each piece lasts 500 s.
        let offset = |at_us: i64| {
            let mut total = base_us;
            let mut left_us = at_us;
            for ppm in drifts_ppm.iter().cycle() {
                let piece = left_us.min(500_000_000);
                total += piece * ppm / 1_000_000;
                left_us -= piece;
                if left_us <= 0 {
                    break;
                }
            }
            total
        };
        let mut estimator = OffsetEstimator::new();
        let mut sent_us = 0;
        for (gap_10ms, out_us, think_us, back_us) in beats {
            sent_us += gap_10ms * 10_000 + 1_100_000;
            estimator.handle_round_trip(trip(sent_us, out_us, think_us, back_us, offset)).expect("a plausible trip");
        }
        for at_ms in asked_ms {
            let reading = estimator.reading_at(AgentMicros::from_micros(at_ms * 1000)).expect("known");
            let off_us = (reading.offset.get() * 1000 - offset(at_ms * 1000)).abs();
            prop_assert!(off_us <= reading.error.get() * 1000, "off by {off_us} us: {reading:?}");
        }
    }

    #[test]
    fn any_timestamps_are_taken_or_refused(stamps in prop::collection::vec(any::<[i64; 4]>(), 1..20), at in any::<i64>()) {
        let mut estimator = OffsetEstimator::new();
        for [t1, t2, t3, t4] in stamps {
            let result = estimator.handle_round_trip(RoundTrip {
                agent_sent: AgentMicros::from_micros(t1),
                collector_received: CollectorMicros::from_micros(t2),
                collector_sent: CollectorMicros::from_micros(t3),
                agent_received: AgentMicros::from_micros(t4),
            });
            if result.is_ok() {
                let reading = estimator.reading_at(AgentMicros::from_micros(at)).expect("known");
                prop_assert!(reading.error.get() >= 10);
            }
        }
    }
}

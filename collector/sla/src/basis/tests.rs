use alloc::vec;

use quorate_model::CollectorTime;

use super::{AttemptBucket, Attempts, AttemptsError};
use crate::interval::{Interval, IntervalSet};

fn bucket(minute: i64, attempts: u64, failed: u64) -> AttemptBucket {
    AttemptBucket { start: CollectorTime::from_millis(minute * 60_000), attempts, failed }
}

#[test]
fn counts_are_checked() {
    let shifted = AttemptBucket { start: CollectorTime::from_millis(60_001), attempts: 1, failed: 0 };
    for (buckets, expected) in [
        (vec![bucket(1, 1, 1), bucket(2, 0, 0)], None),
        (vec![bucket(1, 1, 1), shifted], Some(AttemptsError::NotAMinute(1))),
        (vec![bucket(2, 1, 1), bucket(2, 1, 1)], Some(AttemptsError::OutOfOrder(1))),
        (vec![bucket(2, 1, 2)], Some(AttemptsError::MoreFailed(0))),
    ] {
        assert_eq!(Attempts::new(buckets).err(), expected);
    }
}

#[test]
fn minutes_are_counted_where_they_start() {
    let attempts = Attempts::new((0..10).map(|minute| bucket(minute, 10, 1)).collect()).expect("in order");
    let count = |start, end| attempts.count(&Interval::from_millis(start, end).expect("some time").into());
    assert_eq!(count(0, 600_000), (10, 100));
    assert_eq!(count(1, 120_000), (1, 10));
    assert_eq!(count(60_000, 120_001), (2, 20));
    assert_eq!(attempts.count(&IntervalSet::empty()), (0, 0));
}

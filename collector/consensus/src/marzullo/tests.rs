use super::*;

#[track_caller]
fn check(intervals: &[(i64, i64)], expected: Option<i64>) {
    assert_eq!(agreement(intervals, intervals.len()), expected, "{intervals:?}");
}

#[test]
fn finds_the_middle_of_the_overlap() {
    check(&[], None);
    check(&[(10, 20)], Some(15));
    check(&[(0, 10), (4, 12), (6, 20)], Some(8));
    check(&[(0, 10), (10, 20)], Some(10));
    check(&[(0, 10), (2, 4), (3, 9), (20, 30)], Some(3));
}

#[test]
fn says_nothing_without_three_quarters() {
    check(&[(0, 10), (20, 30)], None);
    check(&[(0, 10), (5, 10), (20, 30)], None);
    check(&[(0, 10), (5, 10), (6, 12), (20, 30)], Some(8));
}

/// Those who cannot agree count among those who would have to.
#[test]
fn says_nothing_where_too_many_have_no_interval() {
    assert_eq!(agreement(&[(0, 10), (4, 12), (6, 20)], 4), Some(8));
    assert_eq!(agreement(&[(0, 10), (4, 12), (6, 20)], 5), None);
}

#[test]
fn says_nothing_where_an_end_is_unknown() {
    check(&[(i64::MIN, 10), (i64::MIN, 20)], None);
    check(&[(i64::MIN, 10), (6, 20)], Some(8));
    check(&[(4, i64::MAX), (6, i64::MAX)], None);
}

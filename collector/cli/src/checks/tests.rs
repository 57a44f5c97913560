use super::*;

#[test]
fn the_rule_and_the_day_with_bounds_are_shown() {
    let status = crate::status::tests::status();
    let answer = Checks { now_ms: status.now_ms, checks: status.checks };
    insta::assert_snapshot!(render(&answer, &Look::plain()));
}

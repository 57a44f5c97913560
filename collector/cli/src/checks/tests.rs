use super::*;

#[test]
fn the_rule_and_the_day_with_bounds_are_shown() {
    insta::assert_snapshot!(render(&crate::status::tests::status(), &Look::plain()));
}

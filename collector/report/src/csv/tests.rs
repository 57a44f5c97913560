use super::*;

#[test]
fn cells_are_quoted_where_they_have_to_be_and_never_formulas() {
    assert_eq!(quoted("plain"), "plain");
    assert_eq!(quoted("a,b"), "\"a,b\"");
    assert_eq!(quoted("say \"no\""), "\"say \"\"no\"\"\"");
    assert_eq!(quoted("=1+1"), "'=1+1");
}

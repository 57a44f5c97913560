use super::*;

#[test]
fn thousandths_have_no_needless_zeros() {
    assert_eq!([10_000, 2_500, 1].map(thousandths), ["10", "2.5", "0.001"]);
}

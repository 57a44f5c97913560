use alloc::string::ToString;
use core::cmp::Ordering;

use proptest::prelude::*;

use super::{Percent, PercentError, Ratio, multiply_divide, trimmed_decimal};

#[test]
fn percentages_parse_exactly() {
    for (text, shown) in
        [("99.95%", "99.95"), ("99.95", "99.95"), ("100%", "100"), ("0.1 %", "0.1"), ("0", "0"), ("99.990000", "99.99")]
    {
        assert_eq!(Percent::parse(text).map(|p| p.to_string()), Ok(shown.into()), "{text}");
    }
    for (text, error) in [
        ("", PercentError::Syntax),
        ("-1", PercentError::Syntax),
        (".5", PercentError::Syntax),
        ("99,95%", PercentError::Syntax),
        ("1e2", PercentError::Syntax),
        ("99.", PercentError::Syntax),
        ("99.9999999", PercentError::TooFine),
        ("100.000001%", PercentError::OverHundred),
        ("99999999999999999999", PercentError::OverHundred),
    ] {
        assert_eq!(Percent::parse(text), Err(error), "{text}");
    }
}

#[test]
fn decimals_have_no_needless_zeros() {
    assert_eq!([10_000, 2_500, 1, 0].map(|milli| trimmed_decimal(milli, 3)), ["10", "2.5", "0.001", "0"]);
}

#[test]
fn ratios_are_cut_off_never_rounded_up() {
    let show = |part, whole, decimals| Ratio::new(part, whole).expect("whole is over 0").percent_truncated(decimals);
    assert_eq!(show(999_899, 1_000_000, 2), "99.98");
    assert_eq!(show(7185, 7200, 4), "99.7916");
    assert_eq!(show(1, 1, 4), "100.0000");
    assert_eq!(show(u128::MAX - 1, u128::MAX, 4), "99.9999");
    assert_eq!(show(0, 5, 2), "0.00");
    assert_eq!(Ratio::new(1, 8).expect("8 is over 0").percent_short(4), "12.5");
    assert_eq!(Ratio::new(1, 10).expect("10 is over 0").percent_short(4), "10");
    assert_eq!(Ratio::ZERO.percent_short(4), "0");
}

proptest! {
    #[test]
    fn a_product_needs_no_room(part in 0u64.., more in 1u64.., factor in 0u64.., k in 1u64..) {
        // The same fraction in small and in large terms divides alike.
        let (part, whole, factor, k) = (u128::from(part), u128::from(part) + u128::from(more), u128::from(factor), u128::from(k));
        let (quotient, rest) = multiply_divide(part * (k / 2), factor, whole * (k / 2).max(1));
        let (small, _) = if k / 2 == 0 { (0, 0) } else { multiply_divide(part, factor, whole) };
        prop_assert_eq!(quotient, small);
        prop_assert!(rest < whole * (k / 2).max(1));
    }

    #[test]
    fn order_needs_no_room(a in 0u64.., b in 1u64.., c in 0u64.., d in 1u64.., k in 1u64..) {
        let wide = |part: u64, whole: u64| Ratio::new(u128::from(part) * u128::from(k), u128::from(whole) * u128::from(k)).expect("over 0");
        let expected = (u128::from(a) * u128::from(d)).cmp(&(u128::from(c) * u128::from(b)));
        prop_assert_eq!(wide(a, b).cmp(&wide(c, d)), expected);
        prop_assert_eq!(wide(a, b).cmp(&wide(a, b)), Ordering::Equal);
    }
}

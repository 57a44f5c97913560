use alloc::string::ToString;

use super::{Currency, Money, MoneyError};
use crate::percent::Ratio;

fn euro(text: &str) -> Money {
    Money::parse(text, Currency::new("EUR").expect("three capitals")).expect("a decimal of two digits")
}

#[test]
fn shares_round_half_to_even() {
    for (amount, part, whole, expected) in [
        ("0.01", 1, 2, "0.00"),
        ("0.03", 1, 2, "0.02"),
        ("0.05", 1, 2, "0.02"),
        ("0.07", 1, 2, "0.04"),
        ("0.05", 10, 100, "0.00"),
        ("0.15", 10, 100, "0.02"),
        ("0.25", 10, 100, "0.02"),
        ("0.35", 10, 100, "0.04"),
        ("49.99", 1, 3, "16.66"),
        ("100.00", 3, 1, "300.00"),
        ("0.01", 5, 2, "0.02"),
        ("0.01", 7, 2, "0.04"),
    ] {
        let share = euro(amount).share(Ratio::new(part, whole).expect("whole is over 0"));
        assert_eq!(share.amount(), expected, "{amount} x {part}/{whole}");
    }
}

#[test]
fn amounts_keep_the_minor_unit_of_their_currency() {
    let yen = Currency::new("JPY").expect("three capitals");
    let dinar = Currency::new("KWD").expect("three capitals");
    assert_eq!(Money::parse("1500", yen).map(|m| m.to_string()), Ok("1500 JPY".into()));
    assert_eq!(Money::parse("1500.5", yen), Err(MoneyError::TooFine(0)));
    assert_eq!(Money::parse("1.5", dinar).map(|m| m.to_string()), Ok("1.500 KWD".into()));
    assert_eq!(Money::parse("-1", dinar), Err(MoneyError::Syntax));
    assert_eq!(Money::parse("1000000000000000000", yen), Err(MoneyError::TooLarge));
    assert_eq!(Currency::new("eur"), None);
    assert_eq!(Currency::new("EURO"), None);
    assert_eq!(euro("1").plus(Money::parse("1", yen).expect("a whole number")), None);
}

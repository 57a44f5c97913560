use alloc::string::ToString;

use quorate_model::Millis;

use super::Spelled;

#[test]
fn lengths_are_shown_as_contracts_write_them() {
    for (ms, text) in [
        (0, "0s"),
        (1, "1ms"),
        (60_000, "1m"),
        (5_400_000, "1h30m"),
        (172_800_000, "2d"),
        (172_799_999, "1d23h59m59s999ms"),
        (-1000, "-1s"),
        (i64::MIN, "-106751991167d7h12m55s808ms"),
    ] {
        assert_eq!(Spelled(Millis::new(ms)).to_string(), text);
    }
}

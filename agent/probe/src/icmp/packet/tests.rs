use proptest::prelude::*;

use super::*;

const FRAMINGS: [Framing; 4] = [Framing::DatagramV4, Framing::DatagramV6, Framing::RawV4, Framing::RawV6];

/// What a well-behaved host sends back.
fn answer(echo: &Echo, payload_bytes: u16) -> Vec<u8> {
    let mut message = echo.request(payload_bytes);
    let kind = message.first_mut().expect("a header");
    *kind = if *kind == 8 { 0 } else { 129 };
    if echo.framing == Framing::RawV4 {
        // An IPv4 header with one word of options.
        let mut packet = vec![0x46];
        packet.resize(24, 0);
        packet.append(&mut message);
        return packet;
    }
    message
}

#[test]
fn the_reply_to_the_request_is_taken() {
    for framing in FRAMINGS {
        for payload in [0, 1, 8, 56, 1400] {
            let echo = Echo::new(framing, 1, 2, 3);
            assert!(echo.is_answered_by(&answer(&echo, payload)), "{framing:?} {payload}");
            assert!(!echo.is_answered_by(&echo.request(payload)), "its own request, {framing:?} {payload}");
        }
    }
}

#[test]
fn the_reply_to_another_request_is_not() {
    for framing in FRAMINGS {
        let echo = Echo::new(framing, 1, 2, 3);
        assert!(!echo.is_answered_by(&answer(&Echo::new(framing, 1, 9, 3), 56)), "sequence, {framing:?}");
        assert!(!echo.is_answered_by(&answer(&Echo::new(framing, 1, 2, 9), 56)), "token, {framing:?}");
        let other_identifier = echo.is_answered_by(&answer(&Echo::new(framing, 9, 2, 3), 56));
        let kernel_chooses = matches!(framing, Framing::DatagramV4 | Framing::DatagramV6);
        assert_eq!(other_identifier, kernel_chooses, "identifier, {framing:?}");
    }
}

#[test]
fn the_checksum_is_that_of_rfc_1071() {
    // The example of RFC 1071 section 3.
    assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    assert_eq!(checksum(&[]), 0xffff);
    let request = Echo::new(Framing::RawV4, 0xabcd, 1, 0x0102_0304_0506_0708).request(57);
    assert_eq!(checksum(&request), 0, "a message with its checksum sums to zero");
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(noise in prop::collection::vec(any::<u8>(), 0..100), framing in 0_usize..4) {
        let echo = Echo::new(FRAMINGS[framing], 1, 2, 3);
        prop_assert!(!echo.is_answered_by(&noise) || noise.len() >= HEADER_BYTES);
    }
}

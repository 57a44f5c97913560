use proptest::prelude::*;

use super::*;

fn reply(status: i32) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 0, 2, 8];
    body.push(u8::try_from(status).expect("small"));
    body
}

#[test]
fn only_serving_is_right() {
    let said = HeaderMap::new();
    let failure = |status, body: &[u8]| judge(status, &said, body).err().map(|failed| failed.failure);
    assert_eq!(failure(OK, &reply(1)), None);
    for status in [0, 2, 3, 9] {
        assert_eq!(failure(OK, &reply(status)), Some(Failure::NotServing), "{status}");
    }
    // An empty message is status 0, UNKNOWN, as proto3 leaves defaults out.
    assert_eq!(failure(OK, &[0, 0, 0, 0, 0]), Some(Failure::NotServing));
    assert_eq!(failure(NOT_FOUND, &[]), Some(Failure::NotServing));
    assert_eq!(failure(UNAVAILABLE, &[]), Some(Failure::NotServing));
    assert_eq!(failure(12, &[]), Some(Failure::Protocol));
    for broken in [&[][..], &[0, 0, 0], &[1, 0, 0, 0, 0], &[0, 0, 0, 0, 9, 8, 1], &[0, 0xff, 0xff, 0xff, 0xff]] {
        assert_eq!(failure(OK, broken), Some(Failure::Protocol), "{broken:?}");
    }
}

#[test]
fn requests_are_framed() {
    assert_eq!(frame(""), [0, 0, 0, 0, 0]);
    assert_eq!(frame("ab"), [0, 0, 0, 0, 4, 10, 2, b'a', b'b']);
}

proptest! {
    #[test]
    fn any_body_is_read_without_panic(noise in prop::collection::vec(any::<u8>(), 0..200), framed in any::<bool>()) {
        let mut body = noise;
        if framed && body.len() >= 5 {
            let length = u32::try_from(body.len() - 5).expect("short").to_be_bytes();
            body.splice(0..5, [&[0], length.as_slice()].concat());
        }
        judge(OK, &HeaderMap::new(), &body).err();
    }
}

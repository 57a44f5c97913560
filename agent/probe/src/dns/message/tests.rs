use std::net::Ipv4Addr;

use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record};
use proptest::prelude::*;

use super::*;

fn question() -> Question {
    Question::new("Shop.example.com", RecordType::A).expect("a name")
}

fn reply(id: u16, name: &str) -> Message {
    let name = Name::from_utf8(name).expect("a name");
    let mut message = Message::new(id, MessageType::Response, OpCode::Query);
    message.add_query(Query::query(name.clone(), WireType::A));
    message.add_answer(Record::from_rdata(name, 60, RData::A(A(Ipv4Addr::new(192, 0, 2, 1)))));
    message
}

fn bytes(message: &Message) -> Vec<u8> {
    message.to_vec().expect("it can be written")
}

#[test]
fn the_answer_to_the_question_is_taken_without_regard_to_case() {
    let reply = reply(7, "sHOP.example.COM.");
    assert!(matches!(question().decode(7, &bytes(&reply)), Reply::Answer(_)));
}

#[test]
fn what_does_not_answer_the_question_is_foreign() {
    let question = question();
    let foreign = |message: &Message| matches!(question.decode(7, &bytes(message)), Reply::Foreign);
    assert!(foreign(&reply(8, "shop.example.com.")), "another id");
    assert!(foreign(&reply(7, "shop.example.org.")), "another name");
    let mut other_type = reply(7, "shop.example.com.");
    other_type.queries = vec![Query::query(Name::from_utf8("shop.example.com.").expect("a name"), WireType::MX)];
    assert!(foreign(&other_type), "another type");
    let mut no_question = reply(7, "shop.example.com.");
    no_question.queries.clear();
    assert!(foreign(&no_question), "no question and yet no error");
    let own = question.encode(7).expect("it can be written");
    assert!(matches!(question.decode(7, &own), Reply::Foreign), "our own question");
}

#[test]
fn a_refusal_without_a_question_is_an_answer() {
    let mut refusal = Message::new(7, MessageType::Response, OpCode::Query);
    refusal.metadata.response_code = ResponseCode::FormErr;
    assert!(matches!(question().decode(7, &bytes(&refusal)), Reply::Answer(_)));
}

#[test]
fn a_cut_answer_is_broken() {
    let whole = bytes(&reply(7, "shop.example.com."));
    let cut = whole.get(..whole.len() - 3).expect("longer");
    assert!(matches!(question().decode(7, cut), Reply::Broken));
}

#[test]
fn names_that_cannot_be_asked_for_are_refused() {
    let long = "a".repeat(64);
    for name in [long.as_str(), "a..b", &"a.".repeat(130)] {
        assert_eq!(Question::new(name, RecordType::A).expect_err("unusable").field(), "dns.name", "{name}");
    }
}

#[test]
fn response_codes_have_words_both_ways() {
    for (word, number) in RCODES {
        assert_eq!(rcode_number(word), Some(number));
        assert_eq!(rcode_word(number), word);
    }
    assert_eq!((rcode_number("MAYBE"), rcode_word(99)), (None, "99".to_owned()));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(mut noise in prop::collection::vec(any::<u8>(), 0..600), header in any::<bool>()) {
        if header && noise.len() > 2 {
            noise.splice(0..3, [0, 7, 0x80]);
        }
        question().decode(7, &noise);
    }

    #[test]
    fn a_damaged_answer_is_read_without_panic(at in 0_usize..60, value in any::<u8>()) {
        let mut damaged = bytes(&reply(7, "shop.example.com."));
        let length = damaged.len();
        if let Some(byte) = damaged.get_mut(at % length) {
            *byte = value;
        }
        question().decode(7, &damaged);
    }
}

//! DNS messages: the question as bytes, and bytes as its answer.

use hickory_proto::op::{DnsResponse, Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RecordType as WireType};
use quorate_model::check::RecordType;

use crate::spec::SpecError;

/// The largest answer over UDP that is asked for (the value of DNS Flag Day 2020: no fragments).
pub(crate) const MAX_UDP_BYTES: u16 = 1232;

/// A name and a record type.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    query: Query,
}

/// What a received message is.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The answer.
    Answer(Box<Message>),
    /// Not an answer to this question: another id, another question, or not an answer at all.
    Foreign,
    /// It carries the id but cannot be read.
    Broken,
}

impl Question {
    pub(crate) fn new(name: &str, record_type: RecordType) -> Result<Self, SpecError> {
        let mut parsed = Name::from_utf8(name)
            .map_err(|_| SpecError::value("dns.name", name, "a domain name of at most 253 bytes"))?;
        parsed.set_fqdn(true);
        Ok(Self { query: Query::query(parsed, wire_type(record_type)) })
    }

    /// The question as a message with this id, recursion desired.
    pub(crate) fn encode(&self, id: u16) -> Option<Vec<u8>> {
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(self.query.clone());
        let mut edns = Edns::new();
        edns.set_max_payload(MAX_UDP_BYTES);
        message.set_edns(edns);
        message.to_vec().ok()
    }

    /// Reads what came back. Never panics, whatever the bytes.
    pub(crate) fn decode(&self, id: u16, bytes: &[u8]) -> Reply {
        let &[high, low, flags, ..] = bytes else { return Reply::Foreign };
        // The top bit of the third byte says that it is an answer.
        if u16::from_be_bytes([high, low]) != id || flags & 0x80 == 0 {
            return Reply::Foreign;
        }
        let Ok(response) = DnsResponse::from_buffer(bytes.to_vec()) else { return Reply::Broken };
        let message = response.into_message();
        match message.queries.as_slice() {
            [query] if self.is_asked(query) => Reply::Answer(Box::new(message)),
            // Servers that could not even read the question may leave it out (RFC 1035 section 4.1.1).
            [] if message.metadata.response_code != ResponseCode::NoError => Reply::Answer(Box::new(message)),
            _ => Reply::Foreign,
        }
    }

    fn is_asked(&self, query: &Query) -> bool {
        // Names compare without regard to case (RFC 4343).
        query.name == self.query.name && query.query_type == self.query.query_type && query.query_class == DNSClass::IN
    }
}

fn wire_type(record_type: RecordType) -> WireType {
    match record_type {
        RecordType::A => WireType::A,
        RecordType::Aaaa => WireType::AAAA,
        RecordType::Cname => WireType::CNAME,
        RecordType::Mx => WireType::MX,
        RecordType::Ns => WireType::NS,
        RecordType::Ptr => WireType::PTR,
        RecordType::Soa => WireType::SOA,
        RecordType::Srv => WireType::SRV,
        RecordType::Txt => WireType::TXT,
        RecordType::Caa => WireType::CAA,
    }
}

/// The response codes that have a word (RFC 6895 section 2.3).
const RCODES: [(&str, u16); 11] = [
    ("NOERROR", 0),
    ("FORMERR", 1),
    ("SERVFAIL", 2),
    ("NXDOMAIN", 3),
    ("NOTIMP", 4),
    ("REFUSED", 5),
    ("YXDOMAIN", 6),
    ("YXRRSET", 7),
    ("NXRRSET", 8),
    ("NOTAUTH", 9),
    ("NOTZONE", 10),
];

/// The number of a response code's word.
pub(crate) fn rcode_number(word: &str) -> Option<u16> {
    RCODES.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, number)| *number)
}

/// The word of a response code, or its number.
pub(crate) fn rcode_word(number: u16) -> String {
    match RCODES.iter().find(|(_, known)| *known == number) {
        Some((word, _)) => (*word).to_owned(),
        None => number.to_string(),
    }
}

#[cfg(test)]
mod tests;

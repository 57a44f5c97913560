//! The messages of `grpc.health.v1` and their framing (five bytes: not compressed, length).

use prost::Message;

/// The most bytes of a reply's message.
const MAX_MESSAGE_BYTES: usize = 4096;

#[derive(Clone, PartialEq, Message)]
struct HealthRequest {
    #[prost(string, tag = "1")]
    service: String,
}

/// The answer to a health check.
#[derive(Clone, PartialEq, Message)]
pub(super) struct HealthReply {
    /// A [`ServingStatus`].
    #[prost(int32, tag = "1")]
    pub(super) status: i32,
}

/// The values of a reply's status.
pub(super) struct ServingStatus;

impl ServingStatus {
    pub(super) const SERVING: i32 = 1;
}

impl HealthReply {
    /// The status as the protocol names it.
    pub(super) fn word(&self) -> String {
        match self.status {
            0 => "UNKNOWN".to_owned(),
            1 => "SERVING".to_owned(),
            2 => "NOT_SERVING".to_owned(),
            3 => "SERVICE_UNKNOWN".to_owned(),
            other => format!("health status {other}"),
        }
    }
}

/// A framed request for the health of `service`.
pub(super) fn frame(service: &str) -> Vec<u8> {
    let message = HealthRequest { service: service.to_owned() }.encode_to_vec();
    let length = u32::try_from(message.len()).expect("a service's name has at most 256 bytes");
    let mut framed = Vec::with_capacity(message.len() + 5);
    framed.push(0);
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(&message);
    framed
}

/// The one message of a reply's body; `None` if it is compressed, too long, cut or not a health reply.
pub(super) fn unframe(body: &[u8]) -> Option<HealthReply> {
    let (prefix, message) = body.split_first_chunk::<5>()?;
    let &[compressed, a, b, c, d] = prefix;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
    if compressed != 0 || length > MAX_MESSAGE_BYTES || length != message.len() {
        return None;
    }
    HealthReply::decode(message).ok()
}

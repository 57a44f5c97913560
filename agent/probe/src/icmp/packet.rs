//! ICMP echo requests and replies as bytes (RFC 792, RFC 4443 section 4).

const HEADER_BYTES: usize = 8;
const TOKEN_BYTES: usize = 8;

/// What the kernel puts around the message: a raw IPv4 socket also hands up the IP header, and only datagram sockets
/// choose the identifier themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    DatagramV4,
    DatagramV6,
    RawV4,
    RawV6,
}

/// One echo: how its request looks, and which reply answers it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Echo {
    framing: Framing,
    identifier: u16,
    sequence: u16,
    token: u64,
}

impl Echo {
    /// `token` fills the payload, so that a reply can be told from one to another probe.
    pub(crate) fn new(framing: Framing, identifier: u16, sequence: u16, token: u64) -> Self {
        Self { framing, identifier, sequence, token }
    }

    /// The request with this many bytes of payload.
    pub(crate) fn request(&self, payload_bytes: u16) -> Vec<u8> {
        let kind = match self.framing {
            Framing::DatagramV4 | Framing::RawV4 => 8,
            Framing::DatagramV6 | Framing::RawV6 => 128,
        };
        let mut bytes = Vec::with_capacity(HEADER_BYTES + usize::from(payload_bytes));
        bytes.extend_from_slice(&[kind, 0, 0, 0]);
        bytes.extend_from_slice(&self.identifier.to_be_bytes());
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend(self.token.to_be_bytes().iter().cycle().take(usize::from(payload_bytes)));
        // The kernel fills in the checksum of ICMPv6, as that covers the IP addresses too.
        if matches!(self.framing, Framing::DatagramV4 | Framing::RawV4) {
            let sum = checksum(&bytes).to_be_bytes();
            bytes.iter_mut().skip(2).zip(sum).for_each(|(byte, sum)| *byte = sum);
        }
        bytes
    }

    /// True if what was received is the reply to this echo. Never panics, whatever the bytes.
    pub(crate) fn is_answered_by(&self, received: &[u8]) -> bool {
        let Some(message) = self.message(received) else { return false };
        let (wanted_kind, identifier_is_ours) = match self.framing {
            Framing::DatagramV4 => (0, false),
            Framing::DatagramV6 => (129, false),
            Framing::RawV4 => (0, true),
            Framing::RawV6 => (129, true),
        };
        let Some((header, payload)) = message.split_first_chunk::<HEADER_BYTES>() else { return false };
        let &[kind, code, _, _, id_high, id_low, seq_high, seq_low] = header;
        let token = self.token.to_be_bytes();
        kind == wanted_kind
            && code == 0
            && (!identifier_is_ours || u16::from_be_bytes([id_high, id_low]) == self.identifier)
            && u16::from_be_bytes([seq_high, seq_low]) == self.sequence
            && payload.iter().take(TOKEN_BYTES).eq(token.iter().take(payload.len()))
    }

    /// The ICMP message inside what was received.
    fn message<'a>(&self, received: &'a [u8]) -> Option<&'a [u8]> {
        if self.framing != Framing::RawV4 {
            return Some(received);
        }
        let first = *received.first()?;
        if first >> 4 != 4 {
            return None;
        }
        received.get(usize::from(first & 0x0f) * 4..)
    }
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = 0;
    for pair in bytes.chunks(2) {
        let word = match *pair {
            [high, low] => u16::from_be_bytes([high, low]),
            [high] => u16::from_be_bytes([high, 0]),
            _ => 0,
        };
        sum += u32::from(word);
    }
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the loop above folded it into 16 bits")]
    let folded = sum as u16;
    !folded
}

#[cfg(test)]
mod tests;

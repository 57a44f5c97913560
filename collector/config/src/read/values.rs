//! Values with a form of their own: spans, patterns, hosts, header names.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;

use quorate_model::Millis;
use quorate_model::check::Family;

use crate::scalar::{duration, format_duration};
use crate::yaml::Cursor;

/// The most bytes a compiled regular expression may take; what agents allow.
const MAX_REGEX_BYTES: usize = 1 << 20;

/// The most bytes of a regular expression's text; what agents allow.
const MAX_PATTERN_BYTES: usize = 4096;

/// The most bytes of a name for people.
pub(crate) const MAX_NAME_BYTES: usize = 200;

/// A text of at most so many bytes.
pub(crate) fn text<'a>(cursor: &Cursor<'a>, max_bytes: usize) -> Option<&'a str> {
    let text = cursor.text()?;
    if text.len() > max_bytes {
        cursor.error(format_args!("has {} bytes; allowed are {max_bytes}", text.len()));
        return None;
    }
    Some(text)
}

/// Whether a text is a name for people: one line, not too long.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= MAX_NAME_BYTES && !text.trim().is_empty() && !text.chars().any(char::is_control)
}

/// A name for people: one line.
pub(crate) fn name(cursor: &Cursor<'_>) -> Option<String> {
    let name = text(cursor, MAX_NAME_BYTES)?;
    if !is_name(name) {
        cursor.expected("a name on one line");
        return None;
    }
    Some(name.to_owned())
}

/// A duration in the range.
pub(crate) fn span(cursor: &Cursor<'_>, range: RangeInclusive<Millis>) -> Option<Millis> {
    let span = cursor.parse(duration)?;
    if range.contains(&span) {
        return Some(span);
    }
    let (least, most) = (format_duration(*range.start()), format_duration(*range.end()));
    cursor.expected(format_args!("a duration from {least} to {most}"));
    None
}

/// The interval of a check.
pub(super) fn interval(cursor: &Cursor<'_>) -> Option<Millis> {
    span(cursor, Millis::new(100)..=Millis::from_secs(86_400))
}

/// The timeout of a check.
pub(super) fn timeout(cursor: &Cursor<'_>) -> Option<Millis> {
    span(cursor, Millis::new(10)..=Millis::from_secs(300))
}

/// A regular expression that agents can use.
pub(super) fn regex(cursor: &Cursor<'_>) -> Option<String> {
    let pattern = text(cursor, MAX_PATTERN_BYTES)?;
    let built =
        regex::bytes::RegexBuilder::new(pattern).size_limit(MAX_REGEX_BYTES).dfa_size_limit(MAX_REGEX_BYTES).build();
    match built {
        Ok(_) => Some(pattern.to_owned()),
        Err(regex::Error::CompiledTooBig(limit)) => {
            cursor.error(format_args!("the regular expression is too large; it may take {limit} bytes when compiled"));
            None
        }
        Err(error) => {
            // The last line of the compiler's text is the reason; the others draw the pattern.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or("it does not compile").trim_start_matches("error: ");
            cursor.error(format_args!("is not a regular expression in the syntax of Rust's regex crate: {reason}"));
            None
        }
    }
}

/// A JSONPath (RFC 9535).
pub(super) fn json_path(cursor: &Cursor<'_>) -> Option<String> {
    let path = text(cursor, MAX_PATTERN_BYTES)?;
    match serde_json_path::JsonPath::parse(path) {
        Ok(_) => Some(path.to_owned()),
        Err(error) => {
            let place = error.position() + 1;
            cursor.error(format_args!(
                "is not a JSONPath as of RFC 9535, such as $.status: {} at character {place}",
                error.message()
            ));
            None
        }
    }
}

/// Allows a token of RFC 9110, of which methods and header names consist.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// An HTTP method.
pub(super) fn method(cursor: &Cursor<'_>) -> Option<String> {
    let method = text(cursor, 32)?;
    if method == "CONNECT" || !is_token(method) || method.bytes().any(|b| b.is_ascii_lowercase()) {
        cursor.expected("an HTTP method in capitals other than CONNECT, such as GET, HEAD, POST");
        return None;
    }
    Some(method.to_owned())
}

/// Headers as a map of name to value, each value read by `read`.
pub(super) fn headers(
    cursor: &Cursor<'_>,
    max: usize,
    read: impl Fn(&Cursor<'_>) -> Option<String>,
) -> Option<Vec<(String, String)>> {
    let entries = cursor.entries()?;
    let mut fine = entries.len() <= max;
    if !fine {
        cursor.error(format_args!("has {} headers; allowed are {max}", entries.len()));
    }
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in entries {
        if !is_token(name) || name.len() > 256 {
            value.error(format_args!("{name:?} is not a header name; allowed are letters, digits and - of ASCII"));
            fine = false;
        } else if headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            value.error(format_args!("header {name} stands twice; header names do not differ by case"));
            fine = false;
        }
        match read(&value) {
            Some(read) => headers.push((name.to_owned(), read)),
            None => fine = false,
        }
    }
    fine.then_some(headers)
}

/// The value of a request header. It may be a secret, so that messages do not show it.
pub(super) fn header_value(cursor: &Cursor<'_>) -> Option<String> {
    let value = text(cursor, 8192)?;
    if value.bytes().any(|b| b != b'\t' && (b < 0x20 || b == 0x7f)) {
        cursor.error("the value (not shown) has a control character; a header's value is one line");
        return None;
    }
    Some(value.to_owned())
}

/// A name of the DNS, or an address.
fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || is_host_name(text)
}

/// Letters, digits, `-` and `_` in labels of 1 to 63 bytes, 253 bytes in all; a final dot is allowed.
pub(super) fn is_host_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (1..=253).contains(&name.len()) && name.split('.').all(label)
}

/// A host name or an address.
pub(super) fn host(cursor: &Cursor<'_>) -> Option<String> {
    let host = cursor.text()?;
    if !is_host(host) {
        cursor.expected("a host name or an IP address");
        return None;
    }
    Some(host.to_owned())
}

/// `host:port`.
pub(super) fn endpoint(cursor: &Cursor<'_>) -> Option<String> {
    let text = cursor.text()?;
    if !is_endpoint(text) {
        cursor.expected("host:port, such as example.com:443, 192.0.2.1:443 or [2001:db8::1]:443");
        return None;
    }
    Some(text.to_owned())
}

fn is_endpoint(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let host_is_fine = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => !host.contains(':') && is_host(host),
    };
    host_is_fine && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A DNS server: an address, with port 53 where none is given.
pub(super) fn dns_server(cursor: &Cursor<'_>) -> Option<SocketAddr> {
    let text = cursor.text()?;
    let server = text.parse::<SocketAddr>().ok().filter(|server| server.port() > 0);
    let server = server.or_else(|| text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 53)));
    if server.is_none() {
        cursor.expected("an IP address, with a port or for port 53, such as 192.0.2.53 or [2001:db8::53]:53");
    }
    server
}

/// An address family.
pub(super) fn family(cursor: &Cursor<'_>) -> Option<Family> {
    cursor.choice(Family::ALL, Family::word)
}

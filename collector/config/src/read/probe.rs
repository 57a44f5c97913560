//! The six kinds of probes.

use quorate_model::ProbeSpec;
use quorate_model::check::{
    DnsSpec, DnsTransport, Family, GrpcSpec, HttpExpect, HttpSpec, HttpVersion, IcmpSpec, JsonExpect, RecordType,
    TcpSpec, TlsSettings, TlsSpec, Verify,
};

use super::values::{
    dns_server, endpoint, family, header_value, headers, host, is_host_name, json_path, method, regex, text,
};
use crate::yaml::{Cursor, Fields, hint};

/// The most bytes of a request's body or of what is sent over TCP.
const MAX_SEND_BYTES: usize = 64 * 1024;

/// The most bytes of own roots.
const MAX_PEM_BYTES: usize = 256 * 1024;

/// The most headers sent, the most headers expected, and the most entries of `json`.
const MAX_ASSERTIONS: usize = 32;

/// Redirects followed where the check does not say.
const DEFAULT_MAX_REDIRECTS: u8 = 10;

/// Bytes of an echo's payload where the check does not say; what ping sends.
const DEFAULT_PAYLOAD_BYTES: u16 = 56;

/// The response codes of RFC 1035 and RFC 2136.
const RCODES: [&str; 11] = [
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
    "NOTZONE",
];

/// Reads the one of `http`, `tcp`, `tls`, `dns`, `icmp`, `grpc` that is there.
pub(super) fn probe(fields: &mut Fields<'_>) -> Option<ProbeSpec> {
    let found = [
        ("http", fields.get("http").map(|c| http(&c).map(ProbeSpec::Http))),
        ("tcp", fields.get("tcp").map(|c| tcp(&c).map(ProbeSpec::Tcp))),
        ("tls", fields.get("tls").map(|c| tls(&c).map(ProbeSpec::Tls))),
        ("dns", fields.get("dns").map(|c| dns(&c).map(ProbeSpec::Dns))),
        ("icmp", fields.get("icmp").map(|c| icmp(&c).map(ProbeSpec::Icmp))),
        ("grpc", fields.get("grpc").map(|c| grpc(&c).map(ProbeSpec::Grpc))),
    ];
    let named: Vec<&str> = found.iter().filter(|(name, _)| fields.has(name)).map(|(name, _)| *name).collect();
    match named.as_slice() {
        [_] => found.into_iter().find_map(|(_, probe)| probe).flatten(),
        [] => {
            fields.cursor().error("misses what to probe; give one of http, tcp, tls, dns, icmp, grpc");
            None
        }
        several => {
            fields.cursor().error(format_args!("has {} probes: {}; give one", several.len(), several.join(", ")));
            None
        }
    }
}

fn http(cursor: &Cursor<'_>) -> Option<HttpSpec> {
    let mut fields = cursor.fields()?;
    let url = fields.required("url").and_then(|c| url(&c));
    let method = fields.or("method", "GET".to_owned(), method);
    let sent = fields.or("headers", Vec::new(), |c| headers(c, MAX_ASSERTIONS, header_value));
    let body = fields.optional("body", |c| text(c, MAX_SEND_BYTES).map(str::to_owned));
    let version = fields.or("version", HttpVersion::Auto, |c| c.choice(HttpVersion::ALL, HttpVersion::word));
    let max_redirects = fields.or("max_redirects", DEFAULT_MAX_REDIRECTS, |c| c.small(0..=10));
    let tls = fields.or("tls", TlsSettings::default(), tls_settings);
    let family = fields.or("family", Family::Any, family);
    let expect = fields.or("expect", HttpExpect::default(), http_expect);
    fields.finish();
    Some(HttpSpec {
        url: url?,
        method: method?,
        headers: sent?,
        body: body?,
        version: version?,
        max_redirects: max_redirects?,
        tls: tls?,
        family: family?,
        expect: expect?,
    })
}

fn url(cursor: &Cursor<'_>) -> Option<String> {
    let text = text(cursor, 4096)?;
    let fine = match url::Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            Err(format!("has the scheme {:?}; allowed are http and https", url.scheme()))
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Err("has a user in it; send an Authorization header instead".to_owned())
        }
        Ok(url) if url.host_str().is_none_or(str::is_empty) => Err("has no host".to_owned()),
        Ok(url) if url.fragment().is_some() => {
            Err("has a fragment (#...), which is never sent; leave it out".to_owned())
        }
        Ok(_) => Ok(()),
        Err(error) => Err(format!("is not a URL such as https://example.com/health: {error}")),
    };
    match fine {
        Ok(()) => Some(text.to_owned()),
        Err(reason) => {
            cursor.error(reason);
            None
        }
    }
}

fn http_expect(cursor: &Cursor<'_>) -> Option<HttpExpect> {
    let mut fields = cursor.fields()?;
    let status = fields.or("status", Vec::new(), |c| c.each(|c| c.small(100..=599)));
    let expected = fields.or("headers", Vec::new(), |c| headers(c, MAX_ASSERTIONS, regex));
    let body_regex = fields.optional("body_regex", regex);
    let body_not_regex = fields.optional("body_not_regex", regex);
    let json = fields.or("json", Vec::new(), |c| c.each(json_expect));
    if let (Some(json), Some(at)) = (&json, fields.get("json"))
        && json.len() > MAX_ASSERTIONS
    {
        at.error(format_args!("has {} entries; allowed are {MAX_ASSERTIONS}", json.len()));
    }
    fields.finish();
    Some(HttpExpect {
        status: status?,
        headers: expected?,
        body_regex: body_regex?,
        body_not_regex: body_not_regex?,
        json: json?,
    })
}

fn json_expect(cursor: &Cursor<'_>) -> Option<JsonExpect> {
    let mut fields = cursor.fields()?;
    let path = fields.required("path").and_then(|c| json_path(&c));
    let equals = fields.optional("equals", Cursor::json);
    fields.finish();
    Some(JsonExpect { path: path?, equals: equals? })
}

fn tls_settings(cursor: &Cursor<'_>) -> Option<TlsSettings> {
    let mut fields = cursor.fields()?;
    let settings = tls_fields(&mut fields);
    fields.finish();
    settings
}

fn tls_fields(fields: &mut Fields<'_>) -> Option<TlsSettings> {
    let verify = fields.or("verify", Verify::Required, |c| c.choice(Verify::ALL, Verify::word));
    let server_name = fields.optional("server_name", host);
    let ca_pem = fields.optional("ca_pem", |c| {
        let pem = text(c, MAX_PEM_BYTES)?;
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            c.error("has no certificate in it; give the text of one or more certificates in PEM");
            return None;
        }
        Some(pem.to_owned())
    });
    let min_days_left = fields.optional("min_days_left", |c| c.small(0..=36_500));
    Some(TlsSettings { verify: verify?, server_name: server_name?, ca_pem: ca_pem?, min_days_left: min_days_left? })
}

fn tcp(cursor: &Cursor<'_>) -> Option<TcpSpec> {
    let mut fields = cursor.fields()?;
    let address = fields.required("address").and_then(|c| endpoint(&c));
    let family = fields.or("family", Family::Any, family);
    let send = fields.optional("send", |c| text(c, MAX_SEND_BYTES).map(str::to_owned));
    let expect = fields.optional("expect", regex);
    fields.finish();
    Some(TcpSpec { address: address?, family: family?, send: send?, expect: expect? })
}

/// `tls: {address, family, verify, server_name, ca_pem, min_days_left}`.
fn tls(cursor: &Cursor<'_>) -> Option<TlsSpec> {
    let mut fields = cursor.fields()?;
    let address = fields.required("address").and_then(|c| endpoint(&c));
    let family = fields.or("family", Family::Any, family);
    let tls = tls_fields(&mut fields);
    fields.finish();
    Some(TlsSpec { address: address?, family: family?, tls: tls? })
}

fn dns(cursor: &Cursor<'_>) -> Option<DnsSpec> {
    let mut fields = cursor.fields()?;
    let name = fields.required("name").and_then(|c| {
        let name = c.text()?;
        if name != "." && !is_host_name(name) {
            c.expected("a name of the DNS, such as example.com");
            return None;
        }
        Some(name.to_owned())
    });
    let record_type = fields.or("type", RecordType::A, |c| c.choice(RecordType::ALL, RecordType::word));
    let server = fields.optional("server", dns_server);
    let transport = fields.or("transport", DnsTransport::Udp, |c| c.choice(DnsTransport::ALL, DnsTransport::word));
    let rcodes = fields.or("rcodes", Vec::new(), |c| c.each(rcode));
    let answer_regex = fields.optional("answer_regex", regex);
    fields.finish();
    Some(DnsSpec {
        name: name?,
        record_type: record_type?,
        server: server?,
        transport: transport?,
        rcodes: rcodes?,
        answer_regex: answer_regex?,
    })
}

fn rcode(cursor: &Cursor<'_>) -> Option<String> {
    let word = cursor.text()?;
    if RCODES.contains(&word) {
        return Some(word.to_owned());
    }
    let hint = hint(word, RCODES);
    cursor.error(format_args!("{word:?} is not a response code; allowed are {}{hint}", RCODES.join(", ")));
    None
}

fn icmp(cursor: &Cursor<'_>) -> Option<IcmpSpec> {
    let mut fields = cursor.fields()?;
    let host = fields.required("host").and_then(|c| host(&c));
    let family = fields.or("family", Family::Any, family);
    let payload_bytes = fields.or("payload_bytes", DEFAULT_PAYLOAD_BYTES, |c| c.small(0..=1400));
    fields.finish();
    Some(IcmpSpec { host: host?, family: family?, payload_bytes: payload_bytes? })
}

fn grpc(cursor: &Cursor<'_>) -> Option<GrpcSpec> {
    let mut fields = cursor.fields()?;
    let address = fields.required("address").and_then(|c| endpoint(&c));
    let family = fields.or("family", Family::Any, family);
    let service = fields.or("service", String::new(), |c| text(c, 256).map(str::to_owned));
    let tls = fields.optional("tls", tls_settings);
    fields.finish();
    Some(GrpcSpec { address: address?, family: family?, service: service?, tls: tls? })
}

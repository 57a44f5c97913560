//! From the document to the configuration.

mod check;
mod policy;
mod probe;
mod promises;
pub(crate) mod values;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;

use quorate_model::Millis;
use quorate_model::check::ReferenceSpec;
use quorate_model::sample::References;

use crate::contract::{Catalogue, planned};
use crate::files::Open;
use crate::settings::{Config, Defaults, Listen, Operator, Region, Retention, Tls};
use crate::yaml::{Cursor, Fields, Position};
use values::{span, text};

/// The most regions.
const MAX_REGIONS: usize = 64;

/// The most operators.
const MAX_OPERATORS: usize = 1_000;

/// The most checks.
const MAX_CHECKS: usize = 10_000;

/// Sections that later engines will read. A value here would be believed to work, so it is refused.
const NOT_YET: [&str; 2] = ["alerts", "status_page"];

/// Reads the whole document; files it names are asked of `open`.
pub(crate) fn config(cursor: &Cursor<'_>, open: &mut Open<'_>) -> Option<Config> {
    let mut fields = cursor.fields()?;
    let tls = fields.optional("tls", tls);
    let listen_at = fields.get("listen");
    let listen = listen_at.as_ref().map_or(Some(Listen::default()), listen);
    if let (Some(listen), Some(None), Some(at)) = (&listen, &tls, &listen_at) {
        loopback_unless_tls(listen, at);
    }
    let data_dir = fields.or("data_dir", PathBuf::from("/var/lib/quorate"), path);
    let retention = fields.or("retention", Retention::default(), retention);
    let regions = fields.required("regions").and_then(|cursor| regions(&cursor));
    let defaults = fields.or("defaults", Defaults::default(), defaults);
    let references = fields.or("references", Vec::new(), references);
    let known = check::Known { regions: regions.as_deref(), defaults: defaults.unwrap_or_default() };
    let checks = fields.or("checks", Vec::new(), |cursor| checks(cursor, &known));
    let known = promises::Known::peek(cursor);
    let (catalogue, contract_ids) = Catalogue::read(&mut fields, open, &|contract, gaps| known.unknown(contract, gaps));
    let planned = planned(&mut fields, catalogue, contract_ids.as_ref());
    let operators = fields.or("operators", Vec::new(), operators);
    for name in NOT_YET {
        not_yet(&mut fields, name);
    }
    fields.finish();
    let (catalogue, maintenance) = planned?;
    Some(Config {
        listen: listen?,
        data_dir: data_dir?,
        tls: tls?,
        retention: retention?,
        regions: regions?,
        defaults: defaults?,
        references: references?,
        checks: checks?,
        catalogue,
        maintenance,
        operators: operators?,
    })
}

fn not_yet(fields: &mut Fields<'_>, name: &'static str) {
    if let Some(cursor) = fields.get(name)
        && !cursor.is_empty()
    {
        cursor.error("is not available in this version; leave the key out or its value empty");
    }
}

fn listen(cursor: &Cursor<'_>) -> Option<Listen> {
    let mut fields = cursor.fields()?;
    let default = Listen::default();
    let grpc = fields.or("grpc", default.grpc, |c| address(c, default.grpc));
    let http = fields.or("http", default.http, |c| address(c, default.http));
    if let (Some(grpc), Some(http)) = (grpc, http)
        && grpc == http
        && grpc.port() != 0
    {
        cursor.error("grpc and http have the same address; give them two ports");
    }
    fields.finish();
    Some(Listen { grpc: grpc?, http: http? })
}

fn address(cursor: &Cursor<'_>, example: SocketAddr) -> Option<SocketAddr> {
    let parsed = cursor.text()?.parse::<SocketAddr>().ok();
    if parsed.is_none() {
        cursor.expected(format_args!("an IP address with a port, such as {example} or [::1]:{}", example.port()));
    }
    parsed
}

fn loopback_unless_tls(listen: &Listen, at: &Cursor<'_>) {
    if !listen.grpc.ip().to_canonical().is_loopback() {
        at.error(format_args!(
            "grpc listens on {} without TLS; plain text is allowed on loopback only: give `tls` with cert, key and \
             client_ca, or listen on 127.0.0.1",
            listen.grpc
        ));
    }
}

fn path(cursor: &Cursor<'_>) -> Option<PathBuf> {
    let text = text(cursor, 4096)?;
    if text.is_empty() || text.contains('\0') {
        cursor.expected("a path");
        return None;
    }
    Some(PathBuf::from(text))
}

fn tls(cursor: &Cursor<'_>) -> Option<Tls> {
    let mut fields = cursor.fields()?;
    let mut file = |name| fields.required(name).and_then(|c| path(&c));
    let (cert, key, client_ca) = (file("cert"), file("key"), file("client_ca"));
    let crl = fields.optional("crl", path);
    fields.finish();
    Some(Tls { cert: cert?, key: key?, client_ca: client_ca?, crl: crl? })
}

fn retention(cursor: &Cursor<'_>) -> Option<Retention> {
    let mut fields = cursor.fields()?;
    let default = Retention::default();
    let longest = Millis::from_secs(100 * 366 * 86_400);
    let mut age = |name, default, least| fields.or(name, default, |c| span(c, Millis::from_secs(least)..=longest));
    let samples = age("samples", default.samples, 7 * 86_400);
    let latency_hours = age("latency_hours", default.latency_hours, 3600);
    let latency_days = age("latency_days", default.latency_days, 86_400);
    fields.finish();
    Some(Retention { samples: samples?, latency_hours: latency_hours?, latency_days: latency_days? })
}

fn defaults(cursor: &Cursor<'_>) -> Option<Defaults> {
    let mut fields = cursor.fields()?;
    let default = Defaults::default();
    let interval = fields.or("interval", default.interval, values::interval);
    let timeout = fields.or("timeout", default.timeout, values::timeout);
    fields.finish();
    Some(Defaults { interval: interval?, timeout: timeout? })
}

fn regions(cursor: &Cursor<'_>) -> Option<Vec<Region>> {
    bounded(cursor, 1..=MAX_REGIONS, "regions")?;
    let mut regions = cursor.each(region)?;
    no_repeats(cursor, |c| c.fields()?.get("id")?.parse(quorate_model::RegionId::new))?;
    regions.sort_by(|a, b| a.id.cmp(&b.id));
    Some(regions)
}

fn region(cursor: &Cursor<'_>) -> Option<Region> {
    let mut fields = cursor.fields()?;
    let id = fields.required("id").and_then(|c| c.parse(quorate_model::RegionId::new));
    let name = fields.optional("name", values::name);
    let provider = fields.required("provider").and_then(|c| c.parse(quorate_model::ProviderId::new));
    fields.finish();
    let id = id?;
    Some(Region { name: name?.unwrap_or_else(|| id.as_str().to_owned()), id, provider: provider? })
}

fn operators(cursor: &Cursor<'_>) -> Option<Vec<Operator>> {
    bounded(cursor, 0..=MAX_OPERATORS, "operators")?;
    let operators = cursor.each(|cursor| {
        let mut fields = cursor.fields()?;
        let name = fields.required("name").and_then(|c| values::name(&c));
        let token_sha256 = fields.required("token_sha256").and_then(|c| c.parse(sha256));
        fields.finish();
        Some(Operator { name: name?, token_sha256: token_sha256? })
    });
    let names = no_repeats(cursor, |c| values::name(&c.fields()?.get("name")?));
    let tokens = one_token_each(cursor);
    names.and(tokens)?;
    operators
}

/// Notes every operator with the token of an earlier one: nobody could say who of the two decided.
fn one_token_each(cursor: &Cursor<'_>) -> Option<()> {
    let mut seen = BTreeMap::new();
    let mut fine = Some(());
    for item in cursor.list()? {
        let Some(hash) = item.peek("token_sha256").and_then(|text| sha256(text).ok()) else { continue };
        let name = item.peek("name").unwrap_or_default();
        if let Some(first) = seen.get(&hash) {
            item.error_at("token_sha256", format_args!("is that of {first}; each operator has a token of their own"));
            fine = None;
        } else {
            seen.insert(hash, name);
        }
    }
    fine
}

/// A text is no SHA-256. It is not shown, as it may be the token itself.
#[derive(Debug, thiserror::Error)]
#[error("is no SHA-256; allowed are 64 hexadecimal digits, as sha256sum prints them")]
struct NoHash;

fn sha256(text: &str) -> Result<[u8; 32], NoHash> {
    let mut hash = [0; 32];
    let digit = |letter: u8| char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks_exact(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    let bytes: Option<Vec<u8>> = if text.len() == 64 { pairs.collect() } else { None };
    hash.copy_from_slice(&bytes.ok_or(NoHash)?);
    Ok(hash)
}

fn references(cursor: &Cursor<'_>) -> Option<Vec<ReferenceSpec>> {
    bounded(cursor, 0..=usize::from(References::MAX), "references")?;
    cursor.each(|cursor| {
        let mut fields = cursor.fields()?;
        let probe = probe::probe(&mut fields);
        fields.finish();
        Some(ReferenceSpec { probe: probe? })
    })
}

fn checks(cursor: &Cursor<'_>, known: &check::Known<'_>) -> Option<Vec<crate::settings::Check>> {
    bounded(cursor, 0..=MAX_CHECKS, "checks")?;
    let checks = cursor.each(|c| check::check(c, known));
    no_repeats(cursor, |c| c.fields()?.get("id")?.parse(quorate_model::CheckId::new))?;
    let mut checks = checks?;
    checks.sort_by(|a, b| a.id.cmp(&b.id));
    Some(checks)
}

fn bounded(cursor: &Cursor<'_>, range: std::ops::RangeInclusive<usize>, what: &str) -> Option<()> {
    let count = cursor.list()?.len();
    if range.contains(&count) {
        return Some(());
    }
    cursor.error(format_args!("has {count} {what}; allowed are {} to {}", range.start(), range.end()));
    None
}

/// Notes every item of a list whose key an earlier one has.
fn no_repeats<K: Ord + Display>(cursor: &Cursor<'_>, key: impl Fn(&Cursor<'_>) -> Option<K>) -> Option<()> {
    let mut seen: BTreeMap<K, Position> = BTreeMap::new();
    let mut fine = Some(());
    for item in cursor.list()? {
        let Some(key) = key(&item) else { continue };
        if let Some(first) = seen.get(&key) {
            item.error(format_args!("id {key} stands twice, first at {first}; ids are unique"));
            fine = None;
        } else {
            seen.insert(key, item.position());
        }
    }
    fine
}

//! From the document to the settings.

use std::net::IpAddr;
use std::path::PathBuf;

use quorate_collector_config::scalar;
use quorate_collector_config::yaml::Cursor;
use quorate_model::Millis;

use super::{CollectorUrl, Config, Networks, Overrides, TlsFiles};

/// Reads the whole document.
pub(super) fn config(cursor: &Cursor<'_>, overrides: &Overrides) -> Option<Config> {
    let default = Config::new(Vec::new());
    let mut fields = cursor.fields()?;
    let agent = fields.optional("agent", |c| c.parse(str::parse));
    let region = fields.optional("region", |c| c.parse(str::parse));
    let collectors = if overrides.collectors.is_empty() {
        fields.required("collectors").and_then(|c| collectors(&c))
    } else {
        let _overridden = fields.get("collectors");
        Some(overrides.collectors.clone())
    };
    let tls = fields.optional("tls", tls);
    if let (Some(collectors), Some(None)) = (&collectors, &tls)
        && let Some(secure) = collectors.iter().find(|collector| collector.is_secure())
    {
        cursor.error(format_args!("misses the key `tls`, which {secure} needs: certificate, key and ca"));
    }
    let data_dir = fields.or("data_dir", default.data_dir, path);
    let networks = fields.or("networks", default.networks, networks);
    let source_addresses = fields.or("source_addresses", default.source_addresses, source_addresses);
    let probes_in_flight = fields.or("probes_in_flight", default.probes_in_flight, |c| number(c, 1, 10_000));
    let spool_samples = fields.or("spool_samples", default.spool_samples, |c| number(c, 1000, 10_000_000));
    let spool_bytes = fields.or("spool_bytes", default.spool_bytes, |c| number(c, 1 << 20, 1 << 32));
    let backlog_samples_per_s =
        fields.or("backlog_samples_per_s", default.backlog_samples_per_s, |c| c.small(100..=100_000));
    let flush_after = fields.or("flush_after", default.flush_after, |c| span(c, "1ms", "10s"));
    let stop_grace = fields.or("stop_grace", default.stop_grace, |c| span(c, "100ms", "60s"));
    fields.finish();
    Some(Config {
        agent: overrides.agent.clone().or(agent?),
        region: overrides.region.clone().or(region?),
        collectors: collectors?,
        tls: tls?,
        data_dir: overrides.data_dir.clone().or(data_dir)?,
        networks: networks?,
        source_addresses: source_addresses?,
        probes_in_flight: probes_in_flight?,
        spool_samples: spool_samples?,
        spool_bytes: spool_bytes?,
        backlog_samples_per_s: backlog_samples_per_s?,
        flush_after: flush_after?,
        stop_grace: stop_grace?,
    })
}

fn collectors(cursor: &Cursor<'_>) -> Option<Vec<CollectorUrl>> {
    let collectors: Vec<CollectorUrl> = cursor.each(|c| c.parse(str::parse))?;
    if collectors.is_empty() || collectors.len() > Config::MAX_COLLECTORS {
        cursor.error(format_args!("has {} entries; allowed are 1 to {}", collectors.len(), Config::MAX_COLLECTORS));
        return None;
    }
    let twice = collectors.iter().enumerate().find(|(i, url)| collectors.iter().take(*i).any(|other| other == *url));
    if let Some((_, url)) = twice {
        cursor.error(format_args!("names {url} twice"));
        return None;
    }
    Some(collectors)
}

fn tls(cursor: &Cursor<'_>) -> Option<TlsFiles> {
    let mut fields = cursor.fields()?;
    let certificate = fields.required("certificate").and_then(|c| path(&c));
    let key = fields.required("key").and_then(|c| path(&c));
    let ca = fields.required("ca").and_then(|c| path(&c));
    fields.finish();
    Some(TlsFiles { certificate: certificate?, key: key?, ca: ca? })
}

fn networks(cursor: &Cursor<'_>) -> Option<Networks> {
    let mut fields = cursor.fields()?;
    let allow = fields.or("allow", Vec::new(), |c| c.each(|c| c.parse(str::parse)));
    let deny = fields.or("deny", Vec::new(), |c| c.each(|c| c.parse(str::parse)));
    fields.finish();
    Some(Networks { allow: allow?, deny: deny? })
}

fn source_addresses(cursor: &Cursor<'_>) -> Option<Vec<IpAddr>> {
    let addresses: Vec<IpAddr> = cursor.each(|c| {
        c.parse(|text| text.parse::<IpAddr>().map_err(|_| format!("{text:?} is not an IPv4 or IPv6 address")))
    })?;
    for family in [IpAddr::is_ipv4 as fn(&IpAddr) -> bool, IpAddr::is_ipv6] {
        if addresses.iter().filter(|address| family(address)).count() > 1 {
            cursor.error("has two addresses of one family; allowed is one IPv4 and one IPv6 address");
            return None;
        }
    }
    Some(addresses)
}

fn path(cursor: &Cursor<'_>) -> Option<PathBuf> {
    cursor.parse(|text| if text.is_empty() { Err("expected a path, found nothing") } else { Ok(PathBuf::from(text)) })
}

fn number(cursor: &Cursor<'_>, min: i64, max: i64) -> Option<usize> {
    cursor.integer(min..=max).and_then(|n| usize::try_from(n).ok())
}

fn span(cursor: &Cursor<'_>, min: &str, max: &str) -> Option<Millis> {
    let span = cursor.parse(scalar::duration)?;
    let bound = |text| scalar::duration(text).ok();
    if bound(min).is_some_and(|min| span < min) || bound(max).is_some_and(|max| span > max) {
        cursor.error(format_args!("{} is out of range; allowed is {min} to {max}", scalar::format_duration(span)));
        return None;
    }
    Some(span)
}

//! Hashes of settings: equal settings have equal hashes on every machine and in every version.
//!
//! The canonical encoding is a sequence of items, each `tag (1 byte), length (8 bytes, big-endian), bytes`; it begins with
//! an item of tag 0 that names the encoding. Numbers are 8 bytes big-endian; words of closed sets are their text; a list
//! is an item with its length as a number, followed by its entries; an absent value is an item of tag 0 without bytes. The
//! hash is the first 8 bytes of the SHA-256 of it, big-endian; 0 becomes 1, as 0 stands for "not known" on the wire.
//!
//! Fields are encoded in the order they stand in `quorate-model`. A field added later is encoded only where it is not its
//! default, behind the others, so that settings of before keep their hash.

use quorate_model::check::{DnsSpec, GrpcSpec, HttpSpec, IcmpSpec, JsonExpect, TcpSpec, TlsSettings, TlsSpec};
use quorate_model::policy::Quorum;
use quorate_model::{CheckVersion, Millis, Policy, ProbeSpec};
use sha2::{Digest, Sha256};

/// The hash of the settings a probe's result depends on: probe, interval, timeout and threshold.
///
/// Confirmation and phase are not among them: they add samples and move them, but each sample means the same.
pub fn check_version(
    probe: &ProbeSpec,
    interval: Millis,
    timeout: Millis,
    degraded_over: Option<Millis>,
) -> CheckVersion {
    let mut hash = Canonical::new("quorate check 1");
    hash.number(interval.get());
    hash.number(timeout.get());
    hash.maybe(degraded_over, |hash, span| hash.number(span.get()));
    hash.text(probe.kind());
    match probe {
        ProbeSpec::Http(spec) => http(&mut hash, spec),
        ProbeSpec::Tcp(TcpSpec { address, family, send, expect }) => {
            hash.text(address);
            hash.text(family.word());
            hash.maybe(send.as_deref(), Canonical::text);
            hash.maybe(expect.as_deref(), Canonical::text);
        }
        ProbeSpec::Tls(TlsSpec { address, family, tls: settings }) => {
            hash.text(address);
            hash.text(family.word());
            tls(&mut hash, settings);
        }
        ProbeSpec::Dns(DnsSpec { name, record_type, server, transport, rcodes, answer_regex }) => {
            hash.text(name);
            hash.text(record_type.word());
            hash.maybe(*server, |hash, server| hash.text(&server.to_string()));
            hash.text(transport.word());
            hash.list(rcodes, |hash, rcode| hash.text(rcode));
            hash.maybe(answer_regex.as_deref(), Canonical::text);
        }
        ProbeSpec::Icmp(IcmpSpec { host, family, payload_bytes }) => {
            hash.text(host);
            hash.text(family.word());
            hash.number(i64::from(*payload_bytes));
        }
        ProbeSpec::Grpc(GrpcSpec { address, family, service, tls: settings }) => {
            hash.text(address);
            hash.text(family.word());
            hash.text(service);
            hash.maybe(settings.as_ref(), tls);
        }
    }
    CheckVersion::new(hash.finish())
}

/// The hash of how a check is judged, so that a changed policy is noticed.
pub fn policy_version(policy: &Policy) -> u64 {
    let mut hash = Canonical::new("quorate policy 1");
    hash.text(policy.check().as_str());
    hash.list(policy.regions(), |hash, voter| {
        hash.text(voter.region.as_str());
        hash.text(voter.provider.as_str());
    });
    match policy.quorum() {
        Quorum::Majority => hash.text("majority"),
        Quorum::All => hash.text("all"),
        Quorum::AtLeast(count) => {
            hash.text("at_least");
            hash.number(i64::from(*count));
        }
        Quorum::Fraction(ppm) => {
            hash.text("fraction");
            hash.number(i64::from(*ppm));
        }
        Quorum::Weights(weights) => {
            hash.text("weights");
            let weights: Vec<_> = weights.iter().collect();
            hash.list(&weights, |hash, (region, weight)| {
                hash.text(region.as_str());
                hash.number(i64::from(**weight));
            });
        }
    }
    hash.number(i64::from(policy.min_regions()));
    hash.number(i64::from(policy.min_providers()));
    hash.text(policy.late_ok.word());
    hash.number(i64::from(policy.confirm.retries));
    hash.number(policy.confirm.after.get());
    hash.text(policy.confirm.solicit.word());
    hash.number(policy.merge_gap.get());
    hash.finish()
}

fn http(hash: &mut Canonical, spec: &HttpSpec) {
    let HttpSpec { url, method, headers, body, version, max_redirects, tls: settings, family, expect } = spec;
    let pair = |hash: &mut Canonical, (name, value): &(String, String)| {
        hash.text(name);
        hash.text(value);
    };
    hash.text(url);
    hash.text(method);
    hash.list(headers, pair);
    hash.maybe(body.as_deref(), Canonical::text);
    hash.text(version.word());
    hash.number(i64::from(*max_redirects));
    tls(hash, settings);
    hash.text(family.word());
    hash.list(&expect.status, |hash, status| hash.number(i64::from(*status)));
    hash.list(&expect.headers, pair);
    hash.maybe(expect.body_regex.as_deref(), Canonical::text);
    hash.maybe(expect.body_not_regex.as_deref(), Canonical::text);
    hash.list(&expect.json, |hash, JsonExpect { path, equals }| {
        hash.text(path);
        hash.maybe(equals.as_deref(), Canonical::text);
    });
}

fn tls(hash: &mut Canonical, settings: &TlsSettings) {
    let TlsSettings { verify, server_name, ca_pem, min_days_left } = settings;
    hash.text(verify.word());
    hash.maybe(server_name.as_deref(), Canonical::text);
    hash.maybe(ca_pem.as_deref(), Canonical::text);
    hash.maybe(*min_days_left, |hash, days| hash.number(i64::from(days)));
}

/// The encoding above, fed to the hash as it is made.
struct Canonical(Sha256);

impl Canonical {
    const ABSENT: u8 = 0;
    const TEXT: u8 = 1;
    const NUMBER: u8 = 2;
    const LIST: u8 = 3;

    fn new(name: &str) -> Self {
        let mut hash = Self(Sha256::new());
        hash.item(Self::ABSENT, name.as_bytes());
        hash
    }

    fn item(&mut self, tag: u8, bytes: &[u8]) {
        self.0.update([tag]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.item(Self::TEXT, text.as_bytes());
    }

    fn number(&mut self, number: i64) {
        self.item(Self::NUMBER, &number.to_be_bytes());
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.item(Self::LIST, &(items.len() as u64).to_be_bytes());
        for item in items {
            each(self, item);
        }
    }

    fn maybe<T>(&mut self, value: Option<T>, encode: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => encode(self, value),
            None => self.item(Self::ABSENT, &[]),
        }
    }

    fn finish(self) -> u64 {
        let digest: [u8; 32] = self.0.finalize().into();
        let (first, _) = digest.split_first_chunk::<8>().expect("a SHA-256 has 32 bytes");
        u64::from_be_bytes(*first).max(1)
    }
}

#[cfg(test)]
mod tests;

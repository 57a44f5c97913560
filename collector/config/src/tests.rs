use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use quorate_model::check::{DnsTransport, Family, HttpVersion, RecordType, Verify};
use quorate_model::policy::{LateOk, Quorum, Solicit};
use quorate_model::{CheckId, Confirm, Millis, ProbeSpec, RegionId};

use crate::{Config, Defaults, Listen, Retention};

const SMALLEST: &str = "regions: [{id: fra, provider: hetzner}]\n";

fn errors(text: &str) -> String {
    let errors = Config::parse(text).expect_err("the text is wrong");
    errors.iter().fold(String::new(), |text, error| text + &error.to_string() + "\n")
}

fn config(text: &str) -> Config {
    Config::parse(text).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn root(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Each `bad-*.yml` has one kind of mistake; the expected text stands beside it. `QUORATE_BLESS=1` writes it anew.
#[test]
fn every_mistake_is_told_as_written_down() {
    let mut names: Vec<PathBuf> = fs::read_dir(root("fixtures"))
        .expect("the fixtures are there")
        .map(|entry| entry.expect("can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    names.sort();
    assert!(names.len() >= 20, "only {} fixtures found", names.len());
    for path in names {
        let text = fs::read_to_string(&path).expect("is readable");
        let found = errors(&text);
        let golden = path.with_extension("txt");
        if std::env::var_os("QUORATE_BLESS").is_some() {
            fs::write(&golden, &found).expect("is writable");
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
    }
}

#[test]
fn the_smallest_configuration_takes_every_default() {
    let config = config(SMALLEST);
    assert_eq!(config.listen, Listen::default());
    assert_eq!(config.data_dir, PathBuf::from("/var/lib/quorate"));
    assert_eq!(config.retention, Retention::default());
    assert_eq!(config.defaults, Defaults::default());
    assert_eq!((config.checks.len(), config.references.len(), config.tls), (0, 0, None));
    assert_eq!(config.regions[0].name, "fra");
}

/// The sample shows the defaults: with every shown default left out, the configuration is the same.
#[test]
fn the_sample_shows_the_defaults() {
    let sample = config(&fs::read_to_string(root("../../deploy/collector.yaml")).expect("the sample is there"));
    let short = config(
        "regions:\n\
         - {id: fra, name: Frankfurt, provider: hetzner}\n\
         - {id: iad, name: N. Virginia, provider: aws}\n\
         - {id: sin, name: Singapore, provider: ovh}\n\
         checks:\n\
         - id: shop\n  \
           name: Web shop\n  \
           http: {url: https://shop.example.com/health, expect: {body_regex: ok}}\n  \
           degraded_over: 800ms\n  \
           labels: {team: web}\n",
    );
    assert_eq!(sample, short);
}

/// The example of the design, with TLS where it listens on every address.
#[test]
fn the_design_example_is_read() {
    let config = config(
        r#"
listen: {grpc: 0.0.0.0:7470, http: 127.0.0.1:7480}
tls: {cert: c.pem, key: k.pem, client_ca: ca.pem}
data_dir: /var/lib/quorate
regions:
  - {id: fra, name: Frankfurt, provider: hetzner}
  - {id: iad, name: N. Virginia, provider: aws}
  - {id: sin, name: Singapore, provider: ovh}
defaults: {interval: 10s, timeout: 3s}
references: [{tcp: {address: "192.0.2.53:53"}}]
checks:
  - id: shop
    name: Web shop
    http: {url: "https://shop.example.com/health", expect: {status: [200], body_regex: "ok"}}
    interval: 10s
    timeout: 3s
    degraded_over: 800ms
    regions: [fra, iad, sin]          # default: all
    quorum: {weights: {fra: 2, iad: 1, sin: 1}}
    min_regions: 2
    min_providers: 2
    confirm: {retries: 2, after: 1s, solicit: true}
    labels: {team: web}
slas: []
plans: []
customers: []
maintenance: []
alerts: {}
status_page: {}
"#,
    );
    let shop = config.check(&CheckId::new("shop").expect("is an id")).expect("is there");
    assert_eq!(shop.degraded_over, Some(Millis::new(800)));
    assert_eq!(shop.policy.confirm, Confirm { retries: 2, after: Millis::new(1000), solicit: Solicit::On });
    assert_eq!(shop.labels.get("team").map(String::as_str), Some("web"));
    let Quorum::Weights(weights) = shop.policy.quorum() else { panic!("{:?}", shop.policy.quorum()) };
    assert_eq!(weights.values().copied().collect::<Vec<_>>(), [2, 1, 1]);
    assert_eq!(config.references.len(), 1);
    assert!(config.region(&RegionId::new("iad").expect("is an id")).is_some());
}

#[test]
fn every_key_of_every_probe_is_read() {
    let text = r#"
regions: [{id: a, provider: p}, {id: b, provider: q}]
checks:
  - id: h
    http:
      url: "http://[2001:db8::1]:8080/x?y=1"
      method: POST
      headers: {Accept: "text/*", X-Key: secret}
      body: "{}"
      version: http2
      max_redirects: 0
      family: v6
      tls: {verify: skipped, server_name: name.example, min_days_left: 3,
            ca_pem: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"}
      expect: {status: [200, 301], headers: {Server: nginx}, body_regex: a+, body_not_regex: b+,
               json: [{path: $.a, equals: up}, {path: $.b, equals: 1.50}, {path: $.c, equals: [true, {x: "1"}]}, {path: $.d}]}
    quorum: {fraction: 0.6}
    late_ok: good
    merge_gap: 0s
  - {id: t, tcp: {address: "[::1]:25", family: v4, send: "EHLO x\r\n", expect: "^250"}, quorum: {at_least: 2}}
  - {id: s, tls: {address: "a.example:443", verify: skipped}, quorum: all}
  - {id: d, dns: {name: example.com., type: TXT, server: "2001:db8::53", transport: tcp, rcodes: [NOERROR, NXDOMAIN], answer_regex: x}}
  - {id: i, icmp: {host: 192.0.2.1, family: v4, payload_bytes: 1400}, min_regions: 1, min_providers: 1}
  - {id: g, grpc: {address: "g.example:443", service: a.B, tls: {server_name: x.example}}}
"#;
    let config = config(text);
    let probe = |id: &str| config.check(&CheckId::new(id).expect("is an id")).expect("is there").probe.clone();
    let ProbeSpec::Http(http) = probe("h") else { panic!("h is not http") };
    assert_eq!((http.method.as_str(), http.version, http.max_redirects), ("POST", HttpVersion::Http2, 0));
    assert_eq!(http.headers[1], ("X-Key".to_owned(), "secret".to_owned()));
    assert_eq!((http.tls.verify, http.tls.min_days_left, http.family), (Verify::Skipped, Some(3), Family::V6));
    let equals: Vec<Option<&str>> = http.expect.json.iter().map(|json| json.equals.as_deref()).collect();
    assert_eq!(equals, [Some("\"up\""), Some("1.5"), Some("[true,{\"x\":\"1\"}]"), None]);
    let ProbeSpec::Tcp(tcp) = probe("t") else { panic!("t is not tcp") };
    assert_eq!((tcp.address.as_str(), tcp.send.as_deref()), ("[::1]:25", Some("EHLO x\r\n")));
    let ProbeSpec::Dns(dns) = probe("d") else { panic!("d is not dns") };
    assert_eq!((dns.record_type, dns.transport), (RecordType::Txt, DnsTransport::Tcp));
    assert_eq!(dns.server.map(|server| server.to_string()).as_deref(), Some("[2001:db8::53]:53"));
    let ProbeSpec::Icmp(icmp) = probe("i") else { panic!("i is not icmp") };
    assert_eq!(icmp.payload_bytes, 1400);
    let ProbeSpec::Grpc(grpc) = probe("g") else { panic!("g is not grpc") };
    assert_eq!(grpc.tls.and_then(|tls| tls.server_name).as_deref(), Some("x.example"));
    let judged = config.check(&CheckId::new("h").expect("is an id")).expect("is there").policy.clone();
    assert_eq!(
        (judged.late_ok, judged.merge_gap, judged.quorum()),
        (LateOk::Good, Millis::ZERO, &Quorum::Fraction(600_000))
    );
}

#[test]
fn the_order_in_the_file_changes_nothing() {
    let a = config(
        "regions: [{id: a, provider: p}, {id: b, provider: q}]\nchecks: [{id: x, icmp: {host: h}}, {id: y, icmp: {host: h}}]\n",
    );
    let b = config(
        "checks: [{icmp: {host: h}, id: y}, {id: x, icmp: {host: h}}]\nregions: [{provider: q, id: b}, {id: a, provider: p}]\n",
    );
    assert_eq!(a, b);
}

#[test]
fn a_secret_is_not_shown_in_an_error() {
    let text = format!(
        "{SMALLEST}checks: [{{id: a, http: {{url: \"http://user:hunter2@h/\", headers: {{A: \"hunter2\\u0001\"}}}}}}]\n"
    );
    let found = errors(&text);
    assert!(!found.contains("hunter2"), "{found}");
    assert_eq!(found.lines().count(), 2, "{found}");
}

proptest! {
    #[test]
    fn no_text_panics(text in "[ -~\n]{0,200}") {
        if let Err(errors) = Config::parse(&text) {
            prop_assert!(!errors.is_empty());
        }
    }

    /// Any one line of a good file broken by any insertion gives a configuration or errors with places in the text.
    #[test]
    fn broken_samples_have_places(at in 0_usize..3000, insert in "[ -~\n]{1,6}") {
        let mut text = fs::read_to_string(root("../../deploy/collector.yaml")).expect("the sample is there");
        let at = at.min(text.len());
        prop_assume!(text.is_char_boundary(at));
        text.insert_str(at, &insert);
        if let Err(errors) = Config::parse(&text) {
            prop_assert!(!errors.is_empty());
            let lines = u32::try_from(text.lines().count()).expect("few lines") + 1;
            for error in errors {
                prop_assert!((1..=lines).contains(&error.position.line), "{}", error);
                prop_assert!(!error.message.is_empty());
            }
        }
    }
}

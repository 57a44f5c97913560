use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use quorate_collector_sla::ContractId;
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

/// What the sample shows of agreements in comments can be used as it stands.
#[test]
fn the_agreements_of_the_sample_are_read() {
    let sample = fs::read_to_string(root("../../deploy/collector.yaml")).expect("the sample is there");
    let (before, behind) = sample.split_once("\n# slas:\n").expect("the sample shows agreements");
    let (shown, _) = behind.split_once("\n\n").expect("they end with an empty line");
    let shown: Vec<&str> = shown.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
    let empty = ["slas: []\n", "plans: []\n", "customers: []\n", "maintenance: []"];
    let before = empty.iter().fold(before.to_owned(), |text, key| text.replacen(key, "", 1));
    let config = config(&format!("{before}\nslas:\n{}\n", shown.join("\n")));
    let id = ContractId::new("shop-gold").expect("is an id");
    let gold = config.catalogue.contract(&id).expect("is there");
    assert_eq!(gold.terms().exclusions.len(), 1, "the planned maintenance is added");
    let customers: Vec<_> = config.catalogue.customers_of(&id).collect();
    assert_eq!(customers.len(), 1);
    assert_eq!(customers[0].0.id.as_str(), "gold");
    assert_eq!(config.maintenance.len(), 1);
}

const WITH_FILE: &str = "regions: [{id: fra, provider: hetzner}]
checks: [{id: shop, icmp: {host: h}}]
slas: [{file: sub/gold.yaml}]
";

#[test]
fn a_contract_in_a_file_comes_along_with_the_text() {
    let mut opened = Vec::new();
    let gold = "id: gold\nservice: shop\n\nwindow: calendar_day\n";
    let (read, whole) = Config::parse_with(WITH_FILE, &mut |name| {
        opened.push(name.to_owned());
        Ok(gold.to_owned())
    })
    .expect("is right");
    assert_eq!(opened, ["sub/gold.yaml"]);
    assert_eq!(read.catalogue.contracts().len(), 1);
    assert_eq!(config(&whole), read);
    // Read again from the whole text, with another file under the name: that one counts, and is what comes along.
    let changed = gold.replace("day", "week");
    let (again, whole_again) = Config::parse_with(&whole, &mut |_| Ok(changed.clone())).expect("is right");
    assert_ne!(again, read);
    assert_eq!(config(&whole_again), again);
    assert_eq!(whole_again.matches("# file: ").count(), 1);
    // Without files the text is what it was.
    assert_eq!(Config::parse_with(SMALLEST, &mut |_| Err(String::new())).expect("is right").1, SMALLEST);
}

#[test]
fn what_is_wrong_in_a_file_is_told_at_its_name() {
    let shown = |open: &mut crate::files::Open<'_>| {
        let errors = Config::parse_with(WITH_FILE, open).expect_err("is wrong");
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        shown(&mut |_| Err("no such file".to_owned())),
        ["3:15: slas[0].file: sub/gold.yaml cannot be read: no such file"]
    );
    assert_eq!(
        shown(&mut |_| Ok("id: gold\nservice: shop\nmin_outage: 2d\nwindwo: x\n".to_owned())),
        [
            "3:15: slas[0].file: sub/gold.yaml:3:13: min_outage: is 2d; allowed is 0 up to a day",
            "3:15: slas[0].file: sub/gold.yaml:4:1: windwo: unknown key; did you mean `window`?",
        ]
    );
    assert_eq!(
        shown(&mut |_| Ok("id: gold\nservice: {any_down: [shop, shopp]}\n".to_owned())),
        ["3:15: slas[0].file: sub/gold.yaml:2:28: service.any_down[1]: no check has the id shopp; did you mean shop?"]
    );
    assert_eq!(
        errors(WITH_FILE),
        "3:15: slas[0].file: sub/gold.yaml cannot be read: it does not come with this text\n"
    );
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

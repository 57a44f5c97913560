use super::*;

const LEAST: &str = "collectors: [\"http://127.0.0.1:7470\"]\n";

fn parse(text: &str) -> Result<Config, Vec<Diagnostic>> {
    Config::parse(text, &Overrides::default())
}

/// Each error on one line, as `line:column: path: message`.
fn errors(text: &str) -> Vec<String> {
    parse(text).expect_err("refused").iter().map(ToString::to_string).collect()
}

fn url(text: &str) -> CollectorUrl {
    text.parse().expect("a collector's address")
}

/// The sample file shows the defaults and nothing else.
#[test]
fn the_sample_file_is_the_default() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/agent.yaml");
    let text = std::fs::read_to_string(sample).expect("the sample is there");
    let mut expected = Config::new(vec![url("https://collector.example.com:7470")]);
    expected.tls = Some(TlsFiles {
        certificate: "/etc/quorate/agent.pem".into(),
        key: "/etc/quorate/agent.key".into(),
        ca: "/etc/quorate/ca.pem".into(),
    });
    assert_eq!(parse(&text).expect("the sample is good"), expected);
}

#[test]
fn what_is_missing_has_its_default() {
    assert_eq!(parse(LEAST).expect("enough"), Config::new(vec![url("http://127.0.0.1:7470")]));
}

#[test]
fn all_errors_come_at_once_with_their_places() {
    let text = "\
agent: -x
collectors: [\"http://192.0.2.1:7470\", \"ftp://a\"]
tls: {certificate: a.pem}
netwroks: {allow: []}
networks: {allow: [10.0.0.0/33]}
source_addresses: [127.0.0.1, 127.0.0.2]
probes_in_flight: 0
spool_bytes: 16MiB
flush_after: 1h
stop_grace: soon
";
    let found = errors(text);
    let starts: Vec<String> =
        found.iter().map(|error| error.split(": ").take(2).collect::<Vec<_>>().join(": ")).collect();
    assert_eq!(
        starts,
        [
            "1:8: agent",
            "2:14: collectors[0]",
            "2:39: collectors[1]",
            "3:6: tls",
            "3:6: tls",
            "4:1: netwroks",
            "5:20: networks.allow[0]",
            "6:19: source_addresses",
            "7:19: probes_in_flight",
            "8:14: spool_bytes",
            "9:14: flush_after",
            "10:13: stop_grace",
        ],
        "{found:#?}"
    );
}

#[test]
fn messages_say_what_is_allowed() {
    let only = |text: &str| errors(text).first().cloned().unwrap_or_default();
    assert_eq!(
        only("collectors: [\"http://192.0.2.1:7470\"]"),
        "1:14: collectors[0]: \"http://192.0.2.1:7470\" would send samples and orders in plain text; \
         http is allowed only to localhost, 127.0.0.0/8 and [::1]"
    );
    assert_eq!(
        only("collectors: [\"https://a\"]"),
        "1:1: misses the key `tls`, which https://a:7470 needs: certificate, key and ca"
    );
    assert_eq!(only("{}"), "1:1: misses the key `collectors`");
    assert_eq!(only("collectors: []"), "1:13: collectors: has 0 entries; allowed are 1 to 8");
    assert_eq!(
        only(&format!("{LEAST}flush_after: 1h")),
        "2:14: flush_after: 1h is out of range; allowed is 1ms to 10s"
    );
}

#[test]
fn flags_stand_above_the_file() {
    let overrides = Overrides {
        agent: Some(AgentId::new("iad-1").expect("an id")),
        region: None,
        collectors: vec![url("http://localhost:1")],
        data_dir: Some("/tmp/x".into()),
    };
    let config = Config::parse("{agent: fra-1, region: fra}", &overrides).expect("enough");
    assert_eq!(config.agent, overrides.agent);
    assert_eq!(config.region, RegionId::new("fra").ok());
    assert_eq!((config.collectors, config.data_dir), (overrides.collectors, PathBuf::from("/tmp/x")));
}

#[test]
fn addresses_of_collectors() {
    let good = [
        ("https://a.example:1", "https://a.example:1"),
        ("https://a.example", "https://a.example:7470"),
        ("https://192.0.2.1:8/", "https://192.0.2.1:8"),
        ("https://[2001:db8::1]:8", "https://[2001:db8::1]:8"),
        ("http://localhost:8", "http://localhost:8"),
        ("http://127.9.9.9:8", "http://127.9.9.9:8"),
        ("http://[::1]:8", "http://[::1]:8"),
        ("http://[::ffff:127.0.0.1]:8", "http://[::ffff:127.0.0.1]:8"),
    ];
    for (text, expected) in good {
        assert_eq!(url(text).to_string(), expected);
    }
    for plain in
        ["http://a.example:1", "http://192.0.2.1:8", "http://localhost.example:8", "http://0.0.0.0:8", "http://[::]:8"]
    {
        assert!(matches!(plain.parse::<CollectorUrl>(), Err(UrlError::PlainText(_))), "{plain}");
    }
    for bad in [
        "",
        "a:1",
        "ftp://a:1",
        "https://",
        "https://a:",
        "https://a:0",
        "https://a:99999",
        "https://u:p@a:1",
        "https://a:1/path",
        "https://a:1?q",
    ] {
        assert!(matches!(bad.parse::<CollectorUrl>(), Err(UrlError::Form(_))), "{bad}");
    }
}

#[test]
fn who_the_agent_is() {
    let id = |text| AgentId::new(text).expect("an id");
    let region = |text| RegionId::new(text).expect("an id");
    let mut config = Config::new(Vec::new());
    assert_eq!(config.identity(None), Err(IdentityError::Missing("agent")));
    assert_eq!(config.identity(Some((id("a"), region("r")))), Ok((id("a"), region("r"))));
    config.agent = Some(id("a"));
    assert_eq!(config.identity(None), Err(IdentityError::Missing("region")));
    config.region = Some(region("r"));
    assert_eq!(config.identity(None), Ok((id("a"), region("r"))));
    let differs = config.identity(Some((id("a"), region("s")))).expect_err("refused").to_string();
    assert_eq!(differs, "`region` is r in the configuration, but the certificate is for s");
}

#[test]
fn an_allowed_network_need_not_be_public() {
    let text = format!("{LEAST}networks: {{allow: [10.0.0.0/8], deny: [10.1.0.0/16, 198.51.101.0/24]}}");
    let limits = parse(&text).expect("good").networks.limits();
    let permits = |address: &str| limits.permits(address.parse().expect("an address"));
    assert!(permits("10.0.0.1") && permits("1.1.1.1"));
    assert!(!permits("10.1.0.1") && !permits("198.51.101.1") && !permits("127.0.0.1"));
}

#[test]
fn a_credential_of_the_keys_name_stands_in_for_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let key = PathBuf::from("/etc/quorate/agent.key");
    let mut config = Config::new(Vec::new());
    config.tls = Some(TlsFiles { certificate: "a.pem".into(), key: key.clone(), ca: "c.pem".into() });
    config.use_credentials(dir.path());
    assert_eq!(config.tls.as_ref().map(|tls| &tls.key), Some(&key));
    std::fs::write(dir.path().join("agent.key"), "key").expect("writable");
    config.use_credentials(dir.path());
    assert_eq!(config.tls.map(|tls| tls.key), Some(dir.path().join("agent.key")));
}

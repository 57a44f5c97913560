use std::collections::BTreeSet;

use crate::Config;

/// The check `c` of a configuration with this probe and further keys.
fn version(rest: &str) -> u64 {
    let text = format!("regions: [{{id: a, provider: p}}]\nchecks: [{{id: c, {rest}}}]\n");
    match Config::parse(&text) {
        Ok(config) => config.checks[0].version.get(),
        Err(errors) => panic!("{text}: {errors:?}"),
    }
}

#[test]
fn every_probing_setting_changes_the_hash() {
    let texts = [
        "tcp: {address: \"h:1\"}",
        "tcp: {address: \"h:2\"}",
        "tcp: {address: \"h:1\", send: a}",
        "tcp: {address: \"h:1\", expect: a}",
        "tcp: {address: \"h:1\", family: v4}",
        "tcp: {address: \"h:1\"}, interval: 11s",
        "tcp: {address: \"h:1\"}, timeout: 2s",
        "tcp: {address: \"h:1\"}, degraded_over: 1s",
        "tls: {address: \"h:1\"}",
        "tls: {address: \"h:1\", min_days_left: 0}",
        "tls: {address: \"h:1\", server_name: x}",
        "tls: {address: \"h:1\", verify: skipped}",
        "icmp: {host: h}",
        "icmp: {host: h, payload_bytes: 0}",
        "grpc: {address: \"h:1\"}",
        "grpc: {address: \"h:1\", service: s}",
        "grpc: {address: \"h:1\", tls: {}}",
        "dns: {name: n}",
        "dns: {name: n, type: AAAA}",
        "dns: {name: n, server: 192.0.2.1}",
        "dns: {name: n, transport: tcp}",
        "dns: {name: n, rcodes: [NXDOMAIN]}",
        "dns: {name: n, answer_regex: x}",
        "http: {url: \"http://h/\"}",
        "http: {url: \"http://h/a\"}",
        "http: {url: \"http://h/\", method: HEAD}",
        "http: {url: \"http://h/\", headers: {a: bc}}",
        "http: {url: \"http://h/\", headers: {ab: c}}",
        "http: {url: \"http://h/\", body: \"\"}",
        "http: {url: \"http://h/\", version: http1}",
        "http: {url: \"http://h/\", max_redirects: 0}",
        "http: {url: \"http://h/\", tls: {verify: skipped}}",
        "http: {url: \"http://h/\", family: v6}",
        "http: {url: \"http://h/\", expect: {status: [200]}}",
        "http: {url: \"http://h/\", expect: {status: [200, 201]}}",
        "http: {url: \"http://h/\", expect: {headers: {a: b}}}",
        "http: {url: \"http://h/\", expect: {body_regex: a}}",
        "http: {url: \"http://h/\", expect: {body_not_regex: a}}",
        "http: {url: \"http://h/\", expect: {json: [{path: $.a}]}}",
        "http: {url: \"http://h/\", expect: {json: [{path: $.a, equals: 1}]}}",
        "http: {url: \"http://h/\", expect: {json: [{path: $.a, equals: \"1\"}]}}",
    ];
    let versions: BTreeSet<u64> = texts.iter().map(|text| version(text)).collect();
    assert_eq!(versions.len(), texts.len(), "two settings have one hash");
}

#[test]
fn judging_and_naming_do_not_change_the_hash() {
    let plain = version("tcp: {address: \"h:1\"}");
    assert_eq!(version("tcp: {address: \"h:1\"}, name: x, labels: {a: b}, confirm: {retries: 0}"), plain);
    assert_eq!(version("tcp: {address: \"h:1\", family: any}, interval: 10s, timeout: 3000ms, quorum: all"), plain);
}

/// The hash stands in stored samples: a change of the encoding would cut every check's history in two.
#[test]
fn the_encoding_is_stable() {
    assert_eq!(version("tcp: {address: \"h:1\"}"), 10_675_979_372_419_266_642);
    assert_eq!(
        version("http: {url: \"https://shop.example.com/health\", expect: {status: [200], body_regex: ok}}"),
        13_874_290_940_123_501_704
    );
    assert_eq!(version("dns: {name: example.com}"), 16_824_310_169_185_299_457);
}

use quorate_model::check::{
    DnsSpec, DnsTransport, Family, GrpcSpec, HttpExpect, HttpSpec, HttpVersion, IcmpSpec, JsonExpect, RecordType,
    TcpSpec, TlsSettings, TlsSpec, Verify,
};
use quorate_model::{CheckId, CheckSpec, CheckVersion, CollectorTime, Confirm, Millis, ProbeSpec, Solicit};

use crate::v1;

fn tls() -> TlsSettings {
    TlsSettings {
        verify: Verify::Skipped,
        server_name: Some("shop.example.com".into()),
        ca_pem: Some("-----BEGIN CERTIFICATE-----".into()),
        min_days_left: Some(14),
    }
}

fn check(probe: ProbeSpec) -> CheckSpec {
    CheckSpec {
        id: CheckId::new("shop").expect("an id"),
        version: CheckVersion::new(9),
        probe,
        interval: Millis::new(10_000),
        timeout: Millis::new(3_000),
        degraded_over: Some(Millis::new(800)),
        confirm: Confirm { retries: 2, after: Millis::new(1_000), solicit: Solicit::Off },
        phase: Millis::new(4_000),
        effective_from: CollectorTime::from_millis(1_790_000_000_000),
    }
}

#[test]
fn every_probe_comes_back_as_it_went() {
    let probes = [
        ProbeSpec::Http(HttpSpec {
            url: "https://shop.example.com/health".into(),
            method: "POST".into(),
            headers: vec![("accept".into(), "application/json".into())],
            body: Some("{}".into()),
            version: HttpVersion::Http2,
            max_redirects: 3,
            tls: tls(),
            family: Family::V6,
            expect: HttpExpect {
                status: vec![200, 204],
                headers: vec![("content-type".into(), "json".into())],
                body_regex: Some("ok".into()),
                body_not_regex: Some("error".into()),
                json: vec![JsonExpect { path: "$.a".into(), equals: Some("1".into()) }],
            },
        }),
        ProbeSpec::Tcp(TcpSpec {
            address: "mail:25".into(),
            family: Family::V4,
            send: Some("QUIT\r\n".into()),
            expect: Some("^220".into()),
        }),
        ProbeSpec::Tls(TlsSpec { address: "mail:465".into(), family: Family::Any, tls: tls() }),
        ProbeSpec::Dns(DnsSpec {
            name: "example.com".into(),
            record_type: RecordType::Caa,
            server: Some("192.0.2.53:53".parse().expect("an address")),
            transport: DnsTransport::Tcp,
            rcodes: vec!["NXDOMAIN".into()],
            answer_regex: Some("x".into()),
        }),
        ProbeSpec::Icmp(IcmpSpec { host: "192.0.2.1".into(), family: Family::Any, payload_bytes: 56 }),
        ProbeSpec::Grpc(GrpcSpec {
            address: "api:443".into(),
            family: Family::Any,
            service: "shop.Cart".into(),
            tls: Some(tls()),
        }),
    ];
    for probe in probes {
        let before = check(probe);
        let message = v1::Check::from(&before);
        assert_eq!(CheckSpec::try_from(message), Ok(before));
    }
}

#[test]
fn a_bad_field_is_named_with_what_is_allowed() {
    let refuse = |change: fn(&mut v1::Check), expected: &str| {
        let probe = ProbeSpec::Icmp(IcmpSpec { host: "a".into(), family: Family::Any, payload_bytes: 56 });
        let mut message = v1::Check::from(&check(probe));
        change(&mut message);
        let error = CheckSpec::try_from(message).expect_err("refused").to_string();
        assert!(error.contains(expected), "{error} does not say {expected}");
    };
    refuse(|c| c.id = "a b".into(), "\"a b\" is not an id");
    refuse(|c| c.interval_ms = 0, "check shop: interval_ms is 0; allowed is 1 to 86400000");
    refuse(|c| c.timeout_ms = 600_001, "timeout_ms is 600001");
    refuse(|c| c.confirm_retries = 6, "confirm_retries is 6; allowed is 0 to 5");
    refuse(|c| c.phase_ms = 10_001, "phase_ms is 10001; allowed is 0 to interval_ms");
    refuse(|c| c.version = 0, "version is missing");
    refuse(|c| c.probe = None, "probe is missing");
    let with = |kind| Some(v1::Probe { kind: Some(kind) });
    let icmp = v1::IcmpProbe { host: "a".into(), family: 4, payload_bytes: 0 };
    assert!(
        super::reference(2, with(v1::probe::Kind::Icmp(icmp)).expect("a probe"))
            .expect_err("refused")
            .to_string()
            .contains("references[2]: family is 4")
    );
}

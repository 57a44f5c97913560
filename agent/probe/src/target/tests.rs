use super::*;

fn endpoint(text: &str) -> Endpoint {
    Endpoint::parse("x", text).expect("an endpoint")
}

#[test]
fn every_way_to_write_an_address_becomes_the_address() {
    for text in ["127.0.0.1:80", "0177.0.0.1:80", "0x7f000001:80", "2130706433:80", "127.1:80"] {
        assert_eq!(endpoint(text).to_string(), "127.0.0.1:80", "{text}");
    }
    assert_eq!(endpoint("[::ffff:7f00:1]:80").to_string(), "[::ffff:127.0.0.1]:80");
    assert_eq!(endpoint("Example.COM.:80").to_string(), "example.com:80");
    assert_eq!(endpoint("bücher.example:80").to_string(), "xn--bcher-kva.example:80");
}

#[test]
fn targets_as_written_on_a_command_line() {
    let cases = [
        ("https://example.com/a", "http", "https://example.com/a"),
        ("tcp://example.com:25", "tcp", "example.com:25"),
        ("tls://example.com:443", "tls", "example.com:443"),
        ("icmp://example.com", "icmp", "example.com"),
        ("grpc://example.com:50051/shop.v1.Shop", "grpc", "example.com:50051/shop.v1.Shop"),
        ("dns:///example.com", "dns", "example.com A"),
        ("dns://192.0.2.1/example.com?type=mx", "dns", "example.com MX"),
        ("dns://[2001:db8::1]:5353/example.com", "dns", "example.com A"),
    ];
    for (text, kind, target) in cases {
        let spec = parse_target(text).expect(text);
        assert_eq!((spec.kind(), spec.target().as_str()), (kind, target));
    }
    let Ok(ProbeSpec::Dns(dns)) = parse_target("dns://192.0.2.1/example.com") else { panic!("a DNS probe") };
    assert_eq!(dns.server, Some(SocketAddr::from(([192, 0, 2, 1], 53))));
    for text in
        ["", "example.com", "http://", "ftp://example.com", "dns://name/example.com", "dns:///", "dns:///a?type=X"]
    {
        assert!(parse_target(text).is_err(), "{text}");
    }
}

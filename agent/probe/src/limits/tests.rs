use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().expect("the test's own address")
}

fn network(text: &str) -> Network {
    text.parse().expect("the test's own network")
}

#[test]
fn public_only_refuses_what_is_not_public_in_every_form() {
    let limits = Limits::public_only();
    for refused in [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "0.1.2.3",
        "10.1.2.3",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "198.19.255.255",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
    ] {
        assert!(!limits.permits(address(refused)), "{refused}");
    }
    for permitted in ["1.1.1.1", "172.32.0.1", "192.0.3.1", "2606:4700::1111", "2001:4860:4860::8888", "::ffff:1.1.1.1"]
    {
        assert!(limits.permits(address(permitted)), "{permitted}");
    }
}

#[test]
fn the_longest_prefix_decides_and_deny_wins_a_tie() {
    let limits = Limits::none()
        .deny([network("10.0.0.0/8"), network("10.1.2.3/32"), network("10.9.0.0/16")])
        .allow([network("10.1.0.0/16"), network("10.9.0.0/16")]);
    assert!(!limits.permits(address("10.0.0.1")));
    assert!(limits.permits(address("10.1.0.1")));
    assert!(!limits.permits(address("10.1.2.3")));
    assert!(!limits.permits(address("10.9.0.1")));
    assert!(limits.permits(address("11.0.0.1")));
}

#[test]
fn a_network_that_is_not_public_can_be_allowed_as_a_whole() {
    let limits =
        Limits::public_only().allow([network("10.0.0.0/8"), network("fd00::/8")]).deny([network("10.0.0.0/16")]);
    assert!(limits.permits(address("10.1.2.3")));
    assert!(limits.permits(address("fd00::1")));
    assert!(!limits.permits(address("10.0.2.3")));
    assert!(!limits.permits(address("192.168.0.1")));
}

#[test]
fn only_what_is_allowed_where_everything_else_is_denied() {
    let limits = Limits::none().deny([network("0.0.0.0/0"), network("::/0")]).allow([network("192.0.2.0/24")]);
    assert!(limits.permits(address("192.0.2.7")));
    assert!(limits.permits(address("::ffff:192.0.2.7")));
    assert!(!limits.permits(address("192.0.3.7")));
    assert!(!limits.permits(address("2606:4700::1111")));
}

#[test]
fn the_unspecified_address_is_this_host() {
    let limits = Limits::none().deny([network("127.0.0.0/8"), network("::1")]);
    assert!(!limits.permits(address("0.0.0.0")));
    assert!(!limits.permits(address("::")));
}

#[test]
fn a_network_of_mapped_addresses_is_the_network_they_map() {
    assert_eq!(network("::ffff:10.0.0.0/104"), network("10.0.0.0/8"));
}

#[test]
fn what_is_not_a_network_is_refused() {
    for text in ["", "/", "10.0.0.0/33", "::/129", "10.0.0/8", "a/8", "10.0.0.0/", "10.0.0.0/-1", "0x7f.1"] {
        assert!(text.parse::<Network>().is_err(), "{text}");
    }
}

use quorate_model::check::{Family, IcmpSpec};
use quorate_model::{Failure, Millis, Outcome, ProbeSpec};

use crate::{Context, Finding, Timing, prepare};

fn timing(timeout_ms: i64) -> Timing {
    Timing::new(Millis::new(timeout_ms)).expect("within the allowed range").late(Millis::ZERO)
}

async fn probe(host: &str, family: Family) -> Finding {
    let spec = IcmpSpec { host: host.to_owned(), family, payload_bytes: 56 };
    prepare(&ProbeSpec::Icmp(spec), timing(5_000)).expect("usable").run(&Context::default()).await
}

/// With permission the echo comes back; without it the finding says that this node could not try. Both are right, and
/// which one it is can be told from the socket itself.
#[tokio::test]
async fn loopback_answers_or_the_permission_is_missing() {
    for (host, domain, protocol) in [
        ("127.0.0.1", socket2::Domain::IPV4, socket2::Protocol::ICMPV4),
        ("::1", socket2::Domain::IPV6, socket2::Protocol::ICMPV6),
    ] {
        let permitted = [socket2::Type::DGRAM, socket2::Type::RAW]
            .into_iter()
            .any(|kind| socket2::Socket::new(domain, kind, Some(protocol)).is_ok());
        let finding = probe(host, Family::Any).await;
        if permitted {
            assert_eq!((finding.outcome, finding.failure), (Outcome::Ok, None), "{finding:?}");
            assert!(finding.phases.first_byte.is_some());
        } else {
            assert_eq!((finding.outcome, finding.failure), (Outcome::Local, Some(Failure::LocalNetwork)));
        }
    }
}

#[tokio::test]
async fn an_address_of_the_other_family_fails_as_dns() {
    let finding = probe("127.0.0.1", Family::V6).await;
    assert_eq!(finding.failure, Some(Failure::Dns), "{finding:?}");
}

#[test]
fn unusable_settings_are_refused_with_their_field() {
    let refused = |host: &str, payload_bytes| {
        let spec = IcmpSpec { host: host.to_owned(), family: Family::Any, payload_bytes };
        prepare(&ProbeSpec::Icmp(spec), timing(1_000)).expect_err("unusable").field().to_owned()
    };
    assert_eq!(refused("", 56), "icmp.host");
    assert_eq!(refused("a b", 56), "icmp.host");
    assert_eq!(refused("localhost", 1401), "icmp.payload_bytes");
}

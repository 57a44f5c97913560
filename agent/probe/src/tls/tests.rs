use std::time::SystemTime;

use quorate_model::check::{Family, TlsSettings, TlsSpec, Verify};
use quorate_model::{Failure, Millis, Outcome, ProbeSpec};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::authority::{Authority, DAY, Identity, Server, self_signed};
use crate::{Context, Finding, Timing, prepare};

async fn probe(address: String, tls: TlsSettings) -> Finding {
    let spec = TlsSpec { address, family: Family::Any, tls };
    let timing = Timing::new(Millis::new(5_000)).expect("within the allowed range");
    prepare(&ProbeSpec::Tls(spec), timing).expect("usable").run(&Context::default()).await
}

async fn shown(identity: &Identity, tls: TlsSettings) -> Finding {
    let server = Server::start(identity, &[]).await;
    let (finding, _) = tokio::join!(probe(server.address().to_string(), tls), server.accept());
    finding
}

fn trusting(pem: String) -> TlsSettings {
    TlsSettings { ca_pem: Some(pem), ..TlsSettings::default() }
}

#[tokio::test]
async fn a_valid_certificate_is_ok_and_its_facts_are_known() {
    let authority = Authority::new("one");
    let finding = shown(&authority.valid(), trusting(authority.pem())).await;
    assert_eq!((finding.outcome, finding.failure), (Outcome::Ok, None), "{finding:?}");
    let facts = finding.evidence.certificate.expect("a certificate");
    let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    let left_s = facts.not_after_s - i64::try_from(now_s).expect("fits");
    assert!((29 * 86_400..=30 * 86_400).contains(&left_s), "{left_s}");
    assert_eq!((facts.chain_length, facts.verified), (1, true));
    assert!(finding.phases.tls.is_some());
}

#[tokio::test]
async fn an_invalid_certificate_fails_with_its_reason_and_its_facts() {
    let (authority, other, now) = (Authority::new("one"), Authority::new("two"), SystemTime::now());
    let names = ["localhost", "127.0.0.1"];
    let cases = [
        (authority.sign(&names, now - 9 * DAY, now - DAY), authority.pem(), "expired"),
        (authority.sign(&names, now + DAY, now + 9 * DAY), authority.pem(), "not valid yet"),
        (authority.sign(&["example.com"], now - DAY, now + DAY), authority.pem(), "not 127.0.0.1, but"),
        (authority.valid(), other.pem(), "unknown issuer"),
        (self_signed(), authority.pem(), "self-signed"),
    ];
    for (identity, roots, reason) in cases {
        let finding = shown(&identity, trusting(roots.clone())).await;
        assert_eq!((finding.outcome, finding.failure), (Outcome::Fail, Some(Failure::Certificate)), "{finding:?}");
        let detail = finding.evidence.detail.expect("a reason");
        assert!(detail.contains(reason), "{detail}");
        assert!(!finding.evidence.certificate.expect("its facts").verified);

        let skipping = TlsSettings { verify: Verify::Skipped, ..trusting(roots) };
        let finding = shown(&identity, skipping).await;
        assert_eq!(finding.outcome, Outcome::Ok, "{finding:?}");
        assert!(!finding.evidence.certificate.expect("its facts").verified);
    }
}

#[tokio::test]
async fn a_certificate_among_the_own_roots_is_trusted_for_its_name() {
    let identity = self_signed();
    let finding = shown(&identity, trusting(identity.pem.clone())).await;
    assert_eq!(finding.outcome, Outcome::Ok, "{finding:?}");
    let elsewhere = TlsSettings { server_name: Some("example.com".to_owned()), ..trusting(identity.pem.clone()) };
    let finding = shown(&identity, elsewhere).await;
    assert_eq!(finding.failure, Some(Failure::Certificate), "{finding:?}");
}

#[tokio::test]
async fn a_certificate_that_ends_too_soon_fails() {
    let authority = Authority::new("one");
    for (min_days_left, failure) in [(29, None), (31, Some(Failure::Certificate))] {
        let tls = TlsSettings { min_days_left: Some(min_days_left), ..trusting(authority.pem()) };
        let finding = shown(&authority.valid(), tls).await;
        assert_eq!(finding.failure, failure, "{finding:?}");
        assert!(finding.evidence.certificate.expect("its facts").verified);
    }
}

#[tokio::test]
async fn another_name_can_be_asked_for() {
    let (authority, now) = (Authority::new("one"), SystemTime::now());
    let identity = authority.sign(&["example.com"], now - DAY, now + DAY);
    let tls = TlsSettings { server_name: Some("example.com".to_owned()), ..trusting(authority.pem()) };
    assert_eq!(shown(&identity, tls).await.outcome, Outcome::Ok);
}

#[tokio::test]
async fn what_does_not_speak_tls_fails_as_tls() {
    for (answer, failure) in [("HTTP/1.1 400 Bad Request\r\n\r\n", Failure::Tls), ("", Failure::ConnectionReset)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound").to_string();
        let serve = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            stream.write_all(answer.as_bytes()).await.expect("the client reads");
            stream.shutdown().await.expect("the client reads");
        };
        let (finding, ()) = tokio::join!(probe(address, TlsSettings::default()), serve);
        assert_eq!(finding.failure, Some(failure), "{finding:?}");
        assert_eq!(finding.evidence.certificate, None);
    }
}

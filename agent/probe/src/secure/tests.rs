use proptest::prelude::*;

use super::*;

#[test]
fn public_roots_are_there() {
    assert!(Secure::prepare("x", &TlsSettings::default(), &[]).is_ok());
}

#[test]
fn roots_that_cannot_be_used_are_refused() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", "text", broken, "-----BEGIN CERTIFICATE-----\n"] {
        let settings = TlsSettings { ca_pem: Some(pem.to_owned()), ..TlsSettings::default() };
        let error = Secure::prepare("tls.tls", &settings, &[]).expect_err("unusable");
        assert_eq!(error.field(), "tls.tls.ca_pem");
    }
}

#[test]
fn a_host_that_tls_cannot_name_is_a_failure_not_a_panic() {
    let failed = server_name(&Host::Name("_a b".to_owned())).expect_err("not a host name");
    assert_eq!(failed.failure, Failure::Tls);
    assert!(server_name(&Host::Name("example.com.".to_owned())).is_ok());
}

proptest! {
    #[test]
    fn any_certificate_is_read_without_panic(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let certificate = CertificateDer::from(noise);
        facts::of_chain(&certificate, std::slice::from_ref(&certificate), false);
        facts::refusal(&rustls::CertificateError::Expired.into(), &certificate);
    }

    #[test]
    fn a_damaged_certificate_is_read_without_panic(at in 0_usize..1000, value in any::<u8>()) {
        let mut damaged = SELF_SIGNED.with(|certificate| certificate.to_vec());
        let length = damaged.len();
        if let Some(byte) = damaged.get_mut(at % length) {
            *byte = value;
        }
        let certificate = CertificateDer::from(damaged);
        facts::of_chain(&certificate, &[], false);
        facts::refusal(&rustls::CertificateError::UnknownIssuer.into(), &certificate);
    }

    #[test]
    fn any_roots_are_read_without_panic(noise in "[-A-Z a-z0-9=\n]{0,200}") {
        own_roots(&format!("-----BEGIN CERTIFICATE-----\n{noise}\n-----END CERTIFICATE-----\n")).err();
    }
}

thread_local! {
    static SELF_SIGNED: CertificateDer<'static> = crate::authority::self_signed().certificate;
}

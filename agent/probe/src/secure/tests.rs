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

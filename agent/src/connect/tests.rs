use super::*;

fn connector(url: &str) -> Connector {
    Connector::new(url.parse().expect("a collector's address"), None, Vec::new())
}

/// A name that is loopback by its text may still resolve elsewhere: what counts is the address connected to.
#[tokio::test]
async fn plain_text_is_refused_by_the_address_connected_to() {
    let mut elsewhere = connector("http://localhost:7470");
    elsewhere.url = "https://192.0.2.1:7470".parse::<CollectorUrl>().expect("a collector's address").into_plain_text();
    let error = elsewhere.open_tcp().await.expect_err("refused");
    assert!(matches!(error, ConnectError::PlainText(_)), "{error}");
}

#[tokio::test]
async fn a_family_without_a_source_address_is_not_used() {
    let mut only_v6 = connector("http://127.0.0.1:7470");
    only_v6.sources = vec!["2001:db8::1".parse().expect("an address")];
    let error = only_v6.open_tcp().await.expect_err("refused");
    assert!(matches!(error, ConnectError::NoAddress(_)), "{error}");
}

#[test]
fn missing_files_are_named_with_their_key() {
    let files = TlsFiles { certificate: "/missing/a".into(), key: "/missing/b".into(), ca: "/missing/c".into() };
    let error = certified_identity(&files).expect_err("missing").to_string();
    assert!(error.starts_with("tls.ca: /missing/c: "), "{error}");
}

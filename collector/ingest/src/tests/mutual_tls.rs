//! Who is let in by certificate.

use std::sync::Arc;

use hyper_util::rt::TokioIo;
use rcgen::ExtendedKeyUsagePurpose;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::Code;
use tonic::transport::{Channel, Endpoint, Uri};

use super::authority::{Authority, Owned, Validity};
use super::lab::{Agent, Lab, config, soon};
use crate::{Config, ConfigError, Error, Security, TlsError, TlsMaterial};

const FRA_1: &str = "quorate://agent/fra-1/region/fra";

fn lab(material: TlsMaterial) -> Lab {
    Lab::with(Config { security: Security::MutualTls(material), ..config() }, 16)
}

fn client(authority: &Authority, owned: Option<&Owned>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).expect("PEM")).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let mut config = match owned {
        None => builder.with_no_client_auth(),
        Some(owned) => {
            let chain = vec![CertificateDer::from_pem_slice(owned.certificate_pem.as_bytes()).expect("PEM")];
            let key = PrivateKeyDer::from_pem_slice(owned.key_pem.as_bytes()).expect("PEM");
            builder.with_client_auth_cert(chain, key).expect("fit")
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

async fn connect(lab: &Lab, config: ClientConfig) -> Result<Channel, tonic::transport::Error> {
    let connector = TlsConnector::from(Arc::new(config));
    let address = lab.address;
    let dial = tower::service_fn(move |_: Uri| {
        let connector = connector.clone();
        async move {
            let stream = TcpStream::connect(address).await?;
            let name = ServerName::try_from("localhost").expect("a name");
            Ok::<_, std::io::Error>(TokioIo::new(connector.connect(name, stream).await?))
        }
    });
    soon(Endpoint::from_static("http://localhost").connect_with_connector(dial)).await
}

/// Whether an agent with this certificate gets as far as its resume.
async fn is_let_in(lab: &Lab, config: ClientConfig) -> bool {
    // In TLS 1.3 a client learns of a refusal only with the first bytes it reads.
    let Ok(channel) = connect(lab, config).await else { return false };
    let Ok(mut agent) = Agent::silent(channel, "fra-1", 7).await else { return false };
    let hello = super::lab::hello("fra-1", "fra", 7);
    agent.send(quorate_proto::v1::agent_message::Kind::Hello(hello)).await;
    matches!(agent.receive().await, Ok(Some(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_of_our_authority_is_let_in() {
    let authority = Authority::new("ours");
    let lab = lab(authority.material());
    let channel = connect(&lab, client(&authority, Some(&authority.agent(&[FRA_1])))).await.expect("connects");
    let mut agent = Agent::open(channel, "fra-1", "fra", 7).await;
    agent.send_batch(1..=3).await;
    agent.acked(3).await;
    assert_eq!(lab.on_disk("shop"), [1, 2, 3]);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_else_is_refused_in_the_handshake() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let mut material = ours.material();
    material.revocations_pem = Some(ours.revoking(77));
    let lab = lab(material);
    let usage = || ExtendedKeyUsagePurpose::ClientAuth;
    let refused = [
        ("no certificate", None),
        ("of another authority", Some(theirs.agent(&[FRA_1]))),
        ("expired", Some(ours.agent_with(&[FRA_1], usage(), Validity::Past, 3))),
        ("not yet valid", Some(ours.agent_with(&[FRA_1], usage(), Validity::Future, 4))),
        ("for servers", Some(ours.agent_with(&[FRA_1], ExtendedKeyUsagePurpose::ServerAuth, Validity::Now, 5))),
        ("revoked", Some(ours.agent_with(&[FRA_1], usage(), Validity::Now, 77))),
        ("without an identity", Some(ours.agent(&[]))),
        ("with two identities", Some(ours.agent(&[FRA_1, "quorate://agent/iad-1/region/iad"]))),
        ("with a wrong identity", Some(ours.agent(&["quorate://agent/fra-1"]))),
    ];
    for (what, owned) in &refused {
        assert!(!is_let_in(&lab, client(&ours, owned.as_ref())).await, "{what}");
    }
    // A client may try again before it gives up.
    assert!(lab.handle.counters().handshakes_failed >= refused.len() as u64);
    assert_eq!(lab.handle.counters().streams, 0);
    assert!(is_let_in(&lab, client(&ours, Some(&ours.agent(&[FRA_1])))).await);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hello_has_to_say_what_the_certificate_says() {
    let authority = Authority::new("ours");
    let lab = lab(authority.material());
    for (agent, region) in [("fra-2", "fra"), ("fra-1", "iad")] {
        let channel = connect(&lab, client(&authority, Some(&authority.agent(&[FRA_1])))).await.expect("connects");
        let status = Agent::open(channel, agent, region, 7).await.failure().await;
        assert_eq!(status.code(), Code::PermissionDenied);
        let says =
            format!("hello says agent {agent} in region {region}, the certificate says agent fra-1 in region fra");
        assert_eq!(status.message(), says);
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn authorities_change_without_cutting_streams() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let lab = lab(old.material());
    let channel = connect(&lab, client(&old, Some(&old.agent(&[FRA_1])))).await.expect("connects");
    let mut agent = Agent::open(channel, "fra-1", "fra", 7).await;
    agent.resume().await;
    let with_new = client(&old, Some(&new.agent(&["quorate://agent/fra-1/region/fra"])));
    assert!(!is_let_in(&lab, with_new.clone()).await);
    let both = TlsMaterial { authorities_pem: format!("{}{}", old.pem, new.pem), ..old.material() };
    lab.handle.replace_tls(&both).expect("fits");
    agent.send_batch(1..=2).await;
    agent.acked(2).await;
    assert!(is_let_in(&lab, with_new.clone()).await);
    let broken = TlsMaterial { private_key_pem: "no key".to_owned(), ..old.material() };
    assert!(matches!(lab.handle.replace_tls(&broken), Err(TlsError::Pem { what: "private key", .. })));
    assert!(is_let_in(&lab, with_new).await);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_text_is_for_loopback_alone() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:7470"] {
        let config = Config { listen: listen.parse().expect("an address"), ..config() };
        assert!(matches!(config.check(), Err(ConfigError::PlainTextOffLoopback(_))), "{listen}");
    }
    for listen in ["127.0.0.1:0", "127.8.8.8:0", "[::1]:0"] {
        config().check().expect("allowed");
        Config { listen: listen.parse().expect("an address"), ..config() }.check().expect(listen);
    }
}

#[test]
fn material_that_does_not_fit_is_refused() {
    let authority = Authority::new("ours");
    let start = |material: TlsMaterial| {
        let directory = tempfile::tempdir().expect("a directory");
        let store =
            quorate_collector_store::Store::open(quorate_collector_store::Config::new(directory.path().join("q.db")));
        let (_table, assignments) = tokio::sync::watch::channel(Arc::new(super::lab::table()));
        let sink = crate::Sink { committed: tokio::sync::mpsc::channel(1).0, events: tokio::sync::mpsc::channel(1).0 };
        let config = Config { security: Security::MutualTls(material), ..config() };
        match crate::Service::new(config, store.expect("opens"), assignments, sink) {
            Err(Error::Config(ConfigError::Tls(error))) => error.to_string(),
            Err(error) => panic!("{error:?}"),
            Ok(_) => panic!("started"),
        }
    };
    let good = authority.material();
    let other_key = authority.server().key_pem;
    assert_eq!(start(TlsMaterial { authorities_pem: String::new(), ..good.clone() }), "authorities: holds none");
    assert_eq!(start(TlsMaterial { certificate_chain_pem: String::new(), ..good.clone() }), "certificate: holds none");
    assert_eq!(start(TlsMaterial { private_key_pem: other_key, ..good.clone() }), "certificate, key or authority");
    let garbled = "-----BEGIN X509 CRL-----\nAAA\n-----END X509 CRL-----\n".to_owned();
    assert!(start(TlsMaterial { revocations_pem: Some(garbled), ..good.clone() }).contains("evocation"));
    assert!(!format!("{good:?}").contains("PRIVATE"));
}

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use quorate_model::{AgentId, RegionId};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, Stream};
use x509_parser::extensions::GeneralName;

use super::*;

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn authority() -> Authority {
    Authority::create(Validity::days(now_ms(), 30)).expect("an authority can be made")
}

fn agent() -> Subject {
    let id = |text| AgentId::new(text).expect("a right id");
    Subject::Agent(AgentIdentity { agent: id("fra-1"), region: RegionId::new("fra").expect("a right id") })
}

fn server() -> Subject {
    Subject::Server(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])
}

fn roots(authority: &Authority) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let der = CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).expect("a PEM certificate");
    roots.add(der).expect("rustls takes the authority as a root");
    Arc::new(roots)
}

fn chain(issued: &Issued) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let certificate = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).expect("a PEM certificate");
    let key = issued.key_pem.as_ref().expect("a new key was made");
    (vec![certificate], PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a PEM key"))
}

/// A mutual handshake over a real socket; what the server saw of the client, or why it failed on either side.
fn handshake(
    server_authority: &Authority,
    client_authority: &Authority,
    client_subject: &Subject,
    name: &str,
) -> Result<AgentIdentity, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(server_authority), Arc::clone(&provider))
        .build()
        .expect("the root makes a verifier");
    let issued = server_authority.issue(&server(), Validity::days(now_ms(), 1)).expect("a server's certificate");
    let (certificates, key) = chain(&issued);
    let server_config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates, key)
        .expect("rustls takes the server's certificate");
    let issued = client_authority.issue(client_subject, Validity::days(now_ms(), 1)).expect("a client's certificate");
    let (certificates, key) = chain(&issued);
    let client_config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_root_certificates(roots(server_authority))
        .with_client_auth_cert(certificates, key)
        .expect("rustls takes the client's certificate");

    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    let address = listener.local_addr().expect("a bound socket has an address");
    let serving = std::thread::spawn(move || -> Result<AgentIdentity, String> {
        let (mut socket, _) = listener.accept().map_err(|error| error.to_string())?;
        let mut connection = ServerConnection::new(Arc::new(server_config)).map_err(|error| error.to_string())?;
        let mut byte = [0];
        Stream::new(&mut connection, &mut socket).read_exact(&mut byte).map_err(|error| error.to_string())?;
        let peer = connection.peer_certificates().and_then(<[_]>::first).ok_or("no certificate")?;
        let (_, certificate) = X509Certificate::from_der(peer).map_err(|error| error.to_string())?;
        let names = certificate.subject_alternative_name().map_err(|error| error.to_string())?.ok_or("no names")?;
        let uri = names.value.general_names.iter().find_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        });
        uri.ok_or("no URI")?.parse().map_err(|error| format!("{error}"))
    });
    let name = ServerName::try_from(name.to_owned()).expect("a right name");
    let mut connection = ClientConnection::new(Arc::new(client_config), name).expect("a client can be made");
    let mut socket = TcpStream::connect(address).expect("the server listens");
    // The server's refusal is the one that counts; the client may see only the closed socket.
    let written = Stream::new(&mut connection, &mut socket).write_all(b"x");
    drop(socket);
    let served = serving.join().expect("the server does not panic");
    written.map_err(|error| error.to_string()).and(served)
}

#[test]
fn rustls_shakes_hands_both_ways_and_the_collector_reads_who_the_agent_is() {
    let authority = authority();
    for name in ["localhost", "127.0.0.1"] {
        let seen = handshake(&authority, &authority, &agent(), name).expect("the handshake succeeds");
        assert_eq!(Subject::Agent(seen), agent());
    }
}

#[test]
fn rustls_refuses_another_authority_another_use_and_another_name() {
    let (ours, other) = (authority(), authority());
    for (case, result) in [
        ("another authority", handshake(&ours, &other, &agent(), "localhost")),
        ("a server's certificate as a client's", handshake(&ours, &ours, &server(), "localhost")),
        ("another name", handshake(&ours, &ours, &agent(), "collector.example.com")),
    ] {
        assert!(result.is_err(), "{case} was taken: {result:?}");
    }
}

#[test]
fn an_authority_read_back_is_the_same_and_others_are_refused() {
    let (ours, other) = (authority(), authority());
    let opened = Authority::open(ours.certificate_pem(), ours.key_pem(), now_ms()).expect("its own files open it");
    assert_eq!((opened.name(), opened.serial(), opened.validity()), (ours.name(), ours.serial(), ours.validity()));
    assert_ne!(ours.name(), other.name());
    let seen = handshake(&ours, &opened, &agent(), "localhost").expect("what it issues is trusted as before");
    assert_eq!(Subject::Agent(seen), agent());

    let open = |certificate: &str, key: &str, at_ms| Authority::open(certificate, key, at_ms).err();
    let (certificate, key) = (ours.certificate_pem(), ours.key_pem());
    assert!(matches!(open(certificate, other.key_pem(), now_ms()), Some(AuthorityError::Mismatch)));
    assert!(matches!(open("nonsense", key, now_ms()), Some(AuthorityError::Certificate)));
    assert!(matches!(open(certificate, "nonsense", now_ms()), Some(AuthorityError::Key(_))));
    let later = ours.validity().not_after_ms;
    assert!(matches!(open(certificate, key, later), Some(AuthorityError::NotValid)));
    let leaf = ours.issue(&agent(), Validity::days(now_ms(), 1)).expect("an agent's certificate");
    let leaf_key = leaf.key_pem.as_deref().expect("a new key was made");
    assert!(matches!(open(&leaf.certificate_pem, leaf_key, now_ms()), Some(AuthorityError::NotAnAuthority)));
}

#[test]
fn no_certificate_outlives_its_authority() {
    let ours = authority();
    let issued = ours.issue(&agent(), Validity::days(now_ms(), 3650)).expect("an agent's certificate");
    assert_eq!(issued.validity.not_after_ms, ours.validity().not_after_ms);
}

#[test]
fn serial_numbers_are_positive_and_differ() {
    let serials: std::collections::BTreeSet<[u8; 16]> =
        (0..100).map(|_| random_serial().expect("the system has random numbers")).collect();
    assert_eq!(serials.len(), 100);
    assert!(serials.iter().all(|serial| serial.first().is_some_and(|byte| (0x40..0x80).contains(byte))));
}

//! Certificates for tests.

use std::path::Path;
use std::sync::Arc;

use quorate_agent::TlsFiles;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;

pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self { issuer: CertifiedIssuer::self_signed(params, key).expect("an authority") }
    }

    fn issue(&self, names: Vec<SanType>) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.der().clone(), key)
    }

    /// Certificate and key of an agent, written where the agent reads them; the authority is `trusts`.
    pub(crate) fn agent_files(&self, uri: &str, trusts: &Self, dir: &Path) -> TlsFiles {
        let uri = SanType::URI(uri.try_into().expect("ASCII"));
        let (certificate, key) = self.issue(vec![uri]);
        let files = TlsFiles { certificate: dir.join("agent.pem"), key: dir.join("agent.key"), ca: dir.join("ca.pem") };
        let pem = |der: &[u8]| pem_of("CERTIFICATE", der);
        std::fs::write(&files.certificate, pem(&certificate)).expect("writable");
        std::fs::write(&files.key, key.serialize_pem()).expect("writable");
        std::fs::write(&files.ca, pem(trusts.issuer.der())).expect("writable");
        files
    }

    /// A server for 127.0.0.1 that admits only clients of this authority.
    pub(crate) fn server_config(&self) -> rustls::ServerConfig {
        let address = SanType::IpAddress("127.0.0.1".parse().expect("an address"));
        let (certificate, key) = self.issue(vec![address]);
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .expect("a verifier");
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))
            .expect("key and certificate belong together");
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }
}

/// rcgen writes PEM of whole certificates only; these are written from their bytes.
fn pem_of(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut body = String::new();
    for chunk in der.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let index = usize::try_from(group >> (18 - 6 * i) & 63).expect("six bits");
            body.push(if i <= chunk.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

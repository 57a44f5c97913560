//! Mutual TLS: our certificate, our authority, who the other side is.

use std::sync::{Arc, Mutex, PoisonError};

use quorate_proto::identity::{AgentIdentity, IdentityError};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The protocol agreed on in the handshake.
const ALPN_HTTP2: &[u8] = b"h2";

/// PEM texts of what the server shows and whom it believes.
#[derive(Clone)]
pub struct TlsMaterial {
    /// The server's certificate, followed by those between it and the authority.
    pub certificate_chain_pem: String,
    /// Its private key.
    pub private_key_pem: String,
    /// The authorities whose agents are admitted; more than one while authorities change.
    pub authorities_pem: String,
    /// Revocation lists of these authorities, if there are any.
    pub revocations_pem: Option<String>,
}

impl std::fmt::Debug for TlsMaterial {
    /// The key is never shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsMaterial").field("private_key_pem", &"...").finish_non_exhaustive()
    }
}

/// Why TLS cannot be used as given, or why a certificate does not say who its owner is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A PEM text does not hold what it should.
    #[error("{what}: not the PEM text it should be")]
    Pem {
        /// Which text.
        what: &'static str,
        /// What is wrong.
        source: rustls_pki_types::pem::Error,
    },
    /// A PEM text holds nothing.
    #[error("{0}: holds none")]
    Empty(&'static str),
    /// The authorities or revocation lists cannot be used.
    #[error("authorities or revocation lists")]
    Verifier(#[source] rustls::server::VerifierBuilderError),
    /// The certificate and the key do not fit, or an authority cannot be used.
    #[error("certificate, key or authority")]
    Rustls(#[from] rustls::Error),
    /// The client showed no certificate.
    #[error("no client certificate")]
    NoCertificate,
    /// The client's certificate does not parse.
    #[error("the client certificate does not parse: {0}")]
    Unreadable(String),
    /// The client's certificate holds no identity, or more than one.
    #[error("the client certificate has {0} identities of an agent; exactly one is needed")]
    Identities(usize),
    /// The identity in the client's certificate is not one.
    #[error("the client certificate")]
    Identity(#[from] IdentityError),
}

/// The server's side of TLS, replaceable while it runs.
pub(crate) struct Tls {
    current: Mutex<Arc<ServerConfig>>,
}

impl Tls {
    pub(crate) fn new(material: &TlsMaterial) -> Result<Self, TlsError> {
        Ok(Self { current: Mutex::new(Arc::new(server_config(material)?)) })
    }

    /// For handshakes from now on; streams that are open stay.
    pub(crate) fn replace(&self, material: &TlsMaterial) -> Result<(), TlsError> {
        let new = Arc::new(server_config(material)?);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn certificates(pem: &str, what: &'static str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| TlsError::Pem { what, source })?;
    if found.is_empty() { Err(TlsError::Empty(what)) } else { Ok(found) }
}

fn server_config(material: &TlsMaterial) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    for authority in certificates(&material.authorities_pem, "authorities")? {
        roots.add(authority)?;
    }
    let revocations = match &material.revocations_pem {
        None => Vec::new(),
        Some(pem) => CertificateRevocationListDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| TlsError::Pem { what: "revocation lists", source })?,
    };
    let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    if !revocations.is_empty() {
        // While authorities change, one of them may have no list yet; its certificates are judged without.
        verifier = verifier.with_crls(revocations).allow_unknown_revocation_status();
    }
    let verifier = verifier.build().map_err(TlsError::Verifier)?;
    let chain = certificates(&material.certificate_chain_pem, "certificate")?;
    let key = PrivateKeyDer::from_pem_slice(material.private_key_pem.as_bytes())
        .map_err(|source| TlsError::Pem { what: "private key", source })?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
    Ok(config)
}

/// Who the owner of a verified certificate is.
pub(crate) fn identity(chain: Option<&[CertificateDer<'_>]>) -> Result<AgentIdentity, TlsError> {
    let leaf = chain.and_then(|chain| chain.first()).ok_or(TlsError::NoCertificate)?;
    let unreadable = |e: &dyn std::fmt::Display| TlsError::Unreadable(e.to_string());
    let (_, certificate) = X509Certificate::from_der(leaf).map_err(|e| unreadable(&e))?;
    let names = certificate.subject_alternative_name().map_err(|e| unreadable(&e))?;
    let uris: Vec<&str> = names
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::URI(uri) if uri.starts_with("quorate:") => Some(*uri),
            _ => None,
        })
        .collect();
    match uris.as_slice() {
        [uri] => Ok(uri.parse()?),
        others => Err(TlsError::Identities(others.len())),
    }
}

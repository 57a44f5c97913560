//! Certificates of every kind, from an authority of the lab's own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

pub(super) const DAY: Duration = Duration::from_hours(24);

/// The lab's authority. Its root stands in a file for the peer.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub(super) file: PathBuf,
}

/// A certificate with its key.
pub(super) struct Identity {
    certificate: CertificateDer<'static>,
    pub(super) pem: String,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(super) fn new(name: &str, directory: &Path) -> Result<Self> {
        let now = SystemTime::now();
        let mut params = params(&[], now - 30 * DAY, now + 300 * DAY)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let file = directory.join(format!("{name}.pem"));
        std::fs::write(&file, issuer.pem())?;
        Ok(Self { issuer, file })
    }

    pub(super) fn pem(&self) -> String {
        self.issuer.pem()
    }

    pub(super) fn sign(&self, names: &[&str], from: SystemTime, to: SystemTime) -> Result<Identity> {
        let key = KeyPair::generate()?;
        let certificate = params(names, from, to)?.signed_by(&key, &self.issuer)?;
        Ok(Identity { certificate: certificate.der().clone(), pem: certificate.pem(), key: key.into() })
    }

    /// Valid now, for loopback, for 20 days more.
    pub(super) fn valid(&self) -> Result<Identity> {
        let now = SystemTime::now();
        self.sign(&["127.0.0.1", "localhost"], now - DAY, now + 20 * DAY)
    }
}

/// A certificate that signs itself, as `openssl req -x509` makes it.
pub(super) fn self_signed() -> Result<Identity> {
    let now = SystemTime::now();
    let mut params = params(&["127.0.0.1"], now - DAY, now + 20 * DAY)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(Identity { certificate: certificate.der().clone(), pem: certificate.pem(), key: key.into() })
}

fn params(names: &[&str], from: SystemTime, to: SystemTime) -> Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.not_before = from.into();
    params.not_after = to.into();
    Ok(params)
}

impl Identity {
    /// A server that shows it.
    pub(super) fn server(&self, alpn: &[&[u8]]) -> Result<Arc<ServerConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())?;
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Arc::new(config))
    }
}

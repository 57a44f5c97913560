//! TLS for every protocol that needs it: prepared settings, and a handshake that records the certificate chain whether
//! or not it is valid.
//!
//! There is no session cache, so every probe judges a full handshake.

use std::io;
use std::sync::{Arc, LazyLock};

use quorate_model::Failure;
use quorate_model::check::TlsSettings;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::attempt::{Attempt, Stage};
use crate::clock;
use crate::failed::Failed;
use crate::secure::judge::Judge;
use crate::spec::{RootsError, SpecError};
use crate::target::Host;

mod facts;
mod judge;

/// The most bytes of own roots.
const MAX_ROOTS_BYTES: usize = 256 * 1024;
const DAY_S: i64 = 86_400;

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));

static PUBLIC_VERIFIER: LazyLock<Arc<WebPkiServerVerifier>> = LazyLock::new(|| {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    verifier(roots).expect("the public roots are not empty and no revocation lists are given")
});

fn verifier(roots: RootCertStore) -> Result<Arc<WebPkiServerVerifier>, rustls::client::VerifierBuilderError> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&PROVIDER)).build()
}

/// TLS settings, parsed.
#[derive(Debug)]
pub(crate) struct Secure {
    template: ClientConfig,
    trust: judge::Trust,
    server_name: Option<ServerName<'static>>,
    min_days_left: Option<u32>,
}

/// Whether the settings' own server name is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameUse {
    /// The settings' name where there is one, else the host.
    Configured,
    /// The host: a redirect led elsewhere.
    HostOnly,
}

impl Secure {
    /// Parses settings; `field` is where they stand, such as `http.tls`; `alpn` are the protocols offered.
    pub(crate) fn prepare(field: &str, settings: &TlsSettings, alpn: &[&[u8]]) -> Result<Self, SpecError> {
        let (verifier, pinned) = match &settings.ca_pem {
            None => (Arc::clone(&PUBLIC_VERIFIER), Vec::new()),
            Some(pem) => {
                own_roots(pem).map_err(|source| SpecError::Roots { field: format!("{field}.ca_pem"), source })?
            }
        };
        let server_name =
            match &settings.server_name {
                None => None,
                Some(name) => Some(ServerName::try_from(name.clone()).map_err(|_| {
                    SpecError::value(&format!("{field}.server_name"), name, "a host name or an address")
                })?),
            };
        let trust = judge::Trust { verifier, pinned: pinned.into(), verify: settings.verify };
        let mut template = ClientConfig::builder_with_provider(Arc::clone(&PROVIDER))
            .with_safe_default_protocol_versions()
            .expect("ring supports TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Judge::new(trust.clone())))
            .with_no_client_auth();
        template.resumption = Resumption::disabled();
        template.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Self { template, trust, server_name, min_days_left: settings.min_days_left })
    }

    /// Shakes hands on a connection to `host`, records what the certificates say and judges them.
    pub(crate) async fn handshake(
        &self,
        attempt: &mut Attempt<'_>,
        stream: TcpStream,
        host: &Host,
        name_use: NameUse,
    ) -> Result<TlsStream<TcpStream>, Failed> {
        attempt.enter(Stage::Tls);
        let name = match (&self.server_name, name_use) {
            (Some(name), NameUse::Configured) => name.clone(),
            _ => server_name(host)?,
        };
        let judge = Arc::new(Judge::new(self.trust.clone()));
        let mut config = self.template.clone();
        config.dangerous().set_certificate_verifier(Arc::clone(&judge) as _);
        let result = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let seen = judge.seen();
        attempt.evidence.certificate = seen.and_then(|seen| seen.facts);
        let stream = result.map_err(|error| failed(&error, seen.and_then(|seen| seen.refusal.as_deref())))?;
        self.judge_days_left(attempt)?;
        Ok(stream)
    }

    fn judge_days_left(&self, attempt: &Attempt<'_>) -> Result<(), Failed> {
        let (Some(wanted), Some(facts)) = (self.min_days_left, attempt.evidence.certificate) else { return Ok(()) };
        let left_s = facts.not_after_s.saturating_sub(clock::wall_seconds());
        if left_s >= i64::from(wanted).saturating_mul(DAY_S) {
            return Ok(());
        }
        let days = left_s.div_euclid(DAY_S);
        Err(Failed::new(
            Failure::Certificate,
            format_args!("certificate ends in {days} days, at least {wanted} are wanted"),
        ))
    }
}

fn own_roots(pem: &str) -> Result<(Arc<WebPkiServerVerifier>, Vec<CertificateDer<'static>>), RootsError> {
    let pem = pem.get(..MAX_ROOTS_BYTES).unwrap_or(pem);
    let certificates: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(RootsError::Pem)?;
    if certificates.is_empty() {
        return Err(RootsError::Empty);
    }
    let mut roots = RootCertStore::empty();
    for (index, certificate) in certificates.iter().enumerate() {
        roots.add(certificate.clone()).map_err(|source| RootsError::Certificate { index: index + 1, source })?;
    }
    Ok((verifier(roots).map_err(RootsError::Verifier)?, certificates))
}

fn server_name(host: &Host) -> Result<ServerName<'static>, Failed> {
    match host {
        Host::Address(address) => Ok(ServerName::from(*address)),
        Host::Name(_) => {
            let name = host.to_string();
            ServerName::try_from(name).map_err(|_| {
                Failed::new(Failure::Tls, format_args!("{host} cannot be asked for by TLS: not a host name"))
            })
        }
    }
}

fn failed(error: &io::Error, refusal: Option<&str>) -> Failed {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                Failed::new(Failure::ConnectionReset, "closed by the target during the TLS handshake")
            }
            _ => Failed::of_stream(error, "TLS handshake"),
        };
    };
    match (tls, refusal) {
        (rustls::Error::InvalidCertificate(_), Some(refusal)) => Failed::new(Failure::Certificate, refusal),
        (rustls::Error::InvalidCertificate(_), None) => Failed::new(Failure::Certificate, tls),
        _ => Failed::new(Failure::Tls, format_args!("TLS handshake: {tls}")),
    }
}

#[cfg(test)]
mod tests;

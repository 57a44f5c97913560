//! The verifier of one connection: notes the chain, then lets webpki judge it.

use std::sync::{Arc, OnceLock};

use quorate_model::CertificateFacts;
use quorate_model::check::Verify;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::secure::facts;

/// Whom a probe trusts.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    /// The judge of chains.
    pub(crate) verifier: Arc<WebPkiServerVerifier>,
    /// Own roots, each of which may also be shown as the target's certificate itself.
    pub(crate) pinned: Arc<[CertificateDer<'static>]>,
    /// Whether the verdict matters.
    pub(crate) verify: Verify,
}

/// What one handshake showed.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The certificates' facts, where they could be read.
    pub(crate) facts: Option<CertificateFacts>,
    /// Why the chain was refused, where it was.
    pub(crate) refusal: Option<String>,
}

/// The verifier of one connection.
#[derive(Debug)]
pub(crate) struct Judge {
    trust: Trust,
    seen: OnceLock<Seen>,
}

impl Judge {
    pub(crate) fn new(trust: Trust) -> Self {
        Self { trust, seen: OnceLock::new() }
    }

    /// What the handshake showed, if it came as far as the certificates.
    pub(crate) fn seen(&self) -> Option<&Seen> {
        self.seen.get()
    }

    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let verdict = self.trust.verifier.verify_server_cert(leaf, intermediates, name, &[], now);
        match verdict {
            Ok(_) => Ok(()),
            Err(error) if self.trust.pinned.iter().any(|pinned| pinned == leaf) => judge_pinned(leaf, name, now, error),
            Err(error) => Err(error),
        }
    }
}

/// webpki never takes a certificate that may sign others for a server's own, as self-signed ones often are. One that
/// stands among the own roots byte for byte is trusted; its name and its dates still have to fit.
fn judge_pinned(leaf: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime, error: Error) -> Result<(), Error> {
    let Some((not_before_s, not_after_s)) = facts::validity(leaf) else { return Err(error) };
    let now_s = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now_s < not_before_s {
        return Err(CertificateError::NotValidYet.into());
    }
    if now_s > not_after_s {
        return Err(CertificateError::Expired.into());
    }
    verify_server_name(&ParsedCertificate::try_from(leaf)?, name)
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.judge(end_entity, intermediates, server_name, now);
        let seen = Seen {
            facts: facts::of_chain(end_entity, intermediates, verdict.is_ok()),
            refusal: verdict.as_ref().err().map(|error| facts::refusal(error, end_entity)),
        };
        // A second call on one connection would be a renegotiation, which rustls does not do.
        self.seen.get_or_init(|| seen);
        match self.trust.verify {
            Verify::Skipped => Ok(ServerCertVerified::assertion()),
            Verify::Required => verdict.map(|()| ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.trust.verify {
            Verify::Skipped => Ok(HandshakeSignatureValid::assertion()),
            Verify::Required => self.trust.verifier.verify_tls12_signature(message, cert, dss),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.trust.verify {
            Verify::Skipped => Ok(HandshakeSignatureValid::assertion()),
            Verify::Required => self.trust.verifier.verify_tls13_signature(message, cert, dss),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.verifier.supported_verify_schemes()
    }
}

//! What certificates say, read without trusting them.

use quorate_model::CertificateFacts;
use rustls::{CertificateError, Error};
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The start and end of validity in seconds since the epoch; `None` for what is not a certificate.
pub(crate) fn validity(certificate: &CertificateDer<'_>) -> Option<(i64, i64)> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let validity = certificate.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

/// The facts of a chain as it was sent; `None` if its first certificate cannot be read.
pub(crate) fn of_chain(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    verified: bool,
) -> Option<CertificateFacts> {
    let (_, not_after_s) = validity(leaf)?;
    let others = intermediates.iter().filter_map(|certificate| Some(validity(certificate)?.1));
    let chain_not_after_s = others.fold(not_after_s, i64::min);
    let chain_length = u8::try_from(intermediates.len().saturating_add(1)).unwrap_or(u8::MAX);
    Some(CertificateFacts { not_after_s, chain_not_after_s, chain_length, verified })
}

/// Why a chain was refused, for people.
pub(crate) fn refusal(error: &Error, leaf: &CertificateDer<'_>) -> String {
    let Error::InvalidCertificate(error) = error else { return format!("certificate refused: {error}") };
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => match validity(leaf) {
            Some((_, not_after_s)) => format!("certificate expired (its end: {not_after_s} s since the epoch)"),
            None => "certificate expired".to_owned(),
        },
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => match validity(leaf) {
            Some((not_before_s, _)) => {
                format!("certificate not valid yet (its start: {not_before_s} s since the epoch)")
            }
            None => "certificate not valid yet".to_owned(),
        },
        CertificateError::NotValidForName => "certificate is for another name".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let presented: Vec<&str> = presented.iter().take(4).map(String::as_str).collect();
            format!("certificate is for another name: not {}, but {}", expected.to_str(), presented.join(", "))
        }
        CertificateError::UnknownIssuer | CertificateError::Other(_) if is_self_signed(leaf) => {
            "certificate not trusted: self-signed".to_owned()
        }
        CertificateError::UnknownIssuer => "certificate not trusted: unknown issuer".to_owned(),
        CertificateError::BadSignature => "certificate not trusted: bad signature".to_owned(),
        other => format!("certificate refused: {other}"),
    }
}

fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(certificate).is_ok_and(|(_, parsed)| parsed.issuer() == parsed.subject())
}

//! Keys and certificates, without files: an authority is made or opened, and issues.

use std::time::{Duration, SystemTime};

use quorate_proto::identity::AgentIdentity;
use rand::TryRngCore;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber,
};
use x509_parser::prelude::{FromDer, X509Certificate};

/// How far before its making a certificate is valid, so that a node whose clock is late can use it at once.
const BACKDATE_MS: i64 = 5 * 60_000;

/// Why an authority cannot be made or opened, or does not issue.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorityError {
    /// A key or a certificate cannot be made.
    #[error("the certificate cannot be made")]
    Make(#[source] rcgen::Error),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random(#[source] rand::rand_core::OsError),
    /// The private key is none.
    #[error("the private key is no PEM key this program can sign with")]
    Key(#[source] rcgen::Error),
    /// The certificate is none.
    #[error("the certificate is no PEM certificate")]
    Certificate,
    /// The certificate may not issue others.
    #[error("the certificate is not one of an authority: it may not sign others")]
    NotAnAuthority,
    /// Key and certificate are of different authorities.
    #[error("the private key does not belong to the certificate")]
    Mismatch,
    /// The authority's time is over, or has not come.
    #[error("the authority is not valid now; make a new one with ca init")]
    NotValid,
    /// A request to sign is none, or is not signed with its own key.
    #[error("this is no certificate request in PEM signed with its own key")]
    Request(#[source] rcgen::Error),
    /// A name cannot stand in a certificate.
    #[error("{0:?} can be no name in a certificate; allowed are host names in ASCII and IP addresses")]
    Name(String),
}

/// From when until when a certificate is valid, in milliseconds since the epoch; whole seconds, as X.509 knows no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before_ms: i64,
    pub(crate) not_after_ms: i64,
}

impl Validity {
    /// From a little before `now_ms` for `days` days.
    pub(crate) fn days(now_ms: i64, days: u32) -> Self {
        let second = now_ms.div_euclid(1000) * 1000;
        Self { not_before_ms: second - BACKDATE_MS, not_after_ms: second + i64::from(days) * 86_400_000 }
    }

    fn within(self, outer: Self) -> Self {
        Self {
            not_before_ms: self.not_before_ms.max(outer.not_before_ms),
            not_after_ms: self.not_after_ms.min(outer.not_after_ms),
        }
    }
}

/// Whose certificate is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// An agent with its region: a client.
    Agent(AgentIdentity),
    /// A collector under these names and addresses: a server.
    Server(Vec<String>),
}

/// A certificate that was issued.
#[derive(Clone)]
pub(crate) struct Issued {
    pub(crate) certificate_pem: String,
    /// The new private key; `None` where a request was signed.
    pub(crate) key_pem: Option<String>,
    /// The subject for people.
    pub(crate) subject: String,
    /// Hexadecimal.
    pub(crate) serial: String,
    pub(crate) validity: Validity,
}

/// An authority with its private key.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
    key_pem: String,
    name: String,
    serial: String,
    validity: Validity,
}

impl Authority {
    /// A new authority with an ECDSA P-256 key and a name of its own, so that two are never taken for one.
    ///
    /// # Errors
    /// No random numbers, or dates no certificate can hold.
    pub(crate) fn create(validity: Validity) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate().map_err(AuthorityError::Make)?;
        let serial = random_serial()?;
        let name = format!("Quorate authority {}", hexadecimal(&serial).get(..8).unwrap_or_default());
        let mut params = parameters(&name, &serial, validity);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate_pem = params.self_signed(&key).map_err(AuthorityError::Make)?.pem();
        let key_pem = key.serialize_pem();
        let serial = hexadecimal(&serial);
        Ok(Self { issuer: Issuer::new(params, key), certificate_pem, key_pem, name, serial, validity })
    }

    /// An authority from its two files' text.
    ///
    /// # Errors
    /// Either text is not what it has to be, they do not belong together, or the authority is not valid at `now_ms`.
    pub(crate) fn open(certificate_pem: &str, key_pem: &str, now_ms: i64) -> Result<Self, AuthorityError> {
        let key = KeyPair::from_pem(key_pem).map_err(AuthorityError::Key)?;
        let (_, pem) =
            x509_parser::pem::parse_x509_pem(certificate_pem.as_bytes()).map_err(|_| AuthorityError::Certificate)?;
        let (_, certificate) = X509Certificate::from_der(&pem.contents).map_err(|_| AuthorityError::Certificate)?;
        let may_sign = certificate.is_ca()
            && certificate.key_usage().ok().flatten().is_none_or(|usage| usage.value.key_cert_sign());
        if !may_sign {
            return Err(AuthorityError::NotAnAuthority);
        }
        if certificate.public_key().raw != key.subject_public_key_info() {
            return Err(AuthorityError::Mismatch);
        }
        let validity = Validity {
            not_before_ms: certificate.validity().not_before.timestamp().saturating_mul(1000),
            not_after_ms: certificate.validity().not_after.timestamp().saturating_mul(1000),
        };
        if now_ms < validity.not_before_ms || now_ms >= validity.not_after_ms {
            return Err(AuthorityError::NotValid);
        }
        let name = certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
        let name = name.unwrap_or("authority").to_owned();
        let serial = hexadecimal(certificate.raw_serial());
        let issuer = Issuer::from_ca_cert_pem(certificate_pem, key).map_err(|_| AuthorityError::Certificate)?;
        let (certificate_pem, key_pem) = (certificate_pem.to_owned(), key_pem.to_owned());
        Ok(Self { issuer, certificate_pem, key_pem, name, serial, validity })
    }

    /// A certificate for a new key, which is part of the answer.
    ///
    /// # Errors
    /// A name that no certificate can hold.
    pub(crate) fn issue(&self, subject: &Subject, validity: Validity) -> Result<Issued, AuthorityError> {
        let key = KeyPair::generate().map_err(AuthorityError::Make)?;
        let mut issued = self.sign(&key, subject, validity)?;
        issued.key_pem = Some(key.serialize_pem());
        Ok(issued)
    }

    /// A certificate for the key of a request in PEM; subject, names and uses come from `subject` alone.
    ///
    /// # Errors
    /// The text is no request signed with its own key.
    pub(crate) fn sign_request(
        &self,
        request_pem: &str,
        subject: &Subject,
        validity: Validity,
    ) -> Result<Issued, AuthorityError> {
        let request = CertificateSigningRequestParams::from_pem(request_pem).map_err(AuthorityError::Request)?;
        self.sign(&request.public_key, subject, validity)
    }

    fn sign(&self, key: &impl PublicKeyData, subject: &Subject, validity: Validity) -> Result<Issued, AuthorityError> {
        let validity = validity.within(self.validity);
        let serial = random_serial()?;
        let (common_name, names, purpose) = match subject {
            Subject::Agent(identity) => {
                let uri = identity.to_string();
                let name = uri.as_str().try_into().map_err(|_| AuthorityError::Name(uri.clone()))?;
                (identity.agent.to_string(), vec![SanType::URI(name)], ExtendedKeyUsagePurpose::ClientAuth)
            }
            Subject::Server(names) => {
                let common_name = names.first().cloned().unwrap_or_default();
                let names = names.iter().map(|name| server_name(name)).collect::<Result<_, _>>()?;
                (common_name, names, ExtendedKeyUsagePurpose::ServerAuth)
            }
        };
        let mut params = parameters(&common_name, &serial, validity);
        params.is_ca = IsCa::ExplicitNoCa;
        params.subject_alt_names = names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        let certificate = params.signed_by(key, &self.issuer).map_err(AuthorityError::Make)?;
        let subject = match subject {
            Subject::Agent(identity) => identity.to_string(),
            Subject::Server(names) => names.join(", "),
        };
        let serial = hexadecimal(&serial);
        Ok(Issued { certificate_pem: certificate.pem(), key_pem: None, subject, serial, validity })
    }

    /// The certificate, which everybody may have.
    pub(crate) fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key.
    pub(crate) fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// The common name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The serial number in hexadecimal.
    pub(crate) fn serial(&self) -> &str {
        &self.serial
    }

    /// From when until when it is valid.
    pub(crate) fn validity(&self) -> Validity {
        self.validity
    }
}

fn parameters(common_name: &str, serial: &[u8], validity: Validity) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    params.serial_number = Some(SerialNumber::from_slice(serial));
    params.not_before = system_time(validity.not_before_ms).into();
    params.not_after = system_time(validity.not_after_ms).into();
    params.use_authority_key_identifier_extension = true;
    params
}

fn system_time(at_ms: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at_ms).unwrap_or(0))
}

/// 128 random bits, positive and not zero (RFC 5280, section 4.1.2.2).
fn random_serial() -> Result<[u8; 16], AuthorityError> {
    let mut serial = [0; 16];
    rand::rngs::OsRng.try_fill_bytes(&mut serial).map_err(AuthorityError::Random)?;
    let [first, ..] = &mut serial;
    *first = (*first & 0x7f) | 0x40;
    Ok(serial)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |text, byte| text + &format!("{byte:02x}"))
}

fn server_name(name: &str) -> Result<SanType, AuthorityError> {
    let error = || AuthorityError::Name(name.to_owned());
    if let Ok(address) = name.parse() {
        return Ok(SanType::IpAddress(address));
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let host = name.strip_prefix("*.").unwrap_or(name);
    if name.len() > 253 || !host.split('.').all(label) {
        return Err(error());
    }
    Ok(SanType::DnsName(name.try_into().map_err(|_| error())?))
}

#[cfg(test)]
mod tests;

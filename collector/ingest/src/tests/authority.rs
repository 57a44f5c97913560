//! A certificate authority for tests.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};

use crate::TlsMaterial;

pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key, in PEM.
#[derive(Clone)]
pub(crate) struct Owned {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

/// What a certificate says of its validity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Validity {
    Now,
    Past,
    Future,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("signs").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        (usage, validity, serial): (ExtendedKeyUsagePurpose, Validity, u64),
    ) -> Owned {
        params.extended_key_usages = vec![usage];
        params.serial_number = Some(SerialNumber::from(serial));
        (params.not_before, params.not_after) = match validity {
            Validity::Now => (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1)),
            Validity::Past => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
            Validity::Future => (date_time_ymd(2089, 1, 1), date_time_ymd(2090, 1, 1)),
        };
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signs");
        Owned { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() }
    }

    pub(crate) fn server(&self) -> Owned {
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        self.sign(params, (ExtendedKeyUsagePurpose::ServerAuth, Validity::Now, 1))
    }

    pub(crate) fn agent(&self, uris: &[&str]) -> Owned {
        self.agent_with(uris, ExtendedKeyUsagePurpose::ClientAuth, Validity::Now, 2)
    }

    pub(crate) fn agent_with(
        &self,
        uris: &[&str],
        usage: ExtendedKeyUsagePurpose,
        validity: Validity,
        serial: u64,
    ) -> Owned {
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("parameters");
        params.subject_alt_names =
            uris.iter().map(|uri| SanType::URI((*uri).try_into().expect("plain ASCII"))).collect();
        self.sign(params, (usage, validity, serial))
    }

    pub(crate) fn revoking(&self, serial: u64) -> String {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2021, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2021, 1, 1),
            next_update: date_time_ymd(2090, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).expect("signs").pem().expect("PEM")
    }

    pub(crate) fn material(&self) -> TlsMaterial {
        let server = self.server();
        TlsMaterial {
            certificate_chain_pem: server.certificate_pem,
            private_key_pem: server.key_pem,
            authorities_pem: self.pem.clone(),
            revocations_pem: None,
        }
    }
}

//! Checks on the wire to checks of the model, and back.
//!
//! Texts such as URLs and regular expressions stay texts here: who uses them parses them. Numbers and choices are checked.

use quorate_model::check::{
    DnsSpec, DnsTransport, Family, GrpcSpec, HttpExpect, HttpSpec, HttpVersion, IcmpSpec, JsonExpect, RecordType,
    ReferenceSpec, TcpSpec, TlsSettings, TlsSpec, Verify,
};
use quorate_model::{CheckId, CheckSpec, CheckVersion, CollectorTime, Confirm, IdError, Millis, ProbeSpec, Solicit};

use crate::batch::{MAX_INTERVAL_MS, MAX_TIMEOUT_MS};
use crate::v1;

/// The most fast retries of a check.
pub const MAX_RETRIES: u32 = 5;
/// The most redirects a probe follows.
pub const MAX_REDIRECTS: u32 = 10;
/// The most bytes of payload in an echo request.
pub const MAX_ECHO_BYTES: u32 = 1_400;

/// Why a message is not a check.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The id is not one.
    #[error("check: id {0}")]
    Id(#[from] IdError),
    /// A field that has to be there is not.
    #[error("check {check}: {field} is missing")]
    Missing {
        /// The check.
        check: String,
        /// The field's name in the schema.
        field: &'static str,
    },
    /// A field is out of its range.
    #[error("check {check}: {field} is {value}; allowed is {allowed}")]
    Range {
        /// The check.
        check: String,
        /// The field's name in the schema.
        field: &'static str,
        /// What came.
        value: i64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The server of a DNS probe is no socket address.
    #[error("check {check}: server {value:?} is not an address with a port, such as 192.0.2.53:53")]
    Server {
        /// The check.
        check: String,
        /// What came.
        value: String,
    },
}

/// Reads fields of one check and says which check it was where one is wrong.
struct Reading<'a> {
    check: &'a str,
}

impl Reading<'_> {
    fn missing(&self, field: &'static str) -> CheckError {
        CheckError::Missing { check: self.check.to_owned(), field }
    }

    fn range(&self, field: &'static str, value: i64, allowed: &'static str) -> CheckError {
        CheckError::Range { check: self.check.to_owned(), field, value, allowed }
    }

    fn up_to(&self, field: &'static str, value: u32, max: u32, allowed: &'static str) -> Result<u32, CheckError> {
        if value <= max { Ok(value) } else { Err(self.range(field, value.into(), allowed)) }
    }

    fn at_least_one(
        &self,
        field: &'static str,
        value: u32,
        max: u32,
        allowed: &'static str,
    ) -> Result<Millis, CheckError> {
        if (1..=max).contains(&value) {
            Ok(Millis::new(value.into()))
        } else {
            Err(self.range(field, value.into(), allowed))
        }
    }

    fn choice<T>(
        &self,
        field: &'static str,
        value: i32,
        from: fn(u8) -> Option<T>,
        allowed: &'static str,
    ) -> Result<T, CheckError> {
        u8::try_from(value).ok().and_then(from).ok_or_else(|| self.range(field, value.into(), allowed))
    }

    fn family(&self, value: i32) -> Result<Family, CheckError> {
        self.choice("family", value, Family::from_number, "1 (any), 2 (v4) or 3 (v6)")
    }

    fn small<T: TryFrom<u32>>(&self, field: &'static str, value: u32, allowed: &'static str) -> Result<T, CheckError> {
        T::try_from(value).map_err(|_| self.range(field, value.into(), allowed))
    }

    fn probe(&self, probe: Option<v1::Probe>) -> Result<ProbeSpec, CheckError> {
        let kind = probe.and_then(|p| p.kind).ok_or_else(|| self.missing("probe"))?;
        Ok(match kind {
            v1::probe::Kind::Http(http) => ProbeSpec::Http(self.http(http)?),
            v1::probe::Kind::Tcp(tcp) => ProbeSpec::Tcp(TcpSpec {
                family: self.family(tcp.family)?,
                address: tcp.address,
                send: tcp.send,
                expect: tcp.expect,
            }),
            v1::probe::Kind::Tls(tls) => ProbeSpec::Tls(TlsSpec {
                family: self.family(tls.family)?,
                address: tls.address,
                tls: tls.tls.map(settings).unwrap_or_default(),
            }),
            v1::probe::Kind::Dns(dns) => ProbeSpec::Dns(self.dns(dns)?),
            v1::probe::Kind::Icmp(icmp) => ProbeSpec::Icmp(IcmpSpec {
                family: self.family(icmp.family)?,
                host: icmp.host,
                payload_bytes: self
                    .up_to("payload_bytes", icmp.payload_bytes, MAX_ECHO_BYTES, "0 to 1400")
                    .and_then(|n| self.small("payload_bytes", n, "0 to 1400"))?,
            }),
            v1::probe::Kind::Grpc(grpc) => ProbeSpec::Grpc(GrpcSpec {
                family: self.family(grpc.family)?,
                address: grpc.address,
                service: grpc.service,
                tls: grpc.tls.map(settings),
            }),
        })
    }

    fn http(&self, http: v1::HttpProbe) -> Result<HttpSpec, CheckError> {
        let redirects = self.up_to("max_redirects", http.max_redirects, MAX_REDIRECTS, "0 to 10")?;
        let mut status = Vec::with_capacity(http.expect_status.len());
        for code in http.expect_status {
            status.push(self.small("expect_status", code, "100 to 599")?);
        }
        Ok(HttpSpec {
            family: self.family(http.family)?,
            version: self.choice(
                "version",
                http.version,
                HttpVersion::from_number,
                "1 (auto), 2 (http1) or 3 (http2)",
            )?,
            url: http.url,
            method: http.method,
            headers: pairs(http.headers),
            body: http.body,
            max_redirects: self.small("max_redirects", redirects, "0 to 10")?,
            tls: http.tls.map(settings).unwrap_or_default(),
            expect: HttpExpect {
                status,
                headers: pairs(http.expect_headers),
                body_regex: http.expect_body_regex,
                body_not_regex: http.expect_body_not_regex,
                json: http.expect_json.into_iter().map(|j| JsonExpect { path: j.path, equals: j.equals }).collect(),
            },
        })
    }

    fn dns(&self, dns: v1::DnsProbe) -> Result<DnsSpec, CheckError> {
        let server = dns
            .server
            .map(|text| {
                text.parse().map_err(|_| CheckError::Server { check: self.check.to_owned(), value: text.clone() })
            })
            .transpose()?;
        Ok(DnsSpec {
            record_type: self.choice("record_type", dns.record_type, RecordType::from_number, "1 (A) to 10 (CAA)")?,
            transport: self.choice("transport", dns.transport, DnsTransport::from_number, "1 (udp) or 2 (tcp)")?,
            name: dns.name,
            server,
            rcodes: dns.rcodes,
            answer_regex: dns.answer_regex,
        })
    }
}

fn pairs(headers: Vec<v1::Header>) -> Vec<(String, String)> {
    headers.into_iter().map(|h| (h.name, h.value)).collect()
}

fn headers(pairs: &[(String, String)]) -> Vec<v1::Header> {
    pairs.iter().map(|(name, value)| v1::Header { name: name.clone(), value: value.clone() }).collect()
}

fn settings(tls: v1::TlsSettings) -> TlsSettings {
    TlsSettings {
        verify: if tls.skip_verify { Verify::Skipped } else { Verify::Required },
        server_name: tls.server_name,
        ca_pem: tls.ca_pem,
        min_days_left: tls.min_days_left,
    }
}

fn tls_message(tls: &TlsSettings) -> v1::TlsSettings {
    v1::TlsSettings {
        skip_verify: tls.verify == Verify::Skipped,
        server_name: tls.server_name.clone(),
        ca_pem: tls.ca_pem.clone(),
        min_days_left: tls.min_days_left,
    }
}

impl TryFrom<v1::Check> for CheckSpec {
    type Error = CheckError;

    fn try_from(message: v1::Check) -> Result<Self, CheckError> {
        let id = CheckId::new(&message.id)?;
        let reading = Reading { check: &message.id };
        let interval = reading.at_least_one("interval_ms", message.interval_ms, MAX_INTERVAL_MS, "1 to 86400000")?;
        let timeout = reading.at_least_one("timeout_ms", message.timeout_ms, MAX_TIMEOUT_MS, "1 to 600000")?;
        let retries = reading.up_to("confirm_retries", message.confirm_retries, MAX_RETRIES, "0 to 5")?;
        let phase = reading.up_to("phase_ms", message.phase_ms, message.interval_ms, "0 to interval_ms")?;
        if message.version == 0 {
            return Err(reading.missing("version"));
        }
        Ok(Self {
            probe: reading.probe(message.probe)?,
            id,
            version: CheckVersion::new(message.version),
            interval,
            timeout,
            degraded_over: (message.degraded_over_ms > 0).then(|| Millis::new(message.degraded_over_ms.into())),
            confirm: Confirm {
                retries: reading.small("confirm_retries", retries, "0 to 5")?,
                after: Millis::new(message.confirm_after_ms.into()),
                solicit: if message.confirm_solicit { Solicit::On } else { Solicit::Off },
            },
            phase: Millis::new(phase.into()),
            effective_from: CollectorTime::from_millis(message.effective_from_ms),
        })
    }
}

fn ms(span: Millis) -> u32 {
    u32::try_from(span.get().max(0)).unwrap_or(u32::MAX)
}

impl From<&CheckSpec> for v1::Check {
    fn from(check: &CheckSpec) -> Self {
        Self {
            id: check.id.to_string(),
            version: check.version.get(),
            interval_ms: ms(check.interval),
            timeout_ms: ms(check.timeout),
            degraded_over_ms: check.degraded_over.map_or(0, ms),
            phase_ms: ms(check.phase),
            confirm_retries: check.confirm.retries.into(),
            confirm_after_ms: ms(check.confirm.after),
            confirm_solicit: check.confirm.solicit == Solicit::On,
            effective_from_ms: check.effective_from.as_millis(),
            probe: Some((&check.probe).into()),
        }
    }
}

impl From<&ProbeSpec> for v1::Probe {
    fn from(probe: &ProbeSpec) -> Self {
        use v1::probe::Kind;
        let kind = match probe {
            ProbeSpec::Http(http) => Kind::Http(v1::HttpProbe {
                url: http.url.clone(),
                method: http.method.clone(),
                headers: headers(&http.headers),
                body: http.body.clone(),
                version: http.version.number().into(),
                max_redirects: http.max_redirects.into(),
                tls: Some(tls_message(&http.tls)),
                family: http.family.number().into(),
                expect_status: http.expect.status.iter().map(|s| u32::from(*s)).collect(),
                expect_headers: headers(&http.expect.headers),
                expect_body_regex: http.expect.body_regex.clone(),
                expect_body_not_regex: http.expect.body_not_regex.clone(),
                expect_json: http
                    .expect
                    .json
                    .iter()
                    .map(|j| v1::JsonExpect { path: j.path.clone(), equals: j.equals.clone() })
                    .collect(),
            }),
            ProbeSpec::Tcp(tcp) => Kind::Tcp(v1::TcpProbe {
                address: tcp.address.clone(),
                family: tcp.family.number().into(),
                send: tcp.send.clone(),
                expect: tcp.expect.clone(),
            }),
            ProbeSpec::Tls(tls) => Kind::Tls(v1::TlsProbe {
                address: tls.address.clone(),
                family: tls.family.number().into(),
                tls: Some(tls_message(&tls.tls)),
            }),
            ProbeSpec::Dns(dns) => Kind::Dns(v1::DnsProbe {
                name: dns.name.clone(),
                record_type: dns.record_type.number().into(),
                server: dns.server.map(|s| s.to_string()),
                transport: dns.transport.number().into(),
                rcodes: dns.rcodes.clone(),
                answer_regex: dns.answer_regex.clone(),
            }),
            ProbeSpec::Icmp(icmp) => Kind::Icmp(v1::IcmpProbe {
                host: icmp.host.clone(),
                family: icmp.family.number().into(),
                payload_bytes: icmp.payload_bytes.into(),
            }),
            ProbeSpec::Grpc(grpc) => Kind::Grpc(v1::GrpcProbe {
                address: grpc.address.clone(),
                family: grpc.family.number().into(),
                service: grpc.service.clone(),
                tls: grpc.tls.as_ref().map(tls_message),
            }),
        };
        Self { kind: Some(kind) }
    }
}

/// Reads the reference targets of an assignment; `index` counts from 0 in error texts.
///
/// # Errors
/// Says which reference is wrong, and how.
pub fn reference(index: usize, probe: v1::Probe) -> Result<ReferenceSpec, CheckError> {
    let name = format!("references[{index}]");
    Ok(ReferenceSpec { probe: Reading { check: &name }.probe(Some(probe))? })
}

#[cfg(test)]
mod tests;

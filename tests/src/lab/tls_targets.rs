//! Certificates right and wrong, over HTTPS and as a bare handshake.

use std::path::Path;
use std::time::SystemTime;

use anyhow::Result;
use quorate_model::check::{Family, HttpSpec, TlsSettings, TlsSpec, Verify};
use quorate_model::{Failure, ProbeSpec};

use crate::lab::certificates::{Authority, DAY, Identity, self_signed};
use crate::lab::http_targets::get;
use crate::lab::scripted::{Step, answers, serve, serve_tls};
use crate::lab::{Patience, Servers, Target};

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// One identity, how it is probed and judged.
struct Case {
    name: &'static str,
    about: &'static str,
    identity: Identity,
    tls: TlsSettings,
    peer_tls: String,
    judge: fn(Target) -> Target,
}

fn cases(authority: &Authority, directory: &Path) -> Result<Vec<Case>> {
    let now = SystemTime::now();
    let names = ["127.0.0.1", "localhost"];
    let trusting = TlsSettings { ca_pem: Some(authority.pem()), ..TlsSettings::default() };
    let peer_trusting = format!("ca_file: {}", authority.file.display());
    let case = |name, about, identity, judge: fn(Target) -> Target| Case {
        name,
        about,
        identity,
        tls: trusting.clone(),
        peer_tls: peer_trusting.clone(),
        judge,
    };
    let bad_certificate: fn(Target) -> Target = |target| target.fails(Failure::Certificate);
    let expired = || authority.sign(&names, now - 9 * DAY, now - DAY);
    let pinned = self_signed()?;
    let pinned_file = directory.join("pinned.pem");
    std::fs::write(&pinned_file, &pinned.pem)?;
    Ok(vec![
        case("https_valid", "a valid certificate of a private authority", authority.valid()?, |target| target),
        case("https_expired", "a certificate that ended yesterday", expired()?, bad_certificate),
        case(
            "https_not_yet_valid",
            "a certificate that begins tomorrow",
            authority.sign(&names, now + DAY, now + 9 * DAY)?,
            bad_certificate,
        ),
        case(
            "https_wrong_name",
            "a certificate for another name",
            authority.sign(&["shop.example.com"], now - DAY, now + DAY)?,
            bad_certificate,
        ),
        case("https_self_signed", "a certificate that signs itself", self_signed()?, bad_certificate),
        case(
            "https_unknown_authority",
            "a certificate of an authority that is not trusted",
            Authority::new("stranger", directory)?.valid()?,
            bad_certificate,
        ),
        Case {
            tls: TlsSettings { verify: Verify::Skipped, ..trusting.clone() },
            peer_tls: "insecure_skip_verify: true".to_owned(),
            ..case("https_expired_skipped", "an expired certificate where that does not matter", expired()?, |t| t)
        },
        Case {
            tls: TlsSettings { ca_pem: Some(pinned.pem.clone()), ..TlsSettings::default() },
            peer_tls: format!("ca_file: {}", pinned_file.display()),
            ..case("https_pinned", "a self-signed certificate that is itself the trusted root", pinned, |t| t)
        },
        Case {
            tls: TlsSettings { min_days_left: Some(30), ..trusting.clone() },
            ..case("https_ends_soon", "20 days left where 30 are wanted", authority.valid()?, |target| {
                let why = "the peer has no such assertion: its expiry metric is left to an alert rule";
                target.fails_only_here(Failure::Certificate, why)
            })
        },
    ])
}

pub(super) async fn start(servers: &mut Servers, directory: &Path) -> Result<Vec<Target>> {
    let authority = Authority::new("authority", directory)?;
    let mut targets = Vec::new();
    for case in cases(&authority, directory)? {
        let address = serve_tls(&mut servers.tasks, answers(ANSWER), case.identity.server(&[])?).await?;
        let url = format!("https://{address}/");
        let module = format!("{{prober: http, http: {{tls_config: {{{}}}}}}}", case.peer_tls);
        let spec = ProbeSpec::Http(HttpSpec { tls: case.tls, ..get(&url) });
        targets.push((case.judge)(Target::new(case.name, case.about, spec, url, &module)));
    }
    targets.extend(handshakes(servers, &authority).await?);
    Ok(targets)
}

async fn handshakes(servers: &mut Servers, authority: &Authority) -> Result<Vec<Target>> {
    let module = format!("{{prober: tcp, tcp: {{tls: true, tls_config: {{ca_file: {}}}}}}}", authority.file.display());
    let target = |name, about, address: String| {
        let tls = TlsSettings { ca_pem: Some(authority.pem()), ..TlsSettings::default() };
        let spec = ProbeSpec::Tls(TlsSpec { address: address.clone(), family: Family::Any, tls });
        Target::new(name, about, spec, address, &module)
    };
    let now = SystemTime::now();
    let expired = authority.sign(&["127.0.0.1"], now - 9 * DAY, now - DAY)?;
    let good = serve_tls(&mut servers.tasks, vec![Step::Hold], authority.valid()?.server(&[])?).await?;
    let bad = serve_tls(&mut servers.tasks, vec![Step::Hold], expired.server(&[])?).await?;
    let plain = serve(&mut servers.tasks, vec![Step::Send(b"220 hello\r\n".to_vec()), Step::Hold]).await?;
    let mute = serve(&mut servers.tasks, vec![Step::Hold]).await?;
    Ok(vec![
        target("tls_valid", "a handshake with a valid certificate", good.to_string()),
        target("tls_expired", "a handshake with an expired certificate", bad.to_string()).fails(Failure::Certificate),
        target("tls_plain", "a server that does not speak TLS", plain.to_string()).fails(Failure::Tls),
        target("tls_mute", "a server that never answers the handshake", mute.to_string())
            .fails(Failure::Timeout)
            .patience(Patience::Short),
    ])
}

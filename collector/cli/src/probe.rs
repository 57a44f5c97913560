//! `quorate probe TARGET`: one probe, from here, its phases drawn as a waterfall.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use quorate_agent_probe::{Context, Finding, Settings, Timing, parse_target, prepare};
use quorate_model::check::{Family, HttpVersion, SourceAddress, TlsSettings, Verify};
use quorate_model::{Failure, Micros, Millis, Outcome, ProbeSpec};
use serde::Serialize;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment;
use crate::paint::{Tone, harmless};
use crate::session::{Look, Session};

/// What `quorate probe` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProbeArguments {
    /// `http://...`, `https://...`, `tcp://HOST:PORT`, `tls://HOST:PORT`, `dns://SERVER/NAME?type=A` (or `dns:///NAME`),
    /// `icmp://HOST`, `grpc://HOST:PORT/SERVICE`, `grpcs://HOST:PORT/SERVICE`.
    #[arg(value_name = "TARGET")]
    target: String,
    /// How long the answer may take.
    #[arg(long, value_name = "SPAN", default_value = "3s")]
    timeout: String,
    /// A right answer that took longer is slow.
    #[arg(long, value_name = "SPAN")]
    degraded_over: Option<String>,
    /// The address the probe leaves from.
    #[arg(long, value_name = "ADDRESS")]
    source: Option<IpAddr>,
    /// Which address family is used.
    #[arg(long, value_enum, value_name = "FAMILY", default_value_t = FamilyWord::Any)]
    family: FamilyWord,
    /// Do not let an invalid certificate fail the probe; its facts are shown all the same.
    #[arg(long)]
    skip_verify: bool,
    /// Trust the authorities in this PEM file in place of the public ones.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The name sent and verified in TLS, where it is not the target's host.
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// HTTP: the method.
    #[arg(long, value_name = "METHOD", help_heading = "HTTP")]
    method: Option<String>,
    /// HTTP: a header to send, as "Name: value"; may be given several times.
    #[arg(long, value_name = "HEADER", help_heading = "HTTP")]
    header: Vec<String>,
    /// HTTP: the version spoken.
    #[arg(long, value_name = "VERSION", value_parser = ["auto", "http1", "http2"], help_heading = "HTTP")]
    http_version: Option<String>,
    /// HTTP: an allowed status [default: 200 to 299]; may be given several times.
    #[arg(long, value_name = "STATUS", help_heading = "HTTP")]
    expect_status: Vec<u16>,
    /// HTTP: the body has to match this regular expression.
    #[arg(long, value_name = "REGEX", help_heading = "HTTP")]
    expect_body: Option<String>,
}

/// The address families one can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FamilyWord {
    /// Whatever the resolver gives first.
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// What the probe found, as it is printed.
#[derive(Clone, Debug, Serialize)]
struct Report {
    target: String,
    kind: &'static str,
    start_ms: i64,
    outcome: &'static str,
    failure: Option<&'static str>,
    phases_us: PhasesUs,
    address: Option<IpAddr>,
    status: Option<u16>,
    detail: Option<String>,
    certificate: Option<Certificate>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct PhasesUs {
    dns: Option<u64>,
    connect: Option<u64>,
    tls: Option<u64>,
    first_byte: Option<u64>,
    transfer: Option<u64>,
    total: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Certificate {
    not_after_s: i64,
    chain_not_after_s: i64,
    chain_length: u8,
    verified: bool,
    days_left: i64,
}

/// Probes once.
///
/// # Errors
/// A target or a setting that cannot be probed.
pub(crate) fn run(arguments: &ProbeArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let spec = spec(arguments)?;
    let prepared = prepare(&spec, timing(arguments)?).map_err(|error| CommandError::argument("TARGET", error))?;
    let sources = arguments.source.map(|address| SourceAddress { address: Some(address) }).into_iter().collect();
    let context = Context::new(Settings { sources, ..Settings::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| CommandError::system("starting the runtime", source))?;
    let start_ms = session.now().as_millis();
    // The probe's own timing bounds it: it ends at the timeout and the listening behind it.
    let finding = runtime.block_on(prepared.run(&context));
    let report = report(&arguments.target, &spec, start_ms, &finding);
    session.answer(&report, render)?;
    Ok(match finding.outcome {
        Outcome::Ok | Outcome::Slow => Exit::Fine,
        Outcome::LateOk | Outcome::Fail => Exit::No,
        Outcome::Local => Exit::Machine,
    })
}

fn timing(arguments: &ProbeArguments) -> Result<Timing, CommandError> {
    let span = |place: &str, text: &str| {
        moment::span_ms(text).map(Millis::new).map_err(|error| CommandError::argument(place, error))
    };
    let timing = Timing::new(span("--timeout", &arguments.timeout)?)
        .map_err(|error| CommandError::argument("--timeout", error))?;
    Ok(match &arguments.degraded_over {
        Some(text) => timing.degraded_over(span("--degraded-over", text)?),
        None => timing,
    })
}

/// The target with the other options worked in.
fn spec(arguments: &ProbeArguments) -> Result<ProbeSpec, CommandError> {
    let mut spec = parse_target(&arguments.target).map_err(|error| CommandError::argument("TARGET", error))?;
    let family = match arguments.family {
        FamilyWord::Any => Family::Any,
        FamilyWord::V4 => Family::V4,
        FamilyWord::V6 => Family::V6,
    };
    let ca_pem = arguments
        .ca
        .as_ref()
        .map(|path| std::fs::read_to_string(path).map_err(|source| CommandError::Read { path: path.clone(), source }));
    let tls = TlsSettings {
        verify: if arguments.skip_verify { Verify::Skipped } else { Verify::Required },
        server_name: arguments.server_name.clone(),
        ca_pem: ca_pem.transpose()?,
        min_days_left: None,
    };
    match &mut spec {
        ProbeSpec::Http(http) => {
            http.family = family;
            http.tls = tls;
            if let Some(method) = &arguments.method {
                http.method.clone_from(method);
            }
            http.headers = arguments.header.iter().map(|text| header(text)).collect::<Result<_, _>>()?;
            if let Some(version) = arguments.http_version.as_deref().and_then(HttpVersion::from_word) {
                http.version = version;
            }
            http.expect.status.clone_from(&arguments.expect_status);
            http.expect.body_regex.clone_from(&arguments.expect_body);
        }
        ProbeSpec::Tcp(tcp) => tcp.family = family,
        ProbeSpec::Tls(spec) => (spec.family, spec.tls) = (family, tls),
        ProbeSpec::Icmp(icmp) => icmp.family = family,
        ProbeSpec::Grpc(grpc) => {
            grpc.family = family;
            if let Some(settings) = &mut grpc.tls {
                *settings = tls;
            }
        }
        ProbeSpec::Dns(_) => {}
    }
    Ok(spec)
}

fn header(text: &str) -> Result<(String, String), CommandError> {
    let (name, value) = text.split_once(':').ok_or_else(|| {
        CommandError::argument("--header", format!("{text:?} has no colon; allowed is \"Name: value\""))
    })?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn report(target: &str, spec: &ProbeSpec, start_ms: i64, finding: &Finding) -> Report {
    let phases = &finding.phases;
    let us = |phase: Option<Micros>| phase.map(Micros::get);
    Report {
        target: target.to_owned(),
        kind: spec.kind(),
        start_ms,
        outcome: finding.outcome.word(),
        failure: finding.failure.map(Failure::word),
        phases_us: PhasesUs {
            dns: us(phases.dns),
            connect: us(phases.connect),
            tls: us(phases.tls),
            first_byte: us(phases.first_byte),
            transfer: us(phases.transfer),
            total: phases.total.get(),
        },
        address: finding.evidence.address,
        status: finding.evidence.status,
        detail: finding.evidence.detail.as_deref().map(str::to_owned),
        certificate: finding.evidence.certificate.map(|facts| Certificate {
            not_after_s: facts.not_after_s,
            chain_not_after_s: facts.chain_not_after_s,
            chain_length: facts.chain_length,
            verified: facts.verified,
            days_left: (facts.chain_not_after_s - start_ms.div_euclid(1000)).div_euclid(86_400),
        }),
    }
}

fn render(report: &Report, look: &Look) -> String {
    let tone = match report.outcome {
        "ok" => Tone::Good,
        "slow" => Tone::Warn,
        "local" => Tone::Blind,
        _ => Tone::Bad,
    };
    let word = report.failure.unwrap_or(report.outcome);
    let title = format!(
        "{}  {} in {}",
        harmless(&report.target),
        look.tone(tone, &word.to_uppercase()),
        moment::show_micros(report.phases_us.total)
    );
    let mut text = look.heading(&title, report.start_ms);
    if let Some(detail) = &report.detail {
        text.push_str(&look.tone(tone, &harmless(detail)));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&waterfall(&report.phases_us, tone, look));
    text.push_str(&facts(report, look));
    text
}

/// How wide the bars of the waterfall are together, in characters.
const BAR_WIDTH: u64 = 48;

/// The phases one below the other, each bar beginning where the one before ends. Phases of several redirects are summed.
fn waterfall(phases: &PhasesUs, tone: Tone, look: &Look) -> String {
    let named = [
        ("dns", phases.dns),
        ("connect", phases.connect),
        ("tls", phases.tls),
        ("first byte", phases.first_byte),
        ("transfer", phases.transfer),
    ];
    let last = named.iter().rposition(|(_, phase)| phase.is_some());
    let mut begun = 0;
    let mut text = String::new();
    for (index, (name, us)) in named.iter().enumerate() {
        let Some(us) = us else { continue };
        let tone = if Some(index) == last && tone != Tone::Good { tone } else { Tone::Good };
        text.push_str(&line(name, begun, *us, phases.total, tone, look));
        begun += us;
    }
    let rest = phases.total.saturating_sub(begun);
    if rest > 0 && begun > 0 {
        text.push_str(&line("between", begun, rest, phases.total, Tone::Faint, look));
    }
    text.push_str(&line("total", 0, phases.total, phases.total, Tone::Strong, look));
    text
}

fn line(name: &str, from: u64, length: u64, total: u64, tone: Tone, look: &Look) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let place = |us: u64| us.saturating_mul(BAR_WIDTH * 8).checked_div(total).unwrap_or(0).min(BAR_WIDTH * 8);
    let (start, end) = (place(from), place(from.saturating_add(length)));
    // Bars begin at a whole character; where they end is shown to an eighth, and none is invisible.
    let start = start / 8;
    let eighths = end.saturating_sub(start * 8).max(1);
    let (full, part) = (usize::try_from(eighths / 8).unwrap_or(0), usize::try_from(eighths % 8).unwrap_or(0));
    let bar = format!("{}{}", "█".repeat(full), EIGHTHS.get(part).unwrap_or(&""));
    let before = " ".repeat(usize::try_from(start).unwrap_or(0));
    let width = full + usize::from(part > 0) + before.len();
    let after = " ".repeat(usize::try_from(BAR_WIDTH).unwrap_or(0).saturating_sub(width) + 1);
    format!("{name:<10}  {before}{}{after}{:>10}\n", look.tone(tone, &bar), moment::show_micros(length))
}

fn facts(report: &Report, look: &Look) -> String {
    let mut lines = Vec::new();
    if let Some(address) = report.address {
        lines.push(format!("address      {address}"));
    }
    if let Some(status) = report.status {
        lines.push(format!("status       {status}"));
    }
    if let Some(certificate) = &report.certificate {
        let until = moment::show_seconds(certificate.chain_not_after_s.saturating_mul(1000), &look.zone);
        let verified =
            if certificate.verified { look.tone(Tone::Good, "verified") } else { look.tone(Tone::Bad, "not verified") };
        let left = if certificate.days_left < 0 {
            look.tone(Tone::Bad, &format!("expired {} d ago", -certificate.days_left))
        } else {
            let tone = if certificate.days_left < 14 { Tone::Warn } else { Tone::Good };
            look.tone(tone, &format!("{} d left", certificate.days_left))
        };
        lines.push(format!(
            "certificate  {verified}, chain of {}, until {until} {}, {left}",
            certificate.chain_length,
            moment::zone_name(&look.zone)
        ));
    }
    if lines.is_empty() { String::new() } else { format!("\n{}\n", lines.join("\n")) }
}

#[cfg(test)]
mod tests;

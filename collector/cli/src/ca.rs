//! `quorate ca`: a certificate authority of one's own, in a directory, for the mutual TLS between agents and collectors.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use quorate_model::{AgentId, RegionId};
use quorate_proto::identity::AgentIdentity;
use serde::Serialize;

use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment;
use crate::paint::harmless;
use crate::session::{Look, Session};

pub(crate) mod authority;
pub(crate) mod files;

use authority::{Authority, Issued, Subject, Validity};
use files::Overwrite;

/// The name of the authority's certificate in its directory.
pub(crate) const CA_CERTIFICATE: &str = "ca.pem";
/// The name of the authority's private key in its directory.
pub(crate) const CA_KEY: &str = "ca.key";

/// What `quorate ca` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct CaArguments {
    #[command(subcommand)]
    command: CaCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum CaCommand {
    /// Make an authority: ca.pem, which everybody may have, and ca.key, which stays here.
    Init(InitArguments),
    /// Issue an agent's certificate, which names the agent and its region.
    Issue(IssueArguments),
    /// Issue a collector's certificate for the names agents reach it under.
    IssueServer(IssueServerArguments),
}

#[derive(Clone, Debug, Args)]
struct InitArguments {
    /// The authority's directory; made if it is missing.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// How many days the authority lives.
    #[arg(long, value_name = "DAYS", default_value_t = 3650, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// Replace an authority that is already there; every certificate it issued becomes worthless.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Debug, Args)]
struct IssueArguments {
    /// The authority's directory.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The agent's id.
    #[arg(long, value_name = "AGENT")]
    agent: String,
    /// The region the agent may speak for.
    #[arg(long, value_name = "REGION")]
    region: String,
    /// Sign the key of this certificate request (PEM), so that no private key travels; nothing else is taken from it.
    #[arg(long, value_name = "FILE")]
    csr: Option<PathBuf>,
    #[command(flatten)]
    leaf: LeafArguments,
}

#[derive(Clone, Debug, Args)]
struct IssueServerArguments {
    /// The authority's directory.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// A host name or an address under which agents reach the collector; may be given several times.
    #[arg(long, value_name = "NAME", required = true)]
    name: Vec<String>,
    #[command(flatten)]
    leaf: LeafArguments,
}

#[derive(Clone, Debug, Args)]
struct LeafArguments {
    /// Where the certificate and its key are written, with a copy of ca.pem [default: the authority's directory].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How many days the certificate lives; never longer than the authority.
    #[arg(long, value_name = "DAYS", default_value_t = 397, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// Replace files that are already there.
    #[arg(long)]
    force: bool,
}

/// What was made, as it is printed.
#[derive(Clone, Debug, Serialize)]
struct Made {
    subject: String,
    serial: String,
    not_before_ms: i64,
    not_after_ms: i64,
    certificate: PathBuf,
    key: Option<PathBuf>,
    ca: PathBuf,
}

/// Makes the authority or has it issue a certificate.
///
/// # Errors
/// A name that is none, files that are there already, an authority that cannot be read or has ended.
pub(crate) fn run(arguments: &CaArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let now_ms = session.now().as_millis();
    let made = match &arguments.command {
        CaCommand::Init(arguments) => init(arguments, now_ms)?,
        CaCommand::Issue(arguments) => issue(arguments, now_ms)?,
        CaCommand::IssueServer(arguments) => issue_server(arguments, now_ms)?,
    };
    session.answer(&made, render)?;
    Ok(Exit::Fine)
}

fn init(arguments: &InitArguments, now_ms: i64) -> Result<Made, CommandError> {
    let authority = Authority::create(Validity::days(now_ms, arguments.days))
        .map_err(|error| CommandError::argument("ca init", error))?;
    let directory = &arguments.dir;
    files::make_directory(directory)?;
    let (certificate, key) = (directory.join(CA_CERTIFICATE), directory.join(CA_KEY));
    let overwrite = overwrite(arguments.force);
    files::none_is_there(&[&certificate, &key], overwrite)?;
    files::write_private(&key, authority.key_pem().as_bytes(), overwrite)?;
    files::write_public(&certificate, authority.certificate_pem().as_bytes(), overwrite)?;
    Ok(Made {
        subject: authority.name().to_owned(),
        serial: authority.serial().to_owned(),
        not_before_ms: authority.validity().not_before_ms,
        not_after_ms: authority.validity().not_after_ms,
        ca: certificate.clone(),
        certificate,
        key: Some(key),
    })
}

fn issue(arguments: &IssueArguments, now_ms: i64) -> Result<Made, CommandError> {
    let identity = AgentIdentity {
        agent: AgentId::new(&arguments.agent).map_err(|error| CommandError::argument("--agent", error))?,
        region: RegionId::new(&arguments.region).map_err(|error| CommandError::argument("--region", error))?,
    };
    let authority = open(&arguments.dir, now_ms)?;
    let validity = Validity::days(now_ms, arguments.leaf.days);
    let base = identity.agent.as_str().to_owned();
    let issued = if let Some(path) = &arguments.csr {
        let request = files::read_text(path)?;
        authority
            .sign_request(&request, &Subject::Agent(identity), validity)
            .map_err(|error| CommandError::input(path.display().to_string(), error))?
    } else {
        authority
            .issue(&Subject::Agent(identity), validity)
            .map_err(|error| CommandError::argument("--agent", error))?
    };
    write(&arguments.dir, &arguments.leaf, &base, &authority, issued)
}

fn issue_server(arguments: &IssueServerArguments, now_ms: i64) -> Result<Made, CommandError> {
    let authority = open(&arguments.dir, now_ms)?;
    let validity = Validity::days(now_ms, arguments.leaf.days);
    let issued = authority
        .issue(&Subject::Server(arguments.name.clone()), validity)
        .map_err(|error| CommandError::argument("--name", error))?;
    let base = arguments.name.first().map(String::as_str).unwrap_or_default().replace([':', '*', '/'], "_");
    write(&arguments.dir, &arguments.leaf, &base, &authority, issued)
}

/// Reads the authority of a directory.
fn open(directory: &Path, now_ms: i64) -> Result<Authority, CommandError> {
    let certificate = files::read_text(&directory.join(CA_CERTIFICATE))?;
    let key = files::read_private(&directory.join(CA_KEY))?;
    Authority::open(&certificate, &key, now_ms)
        .map_err(|error| CommandError::input(directory.display().to_string(), error))
}

fn write(
    directory: &Path,
    leaf: &LeafArguments,
    base: &str,
    authority: &Authority,
    issued: Issued,
) -> Result<Made, CommandError> {
    let out = leaf.out.as_deref().unwrap_or(directory);
    files::make_directory(out)?;
    let certificate = out.join(format!("{base}.pem"));
    let key = issued.key_pem.as_ref().map(|_| out.join(format!("{base}.key")));
    let overwrite = overwrite(leaf.force);
    if [CA_CERTIFICATE, CA_KEY].iter().any(|name| certificate.ends_with(name)) {
        return Err(CommandError::argument("--agent", "\"ca\" is the authority's own file name; any other is allowed"));
    }
    let wanted: Vec<&Path> = std::iter::once(certificate.as_path()).chain(key.as_deref()).collect();
    files::none_is_there(&wanted, overwrite)?;
    let ca = out.join(CA_CERTIFICATE);
    files::write_copy(&ca, authority.certificate_pem().as_bytes(), overwrite)?;
    if let (Some(path), Some(pem)) = (&key, &issued.key_pem) {
        files::write_private(path, pem.as_bytes(), overwrite)?;
    }
    files::write_public(&certificate, issued.certificate_pem.as_bytes(), overwrite)?;
    Ok(Made {
        subject: issued.subject,
        serial: issued.serial,
        not_before_ms: issued.validity.not_before_ms,
        not_after_ms: issued.validity.not_after_ms,
        certificate,
        key,
        ca,
    })
}

fn overwrite(force: bool) -> Overwrite {
    if force { Overwrite::Allowed } else { Overwrite::Refused }
}

fn render(made: &Made, look: &Look) -> String {
    let zone = moment::zone_name(&look.zone);
    let mut lines = vec![
        format!("subject      {}", harmless(&made.subject)),
        format!("serial       {}", made.serial),
        format!("valid from   {} {zone}", moment::show_seconds(made.not_before_ms, &look.zone)),
        format!("valid until  {} {zone}", moment::show_seconds(made.not_after_ms, &look.zone)),
        format!("certificate  {}", made.certificate.display()),
    ];
    lines.extend(made.key.as_ref().map(|key| format!("key          {} (mode 0600)", key.display())));
    if made.ca != made.certificate {
        lines.push(format!("authority    {}", made.ca.display()));
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests;

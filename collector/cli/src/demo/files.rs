//! The files of the stage: an authority with its certificates, and a configuration for each process.

use std::net::SocketAddr;
use std::path::Path;

use quorate_model::{AgentId, RegionId};
use quorate_proto::identity::AgentIdentity;

use super::cast::{API, API_REGIONS, CONTRACT, PLACES, Place, SHOP};
use super::stage::Pace;
use crate::ca::authority::{Authority, Issued, Subject, Validity};
use crate::ca::files::{Overwrite, make_directory, write_private, write_public};
use crate::error::CommandError;

/// How many days the certificates of a demonstration live.
const DAYS: u32 = 1;

/// Where everything listens.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    pub(super) grpc: SocketAddr,
    pub(super) http: SocketAddr,
    /// The relays of the shop and the API.
    pub(super) targets: Vec<SocketAddr>,
    pub(super) references: Vec<SocketAddr>,
}

/// Writes everything into `directory`.
///
/// # Errors
/// A file cannot be written.
pub(super) fn write(directory: &Path, addresses: &Addresses, pace: Pace) -> Result<(), CommandError> {
    certificates(directory, addresses)?;
    make_directory(&directory.join("store"))?;
    let text = collector(directory, addresses, pace);
    write_public(&directory.join("collector.yaml"), text.as_bytes(), Overwrite::Refused)?;
    for place in PLACES {
        make_directory(&directory.join(format!("{}.data", place.agent)))?;
        let text = agent(directory, addresses, &place);
        write_public(&directory.join(format!("{}.yaml", place.agent)), text.as_bytes(), Overwrite::Refused)?;
    }
    Ok(())
}

fn certificates(directory: &Path, addresses: &Addresses) -> Result<(), CommandError> {
    let validity = Validity::days(jiff::Timestamp::now().as_millisecond(), DAYS);
    let failed = |error| CommandError::input("the demonstration's authority", error);
    let authority = Authority::create(validity).map_err(failed)?;
    write_public(&directory.join("ca.pem"), authority.certificate_pem().as_bytes(), Overwrite::Refused)?;
    let keep = |base: &str, issued: &Issued| {
        let key = issued.key_pem.as_deref().unwrap_or_default();
        write_private(&directory.join(format!("{base}.key")), key.as_bytes(), Overwrite::Refused)?;
        let certificate = issued.certificate_pem.as_bytes();
        write_public(&directory.join(format!("{base}.pem")), certificate, Overwrite::Refused)
    };
    let server = Subject::Server(vec![addresses.grpc.ip().to_string(), "localhost".to_owned()]);
    keep("collector", &authority.issue(&server, validity).map_err(failed)?)?;
    for place in PLACES {
        let identity = AgentIdentity {
            agent: AgentId::new(place.agent).expect("the cast has right names"),
            region: RegionId::new(place.region).expect("the cast has right names"),
        };
        keep(place.agent, &authority.issue(&Subject::Agent(identity), validity).map_err(failed)?)?;
    }
    Ok(())
}

fn collector(directory: &Path, addresses: &Addresses, pace: Pace) -> String {
    let path = |name: &str| directory.join(name).display().to_string();
    let regions: Vec<String> = PLACES
        .iter()
        .map(|place| format!("  - {{id: {}, name: {}, provider: {}}}", place.region, place.name, place.provider))
        .collect();
    let references: Vec<String> =
        addresses.references.iter().map(|address| format!("  - http: {{url: \"http://{address}/\"}}")).collect();
    let url = |index: usize| addresses.targets.get(index).map(|at| format!("http://{at}/health")).unwrap_or_default();
    let (interval, timeout) = (pace.interval.as_millis(), pace.probe_timeout().as_millis());
    // Two outages of the story are two incidents, although they are close together.
    let merge_gap = pace.interval.as_millis();
    agreements(&format!(
        "\
# Written by `quorate demo`.
listen: {{grpc: \"{grpc}\", http: \"{http}\"}}
tls: {{cert: \"{cert}\", key: \"{key}\", client_ca: \"{ca}\"}}
data_dir: \"{store}\"
regions:
{regions}
defaults: {{interval: {interval}ms, timeout: {timeout}ms}}
references:
{references}
checks:
  - id: {SHOP}
    name: Web shop
    http: {{url: \"{shop}\", expect: {{status: [200], body_regex: ok}}}}
    merge_gap: {merge_gap}ms
    labels: {{team: web}}
  - id: {API}
    name: API, seen from two providers
    http: {{url: \"{api}\", expect: {{status: [200], body_regex: ok}}}}
    regions: [{api_regions}]
    merge_gap: {merge_gap}ms
    labels: {{team: api}}
",
        grpc = addresses.grpc,
        http = addresses.http,
        cert = path("collector.pem"),
        key = path("collector.key"),
        ca = path("ca.pem"),
        store = path("store"),
        regions = regions.join("\n"),
        references = references.join("\n"),
        shop = url(0),
        api = url(1),
        api_regions = API_REGIONS.join(", "),
    ))
}

/// The configuration with a contract on the shop, and one customer. The window is two days long, so that midnight does not
/// cut the story.
pub(super) fn agreements(configuration: &str) -> String {
    format!(
        "\
{configuration}\
slas:
  - id: {CONTRACT}
    name: Web shop, gold
    service: {SHOP}
    window: {{rolling_days: 2}}
    objectives: {{availability: \"99.9%\"}}
    credit: {{tiers: [{{below: \"99.9%\", percent: 10}}, {{below: \"99%\", percent: 25}}], claim_within_days: 30}}
plans: [{{id: gold, contract: {CONTRACT}, support: {{channels: [mail, phone]}}}}]
customers: [{{id: acme, name: ACME Ltd, plan: gold, fee: 499.99 EUR}}]
"
    )
}

fn agent(directory: &Path, addresses: &Addresses, place: &Place) -> String {
    let path = |name: String| directory.join(name).display().to_string();
    format!(
        "\
# Written by `quorate demo`.
agent: {agent}
region: {region}
collectors: [\"https://{grpc}\"]
tls: {{certificate: \"{certificate}\", key: \"{key}\", ca: \"{ca}\"}}
data_dir: \"{data}\"
# Everything of the demonstration is on this machine.
networks: {{allow: [127.0.0.0/8]}}
source_addresses: [{address}]
",
        agent = place.agent,
        region = place.region,
        grpc = addresses.grpc,
        certificate = path(format!("{}.pem", place.agent)),
        key = path(format!("{}.key", place.agent)),
        ca = path("ca.pem".to_owned()),
        data = path(format!("{}.data", place.agent)),
        address = place.address,
    )
}

#[cfg(test)]
mod tests;

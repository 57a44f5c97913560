//! The command tree.

use clap::{Parser, Subcommand};

use crate::exit::Exit;
use crate::session::GlobalArguments;
use crate::{
    agents, ca, checks, config, demo, desk, digest, explain, export, incidents, latency, probe, replay, report,
    simulate, sla, status, top, what_if,
};

/// Uptime by quorum: what the collector says, and samples judged offline.
#[derive(Debug, Parser)]
#[command(name = "quorate", version, about, max_term_width = 110, after_help = Exit::HELP, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One variant per command; each command's module holds its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Every check's state now, worst first, and who does not say that all is well.
    Status(status::StatusArguments),
    /// The same live in a terminal.
    Top(top::TopArguments),
    /// What is checked, how it is judged, and the last 24 hours with bounds.
    Checks(checks::ChecksArguments),
    /// The agents: connection, clock, health, spool, counters.
    Agents(agents::AgentsArguments),
    /// Incidents, newest first, with the bounds of their start and end.
    Incidents(incidents::IncidentsArguments),
    /// Handle one incident: acknowledge, tell the public, resolve.
    Incident(desk::incident::IncidentArguments),
    /// Plan maintenance, end it, call it off.
    Maintenance(desk::exclusion::MaintenanceArguments),
    /// Leave time out of contracts, with a reason.
    Exclusion(desk::exclusion::ExclusionArguments),
    /// Customers' claims for their credits.
    Claim(desk::claim::ClaimArguments),
    /// Who decided what, and when.
    Audit(desk::audit::AuditArguments),
    /// Who said what about one moment, and why the verdict is what it is.
    Explain(explain::ExplainArguments),
    /// How long right answers took, per region.
    Latency(latency::LatencyArguments),
    /// A check's samples as the collector keeps them; with --output json in the form that replay reads.
    Export(export::ExportArguments),
    /// Judge samples from a file by the policies of a configuration.
    Replay(replay::ReplayArguments),
    /// The report on one window of a contract: uptime with bounds, incidents with evidence, credits.
    Report(report::ReportArguments),
    /// Judge the same samples by other policies, side by side.
    WhatIf(what_if::WhatIfArguments),
    /// Hash samples, policy and verdict of each check, to compare two machines.
    Digest(digest::DigestArguments),
    /// Probe a target once, from here, and draw the phases; code 1 if it fails.
    Probe(probe::ProbeArguments),
    /// Service level agreements.
    Sla(sla::SlaArguments),
    /// A collector's configuration file.
    Config(config::ConfigArguments),
    /// Worlds whose truth is known, judged by this collector's engine and by others' rules; code 1 if bounds do not hold.
    Simulate(simulate::SimulateArguments),
    /// A collector and five agents on this machine, with faults at the press of a key; --story runs unattended.
    Demo(demo::DemoArguments),
    /// A certificate authority of one's own, for the mutual TLS between agents and collectors.
    Ca(ca::CaArguments),
}

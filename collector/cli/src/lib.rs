//! The operators' command line, `quorate`: what a collector says, drawn for an on-call person or printed as JSON; samples
//! judged offline; one-shot probes; an own certificate authority; and a demonstration with real processes.
//!
//! One module per command, each with its arguments, a `run` that fetches or reads, and a pure `render`. The crate
//! deliberately has no verdict of its own: what is right is asked of the collector or of `quorate-collector-consensus`. It
//! never starts a collector or an agent inside its own process, and it holds no state between two calls. Its main entry
//! is [`run`], whose arguments, environment and streams are parameters, so that the whole program can be tested.

mod agents;
mod api_client;
mod arguments;
mod ca;
mod checks;
mod config;
mod demo;
mod desk;
mod digest;
mod error;
mod exit;
mod explain;
mod export;
mod incidents;
mod judged;
mod latency;
mod moment;
mod paint;
mod probe;
mod replay;
mod report;
mod samples;
mod screen;
mod session;
mod simulate;
mod sla;
mod status;
mod table;
mod top;
mod what_if;

use std::ffi::OsString;
use std::io::Write;

use clap::Parser;

pub use exit::Exit;
pub use session::Environment;

use arguments::{Arguments, Command};
use error::CommandError;
use session::Session;

/// Runs one command line; what it answers goes to `out`, errors and remarks to `err`.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(usage) => return say_usage(&usage, out, err),
    };
    let result = Session::new(arguments.global, environment, out, err)
        .and_then(|mut session| dispatch(arguments.command, &mut session));
    match result {
        Ok(exit) => exit,
        // The reader of a pipe has seen enough: no error to the one who wrote `| head`.
        Err(CommandError::Output { source }) if source.kind() == std::io::ErrorKind::BrokenPipe => Exit::Fine,
        Err(error) => {
            let written = writeln!(err, "quorate: {}", error.sentence());
            if written.is_err() { Exit::Machine } else { error.exit() }
        }
    }
}

fn dispatch(command: Command, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    match command {
        Command::Status(arguments) => status::run(&arguments, session),
        Command::Top(arguments) => top::run(&arguments, session),
        Command::Checks(arguments) => checks::run(&arguments, session),
        Command::Agents(arguments) => agents::run(&arguments, session),
        Command::Incidents(arguments) => incidents::run(&arguments, session),
        Command::Incident(arguments) => desk::incident::run(&arguments, session),
        Command::Maintenance(arguments) => desk::exclusion::maintenance(&arguments, session),
        Command::Exclusion(arguments) => desk::exclusion::exclusion(&arguments, session),
        Command::Claim(arguments) => desk::claim::run(&arguments, session),
        Command::Audit(arguments) => desk::audit::run(&arguments, session),
        Command::Explain(arguments) => explain::run(&arguments, session),
        Command::Latency(arguments) => latency::run(&arguments, session),
        Command::Export(arguments) => export::run(&arguments, session),
        Command::Replay(arguments) => replay::run(&arguments, session),
        Command::Report(arguments) => report::run(&arguments, session),
        Command::WhatIf(arguments) => what_if::run(&arguments, session),
        Command::Digest(arguments) => digest::run(&arguments, session),
        Command::Probe(arguments) => probe::run(&arguments, session),
        Command::Config(arguments) => config::run(&arguments, session),
        Command::Simulate(arguments) => simulate::run(&arguments, session),
        Command::Demo(arguments) => demo::run(&arguments, session),
        Command::Sla(arguments) => sla::run(&arguments, session),
        Command::Ca(arguments) => ca::run(&arguments, session),
    }
}

/// Help and version go to `out` and are no error; a usage error goes to `err`.
fn say_usage(usage: &clap::Error, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let text = usage.render().to_string();
    let (written, exit) = if usage.use_stderr() {
        (err.write_all(text.as_bytes()), Exit::Usage)
    } else {
        (out.write_all(text.as_bytes()), Exit::Fine)
    };
    match written {
        Ok(()) => exit,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => exit,
        Err(_) => Exit::Machine,
    }
}

#[cfg(test)]
mod tests;

//! The collector: samples in, consensus downtime out.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use quorate_collector::{Collector, ConfigError, Loaded, SystemClock};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Exit status after a second signal, as shells give it for an interrupt.
const INTERRUPTED: u8 = 130;

/// Receives samples from agents and tells when their targets were down.
#[derive(Debug, Parser)]
#[command(name = "quorate-collector", version, about)]
struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Checks the configuration, tells every mistake, and ends.
    #[arg(long)]
    check_config: bool,
    /// How log lines are written to standard error; the variable `QUORATE_LOG` filters them, such as `debug`.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.check_config {
        return check(&arguments.config);
    }
    start_log(arguments.log_format);
    match tokio::runtime::Runtime::new().context("no runtime").and_then(|runtime| runtime.block_on(run(&arguments))) {
        Ok(code) => code,
        Err(error) => {
            match error.downcast_ref::<quorate_collector::StartError>() {
                Some(quorate_collector::StartError::Config(mistakes)) => say(&mistakes.render()),
                _ => say(&format!("error: {error:#}\n")),
            }
            ExitCode::FAILURE
        }
    }
}

fn check(path: &std::path::Path) -> ExitCode {
    let outcome: Result<Loaded, ConfigError> = Loaded::read(path);
    match outcome {
        Ok(loaded) => {
            let (checks, regions) = (loaded.config.checks.len(), loaded.config.regions.len());
            let line = format!("{}: good; {checks} checks, {regions} regions\n", path.display());
            match std::io::stdout().write_all(line.as_bytes()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            say(&error.render());
            ExitCode::FAILURE
        }
    }
}

/// Tells people something on standard error. Where nobody reads it nothing can be done.
fn say(text: &str) {
    if std::io::stderr().write_all(text.as_bytes()).is_err() {
        tracing::error!(text, "standard error is closed");
    }
}

fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_env("QUORATE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => log.json().init(),
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate()).context("no signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("no signals")?;
    let mut hangup = signal(SignalKind::hangup()).context("no signals")?;
    let started = tokio::select! {
        started = Collector::start(&arguments.config, Arc::new(SystemClock)) => started?,
        () = either(&mut terminate, &mut interrupt) => return Ok(ExitCode::SUCCESS),
    };
    notify(&[NotifyState::Ready]);
    let mut watchdog = sd_notify::watchdog_enabled().map(|every| tokio::time::interval(every / 2));
    loop {
        tokio::select! {
            () = either(&mut terminate, &mut interrupt) => break,
            () = started.failed() => break,
            _ = hangup.recv() => reload(&started).await,
            () = beat(&mut watchdog) => notify(&[NotifyState::Watchdog]),
        }
    }
    tracing::info!("stopping; a second signal ends at once");
    notify(&[NotifyState::Stopping]);
    tokio::select! {
        stopped = started.stop() => {
            stopped?;
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        () = either(&mut terminate, &mut interrupt) => {
            tracing::warn!("ended at once by a second signal; what was acknowledged is stored");
            // Threads may wait for the store; the process does not wait for them.
            std::process::exit(INTERRUPTED.into())
        }
    }
}

async fn either(a: &mut Signal, b: &mut Signal) {
    tokio::select! {
        _ = a.recv() => {}
        _ = b.recv() => {}
    }
}

/// The next beat of the watchdog; never where there is none.
async fn beat(watchdog: &mut Option<tokio::time::Interval>) {
    match watchdog {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending::<()>().await,
    }
}

async fn reload(collector: &Collector) {
    let now = NotifyState::monotonic_usec_now();
    match now {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "the service manager is not told of the reload"),
    }
    match tokio::time::timeout(Duration::from_mins(1), collector.reload()).await {
        Ok(Err(quorate_collector::ReloadError::Config(mistakes))) => say(&mistakes.render()),
        // The rest is told in the log already.
        Ok(_) => {}
        Err(_) => {
            tracing::error!("the reload took more than a minute and was given up; the configuration before stays");
        }
    }
    notify(&[NotifyState::Ready]);
}

/// Tells the service manager, where there is one.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager was not told");
    }
}

//! The program `quorate-agent`: flags, logs, signals. Everything else is in the library.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use quorate_agent::{Agent, CollectorUrl, Config, Overrides};
use quorate_model::{AgentId, RegionId};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

/// Probes targets and streams what it finds to its collectors.
#[derive(Debug, Parser)]
#[command(name = "quorate-agent", version, about)]
struct Arguments {
    /// The configuration file; without it the flags below have to say everything.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Check the configuration and the files it names, tell every mistake, and exit: 0 = good, 1 = not.
    #[arg(long)]
    check_config: bool,
    /// This agent's id, instead of `agent` in the file.
    #[arg(long, value_name = "ID")]
    agent: Option<AgentId>,
    /// This agent's region, instead of `region` in the file.
    #[arg(long, value_name = "ID")]
    region: Option<RegionId>,
    /// A collector such as <https://collector.example.com:7470>, instead of `collectors` in the file; may be repeated.
    #[arg(long, value_name = "URL")]
    collector: Vec<CollectorUrl>,
    /// Where boot number and assignment are kept, instead of `data_dir` in the file.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// What is logged: error, warn, info, debug, trace, or a filter such as `info,quorate_agent=debug`.
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log: String,
    /// How it is logged, on standard error.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match start(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "what ends the program has to be seen whatever is logged")]
fn complain(text: impl std::fmt::Display) {
    eprintln!("quorate-agent: {text}");
}

fn start(arguments: Arguments) -> anyhow::Result<()> {
    let filter =
        EnvFilter::try_new(&arguments.log).with_context(|| format!("--log: {:?} is not a filter", arguments.log))?;
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match arguments.log_format {
        LogFormat::Text => logs.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).init(),
        LogFormat::Json => logs.json().init(),
    }
    let overrides = Overrides {
        agent: arguments.agent,
        region: arguments.region,
        collectors: arguments.collector,
        data_dir: arguments.data_dir,
    };
    let mut config = read_config(arguments.config.as_deref(), &overrides)?;
    if let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") {
        config.use_credentials(Path::new(&folder));
    }
    if arguments.check_config {
        let (agent, region) = Agent::check(&config)?;
        info!(%agent, %region, collectors = config.collectors.len(), "the configuration is good");
        return Ok(());
    }
    let agent = Agent::new(config)?;
    // One thread: an agent waits for networks most of its time, and a second thread costs more memory than it saves time.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("the runtime does not start")?;
    runtime.block_on(serve(agent))
}

fn read_config(file: Option<&Path>, overrides: &Overrides) -> anyhow::Result<Config> {
    let (name, text) = match file {
        Some(file) => {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(file).with_context(|| format!("{name}: cannot be read"))?;
            (name, text)
        }
        // Without a file the flags have to name what has no default; what is missing is told as if of an empty file.
        None => ("no configuration file".to_owned(), "{}".to_owned()),
    };
    Config::parse(&text, overrides).map_err(|errors| {
        let count = errors.len();
        let shown: Vec<String> = errors.iter().map(|error| error.render(&name, &text)).collect();
        anyhow::anyhow!("{name}: {count} {}\n{}", if count == 1 { "error" } else { "errors" }, shown.join("\n"))
    })
}

/// Runs until a signal; a second signal ends the program at once.
async fn serve(agent: Agent) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("signals cannot be received")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("signals cannot be received")?;
    let stop = CancellationToken::new();
    let running = agent.run(stop.clone());
    tokio::pin!(running);
    tell_system(&[NotifyState::Ready]);
    loop {
        tokio::select! {
            () = &mut running => return Ok(()),
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if stop.is_cancelled() {
            anyhow::bail!("stopped by a second signal; samples that were not sent are lost");
        }
        info!("stopping");
        tell_system(&[NotifyState::Stopping]);
        stop.cancel();
    }
}

/// Tells the service manager, if there is one.
fn tell_system(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        warn!(%error, "the service manager cannot be told");
    }
}

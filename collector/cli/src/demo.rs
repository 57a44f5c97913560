//! `quorate demo`: real processes on this machine, faults that one can cause, and what the collector says of them.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment;
use crate::paint::Tone;
use crate::session::{Output, Session};

mod binaries;
mod cast;
mod files;
mod live;
mod observer;
mod process;
mod relay;
mod report;
mod stage;
mod story;
mod target;

use binaries::Binaries;
use report::{Report, Step};
use stage::{Pace, Stage};
use story::Teller;

/// What `quorate demo` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArguments {
    /// Run unattended: cause one fault after the other and hold the collector's word against the truth; code 0 only if it
    /// said the truth of each.
    #[arg(long)]
    story: bool,
    /// From one probe of a check to the next, by each agent; the story's length follows.
    #[arg(long, value_name = "SPAN", default_value = "2s")]
    interval: String,
    /// Where quorate-collector and quorate-agent lie [default: beside this program].
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
    /// Keep certificates, configurations, logs and the store in this directory, which has to be new
    /// [default: a temporary directory, removed at the end].
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// Intervals that are neither faster than the processes can follow nor slower than anybody watches.
const INTERVALS: std::ops::RangeInclusive<Duration> = Duration::from_millis(500)..=Duration::from_mins(1);

/// Sets the stage and plays, until the story or the viewer ends it.
///
/// # Errors
/// A program, a port or a file that cannot be had, or a process that ended by itself.
pub(crate) fn run(arguments: &DemoArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let interval = moment::span(&arguments.interval).map_err(|error| CommandError::argument("--interval", error))?;
    if !INTERVALS.contains(&interval) {
        let reason = format!("{:?} is out of range; allowed is 500ms to 60s", arguments.interval);
        return Err(CommandError::argument("--interval", reason));
    }
    if !arguments.story && (session.output == Output::Json || !session.on_terminal()) {
        let reason = "the live view needs a terminal and the table output; --story runs unattended";
        return Err(CommandError::argument("demo", reason));
    }
    let binaries = Binaries::find(arguments.bin_dir.as_deref())?;
    let directory = Directory::new(arguments.keep.clone())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|source| CommandError::system("starting the runtime", source))?;
    let pace = Pace { interval };
    runtime.block_on(async {
        let played = async {
            let stage = Stage::set(directory.path(), binaries, pace).await?;
            if arguments.story { tell(stage, pace, session).await } else { live::run(stage, session).await }
        };
        // Whatever ends this future early drops the stage, and with it every process.
        tokio::select! {
            exit = played => exit,
            name = interrupted() => Err(CommandError::system("the demonstration", std::io::Error::other(format!("ended by {name}")))),
        }
    })
}

async fn tell(stage: Stage, pace: Pace, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let look = session.look.clone();
    let json = session.output == Output::Json;
    let mut say = |step: &Step| {
        if json {
            let word = if step.verdict { "true" } else { "FALSE" };
            return session.remark(&format!("({}) {}: {word}", step.letter, step.title));
        }
        session.print(&format!("{}\n", step.render(&look)))
    };
    let report: Report = Teller::new(stage, pace, &mut say)?.tell().await?;
    session.answer(&report, |report, look| {
        let count = report.steps.iter().filter(|step| step.verdict).count();
        let text = format!("the collector said the truth in {count} of {} steps\n", report.steps.len());
        look.tone(if report.truthful { Tone::Good } else { Tone::Bad }, &text)
    })?;
    Ok(if report.truthful { Exit::Fine } else { Exit::No })
}

/// Waits for a signal that asks this program to end.
async fn interrupted() -> &'static str {
    let wait = async |kind: SignalKind, name: &'static str| {
        let Ok(mut stream) = signal(kind) else { return std::future::pending().await };
        match stream.recv().await {
            Some(()) => name,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        name = wait(SignalKind::interrupt(), "SIGINT") => name,
        name = wait(SignalKind::terminate(), "SIGTERM") => name,
        name = wait(SignalKind::hangup(), "SIGHUP") => name,
    }
}

/// Where the files of the stage lie.
#[derive(Debug)]
struct Directory {
    path: PathBuf,
    keep: bool,
}

impl Directory {
    fn new(keep: Option<PathBuf>) -> Result<Self, CommandError> {
        let kept = keep.is_some();
        let path = keep.unwrap_or_else(|| {
            let name = format!("quorate-demo-{}-{:08x}", std::process::id(), rand::random::<u32>());
            std::env::temp_dir().join(name)
        });
        let path = std::path::absolute(&path).map_err(|source| CommandError::Write { path, source })?;
        let made = std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(&path);
        made.map_err(|source| CommandError::Write { path: path.clone(), source })?;
        Ok(Self { path, keep: kept })
    }

    fn path(&self) -> &std::path::Path {
        &self.path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed from the temporary directory is left to the system's cleaning.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

//! `quorate top`: a collector's checks and open incidents, live in a terminal.

use std::time::Duration;

use clap::Args;
use crossterm::event::{KeyCode, KeyEvent};
use quorate_proto::api::{Incident, Incidents, Status};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api_client::ApiClient;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::moment;
use crate::screen::{Screen, ends};
use crate::session::{Output, Session};

mod view;

use view::View;

/// From one picture to the next.
const FRAME: Duration = Duration::from_millis(250);

/// Questions are not asked more often than this.
const FASTEST: Duration = Duration::from_millis(200);

/// What `quorate top` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct TopArguments {
    /// From one question to the collector to the next.
    #[arg(long, value_name = "SPAN", default_value = "1s")]
    every: String,
}

/// The collector's last word.
#[derive(Clone, Debug, Default)]
struct Said {
    status: Option<Status>,
    open: Vec<Incident>,
    /// Why the last question had no answer; what was said before is still shown.
    trouble: Option<String>,
}

/// Shows the collector until the viewer ends it.
///
/// # Errors
/// No terminal, or a span that is none. A collector that is away is shown, not an error.
pub(crate) fn run(arguments: &TopArguments, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let every = moment::span(&arguments.every).map_err(|error| CommandError::argument("--every", error))?;
    if every < FASTEST {
        let reason = format!("{:?} is too fast; allowed is 200ms and more", arguments.every);
        return Err(CommandError::argument("--every", reason));
    }
    if session.output == Output::Json || !session.on_terminal() {
        let reason = "the live view needs a terminal and the table output; quorate status answers once";
        return Err(CommandError::argument("top", reason));
    }
    let api = session.api()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|source| CommandError::system("starting the runtime", source))?;
    runtime.block_on(show(api, every, session)).map(|()| Exit::Fine)
}

async fn show(api: ApiClient, every: Duration, session: &Session<'_>) -> Result<(), CommandError> {
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let (publish, said) = watch::channel(Said::default());
    tasks.spawn(ask(api, every, publish, stop.clone()));
    let shown = play(Screen::open()?, &said, session).await;
    stop.cancel();
    tasks.close();
    // The task waits for the token besides its question, so this ends at once.
    tasks.wait().await;
    shown
}

async fn ask(api: ApiClient, every: Duration, publish: watch::Sender<Said>, stop: CancellationToken) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let answers = async {
            let status: Status = api.get(&["api", "v1", "status"], &[]).await?;
            let query = [("open", "true".to_owned())];
            let open: Incidents = api.get(&["api", "v1", "incidents"], &query).await?;
            Ok::<_, crate::api_client::ApiError>((status, open.incidents))
        };
        tokio::select! {
            answers = answers => publish.send_modify(|said| match answers {
                Ok((status, open)) => *said = Said { status: Some(status), open, trouble: None },
                Err(error) => said.trouble = Some(error.to_string()),
            }),
            () = stop.cancelled() => return,
        }
    }
}

async fn play(mut screen: Screen, said: &watch::Receiver<Said>, session: &Session<'_>) -> Result<(), CommandError> {
    let mut skipped = 0;
    let mut ticks = interval(FRAME);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            key = screen.key() => match key {
                Some(key) if !ends(key) => scroll(key, &mut skipped),
                _ => return Ok(()),
            },
        }
        let said = said.borrow().clone();
        skipped = skipped.min(said.status.as_ref().map_or(0, |status| status.checks.len().saturating_sub(1)));
        let view = View { said, skipped, now_ms: session.now().as_millis(), zone: session.look.zone.clone() };
        screen.draw(|frame| view::draw(frame, &view))?;
    }
}

fn scroll(key: KeyEvent, skipped: &mut usize) {
    /// Rows of one page.
    const PAGE: usize = 20;
    match key.code {
        KeyCode::Up => *skipped = skipped.saturating_sub(1),
        KeyCode::Down => *skipped += 1,
        KeyCode::PageUp => *skipped = skipped.saturating_sub(PAGE),
        KeyCode::PageDown => *skipped += PAGE,
        KeyCode::Home => *skipped = 0,
        KeyCode::End => *skipped = usize::MAX,
        _ => {}
    }
}

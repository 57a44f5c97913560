//! The live view: the stage in a terminal, with keys that cause faults.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cast::{PLACES, Place};
use super::observer::Observer;
use super::stage::Stage;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::screen::{Screen, ends};
use crate::session::Session;

mod view;

use view::{PlaceView, Said, View};

/// From one picture to the next.
const FRAME: Duration = Duration::from_millis(200);

/// From one question to the collector to the next.
const ASK: Duration = Duration::from_millis(500);

/// Incidents shown.
const INCIDENTS: usize = 6;

/// Shows the stage until the viewer ends it.
///
/// # Errors
/// The terminal cannot be drawn on, or a process cannot be started or ended by itself.
pub(super) async fn run(mut stage: Stage, session: &mut Session<'_>) -> Result<Exit, CommandError> {
    let observer = Observer::new(stage.http())?;
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let (publish, said) = watch::channel(Said::default());
    tasks.spawn(ask(observer, publish, stop.clone()));
    let drawn = {
        let screen = Screen::open()?;
        let result = play(&mut stage, screen, said, session).await;
        stop.cancel();
        result
    };
    tasks.close();
    tasks.wait().await;
    stage.strike().await;
    drawn.map(|()| Exit::Fine)
}

/// Asks the collector again and again and publishes what it says.
async fn ask(observer: Observer, publish: watch::Sender<Said>, stop: CancellationToken) {
    let mut ticks = interval(ASK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let said = async {
            let status = observer.status().await;
            let incidents = match &status {
                Ok(_) => observer.newest_incidents(INCIDENTS).await.unwrap_or_default(),
                Err(_) => Vec::new(),
            };
            Said { trouble: status.as_ref().err().map(ToString::to_string), status: status.ok(), incidents }
        };
        tokio::select! {
            said = said => {
                publish.send_replace(said);
            }
            () = stop.cancelled() => return,
        }
    }
}

async fn play(
    stage: &mut Stage,
    mut screen: Screen,
    said: watch::Receiver<Said>,
    session: &Session<'_>,
) -> Result<(), CommandError> {
    let mut selected = 0;
    let mut ticks = interval(FRAME);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => stage.has_to_stand()?,
            key = screen.key() => match key {
                Some(key) => {
                    if press(stage, key, &mut selected).await? {
                        return Ok(());
                    }
                }
                // The keyboard is gone, and with it the viewer.
                None => return Ok(()),
            },
        }
        let view = picture(stage, &said.borrow(), selected, session);
        screen.draw(|frame| view::draw(frame, &view))?;
    }
}

/// Does what a key stands for; `true` if it ends the demonstration.
async fn press(stage: &mut Stage, key: KeyEvent, selected: &mut usize) -> Result<bool, CommandError> {
    let place = PLACES.get(*selected).copied().unwrap_or(PLACES[0]);
    if ends(key) {
        return Ok(true);
    }
    match key.code {
        KeyCode::Up => *selected = selected.saturating_sub(1),
        KeyCode::Down => *selected = (*selected + 1).min(PLACES.len() - 1),
        KeyCode::Char(digit @ '1'..='5') => {
            *selected = usize::try_from(u32::from(digit) - u32::from('1')).unwrap_or(0);
            if let Some(place) = PLACES.get(*selected) {
                toggle_path(stage, place);
            }
        }
        KeyCode::Char('p') => toggle_provider(stage, place.provider),
        KeyCode::Char('n') => {
            if stage.is_network_cut(&place) {
                stage.heal_network(&place);
            } else {
                stage.cut_network(&place);
            }
        }
        KeyCode::Char('t') => {
            if stage.is_target_running() {
                stage.stop_target().await;
            } else {
                stage.start_target().await?;
            }
        }
        KeyCode::Char('c') => {
            if stage.is_collector_running() {
                stage.kill_collector()?;
            } else {
                stage.start_collector()?;
            }
        }
        KeyCode::Char('a') => {
            if stage.is_agent_running(&place) {
                stage.kill_agent(&place)?;
            } else {
                stage.start_agent(&place)?;
            }
        }
        _ => {}
    }
    Ok(false)
}

fn toggle_path(stage: &mut Stage, place: &Place) {
    if stage.is_cut(place) {
        stage.heal(place);
    } else {
        stage.cut(place);
    }
}

/// Cuts every path of a provider, or heals them all if one is cut.
fn toggle_provider(stage: &mut Stage, provider: &str) {
    let places: Vec<&Place> = PLACES.iter().filter(|place| place.provider == provider).collect();
    let any_cut = places.iter().any(|place| stage.is_cut(place));
    for place in places {
        if any_cut {
            stage.heal(place);
        } else {
            stage.cut(place);
        }
    }
}

fn picture(stage: &Stage, said: &Said, selected: usize, session: &Session<'_>) -> View {
    let places = PLACES.iter().map(|place| PlaceView {
        place: *place,
        agent_runs: stage.is_agent_running(place),
        path_cut: stage.is_cut(place),
        network_cut: stage.is_network_cut(place),
    });
    View {
        now_ms: session.now().as_millis(),
        console: format!("http://{}/", stage.http()),
        target_runs: stage.is_target_running(),
        collector_runs: stage.is_collector_running(),
        selected,
        places: places.collect(),
        said: said.clone(),
        deeds: stage.deeds().to_vec(),
        zone: session.look.zone.clone(),
    }
}

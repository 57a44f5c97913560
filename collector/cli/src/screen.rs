//! A terminal taken over for a live view, and its keyboard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::Frame;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;
use tokio::sync::mpsc;

use crate::error::CommandError;
use crate::paint::Tone;

/// How long the keyboard is listened to before it is asked whether to end.
const KEY_PATIENCE: Duration = Duration::from_millis(100);

/// Keys that wait for their turn.
const KEY_QUEUE: usize = 64;

/// The style of a tone.
pub(crate) fn style(tone: Tone) -> Style {
    match tone {
        Tone::Plain => Style::new(),
        Tone::Strong => Style::new().add_modifier(Modifier::BOLD),
        Tone::Faint => Style::new().add_modifier(Modifier::DIM),
        Tone::Good => Style::new().fg(Color::Green),
        Tone::Warn => Style::new().fg(Color::Yellow),
        Tone::Bad => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        Tone::Blind => Style::new().fg(Color::Magenta),
    }
}

/// Text in a tone.
pub(crate) fn span(tone: Tone, text: impl Into<String>) -> Span<'static> {
    Span::styled(text.into(), style(tone))
}

/// True if a key ends every live view.
pub(crate) fn ends(key: KeyEvent) -> bool {
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => true,
        KeyCode::Char('c') => key.modifiers.contains(KeyModifiers::CONTROL),
        _ => false,
    }
}

/// The terminal in its other screen, and the thread that listens to the keyboard. Dropped, the terminal is as before.
pub(crate) struct Screen {
    terminal: ratatui::DefaultTerminal,
    keys: mpsc::Receiver<KeyEvent>,
    closing: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// It cannot be drawn on.
    pub(crate) fn open() -> Result<Self, CommandError> {
        let failed = |source| CommandError::system("drawing on the terminal", source);
        let terminal = ratatui::try_init().map_err(failed)?;
        let (sender, keys) = mpsc::channel(KEY_QUEUE);
        let closing = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&closing);
        let listener = std::thread::spawn(move || listen(&sender, &seen));
        Ok(Self { terminal, keys, closing, listener: Some(listener) })
    }

    /// The next key; `None` when the keyboard is gone, and with it the viewer.
    pub(crate) async fn key(&mut self) -> Option<KeyEvent> {
        self.keys.recv().await
    }

    /// Draws one picture.
    ///
    /// # Errors
    /// The terminal cannot be drawn on.
    pub(crate) fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> Result<(), CommandError> {
        let drawn = self.terminal.draw(picture);
        drawn.map(|_| ()).map_err(|source| CommandError::system("drawing on the terminal", source))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        if let Some(listener) = self.listener.take() {
            // The thread looks at the flag ten times a second; whether it panicked matters to nobody any more.
            drop(listener.join());
        }
        ratatui::restore();
    }
}

fn listen(keys: &mpsc::Sender<KeyEvent>, closing: &AtomicBool) {
    while !closing.load(Ordering::Relaxed) {
        match event::poll(KEY_PATIENCE) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(_) => return,
        }
        match event::read() {
            // A full queue means that keys come faster than they can be done: the newest are dropped.
            Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => drop(keys.try_send(key)),
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

//! The global options, resolved against the environment, and where answers go.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use quorate_model::time::CollectorTime;
use serde::Serialize;

use crate::api_client::ApiClient;
use crate::error::CommandError;
use crate::moment;
use crate::paint::{Paint, Tone};

/// The collector asked where neither `--collector` nor the environment names one.
pub(crate) const DEFAULT_COLLECTOR: &str = "http://127.0.0.1:7480";

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Aligned text for people.
    Table,
    /// One JSON document for programs, on one line.
    Json,
}

/// When colours are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The options every command has, as written.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArguments {
    /// How the answer is written.
    #[arg(long, short, global = true, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
    /// When colours are used; auto: on a terminal, unless `NO_COLOR` is set.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    /// Zone in which times are shown, and read where they name none: an IANA name such as Europe/Berlin, or UTC.
    #[arg(long, global = true, default_value = "UTC", value_name = "NAME")]
    pub(crate) zone: String,
    /// The collector asked [default: the environment's `QUORATE_COLLECTOR`, else <http://127.0.0.1:7480>].
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) collector: Option<String>,
    /// How long the collector may take to answer.
    #[arg(long, global = true, default_value = "10s", value_name = "SPAN")]
    pub(crate) deadline: String,
}

/// What the program reads of the process it runs in.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The value of `QUORATE_COLLECTOR`.
    pub collector: Option<String>,
    /// The value of `QUORATE_TOKEN`.
    pub token: Option<String>,
    /// The user's login name.
    pub user: Option<String>,
    /// True if `NO_COLOR` is set to anything but nothing.
    pub no_color: bool,
    /// True if answers go to a terminal.
    pub terminal: bool,
    /// The clock, in milliseconds since the epoch.
    pub now_ms: fn() -> i64,
}

impl Environment {
    /// The environment of this process.
    pub fn of_this_process() -> Self {
        Self {
            collector: std::env::var("QUORATE_COLLECTOR").ok().filter(|text| !text.is_empty()),
            token: std::env::var("QUORATE_TOKEN").ok().filter(|text| !text.is_empty()),
            user: ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).filter(|text| !text.is_empty()),
            no_color: std::env::var_os("NO_COLOR").is_some_and(|text| !text.is_empty()),
            terminal: std::io::stdout().is_terminal(),
            now_ms: || jiff::Timestamp::now().as_millisecond(),
        }
    }

    pub(crate) fn colors_by_default(&self) -> bool {
        self.terminal && !self.no_color
    }
}

/// How times and tones are shown.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// Whether text is coloured.
    pub(crate) paint: Paint,
    /// In which zone times are shown.
    pub(crate) zone: TimeZone,
}

impl Look {
    /// No colours, UTC: what golden tests use.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { paint: Paint::Plain, zone: TimeZone::UTC }
    }

    /// `text` in the colour of `tone`.
    pub(crate) fn tone(&self, tone: Tone, text: &str) -> String {
        self.paint.tone(tone, text)
    }

    /// The line above a table: a title, a moment and the zone all its times are in.
    pub(crate) fn heading(&self, title: &str, at_ms: i64) -> String {
        let at = moment::show_seconds(at_ms, &self.zone);
        format!(
            "{}  {}\n",
            self.tone(Tone::Strong, title),
            self.tone(Tone::Faint, &format!("{at} {}", moment::zone_name(&self.zone)))
        )
    }
}

/// One call of the program: resolved global options and the two streams.
pub(crate) struct Session<'a> {
    /// How the answer is written.
    pub(crate) output: Output,
    /// How times and tones are shown.
    pub(crate) look: Look,
    collector: String,
    deadline: Duration,
    environment: &'a Environment,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl<'a> Session<'a> {
    /// Resolves the global options.
    ///
    /// # Errors
    /// A zone nobody knows, a deadline that is no span.
    pub(crate) fn new(
        arguments: GlobalArguments,
        environment: &'a Environment,
        out: &'a mut dyn Write,
        err: &'a mut dyn Write,
    ) -> Result<Self, CommandError> {
        let colors = match arguments.color {
            Color::Auto => environment.colors_by_default(),
            Color::Always => true,
            Color::Never => false,
        };
        let zone = TimeZone::get(&arguments.zone).map_err(|_| {
            let reason =
                format!("{:?} is not an IANA time zone; allowed are UTC, Europe/Berlin and the like", arguments.zone);
            CommandError::argument("--zone", reason)
        })?;
        let deadline =
            moment::span(&arguments.deadline).map_err(|error| CommandError::argument("--deadline", error))?;
        let collector = arguments.collector.or_else(|| environment.collector.clone());
        Ok(Self {
            output: arguments.output,
            look: Look { paint: if colors { Paint::Colors } else { Paint::Plain }, zone },
            collector: collector.unwrap_or_else(|| DEFAULT_COLLECTOR.to_owned()),
            deadline,
            environment,
            out,
            err,
        })
    }

    /// A client of the collector the options name.
    ///
    /// # Errors
    /// The URL is none a collector can be asked under.
    pub(crate) fn api(&self) -> Result<ApiClient, CommandError> {
        Ok(ApiClient::new(&self.collector, self.deadline)?)
    }

    /// An operator's token, if the environment holds one.
    pub(crate) fn token(&self) -> Option<String> {
        self.environment.token.clone()
    }

    /// The user's login name.
    pub(crate) fn user(&self) -> Option<String> {
        self.environment.user.clone()
    }

    /// True if answers go to a terminal.
    pub(crate) fn on_terminal(&self) -> bool {
        self.environment.terminal
    }

    /// The clock.
    pub(crate) fn now(&self) -> CollectorTime {
        CollectorTime::from_millis((self.environment.now_ms)())
    }

    /// Reads a time as `--zone` and the clock mean it; `place` is the argument it stands in.
    ///
    /// # Errors
    /// Names the place and what is allowed.
    pub(crate) fn moment(&self, place: &str, text: &str) -> Result<CollectorTime, CommandError> {
        moment::parse(text, &self.look.zone, self.now()).map_err(|error| CommandError::argument(place, error))
    }

    /// Writes an answer: `object` as JSON, or what `render` makes of it.
    ///
    /// # Errors
    /// The stream is closed or full.
    pub(crate) fn answer<T: Serialize>(
        &mut self,
        object: &T,
        render: impl FnOnce(&T, &Look) -> String,
    ) -> Result<(), CommandError> {
        let text = match self.output {
            Output::Table => render(object, &self.look),
            Output::Json => {
                let mut text = serde_json::to_string(object)
                    .map_err(|error| CommandError::Output { source: std::io::Error::other(error) })?;
                text.push('\n');
                text
            }
        };
        self.print(&text)
    }

    /// Writes text as it is.
    ///
    /// # Errors
    /// The stream is closed or full.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), CommandError> {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        written.map_err(|source| CommandError::Output { source })
    }

    /// Writes a remark that is no part of the answer.
    ///
    /// # Errors
    /// The stream is closed or full.
    pub(crate) fn remark(&mut self, text: &str) -> Result<(), CommandError> {
        writeln!(self.err, "{text}").map_err(|source| CommandError::Output { source })
    }
}

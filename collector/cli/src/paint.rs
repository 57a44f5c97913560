//! Colours for a terminal, and nothing but text elsewhere.

use std::fmt::Write as _;

/// What a piece of text is, so that a colour can be chosen for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Ordinary text.
    Plain,
    /// Headings.
    Strong,
    /// Remarks that may be skipped.
    Faint,
    /// All is well.
    Good,
    /// Look at it, but nothing is counted.
    Warn,
    /// Downtime, failure.
    Bad,
    /// Nobody knows.
    Blind,
}

impl Tone {
    /// The tone of a consensus state's word, as the API writes it.
    pub(crate) fn of_state(word: &str) -> Self {
        match word {
            "up" => Self::Good,
            "degraded" | "partial" => Self::Warn,
            "down" => Self::Bad,
            _ => Self::Blind,
        }
    }

    /// The tone of a vote's word, as the API writes it.
    pub(crate) fn of_vote(word: &str) -> Self {
        match word {
            "good" => Self::Good,
            "slow" | "ambiguous" => Self::Warn,
            "bad" => Self::Bad,
            _ => Self::Blind,
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Good => "32",
            Self::Warn => "33",
            Self::Bad => "1;31",
            Self::Blind => "35",
        }
    }
}

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// With the escape sequences of ECMA-48 (SGR).
    Colors,
    /// As it is.
    Plain,
}

impl Paint {
    /// `text` in the colour of `tone`.
    pub(crate) fn tone(self, tone: Tone, text: &str) -> String {
        match (self, tone.code()) {
            (Self::Plain, _) | (_, "") => text.to_owned(),
            (Self::Colors, code) => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// `text` without characters that could steer a terminal: what agents and targets wrote is shown, not obeyed.
pub(crate) fn harmless(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            write!(clean, "\\u{{{:x}}}", u32::from(character)).expect("writing to a String cannot fail");
        } else {
            clean.push(character);
        }
    }
    clean
}

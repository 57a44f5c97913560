//! What is wrong with a text, and where.

use std::fmt;

use serde_saphyr::budget::BudgetBreach;

/// The most errors told at once; one more says how many follow.
pub const MAX_DIAGNOSTICS: usize = 100;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

impl Position {
    /// The first character.
    pub const START: Self = Self { line: 1, column: 1 };

    pub(super) fn of(location: serde_saphyr::Location) -> Self {
        let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).max(1);
        Self { line: number(location.line()), column: number(location.column()) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One error in a text: where, at which key, what is wrong and what is allowed.
///
/// Shown on one line as `line:column: path: message`; [`Diagnostic::render`] adds the file and the line itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where the value (or, for an unknown key, the key) stands.
    pub position: Position,
    /// The key path, such as `checks[2].http.url`; empty for the document itself.
    pub path: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl Diagnostic {
    /// One error.
    pub fn new(position: Position, path: String, message: String) -> Self {
        Self { position, path, message }
    }

    pub(super) fn from_syntax(error: &serde_saphyr::Error) -> Self {
        let plain = error.without_snippet();
        let position = plain.location().map_or(Position::START, Position::of);
        // The reader's own text says the place again at its end or start; ours stands in front of every message.
        let text = match plain {
            serde_saphyr::Error::Budget { breach: BudgetBreach::Documents { documents: ..=2 }, .. } => {
                "more than one document; give one".to_owned()
            }
            serde_saphyr::Error::Budget { breach: BudgetBreach::Documents { documents }, .. } => {
                format!("{documents} documents or more; give fewer")
            }
            serde_saphyr::Error::Budget { .. } => "nested too deep, or too many values".to_owned(),
            other => other.to_string(),
        };
        let text = text.lines().next().unwrap_or("no reason given");
        let here = format!(" at {}, column {}", format_args!("line {}", position.line), position.column);
        let text = text.replace(&here, "");
        Self::new(position, String::new(), format!("not readable as YAML: {text}"))
    }

    /// The error with the file's name and the line it is in, over several lines, as compilers show theirs.
    pub fn render(&self, file: &str, text: &str) -> String {
        let Position { line, column } = self.position;
        let margin = " ".repeat(line.to_string().len());
        let path = if self.path.is_empty() { String::new() } else { format!(" ({})", self.path) };
        let head = format!("error: {}\n{margin}--> {file}:{line}:{column}{path}\n", self.message);
        let index = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        let Some(source) = text.lines().nth(index) else {
            return head;
        };
        let shown: String = source.chars().take(160).collect();
        let indent = " ".repeat(usize::try_from(column).unwrap_or(1).saturating_sub(1).min(160));
        format!("{head}{margin} |\n{line} | {shown}\n{margin} | {indent}^\n")
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            write!(f, "{}: {}", self.position, self.message)
        } else {
            write!(f, "{}: {}: {}", self.position, self.path, self.message)
        }
    }
}

impl std::error::Error for Diagnostic {}

/// Sorted by place, without repeats, at most [`MAX_DIAGNOSTICS`] and one that counts the rest.
pub(super) fn in_order(mut errors: Vec<Diagnostic>) -> Vec<Diagnostic> {
    errors.sort_by(|a, b| (a.position, &a.path, &a.message).cmp(&(b.position, &b.path, &b.message)));
    errors.dedup();
    if errors.len() > MAX_DIAGNOSTICS {
        let rest = errors.len() - MAX_DIAGNOSTICS;
        errors.truncate(MAX_DIAGNOSTICS);
        let position = errors.last().map_or(Position::START, |last| last.position);
        errors.push(Diagnostic::new(position, String::new(), format!("{rest} more errors follow")));
    }
    errors
}

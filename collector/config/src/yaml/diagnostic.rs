//! What is wrong with a text, and where.

use std::fmt;

use serde_saphyr::budget::BudgetBreach;

use super::{MAX_DEPTH, MAX_NODES, MAX_REPLAYED};

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
        let position = error.without_snippet().location().map_or(Position::START, Position::of);
        Self::new(position, String::new(), format!("not readable as YAML: {}", reason(error)))
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

/// Why the reader gave up. What is wrong inside an alias stands behind the alias's error, often with two places of its own;
/// the place of the use is the one that is told.
fn reason(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error;
    match error {
        Error::AliasError { error, .. } | Error::WithSnippet { error, .. } => reason(error),
        Error::Budget { breach, .. } => over(breach),
        Error::AliasReplayLimitExceeded { .. } => format!("aliases repeat over {MAX_REPLAYED} values; repeat fewer"),
        Error::NullIntoString { .. } => "a key is empty; give it a name".to_owned(),
        other => {
            // The reader's own text says the place again; ours stands in front of every message.
            let text = other.to_string();
            let text = text.lines().next().unwrap_or("no reason given");
            let here = other.location().map(Position::of);
            here.map_or_else(
                || text.to_owned(),
                |here| text.replace(&format!(" at line {}, column {}", here.line, here.column), ""),
            )
        }
    }
}

/// What there is too much of, and how much is allowed.
fn over(breach: &BudgetBreach) -> String {
    match breach {
        BudgetBreach::Documents { documents: ..=2 } => "more than one document; give one".to_owned(),
        BudgetBreach::Documents { documents } => format!("{documents} documents or more; give fewer"),
        BudgetBreach::Depth { .. } => format!("nested deeper than {MAX_DEPTH} levels"),
        BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. } => format!("has over {MAX_NODES} values; give fewer"),
        BudgetBreach::Aliases { .. } | BudgetBreach::Anchors { .. } | BudgetBreach::MergeKeys { .. } => {
            "has too many anchors or aliases; write some of the values out".to_owned()
        }
        _ => "has too many values, or too long ones".to_owned(),
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

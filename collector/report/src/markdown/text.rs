//! Markdown as text that is written line by line.

use std::fmt::Write as _;

/// A text that grows.
pub(super) struct Text(pub(super) String);

impl Text {
    pub(super) fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect("a text takes every line");
    }

    pub(super) fn section(&mut self, title: &str) {
        self.line(format_args!("\n## {title}\n"));
    }

    pub(super) fn table(&mut self, heads: &[&str]) {
        self.row(heads);
        self.line(format_args!("|{}", "---|".repeat(heads.len())));
    }

    /// A row of cells; what is in them is text, whoever wrote it.
    pub(super) fn row(&mut self, cells: &[&str]) {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        self.marked_row(&cells);
    }

    /// A row of cells with markup; what of them is text went through [`plain`].
    pub(super) fn marked_row(&mut self, cells: &[&str]) {
        self.line(format_args!("| {} |", cells.join(" | ")));
    }
}

/// A text on one line, without markup of its own, that may stand anywhere, also in a cell.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied().unwrap_or(' ');
        let is_markup = match letter {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '#' | '~' | '$' | '|' => true,
            // Between letters it is one of them, as in `connect_timeout`.
            '_' => !(before.is_alphanumeric() && next.is_alphanumeric()),
            '&' => next.is_alphanumeric() || next == '#',
            _ => false,
        };
        if is_markup {
            out.push('\\');
        }
        out.push(if letter.is_control() { ' ' } else { letter });
        before = letter;
    }
    out
}

/// A name as code, where it has the letters of names; as text where it has others.
pub(super) fn code(name: &str) -> String {
    let of_names = |letter: char| letter.is_ascii_alphanumeric() || "-_.:/".contains(letter);
    if !name.is_empty() && name.chars().all(of_names) { format!("`{name}`") } else { plain(name) }
}

#[cfg(test)]
mod tests;

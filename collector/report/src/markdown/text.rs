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

    /// A row of cells; what a person wrote in them went through [`plain`].
    pub(super) fn row(&mut self, cells: &[&str]) {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|").replace(['\n', '\r'], " ")).collect();
        self.line(format_args!("| {} |", cells.join(" | ")));
    }
}

/// A person's text on one line, without markup of its own.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let entity = letter == '&' && letters.peek().is_some_and(|next| next.is_alphanumeric() || *next == '#');
        match letter {
            letter if letter.is_control() => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '~' | '$' => {
                out.push('\\');
                out.push(letter);
            }
            _ if entity => out.push_str("\\&"),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests;

//! Columns of text, aligned by display width.

use ratatui::text::Span;

use crate::paint::{Paint, Tone, harmless};

/// How a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Figures.
    Right,
}

/// A piece of text with its tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// Text in a tone; control characters are made visible.
    pub(crate) fn new(tone: Tone, text: impl AsRef<str>) -> Self {
        Self { text: harmless(text.as_ref()), tone }
    }

    fn width(&self) -> usize {
        Span::raw(self.text.as_str()).width()
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(Tone::Plain, text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(Tone::Plain, text)
    }
}

/// A table with a heading; columns are as wide as their widest cell, two blanks apart.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these columns and no rows.
    pub(crate) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; cells beyond the columns are dropped, missing ones are empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().take(self.columns.len()).collect());
    }

    /// The table as text; every line ends with a line feed, none with a blank.
    pub(crate) fn render(&self, paint: Paint) -> String {
        let heading: Vec<Cell> = self.columns.iter().map(|(title, _)| Cell::new(Tone::Strong, title)).collect();
        let mut widths: Vec<usize> = heading.iter().map(Cell::width).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let mut text = String::new();
        for row in std::iter::once(&heading).chain(&self.rows) {
            let mut line = String::new();
            // Blanks are held back until something follows them, so that no line ends with them.
            let mut held = 0;
            for ((cell, width), (_, align)) in row.iter().zip(&widths).zip(&self.columns) {
                let filler = width - cell.width();
                let (before, after) = match align {
                    Align::Left => (0, filler),
                    Align::Right => (filler, 0),
                };
                if cell.text.is_empty() {
                    held += width + 2;
                    continue;
                }
                line.push_str(&" ".repeat(held + before));
                line.push_str(&paint.tone(cell.tone, &cell.text));
                held = after + 2;
            }
            text.push_str(line.trim_end_matches(' '));
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests;

//! The files a configuration names, carried along with its text.
//!
//! A contract may stand in a file of its own. So that a configuration stays one text that can be kept and read again years
//! later, the texts of its files are put behind it as comments: a heading, then for each file its name and its lines.
//!
//! ```yaml
//! # The files this configuration names, as they were read:
//! # file: shop-gold.yaml
//! # | id: shop-gold
//! # | service: shop
//! ```

use std::collections::BTreeMap;

/// The longest file that is named, in bytes.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;

/// The line that the files stand behind.
const HEADING: &str = "# The files this configuration names, as they were read:";

const NAME: &str = "# file: ";

const LINE: &str = "# | ";

/// Gives the text of a file by its name as it stands in the configuration, or says in words why it has none.
pub type Open<'a> = dyn FnMut(&str) -> Result<String, String> + 'a;

/// Texts by the name of their file.
pub(crate) type Texts = BTreeMap<String, String>;

/// The text without the files behind it, and these.
pub(crate) fn detach(text: &str) -> (&str, Texts) {
    let heading = text.match_indices(HEADING).map(|(at, _)| at);
    let starts_line = |at: &usize| *at == 0 || text.get(..*at).is_some_and(|before| before.ends_with('\n'));
    let Some(at) = heading.filter(starts_line).last() else { return (text, Texts::new()) };
    let (main, behind) = text.split_at(at);
    let mut texts = Texts::new();
    let mut name = None;
    for line in behind.lines().skip(1) {
        if let Some(next) = line.strip_prefix(NAME) {
            texts.insert(next.to_owned(), String::new());
            name = Some(next);
        } else if let Some(content) = line.strip_prefix(LINE)
            && let Some(file) = name.and_then(|name| texts.get_mut(name))
        {
            file.push_str(content);
            file.push('\n');
        }
    }
    (main, texts)
}

/// The text with the files behind it; the text itself where there are none.
pub(crate) fn attach(main: &str, texts: &Texts) -> String {
    let mut whole = main.to_owned();
    if texts.is_empty() {
        return whole;
    }
    if !whole.ends_with('\n') {
        whole.push('\n');
    }
    whole.push_str(HEADING);
    whole.push('\n');
    for (name, text) in texts {
        whole.push_str(NAME);
        whole.push_str(name);
        whole.push('\n');
        for line in text.lines() {
            whole.push_str(LINE);
            whole.push_str(line);
            whole.push('\n');
        }
    }
    whole
}

#[cfg(test)]
mod tests;

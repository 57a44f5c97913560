//! What stands in the margins of every printed page (CSS Paged Media, margin boxes).

use std::fmt::{self, Write as _};

use crate::document::Document;

/// The longest name in a margin, in letters; a longer one is cut.
const MAX_NAME: usize = 40;

/// The first digits of the hash, enough to tell one printing from another.
const HASH_DIGITS: usize = 16;

/// A text as a CSS string. Everything but letters, digits and spaces of ASCII is written by its number, so that no text
/// can end the string or the style it stands in.
struct CssText<'a>(&'a str);

impl fmt::Display for CssText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for letter in self.0.chars() {
            match letter {
                letter if letter.is_control() => f.write_char(' ')?,
                letter if letter.is_ascii_alphanumeric() || letter == ' ' => f.write_char(letter)?,
                _ => write!(f, "\\{:x} ", u32::from(letter))?,
            }
        }
        f.write_char('"')
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}

/// The rules for the margins: contract, period and state above all pages but the first, which has them in its head; hash
/// and page number below all.
pub(super) fn rules(document: &Document) -> String {
    let left = format!("{}, {}", cut(&document.name, MAX_NAME), document.period.label);
    let contract = match &document.customer {
        Some(customer) => format!("{} of {customer}", document.contract),
        None => document.contract.clone(),
    };
    let right = format!("{}, {}, revision {}", cut(&contract, MAX_NAME), document.state, document.revision);
    let hash: String = document.input_hash.chars().take(HASH_DIGITS).collect();
    format!(
        "@page {{ @top-left {{ content: {}; }} @top-right {{ content: {}; }} @bottom-left {{ content: {}; }} \
         @bottom-right {{ content: \"page \" counter(page) \" of \" counter(pages); }} }}\n\
         @page :first {{ @top-left {{ content: none; }} @top-right {{ content: none; }} }}\n",
        CssText(&left),
        CssText(&right),
        CssText(&format!("inputs {hash}")),
    )
}

#[cfg(test)]
mod tests;

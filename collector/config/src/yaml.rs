//! YAML text to a tree in which every value knows its place, and cursors that walk the tree and gather every error.
//!
//! [`Document::parse`] reads the text; [`Document::read`] walks it with a function that turns [`Cursor`]s into the
//! caller's types. A cursor's methods give `None` after they have noted what is wrong, so that one walk finds every
//! error in the text, each with line, column and key path. Unknown keys are found by [`Fields::finish`], duplicate ones
//! when a map is opened.
//!
//! [`Documents`] is the same for a text of several documents.
//!
//! The tree knows nothing of what is configured; no default lives here.

mod cursor;
mod diagnostic;
mod suggest;

pub use cursor::{Cursor, Fields};
pub use diagnostic::{Diagnostic, MAX_DIAGNOSTICS, Position};
pub use suggest::{closest, hint};

use std::cell::RefCell;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Spanned};

/// The longest text that is read, in bytes: 8 MiB, about 20,000 checks.
pub const MAX_TEXT_BYTES: usize = 8 * 1024 * 1024;

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 32;

/// The most values that aliases may repeat, so that a few lines cannot stand for a billion values.
const MAX_REPLAYED: usize = 50_000;

/// The most values in one text.
const MAX_NODES: usize = 1_000_000;

/// The most documents in one text, where several are read.
const MAX_DOCUMENTS: usize = 1000;

/// A parsed text with the place of every value.
#[derive(Debug)]
pub struct Document {
    root: Node,
}

/// A parsed text of several documents, one behind another with `---` between them.
#[derive(Debug)]
pub struct Documents {
    /// At least one.
    roots: Vec<Node>,
}

/// A value and where it stands.
#[derive(Debug)]
struct Node {
    position: Position,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Null,
    /// Any other scalar as written, without its quotes.
    Scalar {
        text: String,
        kind: ScalarKind,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// What YAML takes a scalar for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScalarKind {
    Text,
    Bool,
    Integer,
    Float,
}

#[derive(Debug)]
struct Key {
    position: Position,
    text: String,
}

impl Document {
    /// Reads one YAML document.
    ///
    /// # Errors
    /// The first mistake of syntax, as nothing behind it can be understood; or a text too large or too deep.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        let options = options(text, 1)?;
        match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
            Ok(raw) => Ok(Self { root: Node::from_raw(raw, text) }),
            Err(error) => Err(Diagnostic::from_syntax(&error)),
        }
    }

    /// Walks the document with `read` and gives what it made, or every error noted on the way, sorted by place.
    ///
    /// # Errors
    /// What `read` noted through its cursor; at least one entry, at most [`MAX_DIAGNOSTICS`] and one that counts the rest.
    pub fn read<T>(&self, read: impl FnOnce(&Cursor<'_>) -> Option<T>) -> Result<T, Vec<Diagnostic>> {
        walk(std::slice::from_ref(&self.root), |cursors| cursors.first().and_then(read))
    }
}

impl Documents {
    /// Reads YAML documents; empty ones are skipped, and a text without any is one empty document.
    ///
    /// # Errors
    /// The first mistake of syntax; or a text too large or too deep, or too many documents.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        let options = options(text, MAX_DOCUMENTS)?;
        match serde_saphyr::from_multiple_with_options::<Spanned<Raw>>(text, options) {
            Ok(raws) => {
                let mut roots: Vec<Node> = raws.into_iter().map(|raw| Node::from_raw(raw, text)).collect();
                if roots.is_empty() {
                    roots.push(Node { position: Position::START, value: Value::Null });
                }
                Ok(Self { roots })
            }
            Err(error) => Err(Diagnostic::from_syntax(&error)),
        }
    }

    /// Walks all documents with one `read`, as [`Document::read`] does one; key paths begin anew in each.
    ///
    /// # Errors
    /// What `read` noted through its cursors, as [`Document::read`] tells it.
    pub fn read<T>(&self, read: impl FnOnce(&[Cursor<'_>]) -> Option<T>) -> Result<T, Vec<Diagnostic>> {
        walk(&self.roots, read)
    }
}

/// How the YAML reader is bounded, for a text that is not too long.
fn options(text: &str, max_documents: usize) -> Result<serde_saphyr::Options, Diagnostic> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(Diagnostic::new(
            Position::START,
            String::new(),
            format!("the text has {} bytes; allowed are {MAX_TEXT_BYTES}", text.len()),
        ));
    }
    Ok(serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
            max_documents: max_documents,
            // One anchor may serve every check: what aliases repeat is bounded below.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_REPLAYED },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        reject_unsupported_tags: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
    })
}

fn walk<T>(roots: &[Node], read: impl FnOnce(&[Cursor<'_>]) -> Option<T>) -> Result<T, Vec<Diagnostic>> {
    let sink = RefCell::new(Vec::new());
    let cursors: Vec<Cursor<'_>> = roots.iter().map(|root| Cursor::root(root, &sink)).collect();
    let made = read(&cursors);
    let mut errors = sink.take();
    match made {
        Some(made) if errors.is_empty() => Ok(made),
        _ => {
            if errors.is_empty() {
                let position = roots.first().map_or(Position::START, |root| root.position);
                errors.push(Diagnostic::new(position, String::new(), "cannot be read".to_owned()));
            }
            Err(diagnostic::in_order(errors))
        }
    }
}

impl Node {
    fn from_raw(raw: Spanned<Raw>, text: &str) -> Self {
        let position = Position::of(raw.referenced);
        // The spelling counts: 0.60 is a decimal and not the nearest binary fraction.
        let written = |shown: String| slice(text, raw.defined).map_or(shown, str::to_owned);
        let value = match raw.value {
            Raw::Null => Value::Null,
            Raw::Bool(v) => Value::Scalar { text: written(v.to_string()), kind: ScalarKind::Bool },
            Raw::Integer(v) => Value::Scalar { text: written(v.to_string()), kind: ScalarKind::Integer },
            Raw::Float(v) => Value::Scalar { text: written(v.to_string()), kind: ScalarKind::Float },
            Raw::Text(text) => Value::Scalar { text, kind: ScalarKind::Text },
            Raw::List(items) => Value::List(items.into_iter().map(|item| Self::from_raw(item, text)).collect()),
            Raw::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        (Key { position: Position::of(key.referenced), text: key.value }, Self::from_raw(value, text))
                    })
                    .collect(),
            ),
        };
        Self { position, value }
    }
}

fn slice(text: &str, location: Location) -> Option<&str> {
    let start = usize::try_from(location.span().byte_offset()?).ok()?;
    let length = usize::try_from(location.span().byte_len()?).ok()?;
    let found = text.get(start..start.checked_add(length)?)?.trim();
    (!found.is_empty()).then_some(found)
}

/// A value as the YAML reader gives it.
enum Raw {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(v.into()))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Raw, E> {
        Ok(Raw::Integer(v.into()))
    }

    fn visit_i128<E>(self, v: i128) -> Result<Raw, E> {
        Ok(Raw::Integer(v))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Raw, E> {
        Ok(Raw::Float(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Raw, E> {
        Ok(Raw::Text(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Raw, E> {
        Ok(Raw::Text(v))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

#[cfg(test)]
mod tests;

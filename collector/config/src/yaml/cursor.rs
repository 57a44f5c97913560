//! Walking the tree: cursors that note errors and go on.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::diagnostic::{Diagnostic, MAX_DIAGNOSTICS, Position};
use super::suggest::{closest, hint};
use super::{Key, Node, ScalarKind, Value};

/// A value in the document, with its key path and the place where errors are gathered. Cloning is cheap but for the path.
///
/// Every method that gives `None` has noted why.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    node: &'a Node,
    path: String,
    sink: &'a RefCell<Vec<Diagnostic>>,
}

impl<'a> Cursor<'a> {
    pub(super) fn root(node: &'a Node, sink: &'a RefCell<Vec<Diagnostic>>) -> Self {
        Self { node, path: String::new(), sink }
    }

    fn child(&self, node: &'a Node, step: &str) -> Self {
        let path = if self.path.is_empty() || step.starts_with('[') {
            format!("{}{step}", self.path)
        } else {
            format!("{}.{step}", self.path)
        };
        Self { node, path, sink: self.sink }
    }

    /// The key path of this value.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where this value stands.
    pub fn position(&self) -> Position {
        self.node.position
    }

    /// Notes an error at this value: what is wrong and what is allowed.
    pub fn error(&self, message: impl Display) {
        self.note(self.node.position, self.path.clone(), message.to_string());
    }

    fn note(&self, position: Position, path: String, message: String) {
        let mut errors = self.sink.borrow_mut();
        // Ten times what is told, so that the count of the rest means something and memory stays bounded.
        if errors.len() < 10 * MAX_DIAGNOSTICS {
            errors.push(Diagnostic::new(position, path, message));
        }
    }

    /// Takes back an error noted at this value, as another says it better.
    fn unnote(&self, message: &str) {
        let same = |error: &Diagnostic| {
            error.position == self.node.position && error.path == self.path && error.message == message
        };
        self.sink.borrow_mut().retain(|error| !same(error));
    }

    /// The value under a path such as `credit.tiers[1].below`, or the nearest one around it that is in the text.
    pub fn nearest(&self, path: &str) -> Self {
        let mut here = self.clone();
        let steps = path.split('.').flat_map(|part| {
            let (key, indexes) = part.split_once('[').unwrap_or((part, ""));
            std::iter::once(key).chain(indexes.split('[').filter(|index| !index.is_empty()))
        });
        for step in steps.filter(|step| !step.is_empty()) {
            let next = match (&here.node.value, step.strip_suffix(']')) {
                (Value::List(items), Some(index)) => index.parse::<usize>().ok().and_then(|index| items.get(index)),
                (Value::Map(entries), None) => entries.iter().find(|(key, _)| key.text == step).map(|(_, node)| node),
                _ => None,
            };
            let Some(node) = next else { break };
            let step = if step.ends_with(']') { format!("[{step}") } else { step.to_owned() };
            here = here.child(node, &step);
        }
        here
    }

    /// Notes an error at the value under `path`, or at the nearest one around it; the error keeps the whole path.
    pub fn error_at(&self, path: &str, message: impl Display) {
        let whole = match (self.path.is_empty(), path.is_empty()) {
            (true, _) => path.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{path}", self.path),
        };
        self.note(self.nearest(path).node.position, whole, message.to_string());
    }

    /// The value in words, for messages.
    fn found(&self) -> String {
        match &self.node.value {
            Value::Null => "nothing".to_owned(),
            Value::Scalar { text, .. } => {
                let mut shown: String = text.chars().take(40).collect();
                if shown.len() < text.len() {
                    shown.push('…');
                }
                format!("{shown:?}")
            }
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }

    /// Notes that this value is not what is allowed: `expected 1 to 5, found "x"`.
    pub fn expected(&self, allowed: impl Display) {
        self.error(format_args!("expected {allowed}, found {}", self.found()));
    }

    /// True for `[]`, `{}` and an empty value.
    pub fn is_empty(&self) -> bool {
        match &self.node.value {
            Value::Null => true,
            Value::Scalar { .. } => false,
            Value::List(items) => items.is_empty(),
            Value::Map(entries) => entries.is_empty(),
        }
    }

    /// True for a map.
    pub fn is_map(&self) -> bool {
        matches!(self.node.value, Value::Map(_))
    }

    /// True for a list.
    pub fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    /// A scalar as it is written, quoted or not: `10s`, `0.6`, `200`, `"text"`.
    pub fn text(&self) -> Option<&'a str> {
        let Value::Scalar { text, .. } = &self.node.value else {
            self.expected("text");
            return None;
        };
        Some(text)
    }

    /// A scalar in another form, by a function that says what is wrong with it.
    pub fn parse<T, E: Display>(&self, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        match parse(self.text()?) {
            Ok(value) => Some(value),
            Err(error) => {
                self.error(error);
                None
            }
        }
    }

    /// A whole number in the range.
    pub fn integer(&self, range: RangeInclusive<i64>) -> Option<i64> {
        let number = match &self.node.value {
            Value::Scalar { text, kind: ScalarKind::Integer } => text.parse::<i64>().ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            self.expected(format_args!("a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// A whole number in the range of an unsigned type of up to 32 bits.
    pub fn small<T: TryFrom<i64>>(&self, range: RangeInclusive<i64>) -> Option<T> {
        T::try_from(self.integer(range)?).ok()
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Option<bool> {
        let Value::Scalar { text, kind: ScalarKind::Bool } = &self.node.value else {
            self.expected("true or false");
            return None;
        };
        Some(text.eq_ignore_ascii_case("true"))
    }

    /// The value as JSON text: what is quoted is a string, `1`, `true` and lists and maps are what they look like.
    pub fn json(&self) -> Option<String> {
        self.json_value().map(|value| value.to_string())
    }

    fn json_value(&self) -> Option<serde_json::Value> {
        match &self.node.value {
            Value::Null => Some(serde_json::Value::Null),
            Value::Scalar { text, kind: ScalarKind::Text } => Some(serde_json::Value::String(text.clone())),
            Value::Scalar { text, .. } => {
                let value = serde_json::from_str(text).ok();
                if value.is_none() {
                    self.expected("a number or a truth value as JSON writes it, or a text in quotes");
                }
                value
            }
            Value::List(_) => self.each(Self::json_value).map(serde_json::Value::Array),
            Value::Map(_) => {
                let entries = self.entries()?;
                let read = |(key, value): (&str, Cursor<'_>)| Some((key.to_owned(), value.json_value()?));
                entries.into_iter().map(read).collect::<Option<serde_json::Map<_, _>>>().map(serde_json::Value::Object)
            }
        }
    }

    /// One of a closed set of words.
    pub fn choice<T: Copy>(&self, all: &[T], word: fn(T) -> &'static str) -> Option<T> {
        let text = self.text()?;
        let found = all.iter().copied().find(|value| word(*value) == text);
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(|value| word(*value)).collect();
            let hint = hint(text, words.iter().copied());
            self.error(format_args!("expected one of {}, found {}{hint}", words.join(", "), self.found()));
        }
        found
    }

    /// A list.
    pub fn list(&self) -> Option<Vec<Cursor<'a>>> {
        let Value::List(items) = &self.node.value else {
            self.expected("a list");
            return None;
        };
        Some(items.iter().enumerate().map(|(i, item)| self.child(item, &format!("[{i}]"))).collect())
    }

    /// The scalar under a key of a map, if there is one; nothing is noted.
    pub fn peek(&self, name: &str) -> Option<&'a str> {
        let Value::Map(entries) = &self.node.value else { return None };
        match &entries.iter().find(|(key, _)| key.text == name)?.1.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The items of the list under a key, empty where there is no such key; `None` where there is something else. Nothing is
    /// noted.
    pub fn peek_list(&self, name: &str) -> Option<Vec<Cursor<'a>>> {
        let Value::Map(entries) = &self.node.value else { return None };
        match entries.iter().find(|(key, _)| key.text == name) {
            Some((_, node)) if matches!(node.value, Value::List(_)) => self.child(node, name).list(),
            Some(_) => None,
            None => Some(Vec::new()),
        }
    }

    /// Every item of a list by `read`; `None` if one of them could not be read, after all were tried.
    pub fn each<T>(&self, read: impl FnMut(&Cursor<'a>) -> Option<T>) -> Option<Vec<T>> {
        let items = self.list()?;
        let count = items.len();
        let made: Vec<T> = items.iter().filter_map(read).collect();
        (made.len() == count).then_some(made)
    }

    /// A map with free keys: each key and its value, in the order of the text. Duplicate keys are noted.
    pub fn entries(&self) -> Option<Vec<(&'a str, Cursor<'a>)>> {
        let entries = self.map()?;
        Some(entries.iter().map(|(key, node)| (key.text.as_str(), self.child(node, &key.text))).collect())
    }

    /// A map with a closed set of keys. Duplicate keys are noted here, unknown ones by [`Fields::finish`].
    pub fn fields(&self) -> Option<Fields<'a>> {
        self.map()?;
        Some(Fields { cursor: self.clone(), known: Vec::new() })
    }

    fn map(&self) -> Option<&'a [(Key, Node)]> {
        let Value::Map(entries) = &self.node.value else {
            self.expected("a map");
            return None;
        };
        let mut seen = BTreeSet::new();
        for (key, node) in entries {
            if !seen.insert(&key.text) {
                let path = self.child(node, &key.text).path;
                self.note(key.position, path, "the key stands twice in one map; keep one".to_owned());
            }
        }
        Some(entries)
    }
}

fn misses(name: &str) -> String {
    format!("misses the key `{name}`")
}

/// A map with a closed set of keys, read key by key.
#[derive(Debug)]
#[must_use = "finish finds the unknown keys"]
pub struct Fields<'a> {
    cursor: Cursor<'a>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The map itself.
    pub fn cursor(&self) -> &Cursor<'a> {
        &self.cursor
    }

    /// The value of a key that may be missing. A key without a value is noted.
    pub fn get(&mut self, name: &'static str) -> Option<Cursor<'a>> {
        self.knows(name);
        let (key, node) = self.entries().iter().find(|(key, _)| key.text == name)?;
        let found = self.cursor.child(node, name);
        if matches!(node.value, Value::Null) {
            let message = "has no value; give one or leave the key out".to_owned();
            self.cursor.note(key.position, found.path, message);
            return None;
        }
        Some(found)
    }

    /// The value of a key that has to be there; a missing one is noted at the map.
    pub fn required(&mut self, name: &'static str) -> Option<Cursor<'a>> {
        if !self.has(name) {
            self.knows(name);
            self.cursor.error(misses(name));
            return None;
        }
        self.get(name)
    }

    /// True if the key is there, whatever its value.
    pub fn has(&self, name: &str) -> bool {
        self.entries().iter().any(|(key, _)| key.text == name)
    }

    /// A value by `read`, or `default` where the key is missing; `None` where it is there but cannot be read.
    pub fn or<T>(&mut self, name: &'static str, default: T, read: impl FnOnce(&Cursor<'a>) -> Option<T>) -> Option<T> {
        let present = self.has(name);
        match self.get(name) {
            Some(cursor) => read(&cursor),
            None if present => None,
            None => Some(default),
        }
    }

    /// A value by `read`, `Some(None)` where the key is missing, `None` where it is there but cannot be read.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Cursor<'a>) -> Option<T>,
    ) -> Option<Option<T>> {
        self.or(name, None, |cursor| read(cursor).map(Some))
    }

    /// Notes every key that was not asked for, with the nearest allowed one; that this one is missing is not told then.
    pub fn finish(self) {
        for (key, node) in self.entries() {
            if self.known.iter().any(|known| *known == key.text) {
                continue;
            }
            let hint = match closest(&key.text, self.known.iter().copied()) {
                Some(near) => {
                    self.cursor.unnote(&misses(near));
                    format!("did you mean `{near}`?")
                }
                None => format!("allowed are {}", self.known.join(", ")),
            };
            let path = self.cursor.child(node, &key.text).path;
            self.cursor.note(key.position, path, format!("unknown key; {hint}"));
        }
    }

    fn knows(&mut self, name: &'static str) {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
    }

    fn entries(&self) -> &'a [(Key, Node)] {
        match &self.cursor.node.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }
}

//! Maps of a foreign format: a key that nobody asked for is a remark.

use std::cell::RefCell;
use std::fmt::Display;

use crate::yaml::{Cursor, Diagnostic};

/// What cannot be expressed, as it is found.
pub(super) type Remarks = RefCell<Vec<Diagnostic>>;

/// Notes a remark at a value.
pub(super) fn remark(remarks: &Remarks, cursor: &Cursor<'_>, message: impl Display) {
    remarks.borrow_mut().push(Diagnostic::new(cursor.position(), cursor.path().to_owned(), message.to_string()));
}

/// A map whose other keys are remarks and not errors.
pub(super) struct Keys<'a, 'r> {
    pub(super) cursor: Cursor<'a>,
    pub(super) remarks: &'r Remarks,
    left: Vec<(&'a str, Cursor<'a>)>,
}

impl<'a, 'r> Keys<'a, 'r> {
    pub(super) fn open(cursor: &Cursor<'a>, remarks: &'r Remarks) -> Option<Self> {
        Some(Self { cursor: cursor.clone(), left: cursor.entries()?, remarks })
    }

    /// The value of a key, if it has one.
    pub(super) fn get(&mut self, name: &str) -> Option<Cursor<'a>> {
        let at = self.left.iter().position(|(key, _)| *key == name)?;
        Some(self.left.remove(at).1).filter(|cursor| !cursor.is_empty())
    }

    pub(super) fn required(&mut self, name: &str) -> Option<Cursor<'a>> {
        let found = self.get(name);
        if found.is_none() {
            self.cursor.error(format_args!("misses the key `{name}`"));
        }
        found
    }

    /// Says of a key of OpenSLO that a contract has no place for it.
    pub(super) fn leave(&mut self, names: &[&str]) {
        for name in names {
            if let Some(cursor) = self.get(name) {
                remark(self.remarks, &cursor, "is left out, as a contract has no place for it");
            }
        }
    }

    /// Says of every other key that nobody knows it.
    pub(super) fn finish(self) {
        for (_, cursor) in &self.left {
            remark(self.remarks, cursor, "is left out, as OpenSLO v1 is not known to have this key");
        }
    }
}

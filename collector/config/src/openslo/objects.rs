//! The objects of a file: one document or several, each with one object or a list of them.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::keys::{Remarks, remark};
use crate::yaml::{Cursor, hint};

const SLO: &str = "SLO";
const SLI: &str = "SLI";

/// The kinds of OpenSLO v1.
const KINDS: [&str; 7] =
    [SLO, SLI, "DataSource", "Service", "AlertPolicy", "AlertCondition", "AlertNotificationTarget"];

/// The most names told in one message.
const MAX_LISTED: usize = 20;

struct Object<'a> {
    kind: &'static str,
    name: Option<&'a str>,
    cursor: Cursor<'a>,
}

/// One SLO of a file and the objects around it.
pub(super) struct Objects<'a> {
    /// The chosen SLO.
    pub(super) slo: Cursor<'a>,
    others: Vec<Object<'a>>,
    /// Places in `others` of SLIs that were asked for.
    referred: RefCell<BTreeSet<usize>>,
}

impl<'a> Objects<'a> {
    /// The only SLO of the documents, or the one with the name.
    pub(super) fn choose(documents: &[Cursor<'a>], name: Option<&str>) -> Option<Self> {
        let mut cursors = Vec::new();
        for document in documents {
            if document.is_list() {
                cursors.extend(document.list()?);
            } else {
                cursors.push(document.clone());
            }
        }
        let alone = cursors.len() == 1;
        let mut others = Vec::new();
        let mut understood = true;
        for cursor in cursors {
            match kind(&cursor) {
                Some(kind) => others.push(Object { kind, name: metadata_name(&cursor), cursor }),
                // With nothing else it can be, it is read on, so that its other errors are told too.
                None if alone && cursor.is_map() => {
                    others.push(Object { kind: SLO, name: metadata_name(&cursor), cursor });
                }
                None => understood = false,
            }
        }
        let is_asked_for = |object: &Object<'_>| object.kind == SLO && (name.is_none() || object.name == name);
        let found: Vec<usize> = others.iter().enumerate().filter(|(_, o)| is_asked_for(o)).map(|(at, _)| at).collect();
        match found.as_slice() {
            [chosen] => {
                let slo = others.remove(*chosen).cursor;
                Some(Self { slo, others, referred: RefCell::default() })
            }
            [] => {
                if let (true, Some(first)) = (understood, documents.first()) {
                    first.error(none_found(&others, name));
                }
                None
            }
            [_, second, ..] => {
                let cursor = &others.get(*second)?.cursor;
                match name {
                    Some(name) => cursor.error(format_args!("is the second SLO with the name {name}")),
                    None => cursor.error(format_args!(
                        "is one of {} SLOs, and a contract is made of one; choose one by its name: {}",
                        found.len(),
                        listed(names(&others))
                    )),
                }
                None
            }
        }
    }

    /// The SLI with the name; `Some(None)` where the file has none, `None` where it has several.
    #[expect(clippy::option_option, reason = "a name that is not there is not a name that stands twice")]
    pub(super) fn sli(&self, name: &str) -> Option<Option<Cursor<'a>>> {
        let mut found = self.others.iter().enumerate().filter(|(_, o)| o.kind == SLI && o.name == Some(name));
        let Some((at, first)) = found.next() else { return Some(None) };
        if let Some((_, second)) = found.next() {
            second.cursor.error(format_args!("is the second SLI with the name {name}"));
            return None;
        }
        self.referred.borrow_mut().insert(at);
        Some(Some(first.cursor.clone()))
    }

    /// Says which objects were not read; other SLOs are there to be chosen another time.
    pub(super) fn finish(&self, remarks: &Remarks) {
        let referred = self.referred.borrow();
        for (at, object) in self.others.iter().enumerate() {
            if object.kind == SLO || referred.contains(&at) {
                continue;
            }
            let named = object.name.map_or_else(|| object.kind.to_owned(), |name| format!("{} {name}", object.kind));
            let why = if object.kind == SLI {
                "the SLO does not refer to it"
            } else {
                "a contract is made of an SLO and its SLI alone"
            };
            remark(remarks, &object.cursor, format_args!("{named} is left out, as {why}"));
        }
    }
}

/// The names of the SLOs.
fn names<'a>(objects: &[Object<'a>]) -> Vec<&'a str> {
    objects.iter().filter(|object| object.kind == SLO).filter_map(|object| object.name).collect()
}

/// Names in one line of bounded length.
fn listed(names: Vec<&str>) -> String {
    let more = names.len().saturating_sub(MAX_LISTED);
    let text = names.into_iter().take(MAX_LISTED).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

fn none_found(objects: &[Object<'_>], name: Option<&str>) -> String {
    let names = names(objects);
    match name {
        Some(name) if !names.is_empty() => {
            let hint = hint(name, names.iter().copied());
            format!("no SLO has the name {name}; there are {}{hint}", listed(names))
        }
        _ => {
            let kinds: BTreeSet<&str> = objects.iter().map(|object| object.kind).collect();
            let kinds = if kinds.is_empty() { "nothing".to_owned() } else { listed(kinds.into_iter().collect()) };
            format!("expected an object of kind SLO, found {kinds}")
        }
    }
}

fn kind(cursor: &Cursor<'_>) -> Option<&'static str> {
    let entries = cursor.entries()?;
    let Some((_, kind)) = entries.into_iter().find(|(key, _)| *key == "kind") else {
        cursor.error("misses the key `kind`");
        return None;
    };
    kind.choice(&KINDS, |word| word)
}

/// The name, where it can be read; what is wrong with it is told where it is needed.
fn metadata_name<'a>(cursor: &Cursor<'a>) -> Option<&'a str> {
    let below = |cursor: &Cursor<'a>, name: &str| {
        let entries = if cursor.is_map() { cursor.entries()? } else { return None };
        entries.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    let name = below(&below(cursor, "metadata")?, "name")?;
    if name.is_map() || name.is_list() || name.is_empty() { None } else { name.text() }
}

//! Reading on where something could not be read, so that what else is wrong is told with it.

use quorate_model::CheckId;

use crate::yaml::Cursor;

/// What could not be read so far.
///
/// In its place stands a value that contradicts nothing, or an item is left out of its list; then the places of the others
/// are kept, so that what is wrong with them is told of the right one.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    count: usize,
    checks: Vec<CheckId>,
    places: Vec<(&'static str, Vec<usize>)>,
}

impl Gaps {
    /// True if everything could be read.
    pub(super) fn none(&self) -> bool {
        self.count == 0
    }

    /// The value, or where there is none, `instead`.
    pub(super) fn fill<T>(&mut self, value: Option<T>, instead: T) -> T {
        value.unwrap_or_else(|| {
            self.count += 1;
            instead
        })
    }

    /// The check, or where there is none, one that is named nowhere else.
    pub(super) fn fill_check(&mut self, check: Option<CheckId>) -> CheckId {
        check.unwrap_or_else(|| {
            self.count += 1;
            let check = CheckId::new(&format!("unread-part-of-this-contract-{}", self.count));
            let check = check.expect("letters, digits and hyphens are an id");
            self.checks.push(check.clone());
            check
        })
    }

    /// True for a check that stands where one could not be read.
    pub(crate) fn is_unread(&self, check: &CheckId) -> bool {
        self.checks.contains(check)
    }

    /// The items of a list that could be read. `path` is that of the list in the contract.
    pub(super) fn items<T>(
        &mut self,
        path: &'static str,
        cursor: &Cursor<'_>,
        mut read: impl FnMut(&Cursor<'_>, &mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut places = Vec::new();
        let mut made = Vec::new();
        for (place, item) in cursor.list()?.iter().enumerate() {
            match read(item, self) {
                Some(item) => {
                    places.push(place);
                    made.push(item);
                }
                None => self.count += 1,
            }
        }
        self.places.push((path, places));
        Some(made)
    }

    /// The path in the text for one in what was read.
    pub(super) fn in_text(&self, path: &str) -> String {
        let place = |(list, places): &(&str, Vec<usize>)| {
            let (number, rest) = path.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
            let place = places.get(number.parse::<usize>().ok()?)?;
            Some(format!("{list}[{place}]{rest}"))
        };
        self.places.iter().find_map(place).unwrap_or_else(|| path.to_owned())
    }
}

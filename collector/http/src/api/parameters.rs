//! Query parameters: each is known, given once, and in its range, or the request is refused.

use axum::extract::Query;
use http::Uri;
use quorate_model::{CollectorTime, Millis};

use super::error::Refusal;
use crate::limits;
use crate::queries::Window;

/// The parameters of one request, all of them known to its operation.
#[derive(Debug)]
pub(crate) struct Parameters {
    given: Vec<(String, String)>,
}

impl Parameters {
    /// Reads the query of `uri`; `allowed` are the operation's names.
    ///
    /// # Errors
    /// A query that is too long or not form-encoded, an unknown name, or a name given twice.
    pub(crate) fn read(uri: &Uri, allowed: &[&str]) -> Result<Self, Refusal> {
        let length = uri.query().map_or(0, str::len);
        if length > limits::QUERY_BYTES {
            return Err(Refusal::BadQuery(format!(
                "the query has {length} bytes; at most {} are allowed",
                limits::QUERY_BYTES
            )));
        }
        let Query(given) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Refusal::BadQuery("the query is not of the form name=value&name=value".to_owned()))?;
        for (place, (name, _)) in given.iter().enumerate() {
            if !allowed.contains(&name.as_str()) {
                return Err(Refusal::BadQuery(format!("{name:?} is not a parameter here; {}", list(allowed))));
            }
            if given.iter().take(place).any(|(earlier, _)| earlier == name) {
                return Err(Refusal::BadQuery(format!("{name} is given twice; once is allowed")));
            }
        }
        Ok(Self { given })
    }

    /// The text of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// One of a closed set of words.
    ///
    /// # Errors
    /// Another word; the message lists the set.
    pub(crate) fn word<T: Copy>(&self, name: &'static str, words: &[(&str, T)]) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(Some(*value));
        }
        let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Err(Refusal::parameter(name, format!("{text:?} is not one of {}", allowed.join(", "))))
    }

    /// A count from 1 to `most`.
    ///
    /// # Errors
    /// No whole number, or out of range.
    pub(crate) fn count(&self, name: &'static str, most: usize) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse::<usize>() {
            Ok(count) if (1..=most).contains(&count) => Ok(Some(count)),
            _ => Err(Refusal::parameter(name, format!("{text:?} is not a whole number from 1 to {most}"))),
        }
    }

    /// A moment in milliseconds since the epoch, from 0 to a little after `now`.
    ///
    /// # Errors
    /// No whole number, or out of range.
    pub(crate) fn moment(&self, name: &'static str, now: CollectorTime) -> Result<Option<CollectorTime>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let latest = (now + limits::FUTURE).as_millis();
        match text.parse::<i64>() {
            Ok(ms) if (0..=latest).contains(&ms) => Ok(Some(CollectorTime::from_millis(ms))),
            Ok(ms) if ms > latest => Err(Refusal::parameter(
                name,
                format!(
                    "{ms} is in the future; allowed are milliseconds since 1970 up to now, which is {}",
                    now.as_millis()
                ),
            )),
            _ => Err(Refusal::parameter(
                name,
                format!("{text:?} is not a time; allowed are whole milliseconds since 1970-01-01T00:00:00Z"),
            )),
        }
    }

    /// The window of `from_ms` and `to_ms`, by default the last 24 hours; its end is never after `now`.
    ///
    /// # Errors
    /// A time out of range, an empty window, or one longer than `longest`.
    pub(crate) fn window(&self, now: CollectorTime, longest: Millis) -> Result<Window, Refusal> {
        let to = self.moment("to_ms", now)?.unwrap_or(now).min(now);
        let from = self.moment("from_ms", now)?.unwrap_or((to - limits::DEFAULT_WINDOW).max(CollectorTime::default()));
        let window = Window::new(from, to).ok_or_else(|| {
            Refusal::parameter(
                "from_ms",
                format!("{} is not before the window's end, which is {}", from.as_millis(), to.as_millis()),
            )
        })?;
        if window.length() > longest {
            return Err(Refusal::parameter(
                "from_ms",
                format!(
                    "the window is {} ms long; at most {} ms ({} days) are allowed",
                    window.length().get(),
                    longest.get(),
                    longest.over(86_400_000).get()
                ),
            ));
        }
        Ok(window)
    }
}

fn list(allowed: &[&str]) -> String {
    if allowed.is_empty() { "none is allowed".to_owned() } else { format!("allowed are {}", allowed.join(", ")) }
}

#[cfg(test)]
mod tests;

//! What an HTTP answer has to be. The first difference ends the probe and is its detail.

use http::{HeaderName, response};
use quorate_model::Failure;
use quorate_model::check::{HttpExpect, JsonExpect};
use regex::bytes::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::failed::{Failed, excerpt};
use crate::http::exchange::BodyUse;
use crate::pattern;
use crate::spec::SpecError;

/// The most assertions of one kind.
const MAX_ASSERTIONS: usize = 32;
/// The most bytes of JSON that are parsed.
const MAX_JSON_BYTES: usize = 256 * 1024;
/// The most values in it, counted by what separates them: a parsed value takes up to forty times its text.
const MAX_JSON_VALUES: usize = 16_000;
const EXCERPT_CHARACTERS: usize = 60;
const PATTERN_CHARACTERS: usize = 80;

/// What an answer has to be.
#[derive(Debug)]
pub(super) struct Expect {
    status: Vec<u16>,
    headers: Vec<(HeaderName, Regex)>,
    body: Option<Regex>,
    body_not: Option<Regex>,
    json: Vec<Json>,
}

#[derive(Debug)]
struct Json {
    path: JsonPath,
    equals: Option<Value>,
}

impl Expect {
    pub(super) fn prepare(given: &HttpExpect) -> Result<Self, SpecError> {
        for status in &given.status {
            if !(100..=999).contains(status) {
                return Err(SpecError::value("http.expect.status", &status.to_string(), "100 to 999"));
            }
        }
        for (field, count) in [
            ("http.expect.status", given.status.len()),
            ("http.expect.headers", given.headers.len()),
            ("http.expect.json", given.json.len()),
        ] {
            if count > MAX_ASSERTIONS {
                return Err(SpecError::value(field, &count.to_string(), "at most 32 entries"));
            }
        }
        let headers = given.headers.iter().enumerate().map(|(index, (name, value))| {
            let field = format!("http.expect.headers[{index}]");
            let name =
                HeaderName::from_bytes(name.as_bytes()).map_err(|_| SpecError::value(&field, name, "a header name"))?;
            Ok((name, pattern::compile(&field, value)?))
        });
        let optional =
            |field, text: &Option<String>| text.as_ref().map(|text| pattern::compile(field, text)).transpose();
        Ok(Self {
            status: given.status.clone(),
            headers: headers.collect::<Result<_, SpecError>>()?,
            body: optional("http.expect.body_regex", &given.body_regex)?,
            body_not: optional("http.expect.body_not_regex", &given.body_not_regex)?,
            json: given.json.iter().enumerate().map(json).collect::<Result<_, _>>()?,
        })
    }

    /// Whether a body has to be kept.
    pub(super) fn body_use(&self) -> BodyUse {
        if self.body.is_some() || self.body_not.is_some() || !self.json.is_empty() {
            BodyUse::Bytes
        } else {
            BodyUse::EndOnly
        }
    }

    /// Judges an answer: status, headers, body, JSON, in this order.
    pub(super) fn judge(&self, head: &response::Parts, body: &[u8]) -> Result<(), Failed> {
        self.judge_status(head)?;
        for (name, wanted) in &self.headers {
            judge_header(head, name, wanted)?;
        }
        if let Some(wanted) = self.body.as_ref().filter(|wanted| !wanted.is_match(body)) {
            let (wanted, shown) = (cut(wanted), excerpt(body, EXCERPT_CHARACTERS));
            return Err(differs(format_args!("body does not match `{wanted}`: `{shown}`")));
        }
        if let Some(found) = self.body_not.as_ref().and_then(|unwanted| unwanted.find(body)) {
            let shown = excerpt(found.as_bytes(), EXCERPT_CHARACTERS);
            return Err(differs(format_args!("body holds what it must not: `{shown}`")));
        }
        self.judge_json(body)
    }

    fn judge_status(&self, head: &response::Parts) -> Result<(), Failed> {
        let status = head.status.as_u16();
        let expected = if self.status.is_empty() { head.status.is_success() } else { self.status.contains(&status) };
        if expected {
            return Ok(());
        }
        let wanted = match self.status.as_slice() {
            [] => "200 to 299".to_owned(),
            some => some.iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
        };
        Err(Failed::new(Failure::HttpStatus, format_args!("status {status}, expected {wanted}")))
    }

    fn judge_json(&self, body: &[u8]) -> Result<(), Failed> {
        if self.json.is_empty() {
            return Ok(());
        }
        if body.len() > MAX_JSON_BYTES {
            let detail = format_args!("a JSON body of {} bytes, at most {MAX_JSON_BYTES} are parsed", body.len());
            return Err(Failed::new(Failure::TooLarge, detail));
        }
        let values = body.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
        if values > MAX_JSON_VALUES {
            let detail = format_args!("JSON of {values} values, at most {MAX_JSON_VALUES} are parsed");
            return Err(Failed::new(Failure::TooLarge, detail));
        }
        let document: Value =
            serde_json::from_slice(body).map_err(|error| differs(format_args!("body is not JSON: {error}")))?;
        for Json { path, equals } in &self.json {
            let Some(first) = path.query(&document).first() else {
                return Err(differs(format_args!("{path} selects nothing")));
            };
            if let Some(wanted) = equals.as_ref().filter(|wanted| *wanted != first) {
                let shown = excerpt(first.to_string().as_bytes(), EXCERPT_CHARACTERS);
                return Err(differs(format_args!("{path} is {shown}, expected {wanted}")));
            }
        }
        Ok(())
    }
}

fn json((index, given): (usize, &JsonExpect)) -> Result<Json, SpecError> {
    let path = JsonPath::parse(&given.path)
        .map_err(|source| SpecError::JsonPath { field: format!("http.expect.json[{index}].path"), source })?;
    let equals = given.equals.as_ref().map(|text| serde_json::from_str(text)).transpose();
    let equals =
        equals.map_err(|source| SpecError::Json { field: format!("http.expect.json[{index}].equals"), source })?;
    Ok(Json { path, equals })
}

fn judge_header(head: &response::Parts, name: &HeaderName, wanted: &Regex) -> Result<(), Failed> {
    let mut values = head.headers.get_all(name).iter();
    if values.any(|value| wanted.is_match(value.as_bytes())) {
        return Ok(());
    }
    let wanted = cut(wanted);
    match head.headers.get(name) {
        None => Err(differs(format_args!("header {name} is missing, expected to match `{wanted}`"))),
        Some(value) => {
            let shown = excerpt(value.as_bytes(), EXCERPT_CHARACTERS);
            Err(differs(format_args!("header {name} does not match `{wanted}`: `{shown}`")))
        }
    }
}

fn cut(pattern: &Regex) -> String {
    excerpt(pattern.as_str().as_bytes(), PATTERN_CHARACTERS)
}

fn differs(detail: std::fmt::Arguments<'_>) -> Failed {
    Failed::new(Failure::Assertion, detail)
}

//! The rules of OpenSLO v1 for an SLO, written down from its specification and from what its reference reader refuses.
//!
//! They know nothing of the importer: what an export writes is judged as another reader would.

use serde_json::{Map, Value};

use crate::yaml::{Cursor, Document};

/// Everything in an SLO that OpenSLO does not allow, with its key.
pub(super) fn broken(text: &str) -> Vec<String> {
    let document = Document::parse(text).expect("is YAML");
    let json = document.read(json).expect("has JSON's values only");
    let value: Value = serde_json::from_str(&json).expect("is JSON");
    let mut found = Found(Vec::new());
    found.slo(&value);
    found.0
}

fn json(cursor: &Cursor<'_>) -> Option<String> {
    cursor.json()
}

struct Found(Vec<String>);

impl Found {
    fn add(&mut self, path: &str, what: impl std::fmt::Display) {
        self.0.push(format!("{path}: {what}"));
    }

    fn check(&mut self, good: bool, path: &str, what: &str) {
        if !good {
            self.add(path, what);
        }
    }

    /// A map with these keys, of which those with `!` have to be there.
    fn map(&mut self, value: &Value, path: &str, keys: &[&str]) -> Map<String, Value> {
        let Some(map) = value.as_object() else {
            self.add(path, "is no map");
            return Map::new();
        };
        for key in keys.iter().filter_map(|key| key.strip_suffix('!')) {
            self.check(map.contains_key(key), path, &format!("misses {key}"));
        }
        for key in map.keys() {
            self.check(keys.iter().any(|known| known.trim_end_matches('!') == key), path, &format!("has {key}"));
        }
        map.clone()
    }

    fn text(&mut self, value: Option<&Value>, path: &str, most: usize) {
        let Some(value) = value else { return };
        match value.as_str() {
            Some(text) => self.check((1..=most).contains(&text.chars().count()), path, "has a wrong length"),
            None => self.add(path, "is no text"),
        }
    }

    fn word(&mut self, value: Option<&Value>, path: &str, words: &[&str]) {
        let Some(value) = value else { return };
        self.check(value.as_str().is_some_and(|word| words.contains(&word)), path, "is none of the words");
    }

    /// RFC 1123: up to 63 of a to z, 0 to 9 and, not at an end, `-`.
    fn label(&mut self, value: Option<&Value>, path: &str) {
        let Some(value) = value else { return };
        let good = value.as_str().is_some_and(|name| {
            let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
            (1..=63).contains(&name.len()) && name.bytes().all(inner) && !name.starts_with('-') && !name.ends_with('-')
        });
        self.check(good, path, "is no name by RFC 1123");
    }

    fn number(&mut self, value: Option<&Value>, path: &str, good: fn(f64) -> bool) {
        let Some(value) = value else { return };
        self.check(value.is_number() && value.as_f64().is_some_and(good), path, "is out of range");
    }

    fn shorthand(&mut self, value: Option<&Value>, path: &str) {
        let Some(value) = value else { return };
        let good = value.as_str().is_some_and(|text| {
            let digits = text.trim_end_matches(['m', 'h', 'd', 'w', 'M', 'Q', 'Y']);
            text.len() == digits.len() + 1 && digits.parse::<u32>().is_ok_and(|count| count > 0)
        });
        self.check(good, path, "is no duration");
    }

    fn metadata(&mut self, value: Option<&Value>, path: &str) {
        let Some(value) = value else { return };
        let map = self.map(value, path, &["name!", "displayName", "labels", "annotations"]);
        self.label(map.get("name"), &format!("{path}.name"));
        self.text(map.get("displayName"), &format!("{path}.displayName"), 63);
        for key in ["labels", "annotations"] {
            self.check(!map.contains_key(key), path, "has what no export writes");
        }
    }

    fn slo(&mut self, value: &Value) {
        let map = self.map(value, "", &["apiVersion!", "kind!", "metadata!", "spec!"]);
        self.word(map.get("apiVersion"), "apiVersion", &["openslo/v1"]);
        self.word(map.get("kind"), "kind", &["SLO"]);
        self.metadata(map.get("metadata"), "metadata");
        if let Some(spec) = map.get("spec") {
            self.spec(spec);
        }
    }

    fn spec(&mut self, value: &Value) {
        let keys = [
            "description",
            "service!",
            "indicator",
            "indicatorRef",
            "timeWindow!",
            "budgetingMethod!",
            "objectives!",
            "alertPolicies",
        ];
        let map = self.map(value, "spec", &keys);
        self.text(map.get("description"), "spec.description", 1050);
        self.text(map.get("service"), "spec.service", usize::MAX);
        self.word(map.get("budgetingMethod"), "budgetingMethod", &["Occurrences", "Timeslices", "RatioTimeslices"]);
        let windows = map.get("timeWindow").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        self.check(windows.len() == 1, "timeWindow", "has not one entry");
        for window in windows {
            self.window(window);
        }
        let method = map.get("budgetingMethod").and_then(Value::as_str).unwrap_or_default();
        let objectives = map.get("objectives").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        self.check(!objectives.is_empty(), "objectives", "has no entry");
        let shared = self.indicator(&map, "spec");
        self.check(
            shared != Some("thresholdMetric") || objectives.len() == 1,
            "objectives",
            "are several of one thresholdMetric",
        );
        for (index, objective) in objectives.iter().enumerate() {
            self.objective(objective, &format!("objectives[{index}]"), method, shared);
        }
        // An objective's own indicator makes a composite SLO, which has several.
        self.check(shared.is_some() || objectives.len() > 1, "spec", "is composite of one objective");
    }

    fn window(&mut self, value: &Value) {
        let path = "timeWindow[0]";
        let map = self.map(value, path, &["duration!", "isRolling", "calendar"]);
        self.shorthand(map.get("duration"), "timeWindow[0].duration");
        let calendar = map.get("calendar");
        match map.get("isRolling") {
            Some(Value::Bool(true)) => self.check(calendar.is_none(), path, "is rolling with a calendar"),
            Some(Value::Bool(false)) | None => self.check(calendar.is_some(), path, "misses calendar"),
            Some(_) => self.add(path, "has no truth value"),
        }
        if let Some(calendar) = calendar {
            let map = self.map(calendar, "calendar", &["startTime!", "timeZone!"]);
            let start = map.get("startTime").and_then(Value::as_str).unwrap_or_default();
            let parsed = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", start);
            self.check(parsed.is_ok() && start.len() == 19, "startTime", "is no date with time");
            let zone = map.get("timeZone").and_then(Value::as_str).unwrap_or_default();
            self.check(jiff::tz::db().get(zone).is_ok(), "timeZone", "is no zone");
        }
    }

    fn objective(&mut self, value: &Value, path: &str, method: &str, shared: Option<&str>) {
        let keys = [
            "displayName",
            "op",
            "value",
            "target",
            "targetPercent",
            "timeSliceTarget",
            "timeSliceWindow",
            "indicator",
            "indicatorRef",
            "compositeWeight",
        ];
        let map = self.map(value, path, &keys);
        self.check(map.contains_key("target") != map.contains_key("targetPercent"), path, "has not one target");
        self.number(map.get("target"), path, |n| (0.0..1.0).contains(&n));
        self.number(map.get("targetPercent"), path, |n| (0.0..100.0).contains(&n));
        let own = self.indicator(&map, path);
        self.check(own.is_some() != shared.is_some(), path, "has not one indicator with the SLO's");
        let threshold = own.or(shared) == Some("thresholdMetric");
        for key in ["op", "value"] {
            self.check(
                map.contains_key(key) == threshold,
                path,
                &format!("has {key} though it is no threshold, or not"),
            );
        }
        self.word(map.get("op"), path, &["lt", "lte", "gt", "gte"]);
        self.number(map.get("value"), path, f64::is_finite);
        self.number(map.get("compositeWeight"), path, |n| n > 0.0);
        self.check(map.contains_key("timeSliceTarget") == (method == "Timeslices"), path, "timeSliceTarget");
        self.number(map.get("timeSliceTarget"), path, |n| n > 0.0 && n <= 1.0);
        self.check(map.contains_key("timeSliceWindow") == (method != "Occurrences"), path, "timeSliceWindow");
        self.shorthand(map.get("timeSliceWindow"), path);
    }

    /// Which metric the indicator of a map has; none without an indicator.
    fn indicator(&mut self, around: &Map<String, Value>, path: &str) -> Option<&'static str> {
        let path = format!("{path}.indicator");
        self.check(!around.contains_key("indicatorRef"), &path, "refers, which no export does");
        let map = self.map(around.get("indicator")?, &path, &["metadata!", "spec!"]);
        self.metadata(map.get("metadata"), &path);
        let spec = self.map(map.get("spec")?, &path, &["description", "thresholdMetric", "ratioMetric"]);
        match (spec.get("thresholdMetric"), spec.get("ratioMetric")) {
            (Some(threshold), None) => {
                self.metric(threshold, &path);
                Some("thresholdMetric")
            }
            (None, Some(ratio)) => {
                let ratio = self.map(ratio, &path, &["counter", "good", "bad", "total", "raw", "rawType"]);
                self.check(ratio.get("counter").is_none_or(Value::is_boolean), &path, "counter");
                self.check(ratio.contains_key("total") != ratio.contains_key("raw"), &path, "total or raw");
                self.check(ratio.contains_key("raw") == ratio.contains_key("rawType"), &path, "raw and rawType");
                let parts = ["raw", "good", "bad"].into_iter().filter(|key| ratio.contains_key(*key)).count();
                self.check(parts == 1, &path, "good, bad or raw");
                for metric in ["good", "bad", "total", "raw"].into_iter().filter_map(|key| ratio.get(key)) {
                    self.metric(metric, &path);
                }
                Some("ratioMetric")
            }
            _ => {
                self.add(&path, "has not one metric");
                Some("ratioMetric")
            }
        }
    }

    fn metric(&mut self, value: &Value, path: &str) {
        let map = self.map(value, path, &["metricSource!"]);
        let Some(source) = map.get("metricSource") else { return };
        let source = self.map(source, path, &["metricSourceRef", "type", "spec!"]);
        self.label(source.get("metricSourceRef"), path);
        self.text(source.get("type"), path, usize::MAX);
        self.check(source.contains_key("type") || source.contains_key("metricSourceRef"), path, "type or its source");
        let filled = source.get("spec").and_then(Value::as_object).is_some_and(|spec| !spec.is_empty());
        self.check(filled, path, "has an empty spec");
    }
}

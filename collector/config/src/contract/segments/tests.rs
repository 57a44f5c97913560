use std::fmt::Write as _;

use proptest::prelude::*;
use quorate_model::{CheckId, Millis};

use super::{MAX_LINE_ERRORS, read_segments};

fn shop() -> CheckId {
    CheckId::new("shop").expect("an id")
}

/// The errors of a file, one a line, first of reading and else of the timeline of `shop`.
fn errors(text: &str) -> String {
    let read = read_segments(text.as_bytes()).expect("a slice can be read");
    let errors = match read {
        Ok(lines) => lines.timeline(&shop()).err().into_iter().collect(),
        Err(errors) => errors,
    };
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn segments_become_timelines_by_check() {
    let text = r#"
{"check":"shop","start_ms":0,"end_ms":1000,"state":"up"}
{"check":"api","start_ms":0,"end_ms":5000,"state":"degraded"}

{"state":"down","regions_bad":["fra"],"end_ms":3000,"start_ms":1000,"check":"shop"}
"#;
    let lines = read_segments(text.as_bytes()).expect("a slice can be read").expect("segments");
    assert_eq!(lines.checks().map(CheckId::as_str).collect::<Vec<_>>(), ["api", "shop"]);
    let timeline = lines.timeline(&shop()).expect("no overlap");
    assert_eq!(timeline.down_point().length(), Millis::new(2000));
    assert_eq!(timeline.covered().length(), Millis::new(3000));
    let other = CheckId::new("db").expect("an id");
    assert!(lines.timeline(&other).expect("nothing overlaps").covered().is_empty());
}

#[test]
fn wrong_lines_name_line_and_field() {
    let good = r#"{"check":"shop","start_ms":0,"end_ms":1000,"state":"up"}"#;
    for (line, expected) in [
        ("{", "2: is not JSON: EOF while parsing an object at column 1; each line is one object"),
        ("[]", r#"2: is not an object; a segment is {"check", "start_ms", "end_ms", "state"}"#),
        ("{}", "2: check: is missing\n2: start_ms: is missing\n2: end_ms: is missing\n2: state: is missing"),
        (
            r#"{"check":"a b","start_ms":"0","end_ms":1.5,"state":"bad"}"#,
            "2: check: \"a b\" is not an id; allowed are letters and digits of ASCII, '_', and, not in first place, '-' and '.'\n\
          2: start_ms: is \"0\"; allowed are whole milliseconds since 1970, up to 253370764800000\n\
          2: end_ms: is 1.5; allowed are whole milliseconds since 1970, up to 253370764800000\n\
          2: state: is \"bad\"; allowed are up, degraded, partial, down, unknown",
        ),
        (r#"{"check":"shop","start_ms":5,"end_ms":5,"state":"up"}"#, "2: end_ms: is not after start_ms"),
        (
            r#"{"check":"shop","start_ms":-1,"end_ms":5,"state":7}"#,
            "2: start_ms: is -1; allowed are whole milliseconds since 1970, up to 253370764800000\n2: state: is not a text",
        ),
        (
            r#"{"check":"shop","start_ms":1,"end_ms":5,"state":"up","stat":"x"}"#,
            "2: unknown field \"stat\"; allowed are check, start_ms, end_ms and state",
        ),
        (
            r#"{"check":"shop","start_ms":500,"end_ms":2000,"state":"down"}"#,
            "2: start_ms: overlaps line 1 and has another state",
        ),
    ] {
        assert_eq!(errors(&format!("{good}\n{line}\n")), expected, "{line}");
    }
    assert_eq!(errors(&format!("{good}\n{good}\n")), "", "the same state may be said twice");
}

#[test]
fn what_is_read_is_bounded() {
    let long = format!("{{\"check\":\"{}\"}}", "a".repeat(70_000));
    assert_eq!(errors(&long), "1: is longer than 65536 bytes");
    let many = "{}\n".repeat(1000);
    let count = errors(&many).lines().count();
    assert!((MAX_LINE_ERRORS..MAX_LINE_ERRORS + 8).contains(&count), "{count} errors told");
    assert!(read_segments([0xff, b'\n'].as_slice()).expect("a slice can be read").is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_segments_or_errors(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let read = read_segments(bytes.as_slice()).expect("a slice can be read");
        if let Err(errors) = read {
            prop_assert!(!errors.is_empty());
        }
    }

    #[test]
    fn what_is_written_is_read(runs in prop::collection::vec((1i64..1000, 0usize..5), 0..40)) {
        let words = ["up", "degraded", "partial", "down", "unknown"];
        let (mut text, mut start, mut down) = (String::new(), 0, 0);
        for (length, state) in runs {
            let end = start + length;
            let word = words[state];
            writeln!(text, r#"{{"check":"shop","start_ms":{start},"end_ms":{end},"state":"{word}"}}"#).expect("text grows");
            down += if word == "down" { length } else { 0 };
            start = end;
        }
        let lines = read_segments(text.as_bytes()).expect("a slice can be read").expect("segments");
        let timeline = lines.timeline(&shop()).expect("no overlap");
        prop_assert_eq!(timeline.down_point().length(), Millis::new(down));
        prop_assert_eq!(timeline.covered().length(), Millis::new(start));
    }
}

#[test]
fn a_byte_order_mark_and_the_ends_of_lines_of_other_systems_are_read_over() {
    let text = "\u{feff}{\"check\":\"shop\",\"start_ms\":0,\"end_ms\":1000,\"state\":\"up\"}\r\n\r\n";
    let lines = read_segments(text.as_bytes()).expect("a slice can be read").expect("segments");
    assert_eq!(lines.timeline(&shop()).expect("no overlap").covered().length(), Millis::new(1000));
    assert_eq!(errors("[\n"), "1: is not JSON: EOF while parsing a list at column 1; each line is one object");
}

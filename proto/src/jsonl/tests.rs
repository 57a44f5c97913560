use super::{SampleReader, read_segment, write_sample};

/// The line of the design document, all fields given.
const FULL: &str = r#"{"agent":"fra-1","boot":1,"seq":42,"check":"shop","region":"fra","provider":"hetzner","start_ms":1790000000123,"end_ms":1790000000321,"outcome":"fail","failure":"connect_timeout","interval_ms":10000,"timeout_ms":3000,"typical_ms":100,"clock_offset_ms":0,"clock_error_ms":5,"refs_ok":3,"refs_total":3,"health":0,"trigger":"scheduled"}"#;
const SHORT: &str = r#"{"agent":"fra-1","boot":1,"seq":42,"check":"shop","region":"fra","provider":"hetzner","start_ms":1790000000123,"end_ms":1790000000321,"outcome":"ok","interval_ms":10000,"timeout_ms":3000}"#;

#[test]
fn a_full_line_comes_back_as_it_was() {
    let sample = SampleReader::new().read(FULL).expect("valid").expect("not blank");
    assert_eq!(write_sample(&sample), FULL);
}

#[test]
fn missing_fields_have_their_defaults() {
    let sample = SampleReader::new().read(SHORT).expect("valid").expect("not blank");
    assert_eq!(
        write_sample(&sample),
        FULL.replace("\"fail\",\"failure\":\"connect_timeout\"", "\"ok\",\"failure\":null")
            .replace("\"typical_ms\":100", "\"typical_ms\":0")
            .replace("\"clock_error_ms\":5", "\"clock_error_ms\":0")
            .replace("\"refs_ok\":3,\"refs_total\":3", "\"refs_ok\":0,\"refs_total\":0")
    );
}

#[test]
fn a_wrong_line_names_itself_and_its_field() {
    let check = |from: &str, to: &str, expected: &str| {
        let text = FULL.replace(from, to);
        assert_ne!(text, FULL, "{from} is in the line");
        let mut reader = SampleReader::new();
        assert_eq!(reader.read("  "), Ok(None));
        let error = reader.read(&text).expect_err("refused").to_string();
        assert!(error.starts_with("line 2: "), "{error}");
        assert!(error.contains(expected), "{error} does not say {expected}");
        assert!(reader.read(FULL).is_ok(), "the reader goes on");
    };
    check(
        "\"fail\"",
        "\"failed\"",
        "field outcome: \"failed\" is not allowed; one of ok, slow, late_ok, fail, local is",
    );
    check("connect_timeout", "gone", "field failure: \"gone\" is not allowed; one of dns,");
    check("\"health\":0", "\"health\":8", "field health: 8 is not allowed; 0 to 7 is");
    check("\"refs_ok\":3", "\"refs_ok\":4", "field refs_ok: 4 is not allowed; 0 to refs_total 3 is");
    check("\"end_ms\":1790000000321", "\"end_ms\":1790000000122", "field end_ms: 1790000000122 is before start_ms");
    check("\"interval_ms\":10000", "\"interval_ms\":0", "field interval_ms: 0 is not allowed; 1 to 86400000 is");
    check("\"boot\":1", "\"boot\":-1", "field boot: invalid value");
    check("\"seq\":42", "\"seq\":\"42\"", "field seq: invalid type: string");
    check("\"seq\":42,", "", "missing field `seq`");
    check("\"health\"", "\"helth\"", "unknown field `helth`");
    check("\"agent\":\"fra-1\"", "\"agent\":\"fra 1\"", "field agent: \"fra 1\" is not an id");
    check("\"scheduled\"}", "\"scheduled\"} x", "trailing characters");
    check("\"scheduled\"}", "\"scheduled\"", "EOF");
}

#[test]
fn segments_are_read_and_checked() {
    let line = r#"{"check":"shop","start_ms":1,"end_ms":2,"state":"down"}"#;
    assert!(read_segment(1, line).is_ok_and(|s| s.is_some()));
    let refused = |text: &str| read_segment(3, text).expect_err("refused").to_string();
    assert_eq!(refused(&line.replace(":2", ":1")), "line 3: field end_ms: 1 is not after start_ms 1");
    assert!(refused(&line.replace("down", "off")).contains("one of up, degraded, partial, down, unknown is"));
}

use std::fmt::Write as _;

use super::*;

#[derive(Debug, PartialEq)]
struct Sample {
    name: String,
    ports: Vec<u16>,
    share: Option<String>,
}

fn read_sample(cursor: &Cursor<'_>) -> Option<Sample> {
    let mut fields = cursor.fields()?;
    let name = fields.required("name").and_then(|c| c.text().map(str::to_owned));
    let ports = fields.or("ports", Vec::new(), |c| c.each(|c| c.small(1..=65535)));
    let share = fields.optional("share", |c| c.text().map(str::to_owned));
    fields.finish();
    Some(Sample { name: name?, ports: ports?, share: share? })
}

fn errors(text: &str) -> Vec<String> {
    let errors = match Document::parse(text) {
        Ok(document) => document.read(read_sample).expect_err("the text is wrong"),
        Err(error) => vec![error],
    };
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn reads_values_as_written() {
    let document = Document::parse("name: 12\nports: [80, 443]\nshare: 0.60\n").expect("is YAML");
    let sample = document.read(read_sample).expect("is a sample");
    assert_eq!(sample, Sample { name: "12".to_owned(), ports: vec![80, 443], share: Some("0.60".to_owned()) });
}

#[test]
fn an_aliased_scalar_keeps_its_spelling_and_the_place_of_its_use() {
    let document = Document::parse("name: &n 0.10\nshare: *n\nports: []\n").expect("is YAML");
    let sample = document.read(read_sample).expect("is a sample");
    assert_eq!(sample.share.as_deref(), Some("0.10"));
}

#[test]
fn gathers_every_error_with_place_and_path() {
    let found = errors("nam: x\nports: [80, 0, abc]\nshare: [1]\nshare: {}\nports_: 1\n");
    assert_eq!(
        found,
        [
            "1:1: nam: unknown key; did you mean `name`?",
            "2:13: ports[1]: expected a whole number from 1 to 65535, found \"0\"",
            "2:16: ports[2]: expected a whole number from 1 to 65535, found \"abc\"",
            "3:8: share: expected text, found a list",
            "4:1: share: the key stands twice in one map; keep one",
            "5:1: ports_: unknown key; did you mean `ports`?",
        ]
    );
}

#[test]
fn an_empty_value_is_not_a_missing_one() {
    assert_eq!(errors("name:\n"), ["1:1: name: has no value; give one or leave the key out"]);
}

#[test]
fn the_document_has_to_be_a_map() {
    assert_eq!(errors("[a]\n"), ["1:1: expected a map, found a list"]);
    assert_eq!(errors(""), ["1:1: expected a map, found nothing"]);
}

#[test]
fn several_documents_are_read_with_places_in_the_whole_text() {
    let text = "---\nname: 0.10\nports: []\n---\n# nothing\n---\nname: b\nports: [x]\n---\n";
    let documents = Documents::parse(text).expect("is YAML");
    let found = documents.read(|cursors| cursors.iter().map(read_sample).collect::<Option<Vec<_>>>());
    let found: Vec<String> = found.expect_err("x is no port").iter().map(ToString::to_string).collect();
    assert_eq!(found, ["8:9: ports[0]: expected a whole number from 1 to 65535, found \"x\""]);
    let good = Documents::parse(&text.replace('x', "443")).expect("is YAML");
    let samples = good.read(|cursors| cursors.iter().map(read_sample).collect::<Option<Vec<_>>>());
    let names: Vec<String> = samples.expect("are samples").into_iter().map(|sample| sample.name).collect();
    assert_eq!(names, ["0.10", "b"], "spelled as written");
    let nothing = Documents::parse("").expect("is YAML").read(|cursors| cursors.first().and_then(read_sample));
    assert_eq!(nothing.expect_err("is empty")[0].to_string(), "1:1: expected a map, found nothing");
    let many = Documents::parse(&"---\na: 1\n".repeat(MAX_DOCUMENTS + 1)).expect_err("too many");
    assert_eq!(many.message, "not readable as YAML: 1001 documents or more; give fewer");
}

#[test]
fn syntax_errors_have_a_place() {
    for text in ["name: [1\n", "name: \"x\n", "a: b: c\n", "name: !include x\n", "a: 1\n---\nb: 2\n"] {
        let found = errors(text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("not readable as YAML"), "{found:?}");
    }
}

#[test]
fn nesting_and_size_are_bounded() {
    let deep = format!("name: {}{}", "[".repeat(40), "]".repeat(40));
    assert_eq!(errors(&deep), ["1:38: not readable as YAML: nested deeper than 32 levels"]);
    let deeper = format!("name: {}{}", "[".repeat(1000), "]".repeat(1000));
    assert!(errors(&deeper)[0].contains("not readable as YAML"));
    let long = "#".repeat(MAX_TEXT_BYTES + 1);
    assert_eq!(errors(&long), [format!("1:1: the text has {} bytes; allowed are {MAX_TEXT_BYTES}", long.len())]);
}

#[test]
fn a_billion_laughs_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..10 {
        let last = format!("*a{}, ", i - 1).repeat(10);
        writeln!(text, "a{i}: &a{i} [{last}]").expect("a String can be written to");
    }
    assert_eq!(errors(&text), ["5:20: not readable as YAML: aliases repeat over 50000 values; repeat fewer"]);
}

#[test]
fn too_many_values_are_told_in_our_words_inside_an_alias_too() {
    // With a smaller budget than ours, as a million values take their time.
    let options = || serde_saphyr::options! { budget: serde_saphyr::budget! { max_nodes: 20 } };
    let plain = format!("name: x\nports: [{}]\n", "x, ".repeat(20));
    let aliased = "name: &n [a, b, c, d, e, f, g, h]\nports:\n  - *n\n  - *n\n";
    for (text, place) in [(plain.as_str(), "2:54"), (aliased, "3:5")] {
        let error = serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options()).err().expect("too many");
        let inside = matches!(error.without_snippet(), serde_saphyr::Error::AliasError { .. });
        assert_eq!(inside, text == aliased, "{error:?}");
        let told = Diagnostic::from_syntax(&error).to_string();
        assert_eq!(told, format!("{place}: not readable as YAML: has over 1000000 values; give fewer"));
    }
}

#[test]
fn one_anchor_may_be_used_by_every_check() {
    let text = format!("name: &n x\nports: []\nshare: [{}]\n", "*n, ".repeat(10_000));
    assert_eq!(errors(&text), ["3:8: share: expected text, found a list"]);
}

#[test]
fn a_key_has_a_name() {
    assert_eq!(errors("name: x\n~: y\n"), ["2:1: not readable as YAML: a key is empty; give it a name"]);
}

#[test]
fn many_errors_are_counted_not_told() {
    let mut text = String::new();
    for i in 0..150 {
        writeln!(text, "unknown_{i}: 1").expect("a String can be written to");
    }
    let found = errors(&text);
    assert_eq!(found.len(), MAX_DIAGNOSTICS + 1);
    assert_eq!(found.last().map(String::as_str), Some("99:1: 51 more errors follow"));
}

#[test]
fn renders_the_line() {
    let text = "name: x\nports: [80, 0]\n";
    let document = Document::parse(text).expect("is YAML");
    let found = document.read(read_sample).expect_err("0 is no port");
    assert_eq!(
        found[0].render("c.yaml", text),
        "error: expected a whole number from 1 to 65535, found \"0\"\n --> c.yaml:2:13 (ports[1])\n  |\n2 | ports: [80, 0]\n  |             ^\n"
    );
}

#[test]
fn suggests_slips_only() {
    let check = |word: &str, expected: Option<&str>| {
        assert_eq!(closest(word, ["interval", "timeout", "quorum"]), expected, "{word}");
    };
    check("intervall", Some("interval"));
    check("tiemout", Some("timeout"));
    check("Quorum", Some("quorum"));
    check("url", None);
    check("", None);
}

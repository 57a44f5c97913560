//! Documents that somebody made up to do harm, in every format.

use crate::complete::{all_leaves, document, value_of};
use crate::document::Document;

/// What somebody might write to be noticed by a program.
const LOUD: &str =
    "=cmd()|' /C calc'!A0 | *x* _y_ `z` [a](b) <script>alert(1)</script></style> \\| &lt; \"q\",\n\n# next\r\n| +1";

/// The document of everything, every text of it this one.
fn saying(text: &str) -> Document {
    let mut document = document();
    // People are shown what was unknown; a state of another name is for machines.
    document.stretches.push(document.stretches[0].clone());
    let mut value = value_of(&document);
    for leaf in all_leaves().iter().filter(|leaf| leaf.value.is_string() && leaf.path != "stretches.state") {
        *value.pointer_mut(&leaf.pointer).expect("the leaf is there") = text.into();
    }
    *value.pointer_mut("/stretches/1/state").expect("it was added") = text.into();
    Document::parse(&value.to_string()).expect("texts say what they like")
}

/// The lines of a table by RFC 4180, each as its cells.
fn rows(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut cell, mut quoted) = (vec![vec![]], String::new(), false);
    let mut letters = csv.chars().peekable();
    while let Some(letter) = letters.next() {
        let row: &mut Vec<String> = rows.last_mut().expect("it begins with one");
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && letters.next_if_eq(&'\n').is_some() => {
                row.push(std::mem::take(&mut cell));
                rows.push(Vec::new());
            }
            letter => cell.push(letter),
        }
    }
    rows.pop();
    rows
}

#[test]
fn no_text_leaves_its_place_in_any_format() {
    let (loud, calm) = (saying(LOUD), saying("calm"));
    let (table, calm_table) = (rows(&loud.csv()), rows(&calm.csv()));
    assert_eq!(table.len(), calm_table.len());
    for row in &table {
        assert_eq!(row.len(), 10, "{row:?}");
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
    }
    let same = |table: &[Vec<String>], text: &str| table.iter().flatten().filter(|cell| *cell == text).count();
    // Of money, amount and currency are parted.
    assert_eq!(same(&table, &format!("'{LOUD}")) + 2, same(&calm_table, "calm"));

    let (markdown, calm_markdown) = (unescaped(&loud.markdown()), unescaped(&calm.markdown()));
    let shape = |text: &str| text.lines().map(|line| line.matches('|').count()).collect::<Vec<_>>();
    assert_eq!(shape(&markdown), shape(&calm_markdown), "the lines are the same, and tables have the same cells");
    for mark in ['<', '>', '*', '_', '`', '[', ']', '#', '\r'] {
        let [found, most] = [&markdown, &calm_markdown].map(|text| text.matches(mark).count());
        assert!(found <= most, "{mark:?} is {found} times in the text: {markdown}");
    }

    let html = loud.html();
    assert!(!html.contains("<script") && html.matches("</style>").count() == 1, "{html}");
    let marks = |html: &str| {
        // A long name in a chart is squeezed, and a line break in a cell stays one.
        let html = html.replace(" textLength=\"300\" lengthAdjust=\"spacingAndGlyphs\"", "").replace("<br>", "");
        ['<', '>', '"', '\''].map(|mark| html.matches(mark).count())
    };
    assert_eq!(marks(&html), marks(&calm.html()));
}

/// Markdown without what a backslash makes a letter.
fn unescaped(markdown: &str) -> String {
    let mut letters = markdown.chars();
    let mut out = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            letter => out.push(letter),
        }
    }
    out
}

/// Numbers that no report has, but a file may.
const ABSURD: [i64; 4] = [i64::MIN, i64::MAX, -1, 0];

/// Writes a document in every format and as a revision.
fn write(document: &Document) -> usize {
    let revision = document.clone().with_change_since(&crate::complete::document());
    let formats = [document.json(), document.csv(), document.markdown(), document.html(), revision.html()];
    formats.iter().map(String::len).sum()
}

/// Also one that was not read from a file: incidents come from files too.
#[test]
fn no_number_stops_the_program() {
    let everything = value_of(&document());
    let mut written = 0;
    for leaf in all_leaves().iter().filter(|leaf| leaf.value.is_number()) {
        for absurd in ABSURD {
            let mut value = everything.clone();
            *value.pointer_mut(&leaf.pointer).expect("the leaf is there") = absurd.into();
            // Numbers that the model has no place for are refused.
            written += serde_json::from_value::<Document>(value).map_or(0, |document| write(&document).min(1));
        }
    }
    assert!(written > 200, "{written} documents were written");
}

#[test]
fn no_numbers_together_stop_the_program() {
    let leaves = all_leaves();
    let times: Vec<_> = leaves.iter().filter(|leaf| leaf.value.is_number() && leaf.pointer.contains("_ms")).collect();
    let pairs = ABSURD.iter().flat_map(|a| ABSURD.map(|b| [*a, b]));
    for (pair, every) in pairs.flat_map(|pair| [1, 2, 3].map(|every| (pair, every))) {
        let mut value = value_of(&document());
        for (place, leaf) in times.iter().enumerate() {
            *value.pointer_mut(&leaf.pointer).expect("the leaf is there") = pair[place / every % 2].into();
        }
        let mut document: Document = serde_json::from_value(value).expect("has a place for any time");
        document.days = vec![document.days[0].clone(); 3];
        document.stretches = vec![document.stretches[0].clone(); 60];
        document.stretches[0].state = "excluded".to_owned();
        document.exclusions = vec![document.exclusions[0].clone(); 3];
        assert!(write(&document) > 0);
    }
}

#[test]
fn times_and_lengths_that_cannot_be_are_refused_by_name() {
    for (pointer, number, why) in [
        ("/period/end_ms", i64::MAX, "period.end_ms is 9223372036854775807; "),
        ("/made_at_ms", -1, "made_at_ms is -1; "),
        ("/ledger/up_ms", -1, "ledger.up_ms is -1; "),
        ("/down_ms/low", i64::MIN, "down_ms.low is -9223372036854775808; "),
        ("/incidents/0/start_bounds_ms/1", -5, "incidents[0].start_bounds_ms[1] is -5; "),
        ("/support/0/took_ms", 253_402_300_800_000, "support[0].took_ms is 253402300800000; "),
    ] {
        let mut value = value_of(&document());
        *value.pointer_mut(pointer).expect("the leaf is there") = number.into();
        let error = Document::parse(&value.to_string()).expect_err("no report has it").to_string();
        let allowed = "it has to be from 0 to 253402300799999, as a time of the years 1970 to 9999";
        assert_eq!(error, format!("{why}{allowed}"));
    }
    let mut document = document();
    document.exclusions[0].start_ms = document.exclusions[0].end_ms + 1;
    let error = Document::parse(&document.json()).expect_err("it ends before it starts").to_string();
    let (start, end) = (document.exclusions[0].start_ms, document.exclusions[0].end_ms);
    assert_eq!(error, format!("exclusions[0].end_ms is {end}; it has to be at or after its start_ms, {start}"));
}

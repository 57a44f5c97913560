use super::*;
use crate::complete::document;

#[test]
fn a_text_cannot_leave_its_string_or_its_style() {
    assert_eq!(
        CssText("gold 1\"; }</style>\n\\é").to_string(),
        "\"gold 1\\22 \\3b  \\7d \\3c \\2f style\\3e  \\5c \\e9 \""
    );
}

#[test]
fn a_name_that_is_too_long_is_cut() {
    assert_eq!(cut("abc", 3), "abc");
    assert_eq!(cut("ab cd", 4), "ab…");
    let mut document = document();
    document.name = "ß".repeat(500);
    assert_eq!(rules(&document).matches("\\df").count(), MAX_NAME - 1);
}

#[test]
fn the_first_page_has_its_head_alone() {
    let rules = rules(&document());
    let (all, first) = rules.split_once("@page :first").expect("a rule for the first page");
    assert!(all.contains("@top-left") && all.contains("counter(pages)"), "{all}");
    assert!(first.contains("@top-left { content: none; }") && !first.contains("bottom"), "{first}");
}

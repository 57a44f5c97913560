use super::*;

#[test]
fn a_persons_text_stays_one_line_without_markup() {
    for (text, expected) in [
        ("gold & <more>", "gold & \\<more\\>"),
        ("connect_timeout _ a_", "connect_timeout \\_ a\\_"),
        ("*now* _or_ ~~never~~", "\\*now\\* \\_or\\_ \\~\\~never\\~\\~"),
        ("&lt;b&#62; R&D", "\\&lt;b\\&#62; R\\&D".replace('#', "\\#").as_str()),
        ("[a](b) `c` # d $e$", "\\[a\\](b) \\`c\\` \\# d \\$e\\$"),
        ("one\r\ntwo\tthree", "one  two three"),
    ] {
        assert_eq!(plain(text), expected);
    }
}

#[test]
fn a_cell_cannot_leave_its_row() {
    let mut out = Text(String::new());
    out.row(&["a|b\nc", "d\\|e"]);
    assert_eq!(out.0, "| a\\|b c | d\\\\\\|e |\n");
}

#[test]
fn a_name_is_code_and_what_is_none_is_text() {
    assert_eq!(code("shop-gold_1"), "`shop-gold_1`");
    for (text, expected) in [("a`b", "a\\`b"), ("<b>", "\\<b\\>"), ("", "")] {
        assert_eq!(code(text), expected);
    }
}

use super::*;

#[test]
fn a_persons_text_stays_one_line_without_markup() {
    for (text, expected) in [
        ("gold & <more>", "gold & \\<more\\>"),
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
    out.row(&[&plain("a|b\nc"), &plain("d\\|e")]);
    assert_eq!(out.0, "| a\\|b c | d\\\\\\|e |\n");
}

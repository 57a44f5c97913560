use super::*;

#[test]
fn columns_align_by_display_width_and_no_line_ends_with_a_blank() {
    let mut table = Table::new(&[("name", Align::Left), ("ms", Align::Right), ("why", Align::Left)]);
    table.row(["東京".into(), "7".into(), "".into()]);
    table.row(["fra".into(), "1234".into(), "late".into()]);
    assert_eq!(table.render(Paint::Plain), "name    ms  why\n東京     7\nfra   1234  late\n");
}

#[test]
fn text_of_strangers_cannot_steer_the_terminal() {
    let mut table = Table::new(&[("detail", Align::Left)]);
    table.row(["\u{1b}[2Jgone\n".into()]);
    let text = table.render(Paint::Plain);
    assert!(!text.contains('\u{1b}'), "{text:?}");
    assert_eq!(text.lines().count(), 2, "a line feed inside a cell must not break the row: {text:?}");
}

#[test]
fn colours_do_not_change_the_alignment() {
    let mut table = Table::new(&[("state", Align::Left), ("since", Align::Left)]);
    table.row([Cell::new(Tone::Good, "up"), "now".into()]);
    let painted = table.render(Paint::Colors);
    let plain = table.render(Paint::Plain);
    let stripped = painted.replace("\u{1b}[32m", "").replace("\u{1b}[1m", "").replace("\u{1b}[0m", "");
    assert_eq!(stripped, plain);
    assert_ne!(painted, plain);
}

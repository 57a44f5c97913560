use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;

fn drawn(view: &View) -> String {
    let mut terminal = Terminal::new(TestBackend::new(120, 16)).expect("a terminal in memory");
    terminal.draw(|frame| draw(frame, view)).expect("memory can be drawn on");
    terminal.backend().to_string()
}

fn view(said: Said) -> View {
    View { said, skipped: 0, now_ms: 1_795_633_395_250, zone: TimeZone::UTC }
}

#[test]
fn the_worst_check_and_every_dissenting_region_are_in_the_picture() {
    let said = Said { status: Some(crate::status::tests::status()), ..Said::default() };
    insta::assert_snapshot!(drawn(&view(said)));
}

#[test]
fn what_was_said_last_is_shown_with_its_age_while_the_collector_is_away() {
    let trouble = Some("no collector answers".to_owned());
    let picture = drawn(&view(Said { trouble: trouble.clone(), ..Said::default() }));
    assert!(picture.contains("no collector answers") && !picture.contains("old"), "{picture}");
    let said = Said { status: Some(crate::status::tests::status()), trouble, ..Said::default() };
    let picture = drawn(&view(said));
    assert!(picture.contains("no collector answers; this is 10.0 s old") && picture.contains("DOWN"), "{picture}");
}

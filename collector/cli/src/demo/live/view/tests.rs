use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::super::cast::PLACES;
use super::*;

fn view(said: Said) -> View {
    let places = PLACES.iter().map(|place| PlaceView {
        place: *place,
        agent_runs: place.region != "syd",
        path_cut: place.region == "sin",
        network_cut: false,
    });
    View {
        now_ms: 1_795_633_385_250,
        console: "http://127.0.0.3:7480/".to_owned(),
        target_runs: false,
        collector_runs: said.status.is_some(),
        selected: 3,
        places: places.collect(),
        said,
        deeds: vec![
            Deed { at_ms: 1_795_633_380_000, what: "the path from sin to the targets is cut".to_owned() },
            Deed { at_ms: 1_795_633_381_000, what: "the shop's server is stopped".to_owned() },
        ],
        zone: TimeZone::UTC,
    }
}

fn drawn(view: &View) -> String {
    let mut terminal = Terminal::new(TestBackend::new(130, 32)).expect("a terminal in memory");
    terminal.draw(|frame| draw(frame, view)).expect("memory can be drawn on");
    terminal.backend().to_string()
}

#[test]
fn states_faults_and_deeds_are_in_the_picture() {
    let status = crate::status::tests::status();
    let shop = status.checks.last().cloned().expect("the last check is the shop");
    let said = Said { status: Some(Status { checks: vec![shop], ..status }), incidents: Vec::new(), trouble: None };
    insta::assert_snapshot!(drawn(&view(said)));
}

#[test]
fn a_collector_that_is_away_is_told() {
    let said = Said { trouble: Some("no collector answers".to_owned()), ..Said::default() };
    let picture = drawn(&view(said));
    assert!(picture.contains("no collector answers") && picture.contains("collector is stopped"), "{picture}");
}

#[test]
fn a_small_terminal_is_no_reason_to_panic() {
    let view = view(Said::default());
    for (width, height) in [(1, 1), (20, 5), (80, 24)] {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
        terminal.draw(|frame| draw(frame, &view)).expect("memory can be drawn on");
    }
}

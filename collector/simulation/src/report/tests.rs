use super::{json, markdown, percent, seconds};
use crate::figures::measure;
use crate::scenario::Scenario;

#[test]
fn figures_are_written_as_read() {
    assert_eq!(seconds(0), "0.0");
    assert_eq!(seconds(949), "0.9");
    assert_eq!(seconds(950), "1.0");
    assert_eq!(percent((1_000, 999)), "99.9 %");
    assert_eq!(percent((100_000, 99_999)), "99.9 %", "never rounded up to all");
    assert_eq!(percent((0, 0)), "-");
}

#[test]
fn a_table_has_a_line_for_each_scenario_and_a_column_for_each_rule() {
    let scenario =
        Scenario::parse("name: x\ntitle: y\nlength: 5m\nevents: [{what: outage, at: 2m, lasts: 60s}]").unwrap();
    let rows = [measure(&scenario, 0, 3, 2)];
    let text = markdown(&rows);
    let columns: Vec<usize> =
        text.lines().filter(|line| line.starts_with('|')).map(|line| line.matches('|').count()).collect();
    assert_eq!(columns, [14, 14, 14, 9, 9, 9]);
    let value = json(&rows);
    assert_eq!(value["scenarios"][0]["quorate"]["outages"], 3);
    assert_eq!(value["scenarios"][0]["baselines"].as_object().map(serde_json::Map::len), Some(6));
}

#[test]
fn the_number_of_threads_changes_no_figure() {
    let scenario =
        Scenario::parse("name: x\ntitle: y\nlength: 5m\nevents: [{what: outage, at: 1m..3m, lasts: 60s}]").unwrap();
    assert_eq!(json(&[measure(&scenario, 3, 5, 1)]), json(&[measure(&scenario, 3, 5, 2)]));
}

//! The dashboard's file by itself: what Grafana needs of it, in the shape of its dashboard schema (version 39).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::deploy;
use crate::rules::names_only_known_metrics;

pub(crate) fn read() -> Value {
    let text = std::fs::read_to_string(deploy().join("grafana/quorate.json")).expect("the dashboard is deployed");
    serde_json::from_str(&text).expect("the dashboard is JSON")
}

/// Every panel but the rows.
pub(crate) fn panels(dashboard: &Value) -> Vec<&Value> {
    let panels = dashboard["panels"].as_array().expect("a dashboard has panels");
    panels.iter().filter(|panel| panel["type"] != "row").collect()
}

fn text<'a>(value: &'a Value, place: &str) -> &'a str {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or_else(|| panic!("{place} is no text: {value}"))
}

#[test]
fn it_can_be_imported() {
    let dashboard = read();
    assert_eq!(dashboard["uid"], "quorate");
    assert_eq!(dashboard["title"], "Quorate");
    assert_eq!(dashboard["schemaVersion"], 39);
    assert!(dashboard.get("id").is_none(), "an id is given by the Grafana that imports it");
    let names: Vec<&str> = dashboard["templating"]["list"]
        .as_array()
        .expect("there are variables")
        .iter()
        .map(|variable| text(&variable["name"], "a variable's name"))
        .collect();
    assert_eq!(names, ["datasource", "check", "region"]);
    assert_eq!(dashboard["templating"]["list"][0]["type"], "datasource");
    assert_eq!(dashboard["templating"]["list"][0]["query"], "prometheus");
    names_only_known_metrics(&dashboard.to_string());
}

#[test]
fn every_panel_is_whole() {
    let dashboard = read();
    let kinds = BTreeSet::from(["stat", "state-timeline", "timeseries", "heatmap"]);
    let mut ids = BTreeSet::new();
    for panel in panels(&dashboard) {
        let title = text(&panel["title"], "a title");
        assert!(ids.insert(panel["id"].as_u64().expect("an id is a number")), "{title}: the id is not its own");
        assert!(kinds.contains(text(&panel["type"], title)), "{title}: {}", panel["type"]);
        text(&panel["description"], title);
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
        assert!(panel["fieldConfig"]["defaults"].is_object() && panel["options"].is_object(), "{title}");
        let targets = panel["targets"].as_array().expect("a panel has targets");
        assert!(!targets.is_empty(), "{title} shows nothing");
        let references: BTreeSet<&str> = targets.iter().map(|target| text(&target["refId"], title)).collect();
        assert_eq!(references.len(), targets.len(), "{title}: two targets of one name");
        for target in targets {
            text(&target["expr"], title);
            text(&target["legendFormat"], title);
            assert_eq!(target["datasource"]["type"], "prometheus", "{title}");
        }
    }
}

#[test]
fn panels_lie_side_by_side_and_never_over_each_other() {
    let dashboard = read();
    let mut taken = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("a dashboard has panels") {
        let at = |name: &str| panel["gridPos"][name].as_u64().expect("a place is a number");
        assert!(at("x") + at("w") <= 24, "{} is wider than the grid", panel["title"]);
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{} lies over another panel", panel["title"]);
            }
        }
    }
}

//! The alert rules by themselves.

use std::collections::BTreeSet;

use quorate_collector_http::metrics::catalogue::{CATALOGUE, Family};
use quorate_tests::peers::promtool;
use quorate_tests::process::{can_run, missing_programs};

use crate::deploy;

/// Values of one key, wherever it stands in a YAML text.
fn values<'a>(text: &'a str, key: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    for rest in text.split(key).skip(1) {
        found.insert(rest.trim_start().split([',', '\n', '}']).next().unwrap_or_default().trim());
    }
    found
}

fn read(file: &str) -> String {
    std::fs::read_to_string(deploy().join(file)).expect("the file is deployed")
}

#[test]
fn promtool_takes_the_rules_and_their_tests() -> anyhow::Result<()> {
    if !can_run("the alert rules", missing_programs(&["promtool"])) {
        return Ok(());
    }
    let folder = deploy().join("prometheus");
    promtool::run(&folder, &["check", "config", "prometheus.yml"], None)?;
    promtool::run(&folder, &["check", "rules", "quorate.rules.yml"], None)?;
    promtool::run(&folder, &["test", "rules", "quorate.rules.test.yml"], None)?;
    Ok(())
}

#[test]
fn every_alert_has_a_case_where_it_fires_and_one_where_it_does_not() {
    let rules = read("prometheus/quorate.rules.yml");
    let tests = read("prometheus/quorate.rules.test.yml");
    let alerts = values(&rules, "alert:");
    assert!(alerts.len() >= 10, "{alerts:?}");
    let cases: Vec<&str> = tests.split("- eval_time").flat_map(|case| case.split("- {eval_time")).collect();
    for alert in alerts {
        let of_alert = |fires: bool| {
            cases
                .iter()
                .any(|case| case.contains(&format!("alertname: {alert}")) && case.contains("exp_labels") == fires)
        };
        assert!(of_alert(true), "no case has {alert} fire");
        assert!(of_alert(false), "no case has {alert} rest");
    }
}

/// Every word with our prefix in a text is a sample of the catalogue.
pub(crate) fn names_only_known_metrics(text: &str) {
    let known: BTreeSet<String> = CATALOGUE.iter().map(Family::sample_name).collect();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if word.starts_with("quorate_") {
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
            assert!(known.contains(family) || known.contains(word), "{word} is not exported");
        }
    }
}

#[test]
fn the_rules_name_only_metrics_that_are_exported() {
    names_only_known_metrics(&read("prometheus/quorate.rules.yml"));
    names_only_known_metrics(&read("prometheus/quorate.rules.test.yml"));
}

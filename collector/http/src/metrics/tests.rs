use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalogue::{CATALOGUE, Family, Kind};
use super::{Format, Phases, render};
use crate::fixture::snapshot;
use crate::traffic::RouteCounts;
use crate::view::HistogramCounts;

fn exposition(format: Format) -> String {
    exposition_of(Phases::All, format)
}

fn exposition_of(phases: Phases, format: Format) -> String {
    let time = HistogramCounts { buckets: vec![(0.001, 1)], above: 0, sum_seconds: 0.000_5 };
    let routes = [RouteCounts { route: "/api/v1/status", classes: vec![("2xx", 1)], time }];
    render(&Arc::new(snapshot()), &routes, phases, format).expect("text in memory")
}

/// The samples of a text with their names and labels, as name -> label sets.
fn samples(text: &str) -> BTreeMap<&str, Vec<Vec<&str>>> {
    let mut found: BTreeMap<&str, Vec<Vec<&str>>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').expect("a value stands last");
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let labels = labels.trim_end_matches('}').split("\",").filter(|label| !label.is_empty());
        found.entry(name).or_default().push(labels.filter_map(|label| label.split('=').next()).collect());
    }
    found
}

fn family_of(name: &str) -> &'static Family {
    CATALOGUE
        .iter()
        .find(|family| {
            let own = family.sample_name();
            let histogram = family.kind == Kind::Histogram;
            name == own || histogram && ["_bucket", "_sum", "_count"].iter().any(|end| name == format!("{own}{end}"))
        })
        .unwrap_or_else(|| panic!("{name} is not in the catalogue"))
}

#[test]
fn the_catalogue_is_fixed() {
    let rows = CATALOGUE.iter().map(|family| {
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let kind = format!("{:?}", family.kind).to_lowercase();
        format!("| `{}` | {kind} | {} | {} |", family.sample_name(), labels.join(" "), family.help)
    });
    let table = rows.collect::<Vec<String>>().join("\n");
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&table), "README.md has to hold this table:\n{table}");
}

#[test]
fn every_family_has_a_sample_with_the_labels_of_the_catalogue() {
    for format in [Format::OpenMetrics, Format::Text] {
        let text = exposition(format);
        let found = samples(&text);
        let seen: BTreeSet<&str> = found.keys().map(|name| family_of(name).name).collect();
        let all: BTreeSet<&str> = CATALOGUE.iter().map(|family| family.name).collect();
        assert_eq!(seen, all);
        for (name, series) in found {
            let own: BTreeSet<&str> = family_of(name).labels.iter().copied().collect();
            for labels in series {
                let labels: BTreeSet<&str> = labels
                    .into_iter()
                    .filter(|label| *label != "le")
                    .map(|label| if label.starts_with("label_") { "label_*" } else { label })
                    .collect();
                assert_eq!(labels, own, "{name}");
            }
        }
    }
}

#[test]
fn a_scrape_can_do_with_fewer_phases() {
    let of = |phases| exposition_of(phases, Format::OpenMetrics).matches("quorate_probe_phase_seconds_count{").count();
    assert_eq!((of(Phases::All), of(Phases::Total), of(Phases::None)), (10, 2, 0));
}

#[test]
fn names_are_unique_and_in_base_units() {
    let names: BTreeSet<String> = CATALOGUE.iter().map(Family::sample_name).collect();
    assert_eq!(names.len(), CATALOGUE.len());
    for name in names {
        assert!(!["_ms", "_us", "_percent", "_millis"].iter().any(|unit| name.contains(unit)), "{name}");
    }
}

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
}

#[test]
fn values_are_seconds_and_ratios() {
    let text = exposition(Format::OpenMetrics);
    for line in [
        "quorate_check_state{check=\"shop\",state=\"down\"} 1.0",
        "quorate_check_state{check=\"shop\",state=\"up\"} 0.0",
        "quorate_region_vote{check=\"api\",region=\"iad\",provider=\"aws\",vote=\"bad\"} 1.0",
        "quorate_check_down_seconds_total{check=\"shop\",bound=\"low\"} 40.0",
        "quorate_check_uptime_ratio{check=\"shop\",window=\"1d\",bound=\"point\"} 0.999479",
        "quorate_probes_total{check=\"shop\",region=\"iad\",outcome=\"fail\",failure=\"connect_timeout\"} 1.0",
        "quorate_probe_phase_seconds_count{check=\"shop\",region=\"fra\",phase=\"total\"} 24",
        "quorate_probe_phase_seconds_bucket{le=\"0.05\",check=\"shop\",region=\"fra\",phase=\"total\"} 24",
        "quorate_probe_phase_seconds_bucket{le=\"0.025\",check=\"shop\",region=\"fra\",phase=\"total\"} 0",
        "quorate_certificate_expiry_timestamp_seconds{check=\"shop\",region=\"fra\",certificate=\"leaf\"} 1792592000.0",
        "quorate_agent_clock_offset_seconds{agent=\"fra-1\",region=\"fra\"} -0.012",
        "quorate_check_info{check=\"shop\",name=\"The \\\"shop\\\"\",kind=\"http\",target=\"https://shop.example.com/health\",label_team_name=\"web\"} 1",
        "# UNIT quorate_check_down_seconds seconds",
    ] {
        has(&text, line);
    }
}

#[test]
fn what_is_not_known_is_absent() {
    let text = exposition(Format::OpenMetrics);
    for absent in [
        "quorate_agent_health{agent=\"iad-1\"",
        "quorate_agent_spool_samples{agent=\"iad-1\"",
        "quorate_region_last_sample_timestamp_seconds{check=\"mail\",region=\"sin\"",
        "quorate_check_down_seconds_total{check=\"mail\"",
        "quorate_probes_total{check=\"mail\"",
        "phase=\"transfer\"",
    ] {
        assert!(!text.contains(absent), "{absent}");
    }
    has(&text, "quorate_agent_connected{agent=\"iad-1\",region=\"iad\"} 0.0");
    has(&text, "quorate_region_vote{check=\"mail\",region=\"sin\",provider=\"ovh\",vote=\"none\"} 1.0");
}

#[test]
fn a_counter_of_settled_time_never_falls() {
    use crate::view::CheckTotals;
    use quorate_model::Millis;
    let mut total = CheckTotals { down_point: Millis::new(9), unknown: Millis::new(1), ..CheckTotals::default() };
    total.raise(&CheckTotals { down_point: Millis::new(4), unknown: Millis::new(2), ..CheckTotals::default() });
    assert_eq!((total.down_point, total.unknown), (Millis::new(9), Millis::new(2)));
}

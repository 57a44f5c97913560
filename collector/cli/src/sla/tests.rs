use crate::tests::quorate;

use super::*;

struct Files {
    scratch: tempfile::TempDir,
}

const CONTRACT: &str = "\
id: shop-gold
name: Web shop, gold
service: {any_down: [shop, api]}
timezone: UTC
min_outage: 60s
objectives: {availability: \"99.95%\"}
maintenance: {min_notice: 48h}
exclusions:
  - {class: maintenance, start: \"2026-11-04T01:00:00Z\", end: \"2026-11-04T03:00:00Z\", announced_at: \"2026-11-01T09:00:00Z\", reason: database upgrade}
  - {class: maintenance, start: \"2026-11-05T01:00:00Z\", end: \"2026-11-05T03:00:00Z\", announced_at: \"2026-11-05T00:00:00Z\", reason: too late}
credit: {tiers: [{below: \"99.95%\", percent: 10}, {below: \"99.0%\", percent: 25}]}
";

/// November 2026 of `shop`, down for an hour and a half, for half an hour inside maintenance, and for 59 s; `api` is up.
const SEGMENTS: &str = r#"{"check":"api","start_ms":1793491200000,"end_ms":1796083200000,"state":"up"}
{"check":"other","start_ms":1793491200000,"end_ms":1796083200000,"state":"down"}
{"check":"shop","start_ms":1793491200000,"end_ms":1793754000000,"state":"up"}
{"check":"shop","start_ms":1793754000000,"end_ms":1793755800000,"state":"down"}
{"check":"shop","start_ms":1793755800000,"end_ms":1794000000000,"state":"up"}
{"check":"shop","start_ms":1794000000000,"end_ms":1794005400000,"state":"down"}
{"check":"shop","start_ms":1794005400000,"end_ms":1794010000000,"state":"partial"}
{"check":"shop","start_ms":1794010000000,"end_ms":1794010059000,"state":"down"}
{"check":"shop","start_ms":1794010059000,"end_ms":1796083200000,"state":"degraded"}
"#;

impl Files {
    fn new(contract: &str, segments: &str) -> Self {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(scratch.path().join("contract.yaml"), contract).expect("the file can be written");
        std::fs::write(scratch.path().join("segments.jsonl"), segments).expect("the file can be written");
        Self { scratch }
    }

    fn run(&self, period: &str, more: &[&str]) -> (Exit, String, String) {
        let path = |name: &str| self.scratch.path().join(name).display().to_string();
        let (contract, segments) = (path("contract.yaml"), path("segments.jsonl"));
        let line = ["sla", "evaluate", "--contract", &contract, "--segments", &segments, "--period", period];
        quorate(&[&line, more].concat())
    }
}

#[test]
fn the_answer_is_one_json_object() {
    let (exit, out, err) = Files::new(CONTRACT, SEGMENTS).run("2026-11", &["--output", "json"]);
    assert_eq!((exit, err.as_str()), (Exit::Fine, ""));
    let expected = concat!(
        r#"{"contract":"shop-gold","window":{"start_ms":1793491200000,"end_ms":1796083200000},"total_ms":2592000000,"#,
        r#""up_ms":2579400000,"down_ms":5400000,"unknown_ms":0,"excluded_ms":7200000,"#,
        r#""uptime_percent":{"low":"99.7910","point":"99.7910","high":"99.7910"},"breach":"certain","credit_percent":"10"}"#,
        "\n"
    );
    assert_eq!(out, expected);
}

#[test]
fn people_see_outages_and_why_maintenance_is_not_excluded() {
    let (exit, out, err) = Files::new(CONTRACT, SEGMENTS).run("2026-11", &[]);
    assert_eq!((exit, err.as_str()), (Exit::Fine, ""));
    insta::assert_snapshot!(out);
}

#[test]
fn what_no_segment_covers_is_unknown() {
    let (exit, out, err) = Files::new(CONTRACT, SEGMENTS).run("2026-12", &["--output", "json"]);
    assert_eq!(exit, Exit::Fine, "{err}");
    let json: serde_json::Value = serde_json::from_str(&out).expect("the answer is JSON");
    assert_eq!(json["unknown_ms"], 2_678_400_000_i64);
    assert_eq!(json["uptime_percent"]["point"], serde_json::Value::Null);
    assert_eq!((&json["breach"], &json["credit_percent"]), (&"possible".into(), &"0".into()));
    let (_, without_api) = SEGMENTS.split_once('\n').expect("the first line is of api");
    let (_, out, err) = Files::new(CONTRACT, without_api).run("2026-11", &["--output", "json"]);
    assert!(err.contains("has no segment of check api"), "{err}");
    let json: serde_json::Value = serde_json::from_str(&out).expect("the answer is JSON");
    assert_eq!(json["unknown_ms"], 2_592_000_000_i64 - 7_200_000 - 5_400_000, "down beside unknown is down");
}

#[test]
fn wrong_files_and_periods_are_told_with_their_place() {
    let wrong_contract = CONTRACT.replace("min_outage: 60s", "min_outage: soon\nwindow: moth");
    let wrong_segments = SEGMENTS.replacen("\"up\"", "\"fine\"", 1);
    for (contract, segments, period, places) in [
        (
            wrong_contract.as_str(),
            SEGMENTS,
            "2026-11",
            &["contract.yaml:5:13: min_outage", "contract.yaml:6:9: window"][..],
        ),
        (CONTRACT, wrong_segments.as_str(), "2026-11", &["segments.jsonl:1: state", "allowed are up, degraded"]),
        (CONTRACT, SEGMENTS, "2026-Q4", &["--period", "such as 2026-10"]),
        (CONTRACT, SEGMENTS, "2026-13", &["--period", "not in the calendar"]),
    ] {
        let (exit, out, err) = Files::new(contract, segments).run(period, &["--output", "json"]);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{err}");
        assert!(places.iter().all(|place| err.contains(place)), "{err}");
    }
    let overlap =
        format!("{SEGMENTS}{}\n", r#"{"check":"shop","start_ms":1794000000000,"end_ms":1794000000001,"state":"up"}"#);
    let (_, _, err) = Files::new(CONTRACT, &overlap).run("2026-11", &[]);
    assert!(err.contains("segments.jsonl:10: start_ms: overlaps line 6"), "{err}");
    let both =
        format!("{overlap}{}\n", r#"{"check":"api","start_ms":1794000000000,"end_ms":1794000000001,"state":"down"}"#);
    let (_, _, err) = Files::new(CONTRACT, &both).run("2026-11", &[]);
    assert!(err.contains("segments.jsonl:10: start_ms: overlaps line 6"), "{err}");
    assert!(err.contains("segments.jsonl:11: start_ms: overlaps line 1"), "{err}");
    let (exit, _, err) =
        quorate(&["sla", "evaluate", "--contract", "/none", "--segments", "/none", "--period", "2026"]);
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("/none: cannot be read"), "{err}");
}

fn with_file(content: &str, command: &[&str]) -> (Exit, String, String) {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let path = scratch.path().join("given.yaml");
    std::fs::write(&path, content).expect("the file can be written");
    let path = path.display().to_string();
    quorate(&[&["sla"], command, &[path.as_str()]].concat())
}

#[test]
fn a_contract_goes_to_openslo_and_comes_back() {
    let plain = "id: shop\nname: Shop\nservice: shop\nbasis: requests\nobjectives: {availability: \"99.9%\"}\n";
    let (exit, slo, err) = with_file(plain, &["export", "--contract"]);
    assert_eq!((exit, err.as_str()), (Exit::Fine, ""));
    assert!(slo.contains("target: 0.999\n"), "{slo}");
    let (exit, again, err) = with_file(&slo, &["import", "--openslo"]);
    assert_eq!((exit, err.as_str()), (Exit::Fine, ""));
    assert_eq!(parse_contract(&again), parse_contract(plain));
    let (exit, _, err) =
        with_file(&slo.replace("spec:\n  service", "spec:\n  colour: red\n  service"), &["import", "--openslo"]);
    assert_eq!(exit, Exit::No);
    assert!(err.contains("given.yaml:7:11: spec.colour: is left out"), "{err}");
    let (exit, out, err) = with_file(&slo.replace("0.999", "99.9"), &["import", "--openslo"]);
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(err.contains("objectives[0].target"), "{err}");
}

#[test]
fn one_slo_of_a_file_is_imported_by_its_name() {
    let plain = "id: shop\nname: Shop\nservice: shop\nbasis: requests\nobjectives: {availability: \"99.9%\"}\n";
    let (_, slo, _) = with_file(plain, &["export", "--contract"]);
    let both = format!("{slo}---\n{}", slo.replace("name: \"shop\"", "name: api"));
    let (exit, out, err) = with_file(&both, &["import", "--openslo"]);
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(err.contains("choose one by its name: shop, api"), "{err}");
    let (exit, out, err) = with_file(&both, &["import", "--name", "api", "--openslo"]);
    assert_eq!((exit, err.as_str()), (Exit::Fine, ""));
    assert!(out.starts_with("id: \"api\"\n"), "{out}");
}

#[test]
fn what_openslo_has_no_place_for_is_named() {
    let (exit, out, err) = with_file(CONTRACT, &["export", "--contract"]);
    assert_eq!(exit, Exit::No);
    assert!(out.starts_with("apiVersion: openslo/v1\nkind: SLO\n"), "{out}");
    for key in ["service: ", "basis: ", "min_outage: ", "maintenance: ", "exclusions: 2 ", "credit: "] {
        assert!(err.contains(&format!("given.yaml: {key}")), "{key} is not told of in {err}");
    }
}

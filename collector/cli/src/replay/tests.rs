use crate::tests::quorate;

use super::*;

const CONFIG: &str = "\
regions:
  - {id: fra, provider: hetzner}
  - {id: iad, provider: aws}
  - {id: sin, provider: ovh}
defaults: {interval: 10s, timeout: 3s}
checks:
  - id: shop
    http: {url: \"https://shop.example.com/\"}
  - id: quiet
    http: {url: \"https://quiet.example.com/\"}
";

pub(crate) const REGIONS: [(&str, &str, i64); 3] =
    [("fra", "hetzner", 0), ("iad", "aws", 3_000), ("sin", "ovh", 6_000)];

pub(crate) fn line(region: &str, provider: &str, seq: i64, start_ms: i64, outcome: &str) -> String {
    let failure = if outcome == "fail" { "\"http_status\"" } else { "null" };
    format!(
        "{{\"agent\":\"{region}-1\",\"boot\":1,\"seq\":{seq},\"check\":\"shop\",\"region\":\"{region}\",\
         \"provider\":\"{provider}\",\"start_ms\":{start_ms},\"end_ms\":{},\"outcome\":\"{outcome}\",\
         \"failure\":{failure},\"interval_ms\":10000,\"timeout_ms\":3000}}",
        start_ms + 100
    )
}

/// Three regions that probe every 10 s, 3 s apart; an answer takes 100 ms. `bad` says when a region sees failures.
pub(crate) fn world(until_ms: i64, bad: impl Fn(&str, i64) -> bool) -> String {
    let mut lines = Vec::new();
    for (region, provider, phase_ms) in REGIONS {
        for (slot, seq) in (phase_ms..until_ms).step_by(10_000).zip(1..) {
            lines.push(line(region, provider, seq, slot, if bad(region, slot) { "fail" } else { "ok" }));
        }
    }
    lines.join("\n") + "\n"
}

pub(crate) struct Files {
    scratch: tempfile::TempDir,
}

impl Files {
    pub(crate) fn new(samples: &str) -> Self {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(scratch.path().join("config.yaml"), CONFIG).expect("the file can be written");
        std::fs::write(scratch.path().join("samples.jsonl"), samples).expect("the file can be written");
        Self { scratch }
    }

    /// The configuration and the samples.
    pub(crate) fn paths(&self) -> [String; 2] {
        ["config.yaml", "samples.jsonl"].map(|name| self.scratch.path().join(name).display().to_string())
    }

    pub(crate) fn run(&self, command: &str, more: &[&str]) -> (Exit, String, String) {
        let [config, samples] = self.paths();
        quorate(&[&[command, "--config", &config, "--samples", &samples], more].concat())
    }

    pub(crate) fn json(&self, command: &str, more: &[&str]) -> serde_json::Value {
        let (exit, out, err) = self.run(command, &[&["--output", "json"], more].concat());
        assert_eq!(exit, Exit::Fine, "{err}");
        serde_json::from_str(&out).expect("the answer is JSON")
    }
}

/// The target fails everywhere from 60 s to 120 s.
pub(crate) fn outage() -> String {
    world(200_000, |_, at| (60_000..120_000).contains(&at))
}

const WINDOW: [&str; 4] = ["--from", "20000", "--to", "150000"];

#[test]
fn an_outage_is_found_where_the_rules_put_it() {
    let json = Files::new(&outage()).json("replay", &[&WINDOW[..], &["--check", "shop"]].concat());
    let check = &json["checks"][0];
    // Worked out by hand. Last good starts 50, 53, 56 s; first bad ends 60.1, 63.1, 66.1 s: two of three regions turned
    // bad between 53 and 63.1 s (second smallest of each), all between 56 and 60.1 s, so the best estimate is 58.05 s.
    // The end in the same way: between 113 and 123.1 s, best estimate 118.05 s.
    let incident = &check["incidents"][0];
    assert_eq!(incident["start_ms"], 58_050);
    assert_eq!(incident["start_bounds_ms"], serde_json::json!([53_000, 63_100]));
    assert_eq!(incident["end_ms"], 118_050);
    assert_eq!(incident["end_bounds_ms"], serde_json::json!([113_000, 123_100]));
    assert_eq!(incident["class"], "outage");
    assert_eq!(incident["billed_ms"], 60_000);
    assert_eq!(incident["regions"], serde_json::json!(["fra", "iad", "sin"]));
    assert_eq!(check["down_ms"]["point"], 60_000);
    assert_eq!(check["unknown_ms"], 0);
    assert_eq!((&check["from_ms"], &check["to_ms"]), (&20_000.into(), &150_000.into()));
    let states: Vec<_> = check["segments"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|segment| (segment["start_ms"].as_i64(), segment["state"].as_str(), segment["regions_bad"].to_string()))
        .collect();
    let expected = [
        (20_000, "up", "[]"),
        (55_050, "partial", "[\"fra\"]"),
        (58_050, "down", "[\"fra\",\"iad\"]"),
        (61_050, "down", "[\"fra\",\"iad\",\"sin\"]"),
        (115_050, "down", "[\"iad\",\"sin\"]"),
        (118_050, "partial", "[\"sin\"]"),
        (121_050, "up", "[]"),
    ];
    let expected: Vec<_> =
        expected.iter().map(|(at, state, bad)| (Some(*at), Some(*state), (*bad).to_owned())).collect();
    assert_eq!(states, expected);
}

#[test]
fn one_bad_region_is_partial_and_no_downtime() {
    let samples = world(200_000, |region, at| region == "iad" && (60_000..120_000).contains(&at));
    let json = Files::new(&samples).json("replay", &WINDOW);
    let check = &json["checks"][1];
    assert_eq!(check["check"], "shop");
    assert_eq!(check["down_ms"], serde_json::json!({"low": 0, "point": 0, "high": 0}));
    assert_eq!(check["incidents"], serde_json::json!([]));
    let partial = check["segments"].as_array().expect("a list").iter().find(|segment| segment["state"] == "partial");
    assert_eq!(partial.map(|segment| &segment["regions_bad"]), Some(&serde_json::json!(["iad"])));
}

#[test]
fn a_check_without_samples_is_unknown_all_the_time() {
    let json = Files::new(&outage()).json("replay", &[&WINDOW[..], &["--check", "quiet"]].concat());
    let check = &json["checks"][0];
    assert_eq!((&check["check"], &check["unknown_ms"]), (&"quiet".into(), &130_000.into()));
    assert_eq!(check["segments"][0]["state"], "unknown");
}

#[test]
fn without_a_window_the_span_of_the_samples_is_judged_and_order_and_duplicates_do_not_matter() {
    let sorted = outage();
    let json = Files::new(&sorted).json("replay", &[]);
    let check = &json["checks"][1];
    assert_eq!((&check["from_ms"], &check["to_ms"]), (&0.into(), &196_100.into()));

    let mut lines: Vec<&str> = sorted.lines().rev().collect();
    let again = lines.clone();
    lines.extend(again);
    let shuffled = Files::new(&lines.join("\n\n")).json("replay", &[]);
    for key in ["from_ms", "to_ms", "segments", "down_ms", "unknown_ms", "incidents"] {
        assert_eq!(shuffled["checks"][1][key], check[key], "{key}");
    }
    assert_eq!(shuffled["checks"][1]["counters"]["duplicates"], 60);
}

#[test]
fn a_bad_record_names_file_line_and_field_and_can_be_skipped() {
    let broken = outage().replacen("\"outcome\":\"ok\"", "\"outcome\":\"fine\"", 1) + "{\"agent\":\n";
    let files = Files::new(&broken);
    let (exit, out, err) = files.run("replay", &[]);
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(err.contains("samples.jsonl: line 1: field outcome: \"fine\" is not allowed; one of ok, slow"), "{err}");

    let (exit, out, err) = files.run("replay", &["--on-bad-record", "skip", "--output", "json"]);
    assert_eq!(exit, Exit::Fine, "{err}");
    assert_eq!(err.lines().filter(|line| line.ends_with("left out")).count(), 2, "{err}");
    let json: serde_json::Value = serde_json::from_str(&out).expect("the answer is JSON");
    assert_eq!((&json["records"]["read"], &json["records"]["bad"]), (&61.into(), &2.into()));
}

#[test]
fn what_is_odd_is_counted_and_told() {
    let mut lines = outage();
    lines += &line("fra", "hetzner", 1, 5, "fail");
    lines += "\n";
    lines += &line("mars", "nasa", 1, 70_000, "fail");
    lines += "\n";
    lines += &line("fra", "aws", 99, 70_500, "fail");
    lines += "\n";
    lines += &line("fra", "hetzner", 100, 71_000, "ok").replace("\"shop\"", "\"blog\"");
    lines += "\n";
    lines +=
        &line("fra", "hetzner", 101, 72_000, "ok").replace("\"timeout_ms\"", "\"clock_error_ms\":5001,\"timeout_ms\"");
    let files = Files::new(&lines);
    let (exit, out, err) = files.run("replay", &["--output", "json"]);
    assert_eq!(exit, Exit::Fine, "{err}");
    for expected in ["does not have: blog (1)", "1 samples are of regions", "1 samples name another provider"] {
        assert!(err.contains(expected), "{expected} is missing in {err}");
    }
    let json: serde_json::Value = serde_json::from_str(&out).expect("the answer is JSON");
    let counters = &json["checks"][1]["counters"];
    assert_eq!((&counters["equivocations"], &counters["equivocating"][0]), (&1.into(), &"fra-1".into()), "{counters}");
    assert_eq!((&counters["other_region"], &counters["abstained"]["clock"]), (&1.into(), &1.into()), "{counters}");
}

#[test]
fn wrong_windows_and_files_are_refused() {
    let files = Files::new(&outage());
    for (more, expected) in [
        (&["--from", "5000", "--to", "5000"][..], "is empty"),
        (&["--from", "yesterday"], "--from"),
        (&["--check", "blog"], "it has quiet, shop"),
    ] {
        let (exit, out, err) = files.run("replay", more);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{err}");
        assert!(err.contains(expected), "{err}");
    }
    let (exit, _, err) = Files::new("").run("replay", &[]);
    assert!(exit == Exit::Usage && err.contains("there are no samples to take it from"), "{err}");
    let (exit, _, err) = Files::new(&"x".repeat(100_000)).run("replay", &["--on-bad-record", "skip"]);
    assert!(exit == Exit::Usage && err.contains("longer than"), "{err}");
}

#[test]
fn the_table_shows_states_incidents_and_uptime_with_bounds() {
    let (_, out, _) = Files::new(&outage()).run("replay", &[&WINDOW[..], &["--check", "shop"]].concat());
    insta::assert_snapshot!(out);
}

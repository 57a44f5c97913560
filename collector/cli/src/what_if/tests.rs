use crate::replay::tests::{Files, outage, world};

use super::*;

#[test]
fn policies_stand_side_by_side() {
    // One region fails for a minute: downtime only where one is enough.
    let files = Files::new(&world(200_000, |region, at| region == "iad" && (60_000..120_000).contains(&at)));
    let more = ["--from", "20000", "--to", "150000", "--check", "shop", "--quorum", "at_least:1", "--quorum", "all"];
    let more = [&more[..], &["--min-providers", "1", "--policy", "quorum=at_least:1 min_providers=1"]].concat();
    let json = files.json("what-if", &more);
    let policies = json["checks"][0]["policies"].as_array().expect("a list");
    let down =
        |index: usize| policies.get(index).map(|p| (p["policy"].as_str(), p["figures"]["down_ms"]["point"].as_i64()));
    assert_eq!(down(0), Some((Some("as configured"), Some(0))));
    assert_eq!(down(1), Some((Some("quorum=at_least:1"), Some(0))), "one provider is still too few");
    assert_eq!(down(2), Some((Some("quorum=all"), Some(0))));
    assert_eq!(down(3), Some((Some("min_providers=1"), Some(0))));
    assert_eq!(down(4), Some((Some("quorum=at_least:1 min_providers=1"), Some(60_000))));
    let (_, out, _) = files.run("what-if", &more);
    insta::assert_snapshot!(out);
}

#[test]
fn a_policy_the_check_cannot_have_says_why() {
    let json = Files::new(&outage()).json("what-if", &["--check", "shop", "--quorum", "at_least:9"]);
    let outcome = &json["checks"][0]["policies"][1];
    assert!(outcome["figures"].is_null(), "{outcome}");
    assert!(outcome["impossible"].as_str().is_some_and(|why| why.contains("allowed is 1 to 3")), "{outcome}");
}

/// The configuration of the files with a contract; its day is the epoch's first.
fn with_contract(files: &Files) {
    let [config, _] = files.paths();
    let text = std::fs::read_to_string(&config).expect("is there")
        + "slas:\n  - {id: gold, service: shop, window: calendar_day, objectives: {availability: \"99%\"}, \
           exclusions: [{class: third_party, start: \"1970-01-01T00:01:40Z\", end: \"1970-01-01T00:02:10Z\"}], \
           credit: {tiers: [{below: \"99%\", percent: 10}, {below: \"73%\", percent: 25}]}}\n";
    std::fs::write(config, text).expect("the file can be written");
}

#[test]
fn a_contract_by_other_policies_and_terms_stands_side_by_side() {
    let files = Files::new(&world(200_000, |region, at| region != "sin" && (60_000..120_000).contains(&at)));
    with_contract(&files);
    let [config, _] = files.paths();
    let other = std::path::Path::new(&config).with_file_name("other.yaml");
    std::fs::write(&other, "id: other\nservice: shop\nwindow: calendar_day\nobjectives: {availability: \"50%\"}\n")
        .expect("the file can be written");
    let other = other.display().to_string();
    let more = ["--sla", "gold", "--period", "1970-01-01", "--quorum", "all", "--min-outage", "2m"];
    let more = [&more[..], &["--without-exclusions", "--unknown", "down", "--terms", &other]].concat();
    let json = files.json("what-if", &more);
    let rows = json["alternatives"].as_array().expect("a list");
    assert_eq!(rows.len(), 6, "{rows:?}");
    let row = |label: &str| {
        let named = |row: &&serde_json::Value| row["label"].as_str().is_some_and(|text| text.ends_with(label));
        let figures = &rows.iter().find(named).unwrap_or_else(|| panic!("{label}: {rows:?}"))["figures"];
        (figures["down_ms"].as_i64().unwrap_or(-1), figures["credit_percent"].as_str().unwrap_or_default())
    };
    // A minute of 200 s, of which the last third is left out.
    let (down, credit) = row("as configured");
    assert!((down - 40_000).abs() <= 10_000 && credit == "10", "{down} {credit}");
    assert_eq!(row("quorum=all"), (0, "0"));
    assert_eq!(row("min_outage=2m"), (0, "0"));
    let (down, credit) = row("without exclusions");
    assert!((down - 60_000).abs() <= 10_000 && credit == "25", "{down} {credit}");
    assert_eq!(row("other.yaml").1, "0");
    let (exit, out, _) = files.run("what-if", &more);
    assert_eq!(exit, Exit::Fine);
    assert!(out.starts_with("gold  1970-01-01  1970-01-01 00:00:00 to 1970-01-01 00:03:"), "{out}");
}

#[test]
fn a_contract_that_cannot_be_compared_says_why() {
    let files = Files::new(&outage());
    with_contract(&files);
    for (more, expected) in [
        (&["--sla", "gold", "--period", "1970-01-01"][..], "nothing to compare"),
        (&["--sla", "silver", "--period", "1970-01-01", "--quorum", "all"], "there are gold"),
        (&["--sla", "gold", "--period", "1970-01", "--quorum", "all"], "--period"),
        (&["--sla", "gold", "--period", "1970-01-02", "--quorum", "all"], "end before"),
        (&["--sla", "gold", "--quorum", "all"], "--period"),
    ] {
        let (exit, out, err) = files.run("what-if", more);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{more:?}: {err}");
        assert!(err.contains(expected), "{more:?}: {err}");
    }
}

#[test]
fn texts_that_are_no_policies_are_refused() {
    let files = Files::new(&outage());
    for (more, expected) in [
        (&["--quorum", "most"][..], "at_least:NUMBER"),
        (&["--quorum", "fraction:1.5"], "fraction:0.NUMBER"),
        (&["--quorum", "weights:fra=1,fra=2"], "weights:REGION"),
        (&["--policy", "quorum"], "separated by blanks"),
        (&["--policy", ""], "separated by blanks"),
        (&[], "nothing to compare"),
    ] {
        let (exit, out, err) = files.run("what-if", more);
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{more:?}: {err}");
        assert!(err.contains(expected), "{more:?}: {err}");
    }
}

#[test]
fn shares_are_read_as_written() {
    for (text, expected) in [("0.6", Some(600_000)), ("1", Some(1_000_000)), ("0.000001", Some(1)), ("0.6666667", None)]
    {
        assert_eq!(parts_per_million(text), expected, "{text}");
    }
    for text in ["", ".5", "0", "0.0", "-0.5", "2", "0,5"] {
        assert_eq!(parts_per_million(text), None, "{text}");
    }
}

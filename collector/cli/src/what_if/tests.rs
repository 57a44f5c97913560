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

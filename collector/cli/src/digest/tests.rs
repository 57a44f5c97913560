use crate::replay::tests::{Files, outage, world};

use super::*;

const MORE: [&str; 6] = ["--check", "shop", "--from", "20000", "--to", "150000"];

fn whole(files: &Files) -> String {
    files.json("digest", &MORE)["checks"][0]["whole"].as_str().expect("a text").to_owned()
}

#[test]
fn order_and_duplicates_do_not_change_the_hash_but_a_sample_does() {
    let lines = outage();
    let reversed: Vec<&str> = lines.lines().rev().chain(lines.lines()).collect();
    let hash = whole(&Files::new(&lines));
    assert_eq!(whole(&Files::new(&reversed.join("\n"))), hash);
    assert_ne!(whole(&Files::new(&world(200_000, |_, _| false))), hash);
}

#[test]
fn an_expected_hash_decides_the_exit_code() {
    let files = Files::new(&outage());
    let hash = whole(&files);
    let other = "0".repeat(64);
    for (expected, exit) in [(hash.as_str(), Exit::Fine), (other.as_str(), Exit::No), ("12", Exit::Usage)] {
        let (got, _, err) = files.run("digest", &[&MORE[..], &["--expect", expected]].concat());
        assert_eq!(got, exit, "{expected}: {err}");
    }
}

//! The edge cases of CONSENSUS section 10 and the rules one by one, as written-out worlds.

use crate::world::{judge_world, majority, show};

const THREE: &str = "fra/hetzner iad/aws sin/ovh";

#[track_caller]
fn check(places: &str, world: &str, from_s: i64, to_s: i64, expected: &str) {
    let shown = show(&judge_world(world, &majority(places), from_s, to_s));
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(shown, expected.join("\n"), "world:\n{world}\njudged:\n{shown}\n");
}

#[test]
fn all_good_is_up() {
    check(
        THREE,
        "fra/hetzner 0s: ......
         iad/aws 0s: ......
         sin/ovh 0s: ......",
        0,
        50,
        "0..50 up
         down 0..0..0 unknown 0",
    );
}

#[test]
fn an_outage_of_all_regions() {
    check(
        THREE,
        "fra/hetzner 0s: ...xxx......
         iad/aws 3s: ...xxx......
         sin/ovh 6s: ...xxx......",
        10,
        90,
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..31.15 down [fra iad]
         31.15..55.05 down [fra iad sin]
         55.05..58.05 down [iad sin]
         58.05..61.05 partial [sin]
         61.05..90 up
         outage 28.15(23..33.3) to 58.05(53..63.1) billed 29.9 support 12
         down 19.7..29.9..40.1 unknown 0",
    );
}

#[test]
fn one_bad_region_is_partial() {
    check(
        THREE,
        "fra/hetzner 0s: ...xxx......
         iad/aws 3s: ............
         sin/ovh 6s: ............",
        10,
        90,
        "10..25.15 up
         25.15..55.05 partial [fra]
         55.05..90 up
         down 0..0..0 unknown 0",
    );
}

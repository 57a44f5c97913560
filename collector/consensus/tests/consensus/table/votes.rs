//! Who is enough (CONSENSUS section 4): each quorum, diversity, too few voters, names in PARTIAL, DEGRADED.

use quorate_model::{PolicyHistory, Quorum};

use super::{FIVE, THREE, check};
use crate::world::{judge_world, majority, policy, region, show};

fn by(places: &str, quorum: Quorum) -> PolicyHistory {
    PolicyHistory::new(policy(places, quorum))
}

fn weights(pairs: &[(&str, u32)]) -> Quorum {
    Quorum::Weights(pairs.iter().map(|(name, weight)| (region(name), *weight)).collect())
}

#[test]
fn all_good_is_up() {
    check(
        &majority(THREE),
        "fra/hetzner 0s: ......
         iad/aws 3s: ......
         sin/ovh 6s: ......",
        (0, 50),
        "0..3 unknown
         3..50 up
         down 0..0..0 unknown 3",
    );
}

/// One bad region is named, and is no downtime.
#[test]
fn one_bad_region_is_partial_by_name() {
    check(
        &majority(THREE),
        "fra/hetzner 0s: ...xxx......
         iad/aws 3s: ............
         sin/ovh 6s: ............",
        (10, 90),
        "10..25.15 up
         25.15..55.05 partial [fra]
         55.05..90 up
         down 0..0..0 unknown 0",
    );
}

#[test]
fn a_majority_of_five_is_three() {
    let two = "fra/hetzner 0s: ...xxx......
         iad/aws 2s: ...xxx......
         sin/ovh 4s: ............
         syd/aws 6s: ............
         ams/vultr 8s: ............";
    check(
        &majority(FIVE),
        two,
        (10, 90),
        "10..25.15 up
         25.15..27.15 partial [fra]
         27.15..55.05 partial [fra iad]
         55.05..57.05 partial [iad]
         57.05..90 up
         down 0..0..0 unknown 0",
    );
    let three = two.replace("sin/ovh 4s: ......", "sin/ovh 4s: ...xxx");
    check(
        &majority(FIVE),
        &three,
        (10, 90),
        "10..25.15 up
         25.15..27.15 partial [fra]
         27.15..29.15 partial [fra iad]
         29.15..55.05 down [fra iad sin]
         55.05..57.05 partial [iad sin]
         57.05..59.05 partial [sin]
         59.05..90 up
         outage 27.15(24..34.3) to 57.05(50..60.1) billed 29.9 support 12
         down 15.7..29.9..36.1 unknown 0",
    );
}

#[test]
fn at_least_two_of_five() {
    let one = "fra/hetzner 0s: ...xxx......
         iad/aws 2s: ............
         sin/ovh 4s: ............
         syd/aws 6s: ............
         ams/vultr 8s: ............";
    check(
        &by(FIVE, Quorum::AtLeast(2)),
        one,
        (10, 90),
        "10..25.15 up
         25.15..55.05 partial [fra]
         55.05..90 up
         down 0..0..0 unknown 0",
    );
    let two = one.replace("iad/aws 2s: ......", "iad/aws 2s: ...xxx");
    check(
        &by(FIVE, Quorum::AtLeast(2)),
        &two,
        (10, 90),
        "10..25.15 up
         25.15..27.15 partial [fra]
         27.15..55.05 down [fra iad]
         55.05..57.05 partial [iad]
         57.05..90 up
         outage 26.15(22..32.3) to 56.05(50..60.1) billed 29.9 support 8
         down 17.7..29.9..38.1 unknown 0",
    );
}

/// Two thirds of four voting regions are three; of three, two.
#[test]
fn a_fraction_is_rounded_up() {
    let four = "fra/hetzner iad/aws sin/ovh ams/vultr";
    let two_thirds = by(four, Quorum::Fraction(666_666));
    let two = "fra/hetzner 0s: ...xxx......
         iad/aws 2s: ...xxx......
         sin/ovh 4s: ............
         ams/vultr 6s: ............";
    check(
        &two_thirds,
        two,
        (10, 90),
        "10..25.15 up
         25.15..27.15 partial [fra]
         27.15..55.05 partial [fra iad]
         55.05..57.05 partial [iad]
         57.05..90 up
         down 0..0..0 unknown 0",
    );
    let silent = two.replace("ams/vultr 6s: ............", "ams/vultr 6s: ------------");
    check(
        &two_thirds,
        &silent,
        (20, 90),
        "20..25.15 up
         25.15..27.15 partial [fra]
         27.15..55.05 down [fra iad]
         55.05..57.05 partial [iad]
         57.05..90 up
         outage 26.15(22..32.3) to 56.05(50..60.1) billed 29.9 support 8
         down 17.7..29.9..38.1 unknown 0",
    );
}

#[test]
fn all_is_every_voting_region() {
    let two = "fra/hetzner 0s: ...xxx......
         iad/aws 3s: ...xxx......
         sin/ovh 6s: ............";
    check(
        &by(THREE, Quorum::All),
        two,
        (10, 90),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..55.05 partial [fra iad]
         55.05..58.05 partial [iad]
         58.05..90 up
         down 0..0..0 unknown 0",
    );
    let three = two.replace("sin/ovh 6s: ......", "sin/ovh 6s: ...xxx");
    check(
        &by(THREE, Quorum::All),
        &three,
        (10, 90),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..31.15 partial [fra iad]
         31.15..55.05 down [fra iad sin]
         55.05..58.05 partial [iad sin]
         58.05..61.05 partial [sin]
         61.05..90 up
         outage 28.15(26..36.3) to 58.05(50..60.1) billed 29.9 support 10
         down 13.7..29.9..34.1 unknown 0",
    );
}

/// Two light regions do not outweigh a heavy one; the heavy one and a light one do.
#[test]
fn weights_are_more_than_half_of_what_votes() {
    let heavy = by(THREE, weights(&[("fra", 3), ("iad", 1), ("sin", 1)]));
    let light = "fra/hetzner 0s: ............
         iad/aws 3s: ...xxx......
         sin/ovh 6s: ...xxx......";
    check(
        &heavy,
        light,
        (10, 90),
        "10..28.15 up
         28.15..31.15 partial [iad]
         31.15..58.05 partial [iad sin]
         58.05..61.05 partial [sin]
         61.05..90 up
         down 0..0..0 unknown 0",
    );
    let both = "fra/hetzner 0s: ...xxx......
         iad/aws 3s: ...xxx......
         sin/ovh 6s: ............";
    check(
        &heavy,
        both,
        (10, 90),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..55.05 down [fra iad]
         55.05..58.05 partial [iad]
         58.05..90 up
         outage 26.65(23..33.3) to 56.55(50..60.1) billed 29.9 support 8
         down 16.7..29.9..37.1 unknown 0",
    );
}

/// Two regions of three are a majority, but these share a provider: partial. With the third one they are down.
#[test]
fn a_quorum_spans_providers() {
    let shared = "iad/aws syd/aws fra/hetzner";
    let two = "iad/aws 0s: ...xxx......
         syd/aws 3s: ...xxx......
         fra/hetzner 6s: ............";
    check(
        &majority(shared),
        two,
        (10, 90),
        "10..25.15 up
         25.15..28.15 partial [iad]
         28.15..55.05 partial [iad syd]
         55.05..58.05 partial [syd]
         58.05..90 up
         down 0..0..0 unknown 0",
    );
    let three = two.replace("fra/hetzner 6s: ......", "fra/hetzner 6s: ...xxx");
    check(
        &majority(shared),
        &three,
        (10, 90),
        "10..25.15 up
         25.15..28.15 partial [iad]
         28.15..31.15 partial [iad syd]
         31.15..55.05 down [fra iad syd]
         55.05..58.05 down [fra syd]
         58.05..61.05 partial [fra]
         61.05..90 up
         outage 28.15(26..36.3) to 58.05(53..63.1) billed 29.9 support 11
         down 16.7..29.9..37.1 unknown 0",
    );
}

/// Where only regions of one provider vote a quorum of them says nothing.
#[test]
fn a_quorum_of_one_voting_provider_is_unknown() {
    check(
        &majority("iad/aws syd/aws fra/hetzner"),
        "iad/aws 0s: ...xxx......
         syd/aws 3s: ...xxx......
         fra/hetzner 6s: ------------",
        (10, 90),
        "10..25.15 up
         25.15..28.15 partial [iad]
         28.15..55.05 unknown [iad syd]
         55.05..58.05 partial [syd]
         58.05..90 up
         down 0..0..0 unknown 26.9",
    );
}

/// One of three lost: the two left decide together. Two lost: nobody knows.
#[test]
fn too_few_voters_are_unknown() {
    let one_lost = "fra/hetzner 0s: ...xxx......
         iad/aws 3s: ...xxx......
         sin/ovh 6s: ------------";
    check(
        &majority(THREE),
        one_lost,
        (10, 90),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..55.05 down [fra iad]
         55.05..58.05 partial [iad]
         58.05..90 up
         outage 26.65(23..33.3) to 56.55(50..60.1) billed 29.9 support 8
         down 16.7..29.9..37.1 unknown 0",
    );
    let two_lost = one_lost.replace("iad/aws 3s: ...xxx......", "iad/aws 3s: ------------");
    check(
        &majority(THREE),
        &two_lost,
        (10, 90),
        "10..25.15 unknown
         25.15..55.05 unknown [fra]
         55.05..90 unknown
         down 0..0..0 unknown 80",
    );
}

#[test]
fn of_two_regions_both_decide_and_one_alone_knows_nothing() {
    let two = "fra/hetzner iad/aws";
    check(
        &majority(two),
        "fra/hetzner 0s: ..xxxxx.....
         iad/aws 5s: ..x.xxx-----",
        (10, 110),
        "10..15.15 up
         15.15..20.15 partial [fra]
         20.15..30.05 down [fra iad]
         30.05..40.15 partial [fra]
         40.15..65.05 down [fra iad]
         65.05..88 partial [iad]
         88..110 unknown
         outage 17.65(15..25.3) to open(60..110) billed 39.8 support 11
         down 14.7..39.8..55.1 unknown 22",
    );
}

/// One region alone is a single vantage: it decides, and the verdict says that nothing confirms it.
#[test]
fn one_region_is_a_single_vantage() {
    let world = "fra/hetzner 0s: ..xxx...";
    let verdict = judge_world(world, &majority("fra/hetzner"), 0, 70);
    assert!(verdict.single_vantage);
    check(
        &majority("fra/hetzner"),
        world,
        (0, 70),
        "0..15.15 up
         15.15..45.05 down [fra]
         45.05..70 up
         outage 15.15(10..20.3) to 45.05(40..50.1) billed 29.9 support 4
         down 19.7..29.9..40.2 unknown 0",
    );
    assert!(!judge_world(world, &majority(THREE), 0, 70).single_vantage);
}

/// Slow is a success; a quorum of slow regions is a degraded check, and a failing one counts among them.
#[test]
fn slow_regions_degrade() {
    check(
        &majority(THREE),
        "fra/hetzner 0s: ...sss......
         iad/aws 3s: ............
         sin/ovh 6s: ............",
        (10, 90),
        "10..90 up
         down 0..0..0 unknown 0",
    );
    check(
        &majority(THREE),
        "fra/hetzner 0s: ...sss......
         iad/aws 3s: ...xxx......
         sin/ovh 6s: ............",
        (10, 90),
        "10..28.15 up
         28.15..55.05 degraded [iad]
         55.05..58.05 partial [iad]
         58.05..90 up
         down 0..0..0 unknown 0",
    );
}

/// The state named first wins: UNKNOWN, DOWN, DEGRADED, PARTIAL, UP.
#[test]
fn down_goes_before_degraded() {
    check(
        &majority(THREE),
        "fra/hetzner 0s: ...xxx......
         iad/aws 3s: ...xxx......
         sin/ovh 6s: ...sss......",
        (10, 90),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..55.05 down [fra iad]
         55.05..58.05 degraded [iad]
         58.05..90 up
         outage 26.65(23..33.3) to 56.55(50..60.1) billed 29.9 support 8
         down 16.7..29.9..37.1 unknown 0",
    );
}

/// A region with several agents is bad if more than half of them are; a tie is good.
#[test]
fn agents_of_a_region_agree_first() {
    let tie = "fra#1/hetzner 0s: ...xxx......
         fra#2/hetzner 1s: ............
         iad/aws 3s: ...xxx......
         sin/ovh 6s: ............";
    check(
        &majority(THREE),
        tie,
        (10, 90),
        "10..28.15 up
         28.15..58.05 partial [iad]
         58.05..90 up
         down 0..0..0 unknown 0",
    );
    let two_of_three = format!("{tie}\n fra#3/hetzner 2s: ...xxx......");
    check(
        &majority(THREE),
        &two_of_three,
        (10, 90),
        "10..27.15 up
         27.15..28.15 partial [fra]
         28.15..55.05 down [fra iad]
         55.05..58.05 partial [iad]
         58.05..90 up
         outage 26.65(23..33.3) to 56.55(50..60.1) billed 29.9 support 12
         down 16.7..29.9..37.1 unknown 0",
    );
}

/// A region that no policy names does not vote, but is counted.
#[test]
fn a_foreign_region_has_no_vote() {
    let world = "fra/hetzner 0s: ......
         iad/aws 3s: ......
         sin/ovh 6s: xxxxxx";
    let history = majority("fra/hetzner iad/aws");
    assert_eq!(judge_world(world, &history, 10, 50).counters.other_region, 6);
    assert_eq!(show(&judge_world(world, &history, 10, 50)), "10..50 up\ndown 0..0..0 unknown 0");
}

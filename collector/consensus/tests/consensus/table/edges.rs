//! The edge cases of CONSENSUS section 10.

use quorate_collector_consensus::judge;
use quorate_model::{Boot, Millis};

use super::{FIVE, THREE, check};
use crate::world::{judge_world, majority, provider, region, samples, show, time, window};

/// Duplicates vanish; of two payloads under one identity the smaller stays, and its agent is named.
#[test]
fn duplicates_and_equivocation() {
    let world = "fra/hetzner 0s: .d....
         iad/aws 3s: ..E...
         sin/ovh 6s: ......";
    let verdict = judge_world(world, &majority(THREE), 10, 50);
    assert_eq!((verdict.counters.duplicates, verdict.counters.equivocations), (2, 1));
    assert_eq!(verdict.equivocating.iter().map(ToString::to_string).collect::<Vec<_>>(), ["iad-1"]);
    assert_eq!(show(&verdict), "10..50 up\ndown 0..0..0 unknown 0");
}

/// An agent that crashes while it fails says nothing more: after its reach its region does not vote.
#[test]
fn a_crash_while_failing_ends_by_itself() {
    check(
        &majority(THREE),
        "fra/hetzner 0s: ...xx-------
         iad/aws 3s: ............
         sin/ovh 6s: ............",
        (10, 110),
        "10..25.15 up
         25.15..63 partial [fra]
         63..110 up
         down 0..0..0 unknown 0",
    );
}

/// Three of five agents lost: two voters are too few of five. Nobody says up.
#[test]
fn lost_agents_leave_the_unknown() {
    check(
        &majority(FIVE),
        "fra/hetzner 0s: .....-------
         iad/aws 2s: .....-------
         sin/ovh 4s: .....-------
         syd/aws 6s: ............
         ams/vultr 8s: ............",
        (10, 110),
        "10..67 up
         67..110 unknown
         down 0..0..19 unknown 43",
    );
}

/// Regions that fail one after the other, never enough of them at once.
#[test]
fn a_rolling_regional_fault_is_partial() {
    check(
        &majority(FIVE),
        "fra/hetzner 0s: ..xxx.......
         iad/aws 2s: ....xxx.....
         sin/ovh 4s: ......xxx...
         syd/aws 6s: ............
         ams/vultr 8s: ............",
        (10, 110),
        "10..15.15 up
         15.15..37.15 partial [fra]
         37.15..45.05 partial [fra iad]
         45.05..59.15 partial [iad]
         59.15..67.05 partial [iad sin]
         67.05..89.05 partial [sin]
         89.05..110 up
         down 0..0..0 unknown 0",
    );
}

/// On and off faster than anyone probes: every run that is seen is one, in one incident.
#[test]
fn flapping_is_one_incident() {
    check(
        &majority(THREE),
        "fra/hetzner 0s: ..xx..xx..xx....
         iad/aws 3s: ..xx..xx..xx....
         sin/ovh 6s: ..xx..xx..xx....",
        (10, 150),
        "10..15.15 up
         15.15..18.15 partial [fra]
         18.15..21.15 down [fra iad]
         21.15..35.05 down [fra iad sin]
         35.05..38.05 down [iad sin]
         38.05..41.05 partial [sin]
         41.05..55.15 up
         55.15..58.15 partial [fra]
         58.15..61.15 down [fra iad]
         61.15..75.05 down [fra iad sin]
         75.05..78.05 down [iad sin]
         78.05..81.05 partial [sin]
         81.05..95.15 up
         95.15..98.15 partial [fra]
         98.15..101.15 down [fra iad]
         101.15..115.05 down [fra iad sin]
         115.05..118.05 down [iad sin]
         118.05..121.05 partial [sin]
         121.05..150 up
         outage 18.15(13..23.3) to 118.05(113..123.1) billed 59.7 support 27
         down 29.1..59.7..90.3 unknown 0",
    );
}

/// What falls between the probes is invisible; the distance of probes is the resolution.
#[test]
fn shorter_than_the_distance_of_probes_is_invisible() {
    check(
        &majority(THREE),
        "fra/hetzner 0s: ......
         iad/aws 3s: ...x..
         sin/ovh 6s: ......",
        (10, 50),
        "10..28.15 up
         28.15..38.05 partial [iad]
         38.05..50 up
         down 0..0..0 unknown 0",
    );
}

/// An agent whose clock is set back begins a new boot; the known offset puts its samples where they belong.
#[test]
fn a_clock_set_back_is_another_boot() {
    let world = "fra/hetzner 0s: ...xxx......
         iad/aws 3s: ...xxx......
         sin/ovh 6s: ...xxx......";
    let whole = judge_world(world, &majority(THREE), 10, 90);
    let mut stepped = samples(world);
    for sample in stepped.iter_mut().filter(|s| s.id.agent.as_str() == "iad-1" && s.start.as_millis() > 45_000) {
        (sample.start, sample.end) = (sample.start - Millis::new(5_000), sample.end - Millis::new(5_000));
        sample.clock.offset = Millis::new(5_000);
        sample.id.boot = Boot::new(2);
    }
    assert_eq!(judge(&stepped, &majority(THREE), window(10, 90), time(90_000)), whole);
}

/// An agent that moved votes where it is now, and what it held before it moved ends.
#[test]
fn an_agent_moves_to_another_region() {
    let mut all = samples(
        "fra/hetzner 0s: ..........
         iad/aws 3s: ...xxxxxxx
         sin/ovh 6s: ..........",
    );
    for sample in all.iter_mut().filter(|s| s.id.agent.as_str() == "fra-1" && s.start.as_millis() > 45_000) {
        (sample.region, sample.provider) = (region("iad"), provider("aws"));
        sample.id.boot = Boot::new(2);
    }
    let verdict = judge(&all, &majority(THREE), window(10, 95), time(95_000));
    assert_eq!(show(&verdict), "10..28.15 up\n28.15..50 partial [iad]\n50..95 up\ndown 0..0..10 unknown 0");
}

/// An outage that goes on when agents lose the collector: the bounds reach through what nobody saw.
#[test]
fn bounds_reach_through_the_unknown() {
    check(
        &majority(THREE),
        "fra/hetzner 0s: ...xx----------...
         iad/aws 3s: ...xx----------...
         sin/ovh 6s: ...xx----------...",
        (10, 175),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..31.15 down [fra iad]
         31.15..63 down [fra iad sin]
         63..66 down [iad sin]
         66..69 unknown [sin]
         69..153 unknown
         153..175 up
         outage 28.15(23..33.3) to 66(43..153) billed 37.85 support 9
         down 9.7..37.85..45 unknown 87",
    );
}

/// Nothing at or after the present is judged: what is not over is provisional.
#[test]
fn nothing_behind_the_present_is_judged() {
    let world = "fra/hetzner 0s: ......
         iad/aws 3s: ......
         sin/ovh 6s: ......";
    let verdict = judge(&samples(world), &majority(THREE), window(10, 90), time(40_000));
    assert_eq!(show(&verdict), "10..40 up\ndown 0..0..0 unknown 0");
    assert_eq!(verdict.window.to, time(40_000));
}

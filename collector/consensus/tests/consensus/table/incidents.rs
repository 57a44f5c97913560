//! From downtime to incidents (CONSENSUS section 5): bounds, support, blips, gaps, names, policies that change.

use quorate_collector_consensus::judge;
use quorate_model::{Confirm, Millis, PolicyHistory, Quorum, Solicit};

use super::{FIVE, THREE, check};
use crate::world::{judge_world, majority, policy, samples, show, time, window};

fn passive(places: &str) -> PolicyHistory {
    let mut passive = policy(places, Quorum::Majority);
    passive.confirm = Confirm { retries: 0, after: Millis::new(1_000), solicit: Solicit::Off };
    PolicyHistory::new(passive)
}

const OUTAGE: &str = "fra/hetzner 0s: ...xxx......
         iad/aws 3s: ...xxx......
         sin/ovh 6s: ...xxx......";

/// Low, point and high of downtime, and the bounds of start and end, all from the same three spans of each edge.
#[test]
fn an_outage_of_all_regions() {
    check(
        &majority(THREE),
        OUTAGE,
        (10, 90),
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

/// One bad sample of two regions: two samples and two bad runs. That is enough for `need + 1` where nothing is confirmed,
/// but not for `2 * need + 1` where it is.
#[test]
fn a_blip_is_kept_and_not_billed() {
    let world = "fra/hetzner 0s: ...x........
         iad/aws 3s: ...x........
         sin/ovh 6s: ............";
    check(
        &majority(THREE),
        world,
        (10, 90),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..35.05 down [fra iad]
         35.05..38.05 partial [iad]
         38.05..90 up
         blip 26.65(23..33.3) to 36.55(30..40.1) billed 0 support 4
         down 0..0..17.1 unknown 0",
    );
    check(
        &passive(THREE),
        world,
        (10, 90),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..35.05 down [fra iad]
         35.05..38.05 partial [iad]
         38.05..90 up
         outage 26.65(23..33.3) to 36.55(30..40.1) billed 9.9 support 4
         down 0..9.9..17.1 unknown 0",
    );
}

/// Three of the four supporters agree on a moment, the fourth does not: the point is the middle of what the three share.
/// Where fewer agree, it is the moment by which the estimates are a quorum.
#[test]
fn three_quarters_agree_on_the_point() {
    check(
        &majority(FIVE),
        "fra/hetzner 0s: ...xxx......
         iad/aws 2s: ...xxx......
         sin/ovh 4s: ...xxx......
         ams/vultr 6s: .....x......
         syd/aws 8s: ............",
        (10, 90),
        "10..25.15 up
         25.15..27.15 partial [fra]
         27.15..29.15 partial [fra iad]
         29.15..51.15 down [fra iad sin]
         51.15..55.05 down [ams fra iad sin]
         55.05..57.05 down [ams iad sin]
         57.05..59.05 partial [ams sin]
         59.05..61.05 partial [ams]
         61.05..90 up
         outage 27.15(24..34.3) to 58.05(52..62.1) billed 30.9 support 14
         down 15.7..30.9..38.1 unknown 0",
    );
    check(
        &majority(FIVE),
        "fra/hetzner 0s: ...xxxx.....
         iad/aws 2s: ....xxx.....
         sin/ovh 4s: .....xx.....
         ams/vultr 6s: ............
         syd/aws 8s: ............",
        (10, 90),
        "10..25.15 up
         25.15..37.15 partial [fra]
         37.15..49.15 partial [fra iad]
         49.15..65.05 down [fra iad sin]
         65.05..67.05 partial [iad sin]
         67.05..69.05 partial [sin]
         69.05..90 up
         outage 49.15(44..54.3) to 67.05(60..70.1) billed 17.9 support 9
         down 5.7..17.9..26.1 unknown 0",
    );
}

/// Nothing was seen before it: the start is bounded by nothing but the window.
#[test]
fn an_outage_at_the_beginning_has_no_earliest_start() {
    check(
        &majority(THREE),
        "fra/hetzner 0s: xxx...
         iad/aws 3s: xxx...
         sin/ovh 6s: xxx...",
        (0, 50),
        "0..3 unknown [fra]
         3..6 down [fra iad]
         6..25.05 down [fra iad sin]
         25.05..28.05 down [iad sin]
         28.05..31.05 partial [sin]
         31.05..50 up
         outage 3(0..3.3) to 28.05(23..33.1) billed 25.05 support 11
         down 19.7..25.05..30.1 unknown 3",
    );
}

/// It is open while the last state is down, and while those who came back are too few to say that it is over.
#[test]
fn an_incident_stays_open_until_enough_say_that_it_is_over() {
    check(
        &majority(THREE),
        "fra/hetzner 0s: ...xxx
         iad/aws 3s: ...xxx
         sin/ovh 6s: ...xxx",
        (10, 59),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..31.15 down [fra iad]
         31.15..59 down [fra iad sin]
         outage 28.15(23..33.3) to open(53..59) billed 29.35 support 12
         down 19.7..29.35..36 unknown 0",
    );
    check(
        &majority(THREE),
        "fra/hetzner 0s: ...xxx
         iad/aws 3s: ...xxx
         sin/ovh 6s: ...xxx....",
        (10, 95),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..31.15 down [fra iad]
         31.15..61.05 down [fra iad sin]
         61.05..73 down [fra iad]
         73..76 partial [iad]
         76..95 unknown
         outage 28.15(23..33.3) to open(53..95) billed 32.9 support 12
         down 19.7..32.9..50 unknown 19",
    );
}

/// Two runs less than the gap apart are one incident; the time between them is no downtime. Farther apart they are two.
#[test]
fn a_short_gap_joins_and_is_not_billed() {
    let world = "fra/hetzner 0s: ...xxx..xxx.....
         iad/aws 3s: ...xxx..xxx.....
         sin/ovh 6s: ...xxx..xxx.....";
    check(
        &majority(THREE),
        world,
        (10, 150),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..31.15 down [fra iad]
         31.15..55.05 down [fra iad sin]
         55.05..58.05 down [iad sin]
         58.05..61.05 partial [sin]
         61.05..75.15 up
         75.15..78.15 partial [fra]
         78.15..81.15 down [fra iad]
         81.15..105.05 down [fra iad sin]
         105.05..108.05 down [iad sin]
         108.05..111.05 partial [sin]
         111.05..150 up
         outage 28.15(23..33.3) to 108.05(103..113.1) billed 59.8 support 24
         down 39.4..59.8..80.2 unknown 0",
    );
    let mut strict = policy(THREE, Quorum::Majority);
    strict.merge_gap = Millis::new(5_000);
    check(
        &PolicyHistory::new(strict),
        world,
        (10, 150),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..31.15 down [fra iad]
         31.15..55.05 down [fra iad sin]
         55.05..58.05 down [iad sin]
         58.05..61.05 partial [sin]
         61.05..75.15 up
         75.15..78.15 partial [fra]
         78.15..81.15 down [fra iad]
         81.15..105.05 down [fra iad sin]
         105.05..108.05 down [iad sin]
         108.05..111.05 partial [sin]
         111.05..150 up
         outage 28.15(23..33.3) to 58.05(53..63.1) billed 29.9 support 12
         outage 78.15(73..83.3) to 108.05(103..113.1) billed 29.9 support 12
         down 39.4..59.8..80.2 unknown 0",
    );
}

/// A window clips segments and sums, never an incident.
#[test]
fn a_window_clips_sums_and_not_incidents() {
    let verdict = judge(&samples(OUTAGE), &majority(THREE), window(40, 50), time(90_000));
    assert_eq!(
        show(&verdict),
        "40..50 down [fra iad sin]\n\
         outage 28.15(23..33.3) to 58.05(53..63.1) billed 29.9 support 12\n\
         down 10..10..10 unknown 0"
    );
}

/// The policy of each moment judges it: from 45 s on two bad regions are enough no more.
#[test]
fn policies_hold_from_when_they_are_said_to() {
    let mut history = majority(THREE);
    history.change(time(45_000), policy(THREE, Quorum::All));
    check(
        &history,
        "fra/hetzner 0s: ...xxx......
         iad/aws 3s: ...xxx......
         sin/ovh 6s: ............",
        (10, 90),
        "10..25.15 up
         25.15..28.15 partial [fra]
         28.15..45 down [fra iad]
         45..55.05 partial [fra iad]
         55.05..58.05 partial [iad]
         58.05..90 up
         outage 26.65(23..33.3) to 45(45..45) billed 18.35 support 6
         down 11.7..18.35..22 unknown 0",
    );
}

/// Names hold the check and the minute, and count on within one minute; the same samples make the same names.
#[test]
fn names_are_made_of_check_and_minute() {
    let world = "fra/hetzner 0s: .xx..xx..xx.....
         iad/aws 3s: .xx..xx..xx.....
         sin/ovh 6s: .xx..xx..xx.....";
    let mut strict = policy(THREE, Quorum::Majority);
    strict.merge_gap = Millis::new(1_000);
    let history = PolicyHistory::new(strict);
    let names = |to_s: i64| -> Vec<String> {
        judge_world(world, &history, 0, to_s).incidents.iter().map(|incident| incident.id.to_string()).collect()
    };
    assert_eq!(names(150), ["shop-19700101T0000Z", "shop-19700101T0001Z", "shop-19700101T0001Z.2"]);
    assert_eq!(names(75), names(150)[..2]);
}

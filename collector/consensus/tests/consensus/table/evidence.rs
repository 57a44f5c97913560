//! What a sample says and how long (CONSENSUS sections 2 and 3).

use quorate_collector_consensus::{AbstainReason, judge};
use quorate_model::{CheckVersion, LateOk, Millis, PolicyHistory, Quorum};

use super::{THREE, check};
use crate::world::{judge_world, majority, policy, samples, show, time, window};

/// Every reason to abstain: the agent's failures do not count, its region does not vote, the others go on.
#[test]
fn who_doubts_itself_does_not_vote() {
    let reasons = [
        ('l', AbstainReason::Local),
        ('h', AbstainReason::Health),
        ('w', AbstainReason::Late),
        ('?', AbstainReason::References),
        ('c', AbstainReason::Clock),
    ];
    for (letter, reason) in reasons {
        let world = "fra/hetzner 0s: ...@@@......
             iad/aws 3s: ...xxx......
             sin/ovh 6s: ............"
            .replace('@', &letter.to_string());
        let verdict = judge_world(&world, &majority(THREE), 10, 90);
        assert_eq!(verdict.counters.abstained.of(reason), 3, "{letter}");
        check(
            &majority(THREE),
            &world,
            (10, 90),
            "10..28.15 up
         28.15..58.05 partial [iad]
         58.05..90 up
         down 0..0..7.1 unknown 0",
        );
    }
}

/// Every agent's references fail with the target: somebody's network, nobody knows about the target.
#[test]
fn all_references_down_is_unknown() {
    check(
        &majority(THREE),
        "fra/hetzner 0s: ...???......
         iad/aws 3s: ...???......
         sin/ovh 6s: ...???......",
        (10, 90),
        "10..33 up
         33..63 unknown
         63..90 up
         down 0..0..10 unknown 30",
    );
}

/// A failing reference does not make a success doubtful: it is proof.
#[test]
fn a_success_never_abstains() {
    let mut all = samples(
        "fra/hetzner 0s: ......
         iad/aws 3s: ......
         sin/ovh 6s: ......",
    );
    for sample in &mut all {
        sample.references = quorate_model::References::counts(0, 3).expect("none of 3");
        sample.health = quorate_model::Health::new(7).expect("up to 7");
        sample.lag = Millis::new(2_999);
    }
    let verdict = judge(&all, &majority(THREE), window(10, 50), time(50_000));
    assert_eq!(show(&verdict), "10..50 up\ndown 0..0..0 unknown 0");
}

/// A right answer after the deadline is a failure, unless the check takes it for a success.
#[test]
fn late_answers_count_as_the_check_says() {
    let world = "fra/hetzner 0s: ...LLL......
         iad/aws 3s: ...LLL......
         sin/ovh 6s: ............";
    check(
        &majority(THREE),
        world,
        (10, 90),
        "10..26.5 up
         26.5..29.5 partial [fra]
         29.5..55.05 down [fra iad]
         55.05..58.05 partial [iad]
         58.05..90 up
         outage 28(23..36) to 56.55(50..60.1) billed 28.55 support 8
         down 14..28.55..37.1 unknown 0",
    );
    let mut lenient = policy(THREE, Quorum::Majority);
    lenient.late_ok = LateOk::Good;
    check(
        &PolicyHistory::new(lenient),
        world,
        (10, 90),
        "10..90 up
         down 0..0..0 unknown 0",
    );
}

/// A refusal is an answer, known when it came; silence is known as soon as a target that is well would have answered.
#[test]
fn silence_and_refusal_settle_at_different_times() {
    check(
        &majority(THREE),
        "fra/hetzner 0s: ...rrr......
         iad/aws 3s: ...rrr......
         sin/ovh 6s: ...rrr......",
        (10, 90),
        "10..25.05 up
         25.05..28.05 partial [fra]
         28.05..31.05 down [fra iad]
         31.05..55.05 down [fra iad sin]
         55.05..58.05 down [iad sin]
         58.05..61.05 partial [sin]
         61.05..90 up
         outage 28.05(23..33.1) to 58.05(53..63.1) billed 30 support 12
         down 19.9..30..40.1 unknown 0",
    );
}

/// Agents of other intervals reach as far as their own: the slow one holds its vote for two minutes.
#[test]
fn intervals_differ() {
    check(
        &majority(THREE),
        "fra/hetzner 0s 5s: ......xxxxxx..............
         iad/aws 3s 10s: ...xxx.......
         sin/ovh 6s 60s: .x..",
        (20, 120),
        "20..27.65 up
         27.65..28.15 partial [fra]
         28.15..36.15 down [fra iad]
         36.15..57.55 down [fra iad sin]
         57.55..58.05 down [iad sin]
         58.05..96.05 partial [sin]
         96.05..120 up
         outage 27.65(25..33.3) to 58.05(53..63.1) billed 30.4 support 12
         down 19.7..30.4..40.1 unknown 0",
    );
}

/// A probe may take longer than the interval: the next one begins when it is done, and what is held reaches as far.
#[test]
fn a_timeout_over_the_interval() {
    let mut all = samples(
        "fra/hetzner 0s 30s: ..xx..
         iad/aws 3s 30s: ..xx..
         sin/ovh 6s 30s: ..xx..",
    );
    for sample in &mut all {
        sample.interval = Millis::new(10_000);
        sample.timeout = Millis::new(25_000);
        if sample.failure.is_some() {
            sample.end = sample.start + sample.timeout;
        }
    }
    let verdict = judge(&all, &majority(THREE), window(20, 170), time(170_000));
    assert_eq!(
        show(&verdict),
        "20..45.15 up\n\
         45.15..48.15 partial [fra]\n\
         48.15..51.15 down [fra iad]\n\
         51.15..105.05 down [fra iad sin]\n\
         105.05..108.05 down [iad sin]\n\
         108.05..111.05 partial [sin]\n\
         111.05..170 up\n\
         outage 48.15(33..63.3) to 108.05(93..123.1) billed 59.9 support 9\n\
         down 29.7..59.9..107.1 unknown 0"
    );
}

/// Settings that changed do not blend: between the last sample of the old and the first of the new anything may be.
#[test]
fn versions_of_a_check_do_not_blend() {
    let mut all = samples(
        "fra/hetzner 0s: ...xxxxx
         iad/aws 3s: ...xxxxx
         sin/ovh 6s: ...xxxxx",
    );
    let same = judge(&all, &majority(THREE), window(10, 70), time(70_000));
    assert_eq!(
        show(&same),
        "10..25.15 up\n\
         25.15..28.15 partial [fra]\n\
         28.15..31.15 down [fra iad]\n\
         31.15..70 down [fra iad sin]\n\
         outage 28.15(23..33.3) to open(70..70) billed 41.85 support 15\n\
         down 36.7..41.85..47 unknown 0"
    );
    for sample in all.iter_mut().filter(|sample| sample.start.as_millis() >= 30_000) {
        sample.check_version = CheckVersion::new(2);
    }
    let changed = judge(&all, &majority(THREE), window(10, 70), time(70_000));
    assert_eq!(
        show(&changed),
        "10..30 up\n\
         30..33 partial [fra]\n\
         33..36 down [fra iad]\n\
         36..70 down [fra iad sin]\n\
         outage 28.15(23..33.3) to open(70..70) billed 41.85 support 14\n\
         down 36.7..41.85..47 unknown 0"
    );
}

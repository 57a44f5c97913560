use quorate_model::{AgentId, CollectorTime, Confirm, Millis, RegionId, Solicit, State};

use super::{Confirmation, Request};
use crate::verdict::Live;

fn at(ms: i64) -> CollectorTime {
    CollectorTime::from_millis(ms)
}

#[test]
fn asks_once_per_five_seconds_and_not_the_one_who_gave_the_reason() {
    let (a, b) = (AgentId::new("a").unwrap(), AgentId::new("b").unwrap());
    let confirm = Confirm::default();
    let mut confirmation = Confirmation::new();
    assert_eq!(confirmation.handle_change(&confirm, &a, at(0)), Some(Request::ProbeNow { except: a.clone() }));
    assert_eq!(confirmation.handle_change(&confirm, &b, at(4_999)), None);
    assert_eq!(confirmation.handle_change(&confirm, &b, at(5_000)), Some(Request::ProbeNow { except: b }));
    let off = Confirm { solicit: Solicit::Off, ..confirm };
    assert_eq!(confirmation.handle_change(&off, &a, at(20_000)), None);
}

#[test]
fn haste_is_renewed_while_there_is_trouble_and_ends_by_itself() {
    let confirm = Confirm::default();
    let interval = Millis::new(10_000);
    let mut confirmation = Confirmation::new();
    let live = |state, bad: &[&str]| Live {
        state,
        regions_bad: bad.iter().map(|region| RegionId::new(region).unwrap()).collect(),
        voting: 5,
        need: 3,
    };
    let all = ["a", "b", "c"];
    let mut tell = |state, ms| confirmation.handle_state(&confirm, &live(state, &all[..2]), interval, at(ms));
    assert_eq!(tell(State::Up, 0), None);
    assert_eq!(tell(State::Unknown, 0), None, "nobody is there to hurry");
    assert_eq!(tell(State::Partial, 0), Some(Request::Hasten { until: at(20_000) }));
    assert_eq!(tell(State::Down, 9_999), None);
    assert_eq!(tell(State::Down, 10_000), Some(Request::Hasten { until: at(30_000) }));
    assert_eq!(tell(State::Up, 20_000), None);
    let passive = Confirm { retries: 0, solicit: Solicit::Off, ..confirm };
    assert_eq!(Confirmation::new().handle_state(&passive, &live(State::Down, &all), interval, at(0)), None);
    let noise = live(State::Partial, &all[..1]);
    assert_eq!(Confirmation::new().handle_state(&confirm, &noise, interval, at(0)), None, "one of three that it takes");
    let slow = live(State::Degraded, &[]);
    assert_eq!(Confirmation::new().handle_state(&confirm, &slow, interval, at(0)), None);
}

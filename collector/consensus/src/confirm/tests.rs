use quorate_model::{AgentId, CollectorTime, Confirm, Millis, Solicit, State};

use super::{Confirmation, Request};

fn at(ms: i64) -> CollectorTime {
    CollectorTime::from_millis(ms)
}

#[test]
fn asks_once_per_two_seconds_and_not_the_one_who_gave_the_reason() {
    let (a, b) = (AgentId::new("a").unwrap(), AgentId::new("b").unwrap());
    let confirm = Confirm::default();
    let mut confirmation = Confirmation::new();
    assert_eq!(confirmation.handle_change(&confirm, &a, at(0)), Some(Request::ProbeNow { except: a.clone() }));
    assert_eq!(confirmation.handle_change(&confirm, &b, at(1_999)), None);
    assert_eq!(confirmation.handle_change(&confirm, &b, at(2_000)), Some(Request::ProbeNow { except: b }));
    let off = Confirm { solicit: Solicit::Off, ..confirm };
    assert_eq!(confirmation.handle_change(&off, &a, at(9_000)), None);
}

#[test]
fn haste_is_renewed_while_there_is_trouble_and_ends_by_itself() {
    let confirm = Confirm::default();
    let interval = Millis::new(10_000);
    let mut confirmation = Confirmation::new();
    let mut tell = |state, ms| confirmation.handle_state(&confirm, state, interval, at(ms));
    assert_eq!(tell(State::Up, 0), None);
    assert_eq!(tell(State::Unknown, 0), None, "nobody is there to hurry");
    assert_eq!(tell(State::Partial, 0), Some(Request::Hasten { until: at(20_000) }));
    assert_eq!(tell(State::Down, 9_999), None);
    assert_eq!(tell(State::Down, 10_000), Some(Request::Hasten { until: at(30_000) }));
    assert_eq!(tell(State::Up, 20_000), None);
    let passive = Confirm { retries: 0, solicit: Solicit::Off, ..confirm };
    assert_eq!(Confirmation::new().handle_state(&passive, State::Down, interval, at(0)), None);
}
